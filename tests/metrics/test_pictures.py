"""Pictures in a feature space: pixels, batches, scales, floors, and the classes of the fakes."""

from __future__ import annotations

import math
from collections import Counter

import pytest
import torch
from clouds import near, points
from torch import Tensor, nn

from gan_tutorial import data, metrics


def images(*shape: int, seed: int = 0) -> Tensor:
    """Return random images of 2 × 3 × 4 numbers, shape (*shape, 2, 3, 4)."""
    return points(*shape, 24, seed=seed).unflatten(-1, (2, 3, 4)).float()


def moments(x: Tensor) -> Tensor:
    """Return two features of each image, its mean and its mean square: (m, C, H, W) -> (m, 2)."""
    return torch.stack([x.mean((1, 2, 3)), x.square().mean((1, 2, 3))], dim=-1)


# --- spaces


def test_pixels_are_the_numbers_of_each_image_in_order():
    x = images(3, 5)
    flat = metrics.pixels(x)
    assert flat.shape == (3, 5, 24)
    for i in range(3):
        for j in range(5):
            assert flat[i, j].tolist() == [v for c in x[i, j].tolist() for row in c for v in row]


@pytest.mark.parametrize("batch", [1, 4, 7, 500])
def test_features_are_those_of_each_image_alone(batch):
    x = images(2, 3, 5)
    space = metrics.FeatureSpace("moments", moments, scale=4, batch=batch)
    found = space(x)
    assert found.shape == (2, 3, 5, 2)
    for i, j, k in ((0, 0, 0), (0, 2, 1), (1, 0, 4), (1, 2, 3)):
        expected = moments(x[i, j, k][None])[0] / 4
        torch.testing.assert_close(found[i, j, k], expected, rtol=1e-6, atol=1e-7)
    assert torch.equal(space(x[0, 1]), found[0, 1]) or batch > 1  # batches round otherwise


def test_features_come_in_batches_and_without_gradients():
    layer, seen = nn.Linear(24, 3), []

    def features(x: Tensor) -> Tensor:
        seen.append(len(x))
        return layer(metrics.pixels(x))

    found = metrics.FeatureSpace("linear", features, batch=6)(images(4, 5).requires_grad_())
    assert seen == [6, 6, 6, 2]
    assert not found.requires_grad


def test_distances_in_a_space_serve_replicas():
    space = metrics.FeatureSpace("moments", moments)
    x_real, x_fake = images(40), images(3, 40, seed=1) + 0.5
    together = metrics.frechet_distance(space(x_real), space(x_fake))
    for i in range(3):
        alone = metrics.frechet_distance(moments(x_real), moments(x_fake[i]))
        assert together[i].item() == pytest.approx(alone.item(), rel=1e-4)  # float32 features


def test_a_unit_space_has_spread_one_and_its_frechet_distance_says_so():
    x = 3 * images(2, 60) + 1
    space = metrics.FeatureSpace("pixels", metrics.pixels, scale=7.0).unit(x)
    found = space(x).double().flatten(0, -2)
    assert found.var(0, correction=0).sum().item() == pytest.approx(1, rel=1e-6)
    still = found.mean(0).expand(50, -1)
    # of n = 120 samples the covariance has n - 1 below it
    assert metrics.frechet_distance(found, still).item() == pytest.approx(120 / 119, rel=1e-6)
    assert space.name == "pixels"
    assert space.unit(x).scale == pytest.approx(space.scale, rel=1e-6)  # it is one already


