"""The figures: what stands on the axes is what was handed in."""

from __future__ import annotations

import io
from collections.abc import Iterator
from types import SimpleNamespace

import matplotlib.pyplot as plt
import numpy as np
import pytest
import torch
from matplotlib.axes import Axes
from matplotlib.collections import LineCollection, PathCollection
from matplotlib.colors import to_hex, to_rgba
from torch import Tensor

from gan_tutorial import experiments, plotting

BLUE, VERMILION, GREEN, PINK = "#0072b2", "#d55e00", "#009e73", "#cc79a7"
KINDS = {"data": BLUE, "generator": VERMILION, "discriminator": GREEN, "other": PINK}


@pytest.fixture
def ax() -> Iterator[Axes]:
    figure, ax = plt.subplots(figsize=(3, 2), dpi=80)
    yield ax
    plt.close(figure)


def draws(*shape: int, seed: int = 0) -> Tensor:
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed))


X = torch.linspace(-1, 1, 21)

DRAWINGS = {
    "density": lambda ax, **o: plotting.density(X, X**2, ax, **o),
    "histogram": lambda ax, **o: plotting.histogram(0.4 * draws(200, 1), ax, **o),
    "curve": lambda ax, **o: plotting.curve(X, X**2, ax, **o),
    "fan": lambda ax, **o: plotting.fan(X, X[:, None] * draws(1, 5), ax, **o),
    "points": lambda ax, **o: plotting.points(draws(200, 2), ax, **o),
}


def rows() -> list[SimpleNamespace]:
    """Return three comparisons, one of each verdict, as `experiments.Result.table` does."""
    verdicts = ("matters", "no difference above 0.5", "unknown at this size")
    return [
        SimpleNamespace(
            variant=f"variant {i}",
            differences=0.1 * draws(8, seed=i) + 1 - i,
            difference=1.0 - i,
            interval=(0.8 - i, 1.3 - i),
            family_interval=(0.7 - i, 1.5 - i),
            verdict=verdict,
        )
        for i, verdict in enumerate(verdicts)
    ]


def legend(ax: Axes) -> dict[str, str]:
    """Return each entry of the legend with its colour."""
    colours = {}
    for handle, label in zip(*ax.get_legend_handles_labels(), strict=True):
        if hasattr(handle, "get_color"):
            colours[label] = to_hex(handle.get_color())
        else:
            colours[label] = to_hex(np.ravel(handle.get_facecolor())[:3])
    return colours


# --- what every figure keeps to


def test_the_books_colours():
    assert {kind: colour.lower() for kind, colour in plotting.COLORS.items()} == KINDS
    assert plotting.SYMBOLS == {
        "data": "$p_{data}$",
        "generator": "$p_g$",
        "discriminator": "$D$",
        "other": None,
    }


def luminance(colour: str) -> float:
    """Return the relative luminance of WCAG 2.1, from 0 to 1."""
    parts = (part / 12.92 if part <= 0.03928 else ((part + 0.055) / 1.055) ** 2.4
             for part in to_rgba(colour)[:3])  # fmt: skip
    return sum(share * part for share, part in zip((0.2126, 0.7152, 0.0722), parts, strict=True))


PLAYERS = [("data", "generator"), ("generator", "discriminator"), ("data", "discriminator")]
EXACT = {"exact curve": lambda ax, **o: plotting.curve(X, X**2, ax, exact=True, **o)}
ROWS = {"dots": lambda ax, kind: plotting.dots({"a": draws(16)}, ax, kinds=[kind])}


