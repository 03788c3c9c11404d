"""The metrics against scipy, closed forms, hand loops and golden numbers, and their floors."""

from __future__ import annotations

import itertools
import math

import numpy as np
import pytest
import torch
from scipy import integrate, linalg, stats
from scipy.spatial.distance import jensenshannon
from torch import Tensor

from gan_tutorial import data, metrics

LOG2 = math.log(2)


def draws(*shape: int, seed: int = 0) -> Tensor:
    generator = torch.Generator().manual_seed(seed)
    return torch.randn(*shape, 1, generator=generator, dtype=torch.float64)


def points(*shape: int, seed: int = 0) -> Tensor:
    return draws(*shape, seed=seed)[..., 0]


class Normal(data.Target):
    """Standard normal in any dimension."""

    def __init__(self, dim: int) -> None:
        self.dim = dim

    def _draw(self, n: int, stream) -> Tensor:
        return stream.randn(n, self.dim)


def near(values: Tensor, truth: float) -> None:
    """Assert that the mean of independent values is within 4 standard errors of the truth."""
    error = values.double().std().item() / math.sqrt(len(values))
    assert abs(values.double().mean().item() - truth) < 4 * error, (values.mean(), truth, error)


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

RING, GRID = data.ring(), data.grid()


def modes(target: data.Mixture, x_fake: Tensor) -> metrics.ModeCoverage:
    return metrics.mode_coverage(x_fake, target.means, target.stds)


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


# --- all of them


def of_modes(x_real: Tensor, x_fake: Tensor) -> metrics.ModeCoverage:
    return modes(RING, x_fake)


TWO_DIMENSIONAL = [
    metrics.transport_distance,
    metrics.kernel_distance,
    metrics.frechet_distance,
    metrics.precision_recall,
    metrics.density_coverage,
    of_modes,
]


def as_tuple(values) -> tuple[Tensor, ...]:
    return (values,) if isinstance(values, Tensor) else tuple(values)


@pytest.mark.parametrize("metric", TWO_DIMENSIONAL)
def test_replicas_are_measured_one_by_one_and_share_the_data(metric):
    x_fake = torch.stack([RING.sample(60, seed=i) for i in range(6)]).view(2, 3, 60, 2)
    shared, own = RING.sample(60, seed=9), x_fake.flip(0, 1)
    for x_real in (shared, own):
        together = as_tuple(metric(x_real, x_fake))
        for i, j in itertools.product(range(2), range(3)):
            real = x_real if x_real is shared else x_real[i, j]
            alone = as_tuple(metric(real, x_fake[i, j]))
            for a, b in zip(together, alone, strict=True):
                assert a.shape == (2, 3)
                assert a.dtype == torch.float32
                assert b.shape == ()
                torch.testing.assert_close(a[i, j], b, rtol=1e-6, atol=1e-9, equal_nan=True)


@pytest.mark.parametrize("metric", TWO_DIMENSIONAL)
def test_every_metric_has_a_noise_floor(metric):
    floor = metrics.noise_floor(metric, RING, 60, repeats=5)
    by_hand = metric(RING.sample(60, seed=6), RING.sample(60, seed=7))
    for values, value in zip(as_tuple(floor), as_tuple(by_hand), strict=True):
        assert values.shape == (5,)
        torch.testing.assert_close(values[3], value, rtol=1e-6, atol=1e-9)


@pytest.mark.parametrize("metric", TWO_DIMENSIONAL)
def test_float32_samples_are_measured_in_float64(metric):
    x_real, x_fake = RING.sample(300, seed=1) + 3, RING.sample(300, seed=2) + 3
    single = as_tuple(metric(x_real, x_fake))
    double = as_tuple(metric(x_real.double(), x_fake.double()))
    for a, b in zip(single, double, strict=True):
        torch.testing.assert_close(a, b.float(), rtol=0, atol=0, equal_nan=True)


@pytest.mark.parametrize("metric", TWO_DIMENSIONAL)
def test_metrics_leave_their_arguments_alone(metric):
    x_real, x_fake = RING.sample(30, seed=1).double(), RING.sample(30, seed=2).double()
    before = x_real.clone(), x_fake.clone()
    assert as_tuple(metric(x_real, x_fake))[0].dtype == torch.float64
    assert torch.equal(x_real, before[0])
    assert torch.equal(x_fake, before[1])