@pytest.mark.parametrize("labels", [None, torch.arange(50)])
def test_a_noise_floor_in_a_space_with_or_without_labels(labels):
    x = images(50)
    target = data.empirical(x, labels)
    space = metrics.FeatureSpace("moments", moments)
    floor = metrics.noise_floor(
        lambda x, y: metrics.frechet_distance(space(x), space(y)), target, 20, repeats=4
    )
    plain = data.empirical(x)
    by_hand = [
        metrics.frechet_distance(
            moments(plain.sample(20, seed=2 * i)), moments(plain.sample(20, seed=2 * i + 1))
        )
        for i in range(4)
    ]
    torch.testing.assert_close(floor, torch.stack(by_hand), rtol=1e-4, atol=1e-6)


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda: metrics.pixels(torch.zeros(5, 3, 4)), r"\(..., n, C, H, W\) .*got \(5, 3, 4\)"),
        (lambda: metrics.pixels(torch.zeros(0, 1, 3, 4)), r"got \(0, 1, 3, 4\)"),
        (lambda: metrics.pixels(torch.zeros(5, 1, 3, 4).long()), "got torch.int64"),
        (lambda: metrics.pixels(torch.full((1, 1, 1, 2), math.nan)), "x holds 2 values"),
        (lambda: metrics.FeatureSpace("a", moments, scale=0.0), "scale must be .* got 0.0"),
        (lambda: metrics.FeatureSpace("a", moments, scale=math.inf), "got inf"),
        (lambda: metrics.FeatureSpace("a", moments, batch=0), "batch must be .* got 0"),
        (
            lambda: metrics.FeatureSpace("sums", lambda x: x.sum((1, 2, 3)))(images(5)),
            r"features of 'sums' must have shape \(5, d\), got \(5,\)",
        ),
        (
            lambda: metrics.FeatureSpace("one", lambda x: moments(x)[:1])(images(5)),
            r"features of 'one' must have shape \(5, d\), got \(1, 2\)",
        ),
        (
            lambda: metrics.FeatureSpace("a", moments).unit(torch.ones(5, 1, 2, 2)),
            "in 'a' all 5 images of x have the same features",
        ),
    ],
)
def test_spaces_and_images_that_make_no_sense_are_refused(make, words):
    with pytest.raises(ValueError, match=words):
        make()


# --- the floor between two fixed sets


def test_a_floor_of_fixed_sets_draws_each_row_once_and_from_its_own_set():
    train, held = torch.arange(30.0)[:, None], 100 + torch.arange(8.0)[:, None]
    seen = []

    def metric(x: Tensor, y: Tensor) -> Tensor:
        seen.extend([x, y])
        return (x.mean((1, 2)), y.mean((1, 2)))

    first, _ = metrics.held_out_floor(metric, train, held, 8, repeats=200)
    x, y = seen
    assert x.shape == y.shape == (200, 8, 1)
    assert all(len(row.unique()) == 8 for row in x)
    assert (y.sort(1).values == held).all()  # all of them: each time the same
    assert set(x.unique().tolist()) == set(range(30))
    near(first, 14.5)
    # without replacement: σ² / n · (rows - n) / (rows - 1), and of 200 values known to 10 %
    expected = (30**2 - 1) / 12 / 8 * (30 - 8) / (30 - 1)
    assert first.var().item() == pytest.approx(expected, rel=0.35)  # 3.5 of these
    again, _ = metrics.held_out_floor(metric, train, held, 8, repeats=200)
    other, _ = metrics.held_out_floor(metric, train, held, 8, repeats=200, seed=1)
    assert torch.equal(first, again)
    assert not torch.equal(first, other)


@pytest.mark.parametrize(
    ("rows", "n", "words"),
    [
        ((5, 9), 6, "x_train must have at least n = 6 rows, got 5"),
        ((9, 5), 6, "x_held must have at least n = 6 rows, got 5"),
        ((9, 9), 0, "n must be an integer of at least 1, got 0"),
    ],
)
def test_a_floor_of_too_few_rows_is_refused(rows, n, words):
    with pytest.raises(ValueError, match=words):
        metrics.held_out_floor(metrics.frechet_distance, *(torch.zeros(r, 2) for r in rows), n)


# --- classes


