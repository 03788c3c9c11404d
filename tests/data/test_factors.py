"""What letters and shapes share: factors that are drawn, rendered and as likely as is said."""

from __future__ import annotations

import math

import pytest
import torch
from scipy import stats

from gan_tutorial import data
from gan_tutorial.ensemble import Streams

ALL_KINDS = ("disc", "square", "triangle")
FACTORED = {
    "letters": data.letters(),
    "two letters": data.letters("BA", labelled=False),
    "discs": data.shapes(),
    "white discs": data.shapes(8, colour=False),
    "all shapes": data.shapes(12, ALL_KINDS, rotated=True, labelled=True),
}


def pictures(sample):
    return sample[0] if isinstance(sample, tuple) else sample


@pytest.mark.parametrize("name", FACTORED)
def test_a_sample_is_what_its_factors_look_like(name):
    target = FACTORED[name]
    factors = target.draw_factors(20, seed=5)
    assert factors.shape == (20, len(target.factors))
    x = pictures(target.sample(20, seed=5))
    assert x.shape == (20, *target.shape)
    assert x.dtype == torch.float32
    assert target.dim == math.prod(target.shape)
    assert torch.equal(x, target.render(factors))
    assert -1 <= x.min() < x.max() <= 1
    background = x.amin(tuple(range(1, x.dim())))
    assert background.tolist() == [-1] * 20  # black, in every picture


@pytest.mark.parametrize("name", FACTORED)
def test_members_draw_what_they_would_draw_alone(name):
    target = FACTORED[name]
    x, factors = (
        pictures(target.sample(6, generator=Streams(7, 3))),
        target.draw_factors(6, generator=Streams(7, 3)),
    )
    assert x.shape == (3, 6, *target.shape)
    assert torch.equal(factors[0], target.draw_factors(6, seed=7))
    for i, (own, again) in enumerate(zip(Streams(7, 3), Streams(7, 3), strict=True)):
        assert torch.equal(x[i], pictures(target.sample(6, generator=own)))
        assert torch.equal(factors[i], target.draw_factors(6, generator=again))
    assert not torch.equal(factors[1], factors[2])


@pytest.mark.parametrize("name", FACTORED)
def test_each_factor_is_uniform_and_independent_of_the_others(name):
    target, n = FACTORED[name], 4000
    factors = target.draw_factors(n, seed=3).double()
    for column, (_, low, high, kinds) in zip(factors.T, target.ranges, strict=True):
        if kinds:
            assert stats.chisquare(column.long().bincount(minlength=kinds)).pvalue > 0.005
        else:
            assert stats.kstest(column.numpy(), stats.uniform(low, high - low).cdf).pvalue > 0.005
    correlation = torch.corrcoef(factors.T) - torch.eye(len(target.ranges))
    assert correlation.abs().max().item() < 4.5 / math.sqrt(n)  # its spread is 1 / √n


@pytest.mark.parametrize("name", FACTORED)
def test_the_density_of_factors_is_one_over_the_box(name):
    target = FACTORED[name]
    box = math.prod(kinds or high - low for _, low, high, kinds in target.ranges)
    factors = target.draw_factors(50, seed=1).double()
    p = target.density(factors.reshape(2, 25, -1))
    assert p.shape == (2, 25, 1)
    assert p.flatten().tolist() == pytest.approx([1 / box] * 50, rel=1e-9)
    for i, (_, low, high, kinds) in enumerate(target.ranges):
        outside = (-1, kinds, 0.5, math.nan) if kinds else (low - 0.01, high + 0.01, math.nan)
        for value in outside:
            moved = factors[:1].clone()
            moved[0, i] = value
            assert target.density(moved).item() == 0
    assert target.density(factors.float()).dtype == torch.float32


def test_labels_are_the_kinds_and_stand_beside_the_pictures():
    for name in ("letters", "all shapes"):
        target = FACTORED[name]
        _, labels = target.sample(50, seed=2)
        assert labels.dtype == torch.int64
        assert labels.tolist() == target.draw_factors(50, seed=2)[:, 0].tolist()
    assert isinstance(FACTORED["two letters"].sample(3, seed=0), torch.Tensor)


@pytest.mark.parametrize("name", FACTORED)
def test_a_fixed_set_of_pictures_keeps_what_was_drawn(name):
    target = FACTORED[name]
    train_set = data.fixed(target, 9, seed=4)
    sample = target.sample(9, seed=4)
    assert torch.equal(train_set.x, pictures(sample))
    assert (train_set.labels is None) == isinstance(sample, torch.Tensor)
    assert train_set.shape == target.shape


