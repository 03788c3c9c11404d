"""Points: each density against quadrature, each sampler against its own distribution."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch
from scipy import stats
from torch import Tensor

from gan_tutorial import data
from gan_tutorial.ensemble import Streams

LINE = {
    "gaussian": data.gaussian(0.3, 0.15),
    "standard": data.gaussian(),
    "mixture": data.mixture([-0.5, 0.1, 0.8], [0.1, 0.3, 0.05], [1.0, 2.0, 5.0]),
    "two humps": data.mixture([-0.5, 0.5], 0.1),
    "uniform": data.uniform(-0.8, 0.5),
}
PLANE = {
    "ring": data.ring(8, 1.0, 0.2),
    "grid": data.grid(3, 1.0, 0.3),
    "uneven": data.mixture(torch.tensor([[0.0, 1.0], [-1.0, 0.5]]), [0.2, 0.4], [1.0, 3.0]),
}
TARGETS = LINE | PLANE


def line(low: float, high: float, points: int) -> Tensor:
    return torch.linspace(low, high, points, dtype=torch.float64)[:, None]


# --- densities


@pytest.mark.parametrize("name", LINE)
def test_a_density_on_the_line_integrates_to_one(name):
    x = line(-12, 12, 240_001)
    p = LINE[name].density(x)
    assert p.shape == x.shape
    assert (p >= 0).all()
    # the trapezoid errs by half a cell of 1e-4 at each jump of the uniform density
    assert torch.trapezoid(p[:, 0], x[:, 0]).item() == pytest.approx(1, abs=2e-4)


@pytest.mark.parametrize("name", PLANE)
def test_a_density_in_the_plane_integrates_to_one(name):
    axis = line(-5, 5, 401)[:, 0]
    x = torch.cartesian_prod(axis, axis).reshape(401, 401, 2)
    p = PLANE[name].density(x)
    assert p.shape == (401, 401, 1)
    total = torch.trapezoid(torch.trapezoid(p[..., 0], axis), axis)
    assert total.item() == pytest.approx(1, abs=1e-7)  # weights are shares in float32


def test_the_gaussian_density_is_scipys():
    x = line(-1, 2, 301)
    expected = stats.norm.pdf(x.numpy(), np.float32(0.3), np.float32(0.15))
    np.testing.assert_allclose(LINE["gaussian"].density(x).numpy(), expected, rtol=1e-12)


def test_the_mixture_density_is_a_weighted_sum_of_scipys():
    x = line(-1, 1.5, 301).numpy()
    expected = sum(
        weight / 8 * stats.norm.pdf(x, np.float32(mean), np.float32(std))
        for mean, std, weight in zip((-0.5, 0.1, 0.8), (0.1, 0.3, 0.05), (1, 2, 5), strict=True)
    )
    ours = LINE["mixture"].density(torch.tensor(x)).numpy()
    np.testing.assert_allclose(ours, expected, rtol=1e-6, atol=1e-12)


def test_the_density_in_the_plane_is_scipys():
    x = np.random.default_rng(0).normal(size=(50, 2))
    expected = 0.25 * stats.multivariate_normal.pdf(x, [0, 1], 0.2**2 * np.eye(2))
    expected += 0.75 * stats.multivariate_normal.pdf(x, [-1, 0.5], 0.4**2 * np.eye(2))
    ours = PLANE["uneven"].density(torch.tensor(x))[:, 0].numpy()
    np.testing.assert_allclose(ours, expected, rtol=1e-5, atol=1e-12)


def test_the_uniform_density():
    target = data.uniform(-0.8, 0.2)
    x = torch.tensor([[-0.81], [-0.8], [0.0], [0.2], [0.21]], dtype=torch.float64)
    assert target.density(x)[:, 0].tolist() == pytest.approx([0, 1, 1, 1, 0], abs=1e-15)
    assert data.uniform(0, 4).density(torch.tensor([1.0])).item() == 0.25


@pytest.mark.parametrize("name", ["gaussian", "mixture", "two humps"])
def test_the_density_is_the_slope_of_the_cdf(name):
    target = LINE[name]
    x = line(-1, 1.5, 400).requires_grad_()
    (slope,) = torch.autograd.grad(target.cdf(x).sum(), x)
    torch.testing.assert_close(slope, target.density(x.detach()), rtol=1e-9, atol=1e-12)


def test_the_uniform_density_is_the_slope_of_its_cdf():
    target, h = LINE["uniform"], 1e-6
    x = line(-0.799, 0.499, 100)
    slope = (target.cdf(x + h) - target.cdf(x - h)) / (2 * h)
    torch.testing.assert_close(slope, target.density(x), rtol=1e-8, atol=0)


@pytest.mark.parametrize("name", LINE)
def test_a_cdf_rises_from_zero_to_one(name):
    cdf = LINE[name].cdf(line(-40, 40, 2001))
    assert cdf.shape == (2001, 1)
    assert cdf[0].item() == pytest.approx(0, abs=1e-12)
    assert cdf[-1].item() == pytest.approx(1, abs=1e-7)
    assert (cdf.diff(dim=0) >= 0).all()


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_a_density_has_the_type_of_its_points(dtype):
    for target in LINE.values():
        assert target.density(torch.zeros(3, 1, dtype=dtype)).dtype == dtype
        assert target.cdf(torch.zeros(3, 1, dtype=dtype)).dtype == dtype
        assert target.density(torch.zeros(2, 3, 1, dtype=dtype)).shape == (2, 3, 1)


# --- samples


@pytest.mark.parametrize("name", LINE)
def test_samples_on_the_line_follow_the_cdf(name):
    target = LINE[name]
    x = target.sample(20_000, seed=3)
    assert x.shape == (20_000, 1)

    def cdf(values: np.ndarray) -> np.ndarray:
        return target.cdf(torch.tensor(values)[:, None])[:, 0].numpy()

    # p is itself uniform if all is right; the seed is fixed, so this does not flicker
    assert stats.kstest(x[:, 0].numpy(), cdf).pvalue > 0.01


@pytest.mark.parametrize("name", PLANE)
def test_samples_in_the_plane_have_the_moments_of_the_mixture(name):
    target, n = PLANE[name], 40_000
    x = target.sample(n, seed=5).double()
    assert x.shape == (n, 2)
    means, stds, weights = target.means.double(), target.stds.double(), target.weights.double()
    mean = (weights[:, None] * means).sum(0)
    second = torch.einsum("k,ki,kj->ij", weights, means, means)
    cov = second - torch.outer(mean, mean) + (weights * stds**2).sum() * torch.eye(2)
    spread = cov.diagonal().sqrt()
    assert ((x.mean(0) - mean).abs() < 4.5 * spread / math.sqrt(n)).all()
    # the relative spread of a variance is at most sqrt(2 / n) = .007 for these flat shapes
    torch.testing.assert_close(torch.cov(x.T), cov, rtol=0, atol=0.035 * cov.max().item())


def test_each_mode_gets_its_share_and_its_spread():
    target, n = data.mixture([-3.0, 0.0, 5.0], [0.1, 0.2, 0.4], [1.0, 2.0, 5.0]), 40_000
    x = target.sample(n, seed=2)[:, 0]
    which = torch.bucketize(x, torch.tensor([-1.5, 2.0]))
    for k, (mean, std, share) in enumerate([(-3, 0.1, 1 / 8), (0, 0.2, 2 / 8), (5, 0.4, 5 / 8)]):
        mine = x[which == k]
        allowed = 4.5 * math.sqrt(share * (1 - share) / n)
        assert len(mine) / n == pytest.approx(share, abs=allowed)
        assert mine.mean().item() == pytest.approx(mean, abs=4.5 * std / math.sqrt(len(mine)))
        assert mine.std().item() == pytest.approx(std, rel=4.5 / math.sqrt(2 * len(mine)))


def test_the_modes_of_a_plane_are_round_and_independent():
    x = data.mixture(torch.tensor([[1.0, -2.0]]), 0.5).sample(20_000, seed=1)
    x = x - torch.tensor([1.0, -2.0])
    assert torch.cov(x.T)[0, 1].item() == pytest.approx(0, abs=4.5 * 0.25 / math.sqrt(20_000))
    radius = x.norm(dim=1).numpy()  # of Rayleigh's distribution
    assert stats.kstest(radius, stats.rayleigh(scale=0.5).cdf).pvalue > 0.01


def test_uniform_samples_stay_inside():
    x = data.uniform(-0.8, 0.5).sample(10_000, seed=0)
    assert -0.8 <= x.min() < -0.79
    assert 0.49 < x.max() <= 0.5


@pytest.mark.parametrize("name", TARGETS)
def test_the_same_seed_gives_the_same_samples(name):
    target = TARGETS[name]
    assert torch.equal(target.sample(50, seed=7), target.sample(50, seed=7))
    assert not torch.equal(target.sample(50, seed=7), target.sample(50, seed=8))


@pytest.mark.parametrize("name", TARGETS)
def test_a_generator_moves_on_and_a_seed_is_a_fresh_generator(name):
    target, generator = TARGETS[name], torch.Generator().manual_seed(7)
    first, second = target.sample(50, generator=generator), target.sample(50, generator=generator)
    assert torch.equal(first, target.sample(50, seed=7))
    assert not torch.equal(first, second)


@pytest.mark.parametrize("name", [*TARGETS, "empirical"])
def test_streams_give_each_member_its_own_samples(name):
    target = TARGETS.get(name) or data.empirical(torch.randn(20, 3))
    x = target.sample(32, generator=Streams(7, 3))
    assert x.shape == (3, 32, target.dim)
    assert torch.equal(x[0], target.sample(32, seed=7))  # member 0 is seed 7 itself
    for i, own in enumerate(Streams(7, 3)):
        assert torch.equal(x[i], target.sample(32, generator=own))
    assert not torch.equal(x[1], x[2])


def test_sampling_leaves_the_global_stream_alone():
    before = torch.get_rng_state()
    for target in TARGETS.values():
        target.sample(5, seed=0)
    assert torch.equal(torch.get_rng_state(), before)


# --- quantiles


def test_quantiles_of_a_gaussian_are_scipys():
    level = (np.arange(999) + 0.5) / 999
    expected = stats.norm.ppf(level, np.float32(0.3), np.float32(0.15))
    ours = data.gaussian(0.3, 0.15).quantiles(999)
    assert ours.shape == (999, 1)
    assert ours.dtype == torch.float32
    np.testing.assert_allclose(ours[:, 0].numpy(), expected, rtol=0, atol=1e-6)


def test_quantiles_of_a_uniform_are_the_middles_of_equal_cells():
    ours = data.uniform(0, 1).quantiles(4)[:, 0].tolist()
    assert ours == pytest.approx([0.125, 0.375, 0.625, 0.875], abs=1e-7)


@pytest.mark.parametrize("name", LINE)
def test_quantiles_go_back_through_the_cdf(name):
    n = 500
    x = LINE[name].quantiles(n).double()
    level = (torch.arange(n, dtype=torch.float64)[:, None] + 0.5) / n
    # a float32 position is off by at most 6e-8, and no density here exceeds 6
    torch.testing.assert_close(LINE[name].cdf(x), level, rtol=0, atol=1e-6)


@pytest.mark.parametrize(("mean", "std"), [(5000.0, 2.0), (-40_000.0, 1.0), (0.0, 1e6)])
def test_quantiles_are_found_far_from_zero_too(mean, std):
    ours = data.gaussian(mean, std).quantiles(5)[:, 0].numpy()
    expected = stats.norm.ppf((np.arange(5) + 0.5) / 5, mean, std)
    np.testing.assert_allclose(ours, expected, rtol=1e-6, atol=1e-6 * std)


# --- where the modes are


def test_ring_positions():
    target = data.ring(8, 2.0, 0.05)
    assert target.dim == 2
    for k, (x, y) in enumerate(target.means.tolist()):
        assert x == pytest.approx(2 * math.cos(2 * math.pi * k / 8), abs=1e-6)
        assert y == pytest.approx(2 * math.sin(2 * math.pi * k / 8), abs=1e-6)
    assert len(target.means.round(decimals=3).unique(dim=0)) == 8  # the end point is not repeated
    assert target.stds.tolist() == pytest.approx([0.05] * 8)
    assert target.weights.tolist() == pytest.approx([1 / 8] * 8)


def test_grid_positions():
    target = data.grid()
    assert target.dim == 2
    expected = {(x, y) for x in (-4, -2, 0, 2, 4) for y in (-4, -2, 0, 2, 4)}
    assert {tuple(mean) for mean in target.means.tolist()} == expected
    assert len(target.means) == 25
    assert target.stds.tolist() == pytest.approx([0.05] * 25)
    even = data.grid(2, 1.0, 0.1).means.tolist()
    assert even == [[-0.5, -0.5], [-0.5, 0.5], [0.5, -0.5], [0.5, 0.5]]
    assert data.grid(1).means.tolist() == [[0.0, 0.0]]


def test_defaults_are_the_published_protocol():
    ring = data.ring()
    assert len(ring.means) == 8
    assert ring.means.norm(dim=1).tolist() == pytest.approx([1.0] * 8)
    assert ring.stds.tolist() == pytest.approx([0.01] * 8)


def test_weights_are_shares():
    target = data.mixture([0.0, 1.0, 2.0], 0.1, [2.0, 6.0, 8.0])
    assert target.weights.tolist() == pytest.approx([1 / 8, 3 / 8, 1 / 2])
    assert data.mixture([0.0, 1.0], 0.1).weights.tolist() == pytest.approx([0.5, 0.5])


def test_dimensions():
    assert {name: target.dim for name, target in LINE.items()} == dict.fromkeys(LINE, 1)
    assert data.mixture(torch.zeros(2, 5), 1.0).dim == 5
    assert data.mixture(torch.zeros(2, 5), 1.0).sample(7, seed=0).shape == (7, 5)


# --- where numbers are made, and who may pass them


def test_targets_are_made_on_the_cpu_whatever_the_default_device_is():
    expected = [target.sample(9, seed=4) for target in TARGETS.values()]
    torch.set_default_device("meta")  # a device that holds no numbers
    try:
        made = [
            data.gaussian(0.3, 0.15), data.gaussian(), LINE["mixture"],
            data.mixture([-0.5, 0.5], 0.1), data.uniform(-0.8, 0.5), data.ring(8, 1.0, 0.2),
            data.grid(3, 1.0, 0.3), PLANE["uneven"],
        ]  # fmt: skip
        samples = [target.sample(9, seed=4) for target in made]
        quantiles = made[0].quantiles(7)
    finally:
        torch.set_default_device(None)
    assert all(map(torch.equal, samples, expected))
    assert torch.equal(quantiles, LINE["gaussian"].quantiles(7))


def test_numpys_numbers_are_taken():
    target = data.ring(np.int64(8), np.float32(1.0), np.float64(0.2))
    assert torch.equal(target.means, PLANE["ring"].means)
    assert torch.equal(
        target.sample(np.int32(5), seed=np.uint8(3)), PLANE["ring"].sample(5, seed=3)
    )
    grid = data.grid(np.int16(3), np.float64(1.0), 0.3)
    assert torch.equal(grid.means, PLANE["grid"].means)
    assert data.uniform(np.float64(-0.5), np.int64(2)).high == 2.0
    assert len(data.gaussian().quantiles(np.int64(4))) == 4


# --- what targets refuse

REFUSED = [
    (lambda: data.gaussian(std=0.0), r"stds must be positive and finite, got \[0.0\]"),
    (lambda: data.gaussian(std=-1.0), r"stds must be positive and finite, got \[-1.0\]"),
    (lambda: data.gaussian(std=math.nan), r"stds must be positive and finite, got \[nan\]"),
    (lambda: data.gaussian(mean=math.nan), r"means must be finite, got \[\[nan\]\]"),
    (lambda: data.gaussian(mean=math.inf), r"means must be finite, got \[\[inf\]\]"),
    (lambda: data.mixture([], 1.0), r"means must have shape \(K,\) or \(K, dim\), got \(0, 1\)"),
    (lambda: data.mixture(torch.zeros(2, 2, 2), 1.0), r"got \(2, 2, 2\)"),
    (lambda: data.mixture(torch.tensor(1.0), 1.0), r"got \(\)"),
    (lambda: data.mixture([0.0, 1.0], [1.0] * 3), r"stds must hold 2 numbers, got shape \(3,\)"),
    (
        lambda: data.mixture([0.0, 1.0], 1.0, [1.0]),
        r"weights must hold 2 numbers, got shape \(1,\)",
    ),
    (
        lambda: data.mixture([0.0, 1.0], 1.0, [1.0, 0.0]),
        r"weights must be positive and finite, got \[1.0, 0.0\]",
    ),
    (lambda: data.mixture([0.0, 1.0], 1.0, [1.0, -2.0]), r"got \[1.0, -2.0\]"),
    (lambda: data.mixture([0.0, 1.0], 1.0, [1.0, math.inf]), r"got \[1.0, inf\]"),
    (lambda: data.uniform(1.0, 1.0), "uniform needs finite low < high, got low=1.0, high=1.0"),
    (lambda: data.uniform(2.0, 1.0), "got low=2.0, high=1.0"),
    (lambda: data.uniform(-math.inf, 1.0), "got low=-inf"),
    (lambda: data.uniform(0.0, math.nan), "high=nan"),
    (lambda: data.ring(0), "modes must be an integer of at least 1, got 0"),
    (lambda: data.ring(2.5), "modes must be an integer of at least 1, got 2.5"),
    (lambda: data.ring(radius=0.0), "radius must be positive and finite, got 0.0"),
    (lambda: data.ring(radius=math.nan), "radius must be positive and finite, got nan"),
    (lambda: data.ring(std=0.0), "stds must be positive"),
    (lambda: data.grid(True), "side must be an integer of at least 1, got True"),
    (lambda: data.grid(spacing=-1.0), "spacing must be positive and finite, got -1.0"),
    (lambda: data.grid(std=-1.0), "stds must be positive"),
    (lambda: data.ring(radius="1"), "radius must be a number, got '1'"),
    (lambda: data.grid(spacing=None), "spacing must be a number, got None"),
    (lambda: data.uniform("0", 1), "low must be a number, got '0'"),
    (lambda: data.gaussian().sample(3, seed=-1), "seed must be an integer of at least 0, got -1"),
    (lambda: data.gaussian().sample(3, seed=0.5), "seed must be an integer .* got 0.5"),
    (lambda: data.gaussian().sample(0, seed=0), "n must be an integer of at least 1, got 0"),
    (lambda: data.gaussian().sample(2.0, seed=0), "n must be an integer of at least 1, got 2.0"),
    (lambda: data.gaussian().sample(3), "not both: got seed=None, generator=None"),
    (
        lambda: data.gaussian().sample(3, seed=1, generator=Streams(0, 2)),
        "sample needs a seed or a generator, and not both: got seed=1",
    ),
    (lambda: data.gaussian().quantiles(0), "n must be an integer of at least 1, got 0"),
    (lambda: data.ring().quantiles(4), "quantiles need a one-dimensional target.* dim 2"),
    (lambda: data.ring().cdf(torch.zeros(1, 2)), "cdf needs a one-dimensional .* dim 2"),
    (lambda: data.gaussian().density(torch.zeros(4)), r"x must have shape \(..., 1\), got \(4,\)"),
    (lambda: data.gaussian().cdf(torch.zeros(4, 2)), r"x must have shape \(..., 1\), got \(4, 2\)"),
    (lambda: data.ring().density(torch.zeros(4, 1)), r"x must have shape \(..., 2\), got \(4, 1\)"),
    (lambda: data.uniform().density(torch.zeros(4, 2)), r"shape \(..., 1\), got \(4, 2\)"),
    (lambda: data.uniform().cdf(torch.zeros(4)), r"shape \(..., 1\), got \(4,\)"),
    (
        lambda: data.gaussian().density(torch.zeros(4, 1, dtype=torch.int64)),
        "x must hold floating-point numbers, got torch.int64",
    ),
    (
        lambda: data.uniform().cdf(torch.zeros(4, 1, dtype=torch.int32)),
        "x must hold floating-point numbers, got torch.int32",
    ),
]


@pytest.mark.parametrize(("call", "words"), REFUSED)
def test_what_makes_no_sense_is_refused_with_its_value(call, words):
    with pytest.raises(ValueError, match=words):
        call()