@pytest.mark.gpu
@pytest.mark.parametrize("metric", TWO_DIMENSIONAL)
def test_on_a_gpu_metrics_are_those_of_the_cpu(metric):
    x_real = RING.sample(60, seed=9).double()
    x_fake = torch.stack([RING.sample(60, seed=i) for i in range(3)]).double()
    here, there = as_tuple(metric(x_real, x_fake)), as_tuple(metric(x_real.cuda(), x_fake.cuda()))
    for ours, theirs in zip(here, there, strict=True):
        torch.testing.assert_close(theirs.cpu(), ours, rtol=1e-9, atol=1e-12, equal_nan=True)


@pytest.mark.gpu
def test_on_a_gpu_metrics_on_the_line_are_those_of_the_cpu():
    x, y = draws(3, 70), draws(50, seed=1)
    for metric in (metrics.wasserstein_distance, metrics.js_divergence):
        torch.testing.assert_close(metric(x.cuda(), y.cuda()).cpu(), metric(x, y))


# --- noise floors


def test_a_noise_floor_is_the_metric_between_two_samples_of_the_target():
    target = data.gaussian(0.3, 0.15)
    floor = metrics.noise_floor(metrics.wasserstein_distance, target, 100, repeats=5)
    by_hand = [
        metrics.wasserstein_distance(
            target.sample(100, seed=2 * i), target.sample(100, seed=2 * i + 1)
        )
        for i in range(5)
    ]
    assert torch.equal(floor, torch.stack(by_hand))


def test_a_noise_floor_is_reproducible_and_other_seeds_draw_other_pairs():
    target, metric = data.gaussian(), metrics.wasserstein_distance
    floor = metrics.noise_floor(metric, target, 50, repeats=8, seed=3)
    assert floor.shape == (8,)
    assert torch.equal(floor, metrics.noise_floor(metric, target, 50, repeats=8, seed=3))
    everything = torch.cat(
        [metrics.noise_floor(metric, target, 50, repeats=8, seed=s) for s in range(6)]
    )
    assert len(everything.unique()) == 48  # no pair is drawn twice
    assert metrics.noise_floor(metric, target, 50).shape == (64,)


def test_the_noise_floor_of_w1_falls_with_the_root_of_n():
    target, metric = data.gaussian(), metrics.wasserstein_distance
    small = metrics.noise_floor(metric, target, 250, repeats=128).mean().item()
    large = metrics.noise_floor(metric, target, 4000, repeats=128).mean().item()
    assert 3.4 < small / large < 4.6  # 4 = √16; each mean is known to about 5 %
    # √n W1 tends to √2 ∫ |B(F(x))| dx, B a Brownian bridge: E|B(u)| = √(2/π) √(u (1 - u))
    spread, _ = integrate.quad(lambda x: math.sqrt(stats.norm.cdf(x) * stats.norm.sf(x)), -12, 12)
    expected = math.sqrt(2) * math.sqrt(2 / math.pi) * spread / math.sqrt(4000)
    assert large == pytest.approx(expected, rel=0.15)


def test_the_noise_floor_of_w1_at_ten_thousand_samples():
    # N(.3, .15²), the book's first target: median .0027, 95 % below .0045
    floor = metrics.noise_floor(
        metrics.wasserstein_distance, data.gaussian(0.3, 0.15), 10_000, repeats=64
    )
    assert floor.median().item() == pytest.approx(0.0027, rel=0.2)
    assert floor.quantile(0.95).item() == pytest.approx(0.0045, rel=0.25)


def test_the_noise_floor_of_js_is_what_its_docstring_says():
    n, bins = 2000, 50
    floor = metrics.noise_floor(metrics.js_divergence, data.uniform(-1, 1), n, repeats=64)
    expected = (bins - 1) / 8 * (2 / n)
    # each is χ² with 49 degrees of freedom: relative spread √(2/49) = .2, of the mean .025
    assert floor.mean().item() == pytest.approx(expected, rel=0.1)