@pytest.mark.parametrize("name", [*DRAWINGS, *EXACT, *ROWS])
@pytest.mark.parametrize("pair", PLAYERS, ids="-".join)
def test_the_players_are_told_in_grey(name, pair, monkeypatch):
    """By contrast or, with all colours one grey, by at least a sixteenth of the ink."""
    light, dark = sorted((luminance(KINDS[kind]) for kind in pair), reverse=True)
    if (light + 0.05) / (dark + 0.05) >= 1.5:
        return
    monkeypatch.setattr(plotting, "COLORS", dict.fromkeys(KINDS, "#777777"))
    pictures = []
    for kind in pair:
        figure, ax = plt.subplots(figsize=(4, 3), dpi=160)
        ax.set_axis_off()
        (DRAWINGS | EXACT | ROWS)[name](ax, kind=kind)
        buffer = io.BytesIO()
        figure.savefig(buffer, format="rgba", facecolor="white")
        plt.close(figure)
        pictures.append(np.frombuffer(buffer.getvalue(), np.uint8).reshape(-1, 4)[:, 0].astype(int))
    first, second = pictures
    ink = (first < 190) | (second < 190)  # lines and marks, not the pale fills
    assert (np.abs(first - second)[ink] > 40).mean() > 1 / 16


@pytest.mark.parametrize("name", DRAWINGS)
@pytest.mark.parametrize("kind", KINDS)
def test_a_kind_has_its_colour_and_its_symbol(name, kind, ax):
    assert DRAWINGS[name](ax, kind=kind) is ax
    symbol = plotting.SYMBOLS[kind]
    assert legend(ax) == ({symbol: KINDS[kind]} if symbol else {})


@pytest.mark.parametrize("name", DRAWINGS)
def test_a_label_takes_the_place_of_the_symbol_and_an_empty_one_leaves_it_out(name, ax):
    DRAWINGS[name](ax, label="seed 3")
    assert list(legend(ax)) == ["seed 3"]
    ax.clear()
    DRAWINGS[name](ax, label="")
    assert legend(ax) == {}


@pytest.mark.parametrize("name", DRAWINGS)
def test_an_unknown_kind_is_refused(name, ax):
    words = "kind must be one of data, generator, discriminator, other, got 'fake'"
    with pytest.raises(ValueError, match=words):
        DRAWINGS[name](ax, kind="fake")


@pytest.mark.parametrize("name", DRAWINGS)
def test_the_default_kind(name, ax):
    DRAWINGS[name](ax)
    kind = {"density": "data", "curve": "discriminator"}.get(name, "generator")
    assert legend(ax) == {plotting.SYMBOLS[kind]: KINDS[kind]}


@pytest.mark.parametrize("name", [*DRAWINGS, "dots", "forest"])
def test_a_figure_shows_something(name, ax):
    """The rendered picture has pixels of the kind's colour, and an empty one has none."""
    ax.set_axis_off()

    def pixels() -> int:
        buffer = io.BytesIO()
        ax.figure.savefig(buffer, format="rgba", facecolor="white")
        picture = np.frombuffer(buffer.getvalue(), np.uint8).reshape(-1, 4)[:, :3].astype(int)
        red = np.array([213, 94, 0])
        # any mixture of the colour with white lies on the line between the two
        share = (255 - picture) @ (255 - red) / ((255 - red) ** 2).sum()
        off = np.abs(255 - picture - share[:, None] * (255 - red)).max(1)
        return int(((share > 0.1) & (off < 6)).sum())

    assert pixels() == 0
    if name == "dots":
        plotting.dots({"a": draws(16)}, ax)
    elif name == "forest":
        plotting.forest(rows(), ax)
    else:
        DRAWINGS[name](ax, kind="generator")
    assert pixels() > 100


@pytest.mark.parametrize("name", DRAWINGS)
def test_labels_on_axes_are_symbols_and_yours_are_kept(name, ax):
    DRAWINGS[name](ax)
    expected = {"fan": ("step", ""), "points": ("$x_1$", "$x_2$"), "curve": ("", "")}
    assert (ax.get_xlabel(), ax.get_ylabel()) == expected.get(name, ("$x$", ""))
    ax.clear()
    ax.set(xlabel="mine", ylabel="too")
    DRAWINGS[name](ax)
    assert (ax.get_xlabel(), ax.get_ylabel()) == ("mine", "too")


@pytest.mark.parametrize("draw", [plotting.density, plotting.curve])
def test_x_and_y_must_have_the_same_size(draw, ax):
    with pytest.raises(ValueError, match="same size, got 21 and 20"):
        draw(X, X[1:], ax)


# --- one by one


