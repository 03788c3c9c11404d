"""The distances in any dimension against scipy, hand loops and closed forms."""

from __future__ import annotations

import itertools
import math

import numpy as np
import pytest
import torch
from clouds import Normal, draws, near, points
from scipy import linalg, stats
from torch import Tensor

from gan_tutorial import data, metrics

# --- transport in any dimension


@pytest.mark.parametrize("dim", [1, 2, 5])
def test_transport_is_scipys_linear_programme(dim):
    x, y = points(14, dim, seed=1), 1.5 * points(14, dim, seed=2) + 0.3
    expected = stats.wasserstein_distance_nd(x.numpy(), y.numpy())
    assert metrics.transport_distance(x, y).item() == pytest.approx(expected, rel=1e-9)


def test_transport_is_the_best_of_all_pairings():
    x, y = points(6, 3, seed=3), points(6, 3, seed=4)
    costs = [(x - y[list(order)]).norm(dim=1).mean() for order in itertools.permutations(range(6))]
    assert metrics.transport_distance(x, y).item() == pytest.approx(min(costs).item(), rel=1e-13)


def test_transport_on_the_line_is_w1_and_serves_replicas():
    x, y = draws(2, 3, 30, seed=5), draws(30, seed=6)
    expected = metrics.wasserstein_distance(x, y)
    torch.testing.assert_close(metrics.transport_distance(x, y), expected, rtol=1e-12, atol=0)
    torch.testing.assert_close(metrics.transport_distance(y, x), expected, rtol=1e-12, atol=0)


def test_transport_of_a_shift_is_the_shift():
    x = points(50, 2, seed=7)
    moved = x.flip(0) + torch.tensor([3.0, 4.0])
    assert metrics.transport_distance(x, moved).item() == pytest.approx(5, rel=1e-12)
    assert metrics.transport_distance(x, x.flip(0)).item() == 0


def test_transport_has_the_gradient_of_its_pairing():
    x, y = points(9, 2, seed=8).requires_grad_(), points(9, 2, seed=9) + 5
    (slope,) = torch.autograd.grad(metrics.transport_distance(x, y), x)
    torch.testing.assert_close(slope.norm(dim=1), torch.full((9,), 1 / 9).double())


def test_the_noise_floor_of_transport_falls_slower_in_more_dimensions():
    def fall(dim: int) -> float:
        floors = [
            metrics.noise_floor(metrics.transport_distance, Normal(dim), n, repeats=24).mean()
            for n in (50, 400)
        ]
        return (floors[0] / floors[1]).item()

    # eight times the samples: 8^(1/2) = 2.83 on the line, nearly 8^(1/6) = 1.41 in six dimensions
    assert 2.2 < fall(1) < 3.5
    assert 1.3 < fall(6) < 1.6


# --- kernel distance


def by_hand(x: Tensor, y: Tensor, kernel) -> float:
    n, k = len(x), len(y)
    within_x = sum(kernel(x[i], x[j]) for i in range(n) for j in range(n) if i != j)
    within_y = sum(kernel(y[i], y[j]) for i in range(k) for j in range(k) if i != j)
    between = sum(kernel(x[i], y[j]) for i in range(n) for j in range(k))
    return within_x / (n * (n - 1)) + within_y / (k * (k - 1)) - 2 * between / (n * k)


def cubic(a: Tensor, b: Tensor) -> float:
    return (sum(u * v for u, v in zip(a.tolist(), b.tolist(), strict=True)) / len(a) + 1) ** 3


def gaussian(a: Tensor, b: Tensor) -> float:
    return math.exp(-(math.dist(a.tolist(), b.tolist()) ** 2) / (2 * 0.7**2))


@pytest.mark.parametrize(("n", "k", "dim"), [(12, 12, 2), (9, 13, 1), (2, 2, 4), (150, 7, 3)])
def test_mmd_is_a_double_loop(n, k, dim):
    x, y = points(n, dim, seed=1), 0.8 * points(k, dim, seed=2) + 0.4
    ours = metrics.kernel_distance(x, y)
    assert ours.shape == ()
    assert ours.item() == pytest.approx(by_hand(x, y, cubic), rel=1e-10)
    ours = metrics.kernel_distance(x, y, metrics.gaussian_kernel(0.7))
    assert ours.item() == pytest.approx(by_hand(x, y, gaussian), rel=1e-10)


