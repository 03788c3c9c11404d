"""Augmentation: each picture against a copy moved by a loop, and how often each move comes."""

from __future__ import annotations

import math

import pytest
import torch
from scipy import stats
from torch import Tensor

from gan_tutorial import data
from gan_tutorial.ensemble import Streams

IMAGES = torch.arange(1.0, 1 + 5 * 2 * 4 * 6).reshape(5, 2, 4, 6)  # every value once, none is -1
NAMED = data.empirical(IMAGES, range(5))


def moved(image: Tensor, down: int, right: int, fill: float) -> Tensor:
    """Move a picture pixel by pixel."""
    out = torch.full_like(image, fill)
    _, height, width = image.shape
    for row in range(height):
        for column in range(width):
            if 0 <= row + down < height and 0 <= column + right < width:
                out[:, row + down, column + right] = image[:, row, column]
    return out


def move_of(image: Tensor, original: Tensor, shift: int, fill: float = -1.0) -> tuple[int, int]:
    """Return the move that makes one picture of the other; there must be exactly one."""
    span = range(-shift, shift + 1)
    fits = [
        (down, right)
        for down in span
        for right in span
        if torch.equal(moved(original, down, right, fill), image)
    ]
    assert len(fits) == 1
    return fits[0]


def test_each_picture_is_moved_as_by_hand_and_each_move_comes_alike_often():
    x, labels = data.augmented(NAMED, shift=1).sample(900, seed=3)
    assert x.shape == (900, 2, 4, 6)
    moves = [move_of(image, IMAGES[label], 1) for image, label in zip(x, labels, strict=True)]
    counts = [moves.count((i, j)) for i in (-1, 0, 1) for j in (-1, 0, 1)]
    assert sum(counts) == 900
    assert stats.chisquare(counts).pvalue > 0.01  # the seed is fixed, so this does not flicker


def test_a_larger_shift_and_another_fill():
    x, labels = data.augmented(NAMED, shift=3, fill=7.5).sample(150, seed=0)
    moves = [
        move_of(image, IMAGES[label], 3, fill=7.5) for image, label in zip(x, labels, strict=True)
    ]
    assert {i for i, _ in moves} == {j for _, j in moves} == {-3, -2, -1, 0, 1, 2, 3}


def test_the_pictures_are_those_that_the_target_draws_for_the_seed():
    still, labels = NAMED.sample(40, seed=9)
    for options in ({}, {"flip": True}, {"noise": 0.5}):
        _, same = data.augmented(NAMED, **options).sample(40, seed=9)
        assert torch.equal(same, labels)
    x, _ = data.augmented(NAMED, shift=0).sample(40, seed=9)
    assert torch.equal(x, still)


def test_every_second_picture_is_mirrored_left_to_right():
    x, labels = data.augmented(NAMED, shift=0, flip=True).sample(4000, seed=2)
    same = (x == IMAGES[labels]).flatten(1).all(1)
    mirrored = (x == IMAGES[labels].flip(-1)).flatten(1).all(1)
    assert (same ^ mirrored).all()
    # 2000, give or take 4 standard deviations of √4000 / 2 = 32
    assert mirrored.sum().item() == pytest.approx(2000, abs=128)


def test_noise_is_normal_and_of_the_size_that_was_asked_for():
    x, labels = data.augmented(NAMED, shift=0, noise=0.3).sample(500, seed=2)
    noise = ((x - IMAGES[labels]) / 0.3).flatten()
    # values up to 240 are rounded by 1e-5 in float32, which is nothing beside .3
    assert stats.kstest(noise.numpy(), stats.norm.cdf).pvalue > 0.01
    assert len(noise.unique()) > 0.9 * len(noise)  # drawn for each value, not for each picture


EVERYTHING = {"shift": 1, "noise": 0.1, "flip": True}


@pytest.mark.parametrize(
    "target", [NAMED, data.shapes(8), data.letters()], ids=lambda t: str(type(t))
)
def test_a_members_pictures_do_not_depend_on_the_others(target):
    augmented = data.augmented(target, **EVERYTHING)
    drawn = augmented.sample(7, generator=Streams(5, 3))
    parts = drawn if isinstance(drawn, tuple) else (drawn,)
    assert parts[0].shape == (3, 7, *target.shape)
    for i, own in enumerate(Streams(5, 3)):
        alone = augmented.sample(7, generator=own)
        for part, mine in zip(parts, alone if isinstance(alone, tuple) else (alone,), strict=True):
            assert torch.equal(part[i], mine)
    assert not torch.equal(parts[0][0], parts[0][1])
    first = augmented.sample(7, seed=5)
    assert torch.equal(parts[0][0], first[0] if isinstance(first, tuple) else first)


def test_the_global_stream_is_left_alone_and_so_is_the_data():
    before, table = torch.get_rng_state(), IMAGES.clone()
    data.augmented(NAMED, **EVERYTHING).sample(20, seed=1)
    assert torch.equal(torch.get_rng_state(), before)
    assert torch.equal(NAMED.x, table)


def test_the_shape_and_the_type_are_those_of_the_target():
    for dtype in (torch.float32, torch.float64):
        target = data.augmented(data.empirical(IMAGES.to(dtype)), **EVERYTHING)
        assert (target.shape, target.dim) == ((2, 4, 6), 48)
        assert target.sample(3, seed=0).dtype == dtype
    assert data.augmented(data.empirical(IMAGES.half()), noise=0.1).sample(3, seed=0).dtype == (
        torch.float16
    )
    with pytest.raises(NotImplementedError, match="Augmented has no exact density"):
        target.density(torch.zeros(48))


def test_augmentation_of_an_augmentation_adds_up():
    twice = data.augmented(data.augmented(NAMED, shift=1), shift=1)
    x, labels = twice.sample(400, seed=4)
    lost = (x == -1).all(1).sum((1, 2))  # pixels of background
    assert lost.max().item() <= 24 - 2 * 4  # moved by two each way, a window of 2 × 4 is left
    assert lost.max().item() > 24 - 3 * 5  # and of more than one
    assert set(labels.tolist()) == set(range(5))


REFUSED = [
    (lambda: data.augmented(data.ring()), r"only pictures \(C, H, W\) .* got shape \(2,\)"),
    (lambda: data.augmented(NAMED, shift=-1), "shift must be an integer of at least 0, got -1"),
    (lambda: data.augmented(NAMED, shift=1.5), "shift must be an integer .* got 1.5"),
    (lambda: data.augmented(NAMED, shift=4), r"smaller than a picture of \(2, 4, 6\), got 4"),
    (lambda: data.augmented(NAMED, noise=-0.1), "noise must be at least 0 and finite, got -0.1"),
    (lambda: data.augmented(NAMED, noise=math.inf), "noise must be .* finite, got inf"),
    (lambda: data.augmented(NAMED, fill=math.nan), "fill must be finite, got nan"),
    (lambda: data.augmented(NAMED).sample(0, seed=1), "n must be an integer of at least 1, got 0"),
]


@pytest.mark.parametrize(("call", "words"), REFUSED)
def test_an_augmentation_that_makes_no_sense_is_refused_with_its_value(call, words):
    with pytest.raises(ValueError, match=words):
        call()