def test_density(ax):
    x, p = X[:, None], (X**2)[:, None].requires_grad_()  # as target.density gives them
    plotting.density(x, p, ax)
    (line,) = ax.lines
    np.testing.assert_array_equal(line.get_xdata(), X.numpy())
    np.testing.assert_array_equal(line.get_ydata(), (X**2).numpy())
    (fill,) = ax.collections
    corners = fill.get_paths()[0].vertices
    assert corners[:, 1].min() == 0
    assert corners[:, 1].max() == 1
    assert 0.15 <= fill.get_alpha() <= 0.3
    assert to_hex(fill.get_facecolor()[0]) == BLUE


def test_histogram_is_a_density(ax):
    samples = torch.tensor([-0.9, -0.9, -0.1, 0.1, 0.2, 0.6, 0.7, 5.0])[:, None]
    plotting.histogram(samples, ax, low=-1.0, high=1.0, bins=4)
    filled, outline = ax.patches
    for steps in (filled, outline):
        values, edges, _ = steps.get_data()
        np.testing.assert_allclose(edges, [-1, -0.5, 0, 0.5, 1])
        # of 8 samples, each bin .5 wide; the one outside counts among the 8
        np.testing.assert_allclose(values, [2 / 8 / 0.5, 1 / 8 / 0.5, 2 / 8 / 0.5, 2 / 8 / 0.5])
    assert filled.get_alpha() == 0.3
    assert outline.get_edgecolor() == to_rgba(VERMILION)


def test_a_histogram_of_many_samples_has_area_one(ax):
    plotting.histogram(0.2 * draws(1, 5000, 1), ax)
    values, edges, _ = ax.patches[0].get_data()
    assert len(values) == 60
    assert (values * np.diff(edges)).sum() == pytest.approx(1, abs=1e-6)
    peak = values[np.abs(edges[:-1] + np.diff(edges) / 2) < 0.05].mean()
    assert peak == pytest.approx(1 / (0.2 * np.sqrt(2 * np.pi)), rel=0.1)


@pytest.mark.parametrize(
    ("kind", "exact", "style"),
    [("discriminator", True, "--"), ("discriminator", False, "-"), ("generator", True, "--"),
     ("generator", False, "-"), ("data", True, "--"), ("data", False, "--")],
)  # fmt: skip
def test_curve(kind, exact, style, ax):
    plotting.curve(X, 1 - X, ax, kind=kind, exact=exact)
    (line,) = ax.lines
    np.testing.assert_array_equal(line.get_xdata(), X.numpy())
    np.testing.assert_array_equal(line.get_ydata(), (1 - X).numpy())
    assert line.get_linestyle() == style


@pytest.mark.parametrize("members", [True, False])
def test_fan(members, ax):
    steps, values = [0, 100, 200], draws(3, 11)
    plotting.fan(steps, values, ax, members=members)
    (median,) = ax.lines
    np.testing.assert_array_equal(median.get_xdata(), steps)
    np.testing.assert_allclose(median.get_ydata(), np.median(values, axis=1), rtol=1e-6)
    thin = [c for c in ax.collections if isinstance(c, LineCollection)]
    assert len(thin) == members
    if members:
        segments = thin[0].get_segments()
        assert len(segments) == 11
        for segment, column in zip(segments, values.T, strict=True):
            np.testing.assert_array_equal(segment[:, 0], steps)
            np.testing.assert_allclose(segment[:, 1], column, rtol=1e-6)
        low, high = ax.get_ylim()
        assert low <= values.min()  # no member is cut off
        assert high >= values.max()
    (band,) = (c for c in ax.collections if not isinstance(c, LineCollection))
    corners = band.get_paths()[0].vertices
    for step, row in zip(steps, values, strict=True):
        edge = corners[corners[:, 0] == step][:, 1]
        ends = np.quantile(row, [0.1, 0.9])
        np.testing.assert_allclose([edge.min(), edge.max()], ends, rtol=1e-5)


@pytest.mark.parametrize("shape", [(3,), (4, 2), (3, 2, 2)])
def test_a_fan_needs_a_column_for_each_replica(shape, ax):
    words = str(shape).replace("(", r"\(").replace(")", r"\)")
    with pytest.raises(ValueError, match=rf"values must have shape \(3, N\), got {words}"):
        plotting.fan([0, 1, 2], torch.zeros(shape), ax)


