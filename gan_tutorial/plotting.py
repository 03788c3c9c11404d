"""The figures of the book: one colour for the data, one for the generator, one for D, everywhere.

Functions take tensors and the `ax` to draw on, draw, and return the `ax`. They neither train nor
sample. Legends use symbols, so that figures need no translation.

The three colours are nearly alike in grey, so a kind is told by its line and its mark as well: the
data have long dashes, G is plain, and D carries diamonds.
"""

from collections.abc import Sequence
from typing import Any

import torch
from matplotlib.axes import Axes
from matplotlib.collections import LineCollection
from matplotlib.colors import to_rgb
from torch import Tensor

COLORS = {"data": "#0072B2", "generator": "#D55E00", "discriminator": "#009E73", "other": "#CC79A7"}
SYMBOLS = {"data": "$p_{data}$", "generator": "$p_g$", "discriminator": "$D$", "other": None}
MARKS = {"data": "P", "generator": "o", "discriminator": "D", "other": "^"}


def density(
    x: Tensor, p: Tensor, ax: Axes, *, kind: str = "data", label: str | None = None
) -> Axes:
    """Draw a density as a line over a light fill.

    Parameters
    ----------
    x, p
        Positions and values, each n numbers of any shape.
    ax
        Where to draw.
    kind
        "data", "generator", "discriminator" or "other": it sets colour and legend.
    label
        Text of the legend, in place of the kind's symbol.

    Raises
    ------
    ValueError
        If the kind is unknown, or x and p differ in size.
    """
    x, p = _same_size(x, p)
    ax.plot(x, p, **_line(kind), label=SYMBOLS[kind] if label is None else label)
    ax.fill_between(x, p, color=_color(kind), alpha=0.2, linewidth=0)
    return _label(ax, "$x$", "")


def histogram(
    samples: Tensor,
    ax: Axes,
    *,
    kind: str = "generator",
    low: float = -1.0,
    high: float = 1.0,
    bins: int = 60,
    label: str | None = None,
) -> Axes:
    """Draw the share of samples in each bin, divided by its width, to compare with a density.

    Raises
    ------
    ValueError
        If the kind is unknown.
    """
    counts, edges = torch.histogram(_flat(samples), bins=bins, range=(low, high))
    heights = counts / samples.numel() / ((high - low) / bins)
    ax.stairs(
        heights.numpy(),
        edges.numpy(),
        color=_color(kind),
        fill=True,
        alpha=0.3,
        hatch="//" if kind == "discriminator" else None,
        label=SYMBOLS[kind] if label is None else label,
    )
    style = _line(kind)["linestyle"]
    ax.stairs(heights.numpy(), edges.numpy(), color=_color(kind), linewidth=1.2, linestyle=style)
    return _label(ax, "$x$", "")


def curve(
    x: Tensor,
    y: Tensor,
    ax: Axes,
    *,
    kind: str = "discriminator",
    label: str | None = None,
    exact: bool = False,
) -> Axes:
    """Draw a function of x; dashed if it is of the data, or the exact or optimal one.

    Raises
    ------
    ValueError
        If the kind is unknown, or x and y differ in size.
    """
    x, y = _same_size(x, y)
    ax.plot(x, y, **_line(kind, exact), label=SYMBOLS[kind] if label is None else label)
    return ax