# --- what metrics refuse


def refused(bad: Tensor, words: str) -> None:
    good = torch.zeros(5, 1)
    for metric in (metrics.wasserstein_distance, metrics.js_divergence):
        with pytest.raises(ValueError, match=f"^x {words}"):
            metric(bad, good)
        with pytest.raises(ValueError, match=f"^y {words}"):
            metric(good, bad)


@pytest.mark.parametrize("shape", [(5,), (5, 2), (0, 1), (3, 0, 1), ()])
def test_a_sample_of_another_shape_is_refused(shape):
    words = str(shape).replace("(", r"\(").replace(")", r"\)")
    refused(torch.zeros(shape), rf"must have shape \(..., n, 1\) with n > 0, got {words}")


@pytest.mark.parametrize("bad", [math.nan, math.inf, -math.inf])
def test_values_that_are_not_finite_are_counted(bad):
    sample = torch.zeros(5, 1)
    sample[1] = sample[4] = bad
    refused(sample, "holds 2 values that are not finite")


def test_whole_numbers_are_refused():
    refused(torch.arange(5)[:, None], "must hold floating-point numbers, got torch.int64")


def refused_in_space(bad: Tensor, words: str, least: int = 1) -> None:
    good = torch.zeros(9, 2)
    for metric in TWO_DIMENSIONAL[:-1]:
        for arguments in ((bad, good), (good, bad)):
            with pytest.raises(ValueError, match=words):
                metric(*arguments)
    with pytest.raises(ValueError, match=f"^x_fake .*{words}"):
        of_modes(good, bad)


@pytest.mark.parametrize("shape", [(5,), (0, 2), (5, 0), (3, 0, 2), ()])
def test_samples_of_no_use_are_refused(shape):
    words = str(shape).replace("(", r"\(").replace(")", r"\)")
    refused_in_space(torch.zeros(shape), rf"must have shape \(..., n, dim\) .*, got {words}")


def test_samples_with_values_that_are_not_finite_are_refused():
    sample = torch.zeros(9, 2)
    sample[1, 0] = sample[4, 1] = math.nan
    refused_in_space(sample, "holds 2 values that are not finite")
    refused_in_space(torch.zeros(9, 2).long(), "must hold floating-point numbers, got torch.int64")


def test_samples_of_another_dimension_or_ensemble_are_refused():
    for metric in TWO_DIMENSIONAL[:-1]:
        with pytest.raises(ValueError, match="the same dimension, got 2 and 3"):
            metric(torch.zeros(9, 2), torch.zeros(9, 3))
        with pytest.raises(ValueError, match=r"do not fit: \(2,\) and \(3,\)"):
            metric(torch.zeros(2, 9, 2), torch.zeros(3, 9, 2))
    with pytest.raises(ValueError, match=r"x_fake and centres must have the same .* got 3 and 2"):
        modes(RING, torch.zeros(9, 3))


def test_too_few_samples_are_refused():
    few, many = torch.zeros(5, 2), torch.zeros(6, 2)
    for x_real, x_fake, name in ((few, many, "x_real"), (many, few, "x_fake")):
        with pytest.raises(ValueError, match=rf"^{name} .* n at least 6, got \(5, 2\)"):
            metrics.precision_recall(x_real, x_fake)
    with pytest.raises(ValueError, match=r"^x_real .* n at least 6"):
        metrics.density_coverage(few, many)
    assert metrics.density_coverage(many, few[:1]).coverage == 0  # one fake is enough
    for metric in (metrics.kernel_distance, metrics.frechet_distance):
        for arguments in ((few[:1], many), (many, few[:1])):
            with pytest.raises(ValueError, match=r"n at least 2, got \(1, 2\)"):
                metric(*arguments)
    with pytest.raises(ValueError, match="as many samples in x as in y, got 5 and 6"):
        metrics.transport_distance(few, many)


@pytest.mark.parametrize("bad", [0, -1, 2.0])
def test_neighbours_must_be_a_positive_whole_number(bad):
    for metric in (metrics.precision_recall, metrics.density_coverage):
        with pytest.raises(ValueError, match=f"neighbours must be an integer .* 1, got {bad}"):
            metric(torch.zeros(9, 2), torch.zeros(9, 2), neighbours=bad)