def test_dots(ax):
    groups = {"with": draws(16, seed=1), "without": draws(8, seed=2)}
    assert plotting.dots(groups, ax, kinds=["data", "other"], bound=0.5) is ax
    clouds = [c for c in ax.collections if isinstance(c, PathCollection)]
    first, second, dashed = ax.lines
    for cloud, bar, values, y, colour in zip(
        clouds, (first, second), groups.values(), (1, 0), (BLUE, PINK), strict=True
    ):
        places = cloud.get_offsets()
        np.testing.assert_allclose(places[:, 0], values, rtol=1e-6)
        assert np.abs(places[:, 1] - y).max() <= 0.25  # every dot in its own row
        assert len(np.unique(places[:, 1])) == len(values)
        assert to_hex(cloud.get_facecolor()[0]) == colour == to_hex(bar.get_color())
        np.testing.assert_allclose(bar.get_xdata(), [np.median(values)] * 2, rtol=1e-6)
        assert bar.get_ydata()[0] < y < bar.get_ydata()[1]
    assert dashed.get_xdata() == [0.5, 0.5]
    assert dashed.get_linestyle() == "--"
    assert [label.get_text() for label in ax.get_yticklabels()] == ["without", "with"]
    assert list(ax.get_yticks()) == [0, 1]
    assert ax.get_ylim() == (-0.6, 1.6)


def test_dots_are_the_generators_and_without_bound_unless_told(ax):
    plotting.dots({"a": draws(4), "b": draws(4)}, ax)
    assert {to_hex(cloud.get_facecolor()[0]) for cloud in ax.collections} == {VERMILION}
    assert len(ax.lines) == 2


def test_dots_refuse_what_they_do_not_know(ax):
    with pytest.raises(ValueError, match=r"kind must be one of .*, got 'fake'"):
        plotting.dots({"a": draws(4)}, ax, kinds=["fake"])
    with pytest.raises(ValueError, match="argument 2 is longer"):
        plotting.dots({"a": draws(4), "b": draws(4)}, ax, kinds=["data"])


@pytest.mark.parametrize("kind", KINDS)
def test_forest(kind, ax):
    comparisons = rows()
    assert plotting.forest(comparisons, ax, kind=kind) is ax
    zero, *lines = ax.lines
    assert zero.get_xdata() == [0, 0]
    assert (to_hex(zero.get_color()), zero.get_linestyle()) == ("#767676", "--")
    clouds = [c for c in ax.collections if isinstance(c, PathCollection)]
    for row, y in zip(comparisons, (2, 1, 0), strict=True):  # the first row is on top
        seeds, (family, interval, mark) = clouds[y], lines[3 * y : 3 * y + 3]
        places = seeds.get_offsets()
        np.testing.assert_allclose(places[:, 0], row.differences, rtol=1e-6)
        assert np.abs(places[:, 1] - y).max() <= 0.25  # every dot in its own row
        assert len(np.unique(places[:, 1])) == 8
        assert seeds.get_sizes().max() < 18  # thinner than where dots are all there is
        for bar, ends in ((family, row.family_interval), (interval, row.interval)):
            assert tuple(bar.get_xdata()) == ends
            assert list(bar.get_ydata()) == [y, y]
            assert to_hex(bar.get_color()) == KINDS[kind]
        assert interval.get_linewidth() > 2 * family.get_linewidth()
        assert (mark.get_xdata()[0], mark.get_ydata()[0]) == (row.difference, y)
        assert to_hex(mark.get_markeredgecolor()) == KINDS[kind]
    assert [label.get_text() for label in ax.get_yticklabels()] == [
        *("variant 2", "variant 1", "variant 0")
    ]
    assert ax.get_ylim() == (-0.6, 2.6)
    assert (ax.get_xlabel(), ax.get_ylabel()) == ("difference", "")