def fan(
    x: Tensor | Sequence[float],
    values: Tensor,
    ax: Axes,
    *,
    kind: str = "generator",
    label: str | None = None,
    members: bool = True,
) -> Axes:
    """Draw N replicas over time: each as a thin line, their median thick, the middle 80 % shaded.

    Parameters
    ----------
    x
        T positions, such as steps.
    values
        Shape (T, N), one column for each replica.
    ax, kind, label
        Where to draw, in which colour, under which name.
    members
        Draw the thin lines too.

    Raises
    ------
    ValueError
        If the kind is unknown, or `values` does not have shape (T, N).
    """
    x, values = torch.as_tensor(x).flatten().float(), values.detach().float()
    if values.dim() != 2 or len(values) != len(x):
        raise ValueError(f"values must have shape ({len(x)}, N), got {tuple(values.shape)}")
    color = _color(kind)
    if members:
        lines = [torch.stack([x, column], dim=1).numpy() for column in values.T]
        ax.add_collection(LineCollection(lines, colors=color, linewidths=0.6, alpha=0.35))
    low, middle, high = values.quantile(torch.tensor([0.1, 0.5, 0.9]), dim=1)
    ax.fill_between(x, low, high, color=color, alpha=0.2, linewidth=0)
    ax.plot(x, middle, **_line(kind), label=SYMBOLS[kind] if label is None else label)
    return _label(ax, "step", "")


def dots(
    groups: dict[str, Tensor],
    ax: Axes,
    *,
    kinds: Sequence[str] | None = None,
    bound: float | None = None,
) -> Axes:
    """Draw one dot for each seed, in a row for each group, with a bar at the median.

    Parameters
    ----------
    groups
        Name of the row -> N values.
    ax
        Where to draw.
    kinds
        Colour of each row; all "generator" if left out.
    bound
        Draw a dashed line here.

    Raises
    ------
    ValueError
        If a kind is unknown.
    """
    rows = len(groups)
    for row, (kind, values) in enumerate(
        zip(kinds or ["generator"] * rows, groups.values(), strict=True)
    ):
        values, y, color = _flat(values), rows - 1 - row, _color(kind)
        style: Any = {"color": color, "marker": MARKS[kind], "alpha": 0.7, "linewidths": 0}
        ax.scatter(values, y + _spread(len(values)), s=18, **style)
        ax.plot([values.quantile(0.5)] * 2, [y - 0.38, y + 0.38], color=color, linewidth=3)
    if bound is not None:
        ax.axvline(bound, color="#767676", linestyle="--", linewidth=1.2)
    ax.set_yticks(range(rows), list(groups)[::-1])
    ax.set_ylim(-0.6, rows - 0.4)
    return ax


def forest(
    rows: Sequence[Any], ax: Axes, *, kind: str = "generator", margin: float | None = None
) -> Axes:
    """Draw differences to a base: a row for each variant, with a dashed line at no difference.

    Thin dots are seeds. The mark is their mean: filled if the variant matters, a square if there
    is no difference above the margin, hollow if nothing is known. The thick bar is the interval
    of one comparison, the thin one that of the whole family.

    Parameters
    ----------
    rows
        From `experiments.Result.table`.
    ax
        Where to draw.
    kind
        "data", "generator", "discriminator" or "other": it sets the colour.
    margin
        Shade the differences smaller than this.

    Raises
    ------
    ValueError
        If the kind is unknown.
    """
    color = _color(kind)
    ax.axvline(0, color="#767676", linestyle="--", linewidth=1.2, zorder=0)
    if margin is not None:
        ax.axvspan(-margin, margin, color="#767676", alpha=0.15, linewidth=0, zorder=0)
    for y, row in enumerate(reversed(rows)):
        seeds = _flat(row.differences)
        ax.scatter(seeds, y + _spread(len(seeds)), s=9, color=color, alpha=0.45, linewidths=0)
        ax.plot(row.family_interval, [y, y], color=color, linewidth=1.2)
        ax.plot(row.interval, [y, y], color=color, linewidth=4, solid_capstyle="butt")
        ax.plot(
            row.difference,
            y,
            marker="s" if row.verdict.startswith("no difference") else "o",
            markersize=8,
            markeredgecolor=color,
            markeredgewidth=2,
            markerfacecolor="white" if row.verdict.startswith("unknown") else color,
        )
    ax.set_yticks(range(len(rows)), [row.variant for row in reversed(rows)])
    ax.set_ylim(-0.6, len(rows) - 0.4)
    return _label(ax, "difference", "")