@pytest.mark.parametrize("width", [0.0, -1.0, math.inf, math.nan])
def test_a_kernel_of_no_width_is_refused(width):
    with pytest.raises(ValueError, match=f"width must be positive and finite, got {width}"):
        metrics.gaussian_kernel(width)


@pytest.mark.parametrize(
    ("centres", "std", "words"),
    [
        (torch.zeros(8, 2), torch.ones(7), r"got \(8, 2\) and \(7,\)"),
        (torch.zeros(1, 8, 2), 1.0, r"got \(1, 8, 2\) and \(\)"),
        (torch.zeros(2, 2), 0.0, "std must be positive and finite, got 0.0"),
        (torch.zeros(2, 2), torch.tensor([1.0, -2.0]), r"got \[1.0, -2.0\]"),
        (torch.full((2, 2), math.nan), 1.0, "centres holds 4 values that are not finite"),
    ],
)
def test_modes_that_make_no_sense_are_refused(centres, std, words):
    with pytest.raises(ValueError, match=words):
        metrics.mode_coverage(torch.zeros(9, 2), centres, std)


EYE, ZERO = torch.eye(2), torch.zeros(2)


@pytest.mark.parametrize(
    ("gaussians", "words"),
    [
        ((torch.zeros(()), EYE, ZERO, EYE), r"^mean_x must have shape \(..., dim\), got \(\)"),
        ((ZERO, torch.eye(3), ZERO, EYE), r"^cov_x .* \(..., 2, 2\), got \(3, 3\)"),
        ((ZERO, EYE, torch.zeros(3), EYE), r"^mean_y .* \(..., 2\), got \(3,\)"),
        ((ZERO, EYE, ZERO, EYE * math.nan), "^cov_y holds 4 values"),
        ((ZERO, EYE + torch.ones(2, 2).triu(1), ZERO, EYE), "^cov_x .* symmetric, .* 1 apart"),
        ((ZERO, EYE, ZERO, -EYE), "^cov_y must have no negative eigenvalue, got -1"),
        ((ZERO.expand(2, 2), EYE, ZERO.expand(3, 2), EYE), r"the means .*: \(2,\) and \(3,\)"),
        ((ZERO, EYE.expand(2, 2, 2), ZERO, EYE.expand(3, 2, 2)), r"covariances .* and \(3,\)"),
    ],
)
def test_gaussians_that_are_none_are_refused(gaussians, words):
    with pytest.raises(ValueError, match=words):
        metrics.frechet_distance_of_gaussians(*gaussians)


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"bins": 0}, "bins must be an integer of at least 1, got 0"),
        ({"bins": 2.0}, "bins must be an integer of at least 1, got 2.0"),
        ({"low": 1.0, "high": 1.0}, "low < high, got low=1.0, high=1.0"),
        ({"low": 2.0}, "low < high, got low=2.0, high=1.0"),
        ({"high": math.inf}, "high=inf"),
        ({"low": math.nan}, "low=nan"),
    ],
)
def test_bins_that_make_no_sense_are_refused(options, words):
    with pytest.raises(ValueError, match=words):
        metrics.js_divergence(torch.zeros(5, 1), torch.zeros(5, 1), **options)


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"low": 1.0, "high": 1.0}, "low < high and 2 points, got 1.0, 1.0, 20001"),
        ({"low": 2.0, "high": 1.0}, "got 2.0, 1.0"),
        ({"low": 0.0, "high": 1.0, "points": 1}, "got 0.0, 1.0, 1"),
    ],
)
def test_a_quadrature_that_makes_no_sense_is_refused(options, words):
    p = data.gaussian().density
    with pytest.raises(ValueError, match=words):
        metrics.js_divergence_of_densities(p, p, **options)


@pytest.mark.parametrize("repeats", [0, -1, 2.0])
def test_repeats_must_be_a_positive_whole_number(repeats):
    with pytest.raises(
        ValueError, match=f"repeats must be an integer of at least 1, got {repeats}"
    ):
        metrics.noise_floor(metrics.js_divergence, data.uniform(), 5, repeats=repeats)
