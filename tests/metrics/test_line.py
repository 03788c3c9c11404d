"""The distances on the line against scipy, closed forms, quadrature and golden numbers."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch
from clouds import draws
from scipy import integrate, stats
from scipy.spatial.distance import jensenshannon
from torch import Tensor

from gan_tutorial import data, metrics

LOG2 = math.log(2)


# --- Wasserstein distance


@pytest.mark.parametrize(("n", "k"), [(50, 50), (1, 1), (50, 49), (7, 30), (64, 1), (12, 18)])
def test_w1_is_scipys_for_samples_of_any_sizes(n, k):
    x, y = draws(n, seed=n), 1.5 * draws(k, seed=100 + k) + 0.3
    expected = stats.wasserstein_distance(x[:, 0].numpy(), y[:, 0].numpy())
    w1 = metrics.wasserstein_distance(x, y)
    assert w1.shape == ()
    assert w1.item() == pytest.approx(expected, rel=1e-12)
    assert metrics.wasserstein_distance(y, x).item() == pytest.approx(expected, rel=1e-12)


@pytest.mark.parametrize("k", [40, 33])
def test_w1_of_replicas_is_one_value_for_each(k):
    x, y = draws(2, 3, 40, seed=1), draws(k, seed=2)
    w1 = metrics.wasserstein_distance(x, y)
    assert w1.shape == (2, 3)
    for i in range(2):
        for j in range(3):
            alone = stats.wasserstein_distance(x[i, j, :, 0].numpy(), y[:, 0].numpy())
            assert w1[i, j].item() == pytest.approx(alone, rel=1e-12)
    both = metrics.wasserstein_distance(x, draws(2, 3, k, seed=3))
    alone = metrics.wasserstein_distance(x[1, 2], draws(2, 3, k, seed=3)[1, 2])
    assert both[1, 2].item() == pytest.approx(alone.item(), rel=1e-12)


@pytest.mark.parametrize("shift", [-2.5, 0.0, 0.25])
def test_w1_of_a_shift_is_the_shift(shift):
    x = draws(500)
    w1 = metrics.wasserstein_distance(x, x.flip(0) + shift)
    assert w1.item() == pytest.approx(abs(shift), abs=1e-14)


def test_w1_of_a_stretch_is_the_mean_distance_moved():
    x = draws(500)
    w1 = metrics.wasserstein_distance(x, 3 * x)
    assert w1.item() == pytest.approx(2 * x.abs().mean().item(), rel=1e-12)


def test_w1_of_points_by_hand():
    x, y = torch.tensor([[0.0], [1.0]]), torch.tensor([[5.0], [0.0], [1.0]])
    # quantiles: x is 0 below ½ then 1; y is 0 below ⅓, 1 below ⅔, then 5
    by_hand = 1 / 3 * 0 + 1 / 6 * 1 + 1 / 6 * 0 + 1 / 3 * 4
    assert metrics.wasserstein_distance(x, y).item() == pytest.approx(by_hand, rel=1e-6)


def test_w1_between_gaussians_of_other_spread():
    # W1(N(0, 1), N(0, 2²)) = E|Z| = sqrt(2/π), on exact quantiles
    x, y = data.gaussian().quantiles(20_000), data.gaussian(std=2.0).quantiles(20_000)
    expected = math.sqrt(2 / math.pi)
    assert metrics.wasserstein_distance(x, y).item() == pytest.approx(expected, abs=1e-4)


def test_w1_keeps_its_type_and_its_arguments():
    x, y = draws(9).float(), draws(8).float()
    before = x.clone()
    assert metrics.wasserstein_distance(x, y).dtype == torch.float32
    assert torch.equal(x, before)


def test_w1_of_float32_samples_of_awkward_sizes():
    x, y = draws(9_973, seed=4).float(), draws(10_007, seed=5).float()
    expected = stats.wasserstein_distance(x[:, 0].numpy(), y[:, 0].numpy())
    assert metrics.wasserstein_distance(x, y).item() == pytest.approx(expected, rel=1e-3)


# --- Jensen-Shannon divergence of samples


@pytest.mark.parametrize(("bins", "low", "high"), [(50, -1.0, 1.0), (7, -2.0, 3.0), (1, 0.0, 1.0)])
def test_js_is_scipys_on_the_same_histogram(bins, low, high):
    x, y = 0.4 * draws(3, 500, seed=1) + 0.1, 0.3 * draws(300, seed=2)
    ours = metrics.js_divergence(x, y, bins=bins, low=low, high=high)
    assert ours.shape == (3,)
    edges = np.linspace(low, high, bins + 1)

    def shares(values: Tensor) -> np.ndarray:
        inside = np.clip(values[:, 0].numpy(), low, high)  # the outermost bins take the rest
        return np.histogram(inside, edges)[0] / len(values)

    for i in range(3):
        expected = jensenshannon(shares(x[i]), shares(y)) ** 2  # scipy gives the root, in nats
        assert ours[i].item() == pytest.approx(expected, abs=1e-12)


def test_js_bounds():
    x = draws(400)
    assert metrics.js_divergence(x, x.flip(0)).item() == 0
    apart = metrics.js_divergence(x.abs() + 0.01, -x.abs() - 0.01, low=-4, high=4)
    assert apart.item() == pytest.approx(LOG2, rel=1e-12)
    some = metrics.js_divergence(x, x + 0.5, low=-4, high=4).item()
    assert 0 < some < LOG2


def test_js_is_symmetric():
    x, y = draws(100, seed=1), 2 * draws(70, seed=2)
    there, back = metrics.js_divergence(x, y), metrics.js_divergence(y, x)
    assert there.item() == pytest.approx(back.item(), rel=1e-13)


def test_js_by_hand():
    x, y = torch.tensor([[-0.5], [-0.5], [0.5], [0.5]]), torch.tensor([[-0.5], [0.5], [0.5], [0.5]])
    p, q, m = (0.5, 0.5), (0.25, 0.75), (0.375, 0.625)
    by_hand = sum(
        a * math.log(a / c) + b * math.log(b / c) for a, b, c in zip(p, q, m, strict=True)
    )
    assert metrics.js_divergence(x, y, bins=2).item() == pytest.approx(by_hand / 2, rel=1e-5)


def test_js_edges_and_outsiders():
    inside = torch.tensor([[-1.0], [0.0], [0.999]])  # bins [-1, 0) and [0, 1]
    outside = torch.tensor([[-7.0], [1.0], [9.0]])
    assert metrics.js_divergence(inside, outside, bins=2).item() == 0
    left = torch.full((3, 1), -1e-3)
    assert metrics.js_divergence(left, left + 1e-3, bins=2).item() == pytest.approx(LOG2, rel=1e-6)


def test_js_of_large_samples_is_near_the_exact_one():
    x, y = data.gaussian(0, 1).sample(200_000, seed=1), data.gaussian(1, 1).sample(200_000, seed=2)
    js = metrics.js_divergence(x, y, bins=80, low=-5.0, high=6.0).item()
    # .0004 of bias: 79 / 8 · 2 / 200 000 is .0001, and bins of .14 hide a little
    assert js == pytest.approx(0.111421, abs=0.003)


# --- Jensen-Shannon divergence of densities

GOLDEN = [
    ((1.0, 1.0), 0.111421),
    ((2.0, 1.0), 0.336831),
    ((4.0, 1.0), 0.632720),
    ((0.0, 2.0), 0.092733),
    ((0.3, 0.15), 0.370242),
]


@pytest.mark.parametrize(("gaussian", "golden"), GOLDEN)
def test_js_of_gaussians_to_six_digits(gaussian, golden):
    p, q = data.gaussian(0, 1).density, data.gaussian(*gaussian).density
    js = metrics.js_divergence_of_densities(p, q, low=-20, high=20)
    assert isinstance(js, float)
    assert js == pytest.approx(golden, abs=6e-7)
    assert metrics.js_divergence_of_densities(q, p, low=-20, high=20) == pytest.approx(
        js, rel=1e-12
    )


@pytest.mark.parametrize(("mean", "std"), [(1.0, 1.0), (0.0, 2.0)])
def test_js_of_gaussians_is_that_of_an_adaptive_quadrature(mean, std):
    def integrand(x: float) -> float:
        p, q = stats.norm.pdf(x), stats.norm.pdf(x, mean, std)
        m = (p + q) / 2
        return (p * math.log(p / m) + q * math.log(q / m)) / 2

    expected, _ = integrate.quad(integrand, -15, 15, epsabs=1e-13)
    p, q = data.gaussian(0, 1).density, data.gaussian(mean, std).density
    ours = metrics.js_divergence_of_densities(p, q, low=-20, high=20)
    assert ours == pytest.approx(expected, abs=1e-11)


def test_js_of_densities_at_its_limits():
    p, q = data.gaussian(-10, 0.5).density, data.gaussian(10, 0.5).density
    assert metrics.js_divergence_of_densities(p, q, low=-20, high=20) == pytest.approx(LOG2)
    assert abs(metrics.js_divergence_of_densities(p, p, low=-20, high=20)) < 1e-300
    wide, half = data.uniform(0, 2).density, data.uniform(0, 1).density
    # p = ½ on [0, 2], q = 1 on [0, 1]: m = ¾ then ¼
    exact = (0.5 * math.log(2 / 3) + 0.5 * math.log(2) + math.log(4 / 3)) / 2
    ours = metrics.js_divergence_of_densities(wide, half, low=-1, high=3, points=40_001)
    assert ours == pytest.approx(exact, abs=1e-4)  # the trapezoid errs at the jumps


@pytest.mark.parametrize("points", [2, 3, 50])
def test_quadrature_reaches_from_end_to_end(points):
    # the rule is exact for what does not change: the length of [-1, 4] times the value by hand
    def p(x: Tensor) -> Tensor:
        return torch.full_like(x, 0.3)

    def q(x: Tensor) -> Tensor:
        return torch.full_like(x, 0.1)

    exact = 5 * (0.3 * math.log(0.3 / 0.2) + 0.1 * math.log(0.1 / 0.2)) / 2
    ours = metrics.js_divergence_of_densities(p, q, low=-1, high=4, points=points)
    assert ours == pytest.approx(exact, rel=1e-12)


def test_the_value_of_the_game_at_the_optimal_discriminator():
    # V(G, D*) = E_p[log D*] + E_q[log(1 - D*)] = -log 4 + 2 JSD
    p, q = data.gaussian(0.3, 0.15).density, data.gaussian(0, 0.4).density

    def integrand(x: float) -> float:
        a, b = (f(torch.tensor([[x]], dtype=torch.float64)).item() for f in (p, q))
        return a * math.log(a / (a + b)) + b * math.log(b / (a + b)) if a and b else 0.0

    value, _ = integrate.quad(integrand, -3, 3, points=[0.0, 0.3], epsabs=1e-11, limit=200)
    jsd = metrics.js_divergence_of_densities(p, q, low=-4, high=4)
    assert -math.log(4) + 2 * jsd == pytest.approx(value, abs=1e-7)  # weights in float32