def test_verdicts_are_told_apart_without_colour(ax):
    plotting.forest(rows(), ax)
    marks = [line for line in ax.lines if line.get_marker() != "None"]
    shapes = [(line.get_marker(), to_hex(line.get_markerfacecolor())) for line in marks[::-1]]
    assert shapes == [("o", VERMILION), ("s", VERMILION), ("o", "#ffffff")]


def test_a_forest_shades_the_margin_if_there_is_one(ax):
    plotting.forest(rows(), ax)
    assert len(ax.patches) == 0
    plotting.forest(rows(), ax, margin=0.25)
    (shade,) = ax.patches
    ends = shade.get_extents().transformed(ax.transData.inverted())
    assert (ends.x0, ends.x1) == pytest.approx((-0.25, 0.25), abs=1e-9)
    assert shade.get_alpha() == 0.15


def test_a_forest_keeps_your_label_and_refuses_an_unknown_kind(ax):
    ax.set(xlabel="mine")
    plotting.forest(rows(), ax)
    assert ax.get_xlabel() == "mine"
    with pytest.raises(ValueError, match=r"kind must be one of .*, got 'fake'"):
        plotting.forest(rows(), ax, kind="fake")


def test_a_forest_of_a_real_result(ax):
    base = torch.zeros(8).double()
    found = experiments.Result({"base": base, "a": base + 1}, {"base": 0, "a": 0}).table()
    plotting.forest(found, ax)
    assert [label.get_text() for label in ax.get_yticklabels()] == ["a"]
    assert ax.lines[-1].get_xdata()[0] == 1


def test_points(ax):
    samples = draws(30, 2).requires_grad_()
    plotting.points(samples, ax)
    (cloud,) = ax.collections
    np.testing.assert_array_equal(cloud.get_offsets(), samples.detach().numpy())
    assert ax.get_aspect() == 1


@pytest.mark.parametrize("shape", [(5,), (5, 1), (5, 3), (2, 5, 2)])
def test_points_lie_in_the_plane(shape, ax):
    words = str(shape).replace("(", r"\(").replace(")", r"\)")
    with pytest.raises(ValueError, match=rf"samples must have shape \(n, 2\), got {words}"):
        plotting.points(torch.zeros(shape), ax)


@pytest.mark.parametrize("kind", KINDS)
def test_images_stand_in_rows_each_in_its_frame(kind, ax):
    x = draws(5, 1, 4, 6).clamp(-1, 1)
    x[4] *= 3  # beyond black and white
    assert plotting.images(x, ax, columns=3, kind=kind) is ax
    (drawn,) = ax.get_images()
    sheet = np.asarray(drawn.get_array())
    assert sheet.shape == (2 * 7 - 1, 3 * 9 - 1, 3)
    for i in range(5):
        top, left = 7 * (i // 3), 9 * (i % 3)
        inside = sheet[top + 1 : top + 5, left + 1 : left + 7]
        wanted = (x[i, 0].clamp(-1, 1).numpy() + 1) / 2
        np.testing.assert_allclose(inside, np.repeat(wanted[..., None], 3, -1), atol=1e-6)
        frame = sheet[top : top + 6, left : left + 8].copy()
        frame[1:-1, 1:-1] = to_rgba(KINDS[kind])[:3]
        np.testing.assert_allclose(frame, np.broadcast_to(to_rgba(KINDS[kind])[:3], frame.shape))
    assert (sheet[7:, 18:] == 1).all()  # no sixth image: paper
    assert not ax.axison


def test_images_in_colour_keep_it_and_other_shapes_are_refused(ax):
    x = draws(2, 3, 4, 4).clamp(-1, 1)
    plotting.images(x, ax)
    sheet = np.asarray(ax.get_images()[0].get_array())
    np.testing.assert_allclose(sheet[1:5, 1:5], (x[0].permute(1, 2, 0) + 1) / 2, atol=1e-6)
    for shape in ((4, 4), (2, 2, 4, 4), (0, 1, 4, 4)):
        with pytest.raises(ValueError, match=r"shape \(n, 1 or 3, H, W\), got \("):
            plotting.images(torch.zeros(shape), ax)
    with pytest.raises(ValueError, match="kind must be one of"):
        plotting.images(x, ax, kind="fake")
