"""The explorer's numbers are those of the stored model, and what its page says of them holds."""

from __future__ import annotations

import re
import sys
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from torch import Tensor

import explorer
from gan_tutorial.data.files import stored
from gan_tutorial.data.letters import ALPHABET

ROOT = Path(__file__).resolve().parents[2]
SCRIPTS = ROOT / "book" / "_static" / "js"
PAGE = (ROOT / "book" / "explorer.md").read_text(encoding="utf-8")
LIMIT = 150_000  # bytes of all that the element is made of
AGAIN = "the model has changed: run `python tools/explorer.py` and commit what it writes"


@pytest.fixture(scope="module")
def G():  # noqa: N802  (as the field writes it)
    return explorer.generator()


@pytest.fixture(scope="module")
def written():
    return explorer.written()


@pytest.fixture(scope="module")
def shipped(written):
    return explorer.as_shipped(written)


@pytest.fixture(scope="module")
def measured(shipped):
    return explorer.measure(*shipped)


class Obedient(torch.nn.Module):
    """A generator of the font's own letters: style = 1/2 + A z, and nothing else."""

    noise_dim = 3
    A = torch.tensor([[0.08, 0.02, 0.0], [0.0, -0.07, 0.01], [0.03, 0.0, 0.09]])

    def forward(self, z: Tensor, labels: Tensor) -> Tensor:
        style = (0.5 + z @ self.A.T).clamp(0, 1)
        return explorer.letters.render(torch.cat([labels[..., None].to(z), style], dim=-1))


# --- what is written


def test_the_written_numbers_are_those_of_the_stored_model(G, written):
    kept, _ = explorer.unpack(written)
    model = explorer.tensors(G, explorer.Directions(*kept[-3:]))
    for ours, theirs, scale in zip(kept, model, written["scales"], strict=True):
        # half a step of 16 bits, and what single precision adds
        assert (ours - theirs).abs().max() <= 0.51 * scale, AGAIN


def test_the_written_directions_are_found_again(G, shipped):
    found, (_, ways) = explorer.find_directions(G), shipped
    # on another machine a picture may lie as near to the next style, which moves a line a little
    for ours, theirs in zip(found, ways, strict=True):
        assert (ours - theirs).abs().max() < 0.06, AGAIN
    assert torch.allclose(ways.directions.norm(dim=1), torch.ones(3), atol=1e-3)
    assert torch.allclose(ways.directions @ ways.coordinates.T, torch.eye(3), atol=1e-3)


def test_the_written_font_is_a_part_of_the_stored_one(written):
    levels, grid = explorer.unpack(written)[1], stored("letters")["levels"]
    assert torch.equal(levels, explorer.levels()), AGAIN
    for letter, (i, weight), (j, width), (k, slant) in [
        (0, (0, 0), (0, 0), (0, 0)),
        (7, (1, 2), (2, 4), (1, 1)),
        (25, (4, 9), (3, 6), (2, 2)),
    ]:
        assert torch.equal(levels[:, letter, i, j, k], grid[letter, weight, width, slant].flatten())
        place = [weight / 9, width / 6, slant / 2]
        assert [axis[at] for axis, at in zip(written["places"], (i, j, k), strict=True)] == place


def test_the_still_picture_is_that_of_today(shipped):
    drawn = np.asarray(explorer.still(*shipped)).astype(int)
    with Image.open(explorer.STILL) as kept:
        # tanh may differ in the last bit between machines, and move a level by one
        assert np.abs(np.asarray(kept).astype(int) - drawn).max() <= 1, AGAIN


def test_all_of_it_is_small(written):
    size = sum(path.stat().st_size for path in SCRIPTS.glob("explorer*.js"))
    assert LIMIT / 3 < size <= LIMIT