def points(samples: Tensor, ax: Axes, *, kind: str = "generator", label: str | None = None) -> Axes:
    """Draw samples in the plane, with equal axes.

    Raises
    ------
    ValueError
        If the kind is unknown, or samples do not have shape (n, 2).
    """
    if samples.dim() != 2 or samples.shape[1] != 2:
        raise ValueError(f"samples must have shape (n, 2), got {tuple(samples.shape)}")
    x, y = samples.detach().T
    ax.scatter(
        x,
        y,
        s=5 if kind == "generator" else 14,
        color=_color(kind),
        marker=MARKS[kind],
        alpha=0.5,
        linewidths=0,
        label=SYMBOLS[kind] if label is None else label,
    )
    ax.set_aspect("equal")
    return _label(ax, "$x_1$", "$x_2$")


def images(x: Tensor, ax: Axes, *, columns: int = 8, kind: str = "generator") -> Axes:
    """Draw images as a grid, row by row, each in a frame of the kind's colour.

    Parameters
    ----------
    x
        Shape (n, C, H, W), C = 1 for grey and 3 for colour; -1 is black, 1 white, and what lies
        beyond is drawn as the nearer of the two.
    ax
        Where to draw. Its axes are taken away.
    columns
        Images in a row.
    kind
        "data", "generator", "discriminator" or "other".

    Raises
    ------
    ValueError
        If the kind is unknown, or x has another shape.
    """
    if x.dim() != 4 or not len(x) or x.shape[1] not in (1, 3):
        raise ValueError(f"images must have shape (n, 1 or 3, H, W), got {tuple(x.shape)}")
    frame = torch.tensor(to_rgb(_color(kind)))
    n, _, H, W = x.shape
    rows = -(-n // columns)
    sheet = torch.ones(rows, H + 3, columns, W + 3, 3)  # a pixel of frame around, one between
    sheet = sheet.transpose(1, 2).flatten(0, 1)  # (rows · columns, H + 3, W + 3, 3)
    sheet[:n, : H + 2, : W + 2] = frame
    sheet[:n, 1 : H + 1, 1 : W + 1] = ((x.detach().clamp(-1, 1) + 1) / 2).permute(0, 2, 3, 1)
    sheet = sheet.unflatten(0, (rows, columns)).transpose(1, 2).flatten(2, 3).flatten(0, 1)
    ax.imshow(sheet[:-1, :-1].numpy(), interpolation="nearest")
    ax.set_axis_off()
    return ax


def _label(ax: Axes, x: str, y: str) -> Axes:
    ax.set_xlabel(ax.get_xlabel() or x)
    ax.set_ylabel(ax.get_ylabel() or y)
    return ax


def _color(kind: str) -> str:
    if kind not in COLORS:
        raise ValueError(f"kind must be one of {', '.join(COLORS)}, got {kind!r}")
    return COLORS[kind]


def _line(kind: str, exact: bool = False) -> dict[str, Any]:
    """Return what tells the line of a kind, in grey too."""
    style: Any = (0, (7, 2.5)) if kind == "data" else "--" if exact else "-"
    diamonds = {"marker": "D", "markersize": 4, "markevery": 0.12}
    own = diamonds if kind == "discriminator" else {}
    return {"color": _color(kind), "linestyle": style, **own}


def _spread(n: int) -> Tensor:
    """Return how far each of n dots is put from the middle of its row: the same each time."""
    return ((torch.arange(n) * 0.618) % 1 - 0.5) * 0.5


def _flat(values: Tensor) -> Tensor:
    return torch.as_tensor(values).detach().flatten().float()


def _same_size(x: Tensor, y: Tensor) -> tuple[Tensor, Tensor]:
    x, y = _flat(x), _flat(y)
    if len(x) != len(y):
        raise ValueError(f"x and y must have the same size, got {len(x)} and {len(y)}")
    return x, y