def test_pictures_are_made_on_the_cpu_whatever_the_default_device_is():
    expected = [pictures(target.sample(4, seed=4)) for target in FACTORED.values()]
    expected.append(data.augmented(data.shapes(), 2, 0.1, True).sample(4, seed=4))
    torch.set_default_device("meta")  # a device that holds no numbers
    try:
        drawn = [pictures(target.sample(4, seed=4)) for target in FACTORED.values()]
        drawn.append(data.augmented(data.shapes(), 2, 0.1, True).sample(4, seed=4))
        read = data.shapes().read(drawn[2])
        digits = data.digits(14)[0].x
    finally:
        torch.set_default_device(None)
    assert all(map(torch.equal, drawn, expected))
    assert (read.device.type, digits.device.type) == ("cpu", "cpu")


def test_drawing_leaves_the_global_stream_alone():
    before = torch.get_rng_state()
    for target in FACTORED.values():
        target.sample(3, seed=0)
        target.draw_factors(3, seed=0)
    assert torch.equal(torch.get_rng_state(), before)


def test_rendering_has_slopes():
    """A picture follows its factors without steps, so that they can be found by descent."""
    for target in (data.letters(), data.shapes(rotated=True, kinds=ALL_KINDS)):
        f = target.draw_factors(1, seed=11).double().requires_grad_()
        (slope,) = torch.autograd.grad(target.render(f).square().sum(), f)
        h = 1e-6
        for i in range(1, f.shape[1]):
            step = torch.zeros_like(f)
            step[0, i] = h
            up, down = (target.render((f + s).detach()).square().sum() for s in (step, -step))
            assert slope[0, i].item() == pytest.approx((up - down).item() / (2 * h), abs=1e-4)


LETTERS, DISCS = FACTORED["letters"], FACTORED["discs"]
SHAPES = FACTORED["all shapes"]
REFUSED = [
    (lambda: DISCS.draw_factors(3), "draw_factors needs a seed or a generator, and not both"),
    (lambda: DISCS.draw_factors(3, seed=1, generator=Streams(0, 1)), "got seed=1"),
    (lambda: DISCS.draw_factors(0, seed=1), "n must be an integer of at least 1, got 0"),
    (lambda: DISCS.sample(3), "sample needs a seed or a generator"),
    (
        lambda: DISCS.render(torch.zeros(2, 5)),
        r"factors must have shape \(..., 4\) for x, y, radius, hue, got \(2, 5\)",
    ),
    (lambda: LETTERS.density(torch.zeros(3)), r"letter, weight, width, slant, got \(3,\)"),
    (
        lambda: LETTERS.render(torch.zeros(2, 4, dtype=torch.int64)),
        "factors must hold floating-point numbers, got torch.int64",
    ),
    (
        lambda: LETTERS.render(torch.tensor([[2.0, 0, 0, 0], [26.0, 0, 0, 0]])),
        "letter must be a whole number from 0 to 25, got 26.0",
    ),
    (lambda: LETTERS.render(torch.tensor([0.5, 0, 0, 0])), "letter must be .* got 0.5"),
    (lambda: LETTERS.render(torch.tensor([math.nan, 0, 0, 0])), "letter must be .* got nan"),
    (
        lambda: LETTERS.render(torch.tensor([0, 0.3, 1.5, 0])),
        "weight, width and slant must be from 0 to 1, got 1.5",
    ),
    (lambda: LETTERS.render(torch.tensor([0, 0.3, -0.5, 0])), "from 0 to 1, got -0.5"),
    (lambda: LETTERS.render(torch.tensor([0, 0.3, math.nan, 0])), "from 0 to 1, got nan"),
    (lambda: SHAPES.render(torch.full((2, 6), -1.0)), "kind must be .* from 0 to 2, got -1.0"),
    (lambda: data.letters("Aa"), "text must be capital letters from A to Z, got 'Aa'"),
    (lambda: data.letters(""), "text must be capital letters from A to Z, got ''"),
    (lambda: data.letters(size=32), "letters are stored at 16 pixels a side, got size=32"),
    (lambda: data.shapes(7), "size must be an integer of at least 8, got 7"),
    (lambda: data.shapes(kinds=("disc", "star")), r"some of disc, square, triangle, .*'star'"),
    (lambda: data.shapes(kinds=("disc", "disc")), r"each once, got \('disc', 'disc'\)"),
    (lambda: data.shapes(kinds=()), r"each once, got \(\)"),
    (lambda: data.shapes(labelled=True), r"labels need two kinds or more, got \('disc',\)"),
    (lambda: SHAPES.read(torch.zeros(3, 12, 12)), "only discs can be read from their pictures"),
    (
        lambda: DISCS.read(torch.zeros(2, 1, 16, 16)),
        r"images must have shape \(..., 3, 16, 16\), got \(2, 1, 16, 16\)",
    ),
]


@pytest.mark.parametrize(("call", "words"), REFUSED)
def test_factors_that_make_no_sense_are_refused_with_their_value(call, words):
    with pytest.raises(ValueError, match=words):
        call()


def test_what_is_unfinished_says_so():
    with pytest.raises(NotImplementedError, match="Factored does not say what it looks like"):
        data.Factored().render(torch.zeros(1))
    with pytest.raises(NotImplementedError, match="Shapes has no exact distribution function"):
        data.shapes().cdf(torch.zeros(1))