def test_classes_by_hand():
    class_logits, shares = points(2, 3, 70, 5, seed=1), torch.tensor([30, 20, 40, 10, 0])
    class_logits[..., 3] -= 1.8  # rarely seen, and never by some
    labels = torch.randint(0, 5, (3, 70), generator=torch.Generator().manual_seed(2))
    found = metrics.class_coverage(class_logits, shares)
    obeyed = metrics.accuracy(class_logits, labels)
    assert found.share.shape == (2, 3, 5)
    for i in range(2):
        for j in range(3):
            best = [max(range(5), key=row.__getitem__) for row in class_logits[i, j].tolist()]
            counts, p = Counter(best), [0.3, 0.2, 0.4, 0.1, 0]
            q = [counts[k] / 70 for k in range(5)]
            assert found.share[i, j].tolist() == pytest.approx(q, rel=1e-12)
            enough = [k for k in range(4) if q[k] >= p[k] / 10]
            assert found.classes[i, j].item() == len(enough)
            moved = sum(abs(a - b) for a, b in zip(q, p, strict=True)) / 2
            assert found.variation[i, j].item() == pytest.approx(moved, rel=1e-12)
            right = sum(a == b for a, b in zip(best, labels[j].tolist(), strict=True))
            assert obeyed[i, j].item() == pytest.approx(right / 70, rel=1e-12)
    assert set(found.classes.flatten().tolist()) == {3, 4}


def test_classes_at_the_edge_of_a_tenth_and_of_a_collapse():
    def of(*counts: int) -> metrics.ClassCoverage:
        labels = torch.arange(len(counts)).repeat_interleave(torch.tensor(counts))
        return metrics.class_coverage(nn.functional.one_hot(labels, len(counts)).double())

    assert of(95, 5).classes == 2  # a tenth of its due, exactly
    assert of(96, 4).classes == 1
    collapsed = of(*[100] + 9 * [0])
    assert collapsed.classes == 1
    assert collapsed.variation.item() == pytest.approx(0.9, rel=1e-12)
    assert of(*10 * [10]).variation.item() == pytest.approx(0, abs=1e-15)


def test_the_floor_of_variation_is_what_its_docstring_says():
    n, shares = 1000, torch.full((10,), 0.1, dtype=torch.float64)
    generator = torch.Generator().manual_seed(3)
    labels = torch.multinomial(shares, 300 * n, True, generator=generator).view(300, n)
    found = metrics.class_coverage(nn.functional.one_hot(labels, 10).double())
    expected = (shares * (1 - shares) / (2 * math.pi * n)).sqrt().sum().item()
    assert expected == pytest.approx(0.038, abs=0.0005)
    # 300 values, each with a spread of a quarter of the mean: known to 1.5 %
    assert found.variation.mean().item() == pytest.approx(expected, rel=0.06)
    ignored = metrics.accuracy(nn.functional.one_hot(labels, 10).double(), labels.roll(1, 0))
    near(ignored, 0.1)


@pytest.mark.parametrize(
    ("measure", "words"),
    [
        (lambda: metrics.class_coverage(torch.zeros(5)), r"\(..., n, K\) .* got \(5,\)"),
        (lambda: metrics.class_coverage(torch.zeros(0, 5)), r"got \(0, 5\)"),
        (lambda: metrics.class_coverage(torch.full((2, 3), math.nan)), "holds 6 values"),
        (lambda: metrics.class_coverage(torch.zeros(4, 2), torch.zeros(2)), r"got \[0.0, 0.0\]"),
        (lambda: metrics.class_coverage(torch.zeros(4, 2), torch.ones(3)), "shares must be 2 num"),
        (
            lambda: metrics.class_coverage(torch.zeros(4, 2), torch.tensor([2, -1])),
            r"got \[2.0, -1.0\]",
        ),
        (lambda: metrics.accuracy(torch.zeros(4, 2), torch.zeros(3)), r"\(..., 4\), got \(3,\)"),
        (
            lambda: metrics.accuracy(torch.zeros(4, 2), torch.tensor([0, 1, 2, 0])),
            "whole numbers from 0 to 1, got torch.int64 from 0 to 2",
        ),
        (lambda: metrics.accuracy(torch.zeros(4, 2), -torch.ones(4).long()), "from -1 to -1"),
        (lambda: metrics.accuracy(torch.zeros(4, 2), torch.zeros(4)), "got torch.float32"),
    ],
)
def test_classes_that_make_no_sense_are_refused(measure, words):
    with pytest.raises(ValueError, match=words):
        measure()