def test_the_command_writes_the_same_again(tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(explorer, "NUMBERS", tmp_path / "numbers.js")
    monkeypatch.setattr(explorer, "STILL", tmp_path / "still.png")
    monkeypatch.setattr(sys, "argv", ["explorer.py"])
    texts = []
    for _ in range(2):
        explorer.main()
        texts.append([path.read_bytes() for path in (explorer.NUMBERS, explorer.STILL)])
    assert texts[0] == texts[1]
    assert explorer.written(explorer.NUMBERS).keys() == explorer.written().keys()
    assert "numbers.js" in capsys.readouterr().out


# --- how it is found


def test_sixteen_bits_lose_half_a_step_and_no_more():
    value = torch.randn(1000)
    whole, scale = explorer.whole_numbers(value)
    assert whole.dtype == torch.int16
    off = (whole.double() * scale - value).abs().max()
    assert 0.4 * scale < off <= 0.51 * scale


def test_the_style_of_a_true_letter_is_read_to_a_step():
    styles = torch.rand(4, 26, 3)
    rows = torch.arange(26.0).expand(4, -1)[..., None]
    x = explorer.letters.render(torch.cat([rows, styles], dim=-1)).squeeze(-3)
    off = (explorer.read_style(x) - styles).abs()
    steps = torch.tensor([1 / (each - 1) for each in explorer.READ])
    # a quarter of a step, were each read alone; a narrow letter hides its width and its slant
    assert (off.mean(dim=(0, 1)) < 0.75 * steps).all()
    assert off.mean() > 0.005, "the nearest of a grid is not exact"


def test_directions_of_a_known_generator_are_found():
    ways = explorer.find_directions(Obedient())
    true = torch.linalg.inv(Obedient.A).T
    true = true / true.norm(dim=1, keepdim=True)
    # styles are read to a step of a grid, of 1/18 to 1/8, sixty times
    assert ((ways.directions * true).sum(dim=1) > 0.99).all()
    steps = torch.linspace(-explorer.REACH, explorer.REACH, explorer.STOPS)
    for k in range(3):
        exact = 0.5 + steps * (true[k] @ Obedient.A[k])
        assert (ways.curves[k] - exact).abs().max() < 0.04
    found = explorer.measure(Obedient(), ways, draws=8)
    assert max(found.values()) < 0.05
    backwards = explorer.Directions(ways.directions, ways.coordinates, ways.curves.flip(1))
    assert explorer.measure(Obedient(), backwards, draws=8)["distance"] > 0.1


def test_between_two_stops_the_named_style_lies_on_a_straight_line():
    curves = torch.rand(3, explorer.STOPS)
    ways = explorer.Directions(torch.eye(3), torch.eye(3), curves)
    ends = ways.style(torch.tensor([[-2.0, -2.0, -2.0], [2.0, 2.0, 2.0]]))
    assert torch.equal(ends, curves[:, [0, -1]].T)
    between = ways.style(torch.tensor([-1.75, 0.25, 1.875]))  # stops are half a step apart
    weights = torch.tensor([0.5, 0.5, 0.75])
    low = torch.tensor([0, 4, 7])
    rows = torch.arange(3)
    expected = (1 - weights) * curves[rows, low] + weights * curves[rows, low + 1]
    torch.testing.assert_close(between, expected)


# --- what the page says


def table() -> dict[str, float]:
    rows = re.findall(r"^\| (\w+)[^|]*\| ([\d.]+) \|", PAGE, re.MULTILINE)
    return {name: float(value) for name, value in rows}


def test_the_page_states_what_was_measured(measured):
    said = table()
    assert said.keys() == measured.keys()
    for name, value in measured.items():
        assert value == pytest.approx(said[name], abs=0.006), (
            name
        )  # two digits, and another machine


def test_the_page_states_how_far_the_slant_goes(shipped):
    (said,) = re.findall(r"slants from (\d\.\d+) to (\d\.\d+) of the font", PAGE)
    ends = shipped[1].curves[2, [0, -1]].tolist()
    assert [float(each) for each in said] == pytest.approx(ends, abs=0.02)


def test_the_page_states_what_rounding_and_the_part_of_the_font_cost(G, written, shipped):
    (rounding,) = map(float, re.findall(r"changes no pixel by more than (\d\.\d+)", PAGE))
    assert rounding / 3 < explorer.rounding(G, shipped[0]) <= rounding
    (part,) = map(float, re.findall(r"is off by (\d\.\d+) from all", PAGE))
    levels, places = explorer.unpack(written)[1].float(), written["places"]
    # every style that is stored and not kept, along one axis at a time
    grid = stored("letters")["levels"].float()
    x = levels.movedim(0, -1)
    for axis, (kept, steps) in enumerate(zip(places, grid.shape[1:4], strict=True), start=1):
        at = torch.linspace(0, 1, steps)
        stops = torch.tensor(kept)
        low = (stops[1:-1] <= at[:, None] + 1e-6).sum(dim=1)
        share = (at - stops[low]) / (stops[low + 1] - stops[low])
        share = share.view(-1, *[1] * (x.dim() - axis - 1))
        x = torch.lerp(x.index_select(axis, low), x.index_select(axis, low + 1), share)
    off = (x - grid.flatten(-2)).square().mean().sqrt().item() / 8
    assert off == pytest.approx(part, abs=0.002)


def test_the_still_shows_a_word_of_the_alphabet():
    assert set(explorer.WORD) <= set(ALPHABET)