def test_mmd_of_one_sample_with_itself_is_below_zero():
    # the diagonal is left out within a sample, and not between: 2 (S - T)/(n (n-1)) - 2 S/n²
    x = points(200, 2, seed=3)
    table = metrics.cubic_kernel(x, x)
    total, trace, n = table.sum(), table.trace(), len(x)
    expected = 2 * (total - trace) / (n * (n - 1)) - 2 * total / n**2
    assert metrics.kernel_distance(x, x).item() == pytest.approx(expected.item(), rel=1e-10)
    assert expected < 0


@pytest.mark.parametrize("kernel", [metrics.cubic_kernel, metrics.gaussian_kernel(1.0)])
@pytest.mark.parametrize(("n", "k"), [(10, 10), (6, 25)])
def test_mmd_of_real_against_real_is_zero_on_average(kernel, n, k):
    x, y = points(2000, n, 2, seed=4), points(2000, k, 2, seed=5)
    mmd = metrics.kernel_distance(x, y, kernel)
    near(mmd, 0)
    assert 0.4 < (mmd < 0).double().mean().item() < 0.8  # a skew law with mean 0


def test_mmd_has_the_mean_of_the_populations():
    x, y = points(1500, 8, 1, seed=6), points(1500, 8, 1, seed=7) / 2 + 1
    # N(0, 1) and N(1, ¼): E[x], E[x²], E[x³] are 0, 1, 0 and 1, 1.25, 1.75
    near(metrics.kernel_distance(x, y), 3 * 1**2 + 3 * 0.25**2 + 1.75**2)
    # E exp(-d²/2w²) for d ~ N(mu, v) is w/√(w² + v) exp(-mu²/2(w² + v))
    w2 = 0.5**2
    within = math.sqrt(w2 / (w2 + 2)) + math.sqrt(w2 / (w2 + 0.5))
    between = math.sqrt(w2 / (w2 + 1.25)) * math.exp(-1 / (2 * (w2 + 1.25)))
    near(metrics.kernel_distance(x, y, metrics.gaussian_kernel(0.5)), within - 2 * between)


def test_the_noise_floor_of_mmd_is_a_spread_that_falls_with_n():
    spreads = [
        metrics.noise_floor(metrics.kernel_distance, Normal(2), n, repeats=400).std().item()
        for n in (50, 200)
    ]
    assert spreads[0] / spreads[1] == pytest.approx(4, rel=0.25)  # each spread within about 6 %


def test_the_gaussian_kernel_sees_what_the_cubic_one_cannot():
    # the quadrature of the normal law with 3 points has its moments up to the fifth
    y = math.sqrt(3) * torch.tensor([[-1.0], [0], [0], [0], [0], [1]]).double()
    x = data.gaussian().quantiles(1200).double()
    # 2 (E k(x, x) - E k(x, y)) / n = 2 (28 - 4) / 1200 below zero, like a sample with itself
    assert -0.05 < metrics.kernel_distance(x, y.repeat(200, 1)).item() < 0
    assert metrics.kernel_distance(x, y.repeat(200, 1), metrics.gaussian_kernel(0.3)) > 0.1


# --- Fréchet distance


def frechet_by_sqrtm(x: Tensor, y: Tensor) -> float:
    a, b = np.cov(x.numpy().T), np.cov(y.numpy().T)
    shift = ((x.mean(0) - y.mean(0)) ** 2).sum().item()
    return shift + np.trace(a + b - 2 * linalg.sqrtm(a @ b).real)


@pytest.mark.parametrize(("n", "k", "dim"), [(100, 100, 2), (80, 300, 16), (500, 200, 64)])
def test_frechet_is_scipys_square_root(n, k, dim):
    mix = points(dim, dim, seed=3)
    x, y = points(n, dim, seed=1), points(k, dim, seed=2) @ mix + 0.5
    ours = metrics.frechet_distance(x, y)
    assert ours.item() == pytest.approx(frechet_by_sqrtm(x, y), rel=1e-10)
    assert metrics.frechet_distance(y, x).item() == pytest.approx(ours.item(), rel=1e-12)


