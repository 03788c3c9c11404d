"""Letters against the stored pictures, between them against a loop, and legibility."""

from __future__ import annotations

from itertools import product

import pytest
import torch

from gan_tutorial import data
from gan_tutorial.data.files import stored

LETTERS = data.letters()
LEVELS = stored("letters")["levels"]  # (letters, weights, widths, slants, 16, 16)


def test_the_grid_is_of_the_size_that_is_said():
    assert LEVELS.shape == (26, 10, 7, 3, 16, 16)
    assert LEVELS.unique().tolist() == list(range(17))


def test_at_the_stored_styles_a_letter_is_the_stored_one():
    places = list(product((0, 3, 25), (0, 4, 9), (0, 2, 6), (0, 1, 2)))
    f = torch.tensor([(k, w / 9, d / 6, s / 2) for k, w, d, s in places], dtype=torch.float64)
    expected = torch.stack([LEVELS[place] for place in places]) / 8.0 - 1
    torch.testing.assert_close(LETTERS.render(f)[:, 0], expected.double(), rtol=0, atol=1e-12)


def test_between_them_it_is_the_mean_of_the_eight_around():
    for k, weight, width, slant in LETTERS.draw_factors(20, seed=2).double().tolist():
        expected = torch.zeros(16, 16, dtype=torch.float64)
        w, d, s = weight * 9, width * 6, slant * 2
        for i, j, m in product(range(10), range(7), range(3)):
            near = [max(0, 1 - abs(a - b)) for a, b in ((w, i), (d, j), (s, m))]
            expected += near[0] * near[1] * near[2] * (LEVELS[int(k), i, j, m].double() / 8 - 1)
        ours = LETTERS.render(torch.tensor([k, weight, width, slant], dtype=torch.float64))[0]
        torch.testing.assert_close(ours, expected, rtol=0, atol=1e-12)


def test_rounding_leads_out_of_the_range_nowhere():
    x, _ = LETTERS.sample(2000, seed=1)
    assert (x.min().item(), x.max().item()) == (-1, 1)


def test_more_weight_is_more_ink_more_width_is_wider_and_slant_leans_to_the_right():
    def drawn(**style):
        f = {"weight": 0.4, "width": 0.5, "slant": 0.0} | style
        return (LETTERS.render(torch.tensor([[k, *f.values()] for k in range(26)])) + 1)[:, 0]

    ink = torch.stack([drawn(weight=w).sum((1, 2)) for w in (0.0, 0.25, 0.5, 0.75, 1.0)])
    assert (ink.diff(dim=0) > 0).all()
    columns = torch.arange(16.0) - 7.5

    def spread(x):
        return ((x.sum(1) * columns.square()).sum(1) / x.sum((1, 2))).sqrt()

    assert (spread(drawn(width=1.0)) > spread(drawn(width=0.0)))[torch.arange(26) != 8].all()  # I

    def lean(x):  # how far the upper half stands to the right of the lower
        upper, lower = x[:, :8].sum(1), x[:, 8:].sum(1)
        return (upper @ columns) / upper.sum(1) - (lower @ columns) / lower.sum(1)

    # half of the height of 9.6 pixels, at 10 degrees
    moved = (lean(drawn(slant=1.0)) - lean(drawn())).mean().item()
    assert moved == pytest.approx(4.8 * 0.176, abs=0.2)


def test_letters_stand_in_the_middle_and_are_not_cut_off():
    ink = LEVELS.float() / 16
    edge = torch.cat([ink[..., 0, :], ink[..., -1, :], ink[..., :, 0], ink[..., :, -1]], -1)
    assert ink[..., :2, :].max().item() == ink[..., -1, :].max().item() == 0
    assert edge.max().item() <= 0.55  # the widest W ends within the outer pixels
    columns = ink.sum((1, 2, 3, 4)) > 0
    for letter in columns.int():
        first, last = letter.nonzero().flatten()[[0, -1]].tolist()
        assert abs(first - (15 - last)) <= 1  # a tip of less than 1/32 of a pixel is no ink


def test_letters_are_told_from_each_other_in_every_style():
    """A letter's nearest stored picture, of other styles, is the same letter."""
    x, labels = LETTERS.sample(400, seed=3)
    middle = LEVELS[:, ::3, ::2].flatten(1, 3).flatten(2).float() / 8 - 1  # 4 × 4 × 3 styles
    nearest = torch.cdist(x.flatten(1), middle.flatten(0, 1)).argmin(1) // middle.shape[1]
    assert (nearest == labels).double().mean().item() > 0.99


def test_a_text_chooses_the_letters_and_their_numbers():
    word = data.letters("GAN", labelled=True)
    assert word.factors == LETTERS.factors == ("letter", "weight", "width", "slant")
    style = [0.2, 0.7, 0.4]
    ours = word.render(torch.tensor([[k, *style] for k in range(3)]))
    assert torch.equal(ours, LETTERS.render(torch.tensor([[k, *style] for k in (6, 0, 13)])))
    assert word.sample(99, seed=0)[1].unique().tolist() == [0, 1, 2]
    twice = data.letters("AAB")
    counts = twice.sample(3000, seed=1)[1].bincount()
    assert counts.tolist() == pytest.approx([1000] * 3, abs=4.5 * 26)  # √(3000 · 2/9) = 26
