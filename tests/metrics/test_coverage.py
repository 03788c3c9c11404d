"""Precision, recall and modes against golden numbers and counting by hand, and their floors."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch
from clouds import GRID, RING, Normal, modes, near, points
from scipy import stats
from torch import Tensor

from gan_tutorial import data, metrics

# --- precision and recall, density and coverage

# of the package prdc 0.2, for (seed, n, m, dim, neighbours, scale, shift): n standard normals are
# real, and m more, scaled and shifted, are fake
PRDC = [
    ((0, 1000, 1000, 64, 5, 1.0, 0.0), (0.704, 0.738, 0.947, 0.971)),
    ((0, 300, 200, 2, 3, 0.5, 0.3), (1.0, 0.6333333333, 1.005, 0.47)),
    ((1, 120, 250, 1, 1, 2.0, 0.0), (0.552, 0.7583333333, 0.744, 0.6416666667)),
    ((2, 40, 90, 5, 7, 1.5, 0.5), (0.6666666667, 1.0, 0.380952381, 1.0)),
    ((3, 9, 8, 3, 5, 1.0, 0.2), (1.0, 1.0, 1.075, 1.0)),
    ((4, 200, 100, 2, 5, 0.1, 1.0), (1.0, 0.005, 1.22, 0.045)),
]


def prdc(x_real: Tensor, x_fake: Tensor, k: int) -> list[float]:
    precision_recall = metrics.precision_recall(x_real, x_fake, neighbours=k)
    density_coverage = metrics.density_coverage(x_real, x_fake, neighbours=k)
    return [value.item() for value in (*precision_recall, *density_coverage)]


@pytest.mark.parametrize(("case", "golden"), PRDC)
def test_prdc_is_that_of_the_authors_package(case, golden):
    seed, n, m, dim, k, scale, shift = case
    random = np.random.RandomState(seed)
    x_real = torch.from_numpy(random.normal(size=(n, dim)))
    x_fake = torch.from_numpy(shift + scale * random.normal(size=(m, dim)))
    assert prdc(x_real, x_fake, k) == pytest.approx(list(golden), abs=1e-9)


def test_prdc_by_hand_where_distances_are_equal():
    # points of a lattice, some of them repeated: balls are open, and count the point itself
    generator = torch.Generator().manual_seed(3)
    x_real = torch.randint(0, 5, (30, 2), generator=generator).double()
    x_fake = torch.randint(1, 6, (20, 2), generator=generator).double()
    k = 4

    def radius(i: int, x: list) -> float:
        return sorted(math.dist(x[i], other) for j, other in enumerate(x) if j != i)[k - 1]

    real, fake = x_real.tolist(), x_fake.tolist()
    real_r, fake_r = [radius(i, real) for i in range(30)], [radius(j, fake) for j in range(20)]
    in_real = [[math.dist(a, b) < r for b in fake] for a, r in zip(real, real_r, strict=True)]
    in_fake = [[math.dist(a, b) < r for b, r in zip(fake, fake_r, strict=True)] for a in real]
    precision = sum(any(row[j] for row in in_real) for j in range(20)) / 20
    recall = sum(map(any, in_fake)) / 30
    density = sum(map(sum, in_real)) / (k * 20)
    coverage = sum(map(any, in_real)) / 30
    expected = [precision, recall, density, coverage]
    assert prdc(x_real, x_fake, k) == pytest.approx(expected, rel=1e-13)
    assert min(expected) < 0.9


def test_prdc_of_identical_sets_is_one_and_of_sets_far_apart_is_zero():
    x = points(60, 3, seed=1)
    assert prdc(x, x.flip(0), 5) == pytest.approx([1, 1, 1, 1], abs=1e-15)
    assert prdc(x, x + 100, 5) == [0, 0, 0, 0]


def test_prdc_of_close_points_far_from_the_origin():
    # in float32 the square of 300 has steps of .008: products of matrices would see one point
    x_real, x_fake = points(80, 2, seed=2).float(), points(80, 2, seed=3).float()
    expected = prdc(x_real, x_fake, 3)
    move = torch.tensor([300.0, -300.0])
    far = prdc(x_real / 64 + move, x_fake / 64 + move, 3)
    assert far == pytest.approx(expected, abs=0.05)


def test_prdc_of_a_collapsed_generator():
    x_real = points(200, 2, seed=4)
    precision, recall, density, coverage = prdc(x_real, x_real[:1].expand(50, 2) + 1e-9, 5)
    assert precision == 1
    assert recall == 0  # balls without a radius
    assert density >= 1
    assert coverage <= 10 / 200  # few real points are that near


def test_the_floor_of_density_is_one():
    for target, n in ((Normal(2), 40), (data.gaussian(), 25)):
        near(metrics.noise_floor(metrics.density_coverage, target, n, repeats=400).density, 1)


@pytest.mark.parametrize(("n", "m", "k"), [(20, 20, 5), (30, 12, 2)])
@pytest.mark.parametrize("dim", [1, 8])
def test_the_floor_of_coverage_is_the_same_for_every_distribution(n, m, k, dim):
    # a ball is empty if the k nearest of the other n - 1 + m samples are all real
    empty = math.prod((n - i) / (n + m - i) for i in range(1, k + 1))
    x_real, x_fake = points(600, n, dim, seed=5).exp(), points(600, m, dim, seed=6).exp()
    near(metrics.density_coverage(x_real, x_fake, neighbours=k).coverage, 1 - empty)


def test_the_floor_of_precision_is_what_its_docstring_says():
    for dim, floor in ((2, 0.996), (64, 0.72)):
        both = metrics.noise_floor(metrics.precision_recall, Normal(dim), 1000, repeats=4)
        for values in both:
            assert values.mean().item() == pytest.approx(floor, abs=0.02 if dim == 64 else 0.002)


def test_a_stray_real_sample_fools_precision_and_not_density():
    x_real, x_fake = points(100, 2, seed=7), points(100, 2, seed=8) + 8
    assert metrics.precision_recall(x_real, x_fake).precision == 0
    stray = torch.cat([x_real[1:], torch.full((1, 2), 9.0).double()])
    assert metrics.precision_recall(stray, x_fake).precision == 1
    assert metrics.density_coverage(stray, x_fake).density < 0.25


# --- modes


@pytest.mark.parametrize("target", [RING, GRID, data.mixture([-0.5, 0.5], 0.1)])
def test_modes_of_a_perfect_generator(target):
    n, K, dim = 2500, len(target.means), target.dim
    x_fake = torch.stack([target.sample(n, seed=i) for i in range(200)])
    measured = modes(target, x_fake)
    assert (measured.captured == K).all()
    assert (measured.captured_20 == K).all()
    share = stats.chi2.cdf(9, dim)  # in the plane 1 - exp(-4.5) = 98.9 %
    if dim == 2:
        assert share == pytest.approx(1 - math.exp(-4.5), rel=1e-12)
    error = math.sqrt(share * (1 - share) / (200 * n))  # binomial
    assert abs(measured.high_quality.mean().item() - share) < 4 * error
    near(measured.spread.square(), 1)
    near(measured.reverse_kl, (K - 1) / (2 * n * share))


def modes_by_hand(x: Tensor, centres: Tensor, std: Tensor) -> list[float]:
    bins: list[list] = [[] for _ in centres]
    for point in x.tolist():
        z = [math.dist(point, c) / s for c, s in zip(centres.tolist(), std.tolist(), strict=True)]
        if min(z) <= 3:
            bins[z.index(min(z))].append(point)
    good, dim = sum(map(len, bins)), x.shape[1]
    squares = freedom = 0.0
    for inside, s in zip(bins, std.tolist(), strict=True):
        if inside:
            own = np.mean(inside, axis=0)
            squares += (((np.array(inside) - own) / s) ** 2).sum()
            freedom += dim * (len(inside) - 1)
    truncated = stats.chi2.cdf(9, dim + 2) / stats.chi2.cdf(9, dim)
    q = np.array([len(inside) / good for inside in bins])
    kl = stats.entropy(q, np.full(len(bins), 1 / len(bins)))
    counts = [len(inside) for inside in bins]
    return [
        sum(c >= 1 for c in counts),
        sum(c >= 20 for c in counts),
        good / len(x),
        math.sqrt(squares / freedom / truncated),
        kl,
    ]


@pytest.mark.parametrize("dim", [1, 2, 3])
def test_modes_by_hand(dim):
    centres = 2 * torch.arange(5)[:, None] + 0.2 * points(5, dim, seed=1)  # some discs overlap
    std = torch.tensor([0.3, 0.5, 0.2, 0.4, 0.6]).double()
    generator = torch.Generator().manual_seed(2)
    k = torch.multinomial(torch.tensor([0.5, 0.4, 0.09, 0.01, 0.0]), 200, True, generator=generator)
    x = centres[k] + 1.5 * std[k][:, None] * points(200, dim, seed=3) + 0.1
    measured = [value.item() for value in metrics.mode_coverage(x, centres, std)]
    assert measured == pytest.approx(modes_by_hand(x, centres, std), rel=1e-12)
    assert 0 < measured[1] < measured[0] < 5
    assert measured[2] < 1


def test_modes_at_the_edges_of_their_rules():
    centres = torch.tensor([[0.0, 0.0], [10.0, 0.0]])
    x = torch.tensor([[2.9, 0.0]] * 20 + [[10.0, 3.1]] * 19 + [[10.0, -2.9]] * 19)
    captured, captured_20, high_quality, spread, reverse_kl = metrics.mode_coverage(x, centres, 1.0)
    assert captured == 2
    assert captured_20 == 1  # 20 are enough, 19 are not
    assert high_quality.item() == pytest.approx(39 / 58)  # 3.1 σ is too far
    assert spread.item() == pytest.approx(0, abs=1e-6)
    q = 20 / 39  # only the fakes of high quality are binned: with all of them q would be 20/58
    expected = q * math.log(2 * q) + (1 - q) * math.log(2 * (1 - q))
    assert reverse_kl.item() == pytest.approx(expected, rel=1e-4)


def test_modes_of_a_collapsed_generator():
    one = modes(RING, data.gaussian(std=0.01).sample(5000, seed=1).view(2500, 2) + RING.means[3])
    assert one.captured == one.captured_20 == 1
    assert one.reverse_kl.item() == pytest.approx(math.log(8), rel=1e-6)
    assert one.spread.item() == pytest.approx(1, abs=0.05)  # the width of the one mode is right
    x_fake = RING.sample(2500, seed=2)
    nearest = torch.cdist(x_fake, RING.means).argmin(-1)
    narrow = modes(RING, RING.means[nearest] + (x_fake - RING.means[nearest]) / 2)
    assert narrow.high_quality == 1  # better than perfect, which gives it away
    assert narrow.spread.item() == pytest.approx(0.513, abs=0.02)  # ½ / √.9495, cut at 6 σ


def test_modes_of_an_offset_keep_their_spread():
    x_fake = RING.sample(2500, seed=3)
    moved = modes(RING, x_fake + torch.tensor([0.01, 0.0]))  # by one σ
    assert moved.spread.item() == pytest.approx(1, abs=0.06)  # 3 σ cut off a little more


def test_modes_without_any_fake_of_high_quality():
    nowhere = modes(RING, torch.zeros(100, 2))
    assert nowhere[:3] == (0, 0, 0)
    assert nowhere.spread.isnan()
    assert nowhere.reverse_kl.isnan()
    single = modes(RING, torch.cat([RING.means[:1], torch.zeros(99, 2)]))
    assert single.captured == 1
    assert single.spread.isnan()  # one sample has no width
    assert single.reverse_kl.item() == pytest.approx(math.log(8), rel=1e-6)