def test_frechet_on_the_line_is_in_means_and_standard_deviations():
    x, y = draws(50, seed=1), 3 * draws(70, seed=2) + 1
    expected = (x.mean() - y.mean()) ** 2 + (x.std() - y.std()) ** 2
    assert metrics.frechet_distance(x, y).item() == pytest.approx(expected.item(), rel=1e-12)


def test_frechet_of_gaussians_that_share_axes():
    mean = torch.tensor([1.0, -2.0, 0.0])
    turn = torch.linalg.qr(points(3, 3, seed=4)).Q
    a, b = torch.tensor([4.0, 0.25, 1.0]).double(), torch.tensor([1.0, 9.0, 0.0]).double()
    distance = metrics.frechet_distance_of_gaussians(
        mean, turn @ a.diag() @ turn.T, torch.zeros(3), turn @ b.diag() @ turn.T
    )
    expected = 5 + ((a.sqrt() - b.sqrt()) ** 2).sum().item()  # ‖Δm‖² + Σ (s₁ - s₂)²
    assert distance.dtype == torch.float64
    assert distance.item() == pytest.approx(expected, rel=1e-13)


def test_frechet_of_singular_covariances():
    zero = torch.zeros(2)
    one, other = torch.diag(torch.tensor([1.0, 0.0])), torch.diag(torch.tensor([0.0, 1.0]))
    f = metrics.frechet_distance_of_gaussians
    assert f(zero, one, zero, other).item() == pytest.approx(2, rel=1e-14)  # nothing in common
    assert f(zero, one, zero, one).item() == pytest.approx(0, abs=1e-14)
    assert f(zero, one, zero, 0 * one).item() == pytest.approx(1, rel=1e-14)
    assert f(zero, 0 * one, zero, 0 * one).item() == 0
    # rank 1 in 40 dimensions, in general position: Tr (C_x C_y)^½ = |u · v|
    u, v = points(40, seed=5), points(40, seed=6)
    expected = (u @ u + v @ v - 2 * (u @ v).abs()).item()
    apart = f(torch.zeros(40), torch.outer(u, u), torch.zeros(40), torch.outer(v, v))
    assert apart.item() == pytest.approx(expected, rel=1e-12)


def test_frechet_of_fewer_samples_than_dimensions():
    x, y = points(5, 20, seed=7), points(4, 20, seed=8)
    a, b = (s - s.mean(0) for s in (x, y))
    overlap = np.linalg.svd((a @ b.T).numpy(), compute_uv=False).sum() / math.sqrt(4 * 3)
    traces = (a**2).sum() / 4 + (b**2).sum() / 3
    expected = ((x.mean(0) - y.mean(0)) ** 2).sum() + traces - 2 * overlap
    assert metrics.frechet_distance(x, y).item() == pytest.approx(expected.item(), rel=1e-12)
    assert abs(metrics.frechet_distance(x, x.flip(0)).item()) < 1e-12  # 1e-7 if zeros were not


def test_frechet_of_a_collapsed_generator_is_the_data_around_its_point():
    x, point = points(300, 3, seed=9), torch.tensor([1.0, 2.0, 3.0]).double()
    expected = (x.mean(0) - point).square().sum() + x.var(0).sum()
    distance = metrics.frechet_distance(x, point.expand(10, 3))
    assert distance.item() == pytest.approx(expected.item(), rel=1e-12)


@pytest.mark.parametrize("dim", [1, 4])
def test_the_bias_of_frechet_is_upward_and_falls_with_n(dim):
    floors = {
        n: metrics.noise_floor(metrics.frechet_distance, Normal(dim), n, repeats=300)
        for n in (100, 400, 1600)
    }
    for n, floor in floors.items():
        assert (floor > 0).all()
        # 300 values of relative spread at most .8 know their mean to 5 %
        assert n * floor.mean().item() == pytest.approx(2 * dim + dim * (dim + 1) / 2, rel=0.15)
