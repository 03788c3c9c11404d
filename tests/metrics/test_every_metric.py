"""What holds for every metric: replicas, types, noise floors and what they refuse."""

from __future__ import annotations

import itertools
import math

import numpy as np
import pytest
import torch
from clouds import RING, TWO_DIMENSIONAL, as_tuple, draws, modes, of_modes
from scipy import integrate, stats
from torch import Tensor

from gan_tutorial import data, metrics

# --- all of them


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


def test_numbers_may_be_numpys_integers():
    x, y = RING.sample(40, seed=1), RING.sample(40, seed=2)
    for metric in (metrics.precision_recall, metrics.density_coverage):
        assert metric(x, y, neighbours=np.int64(3)) == metric(x, y, neighbours=3)
    x, y = x[:, :1], y[:, :1]
    js = metrics.js_divergence
    assert torch.equal(js(x, y, bins=np.int32(7)), js(x, y, bins=7))
    floors = [metrics.noise_floor(js, data.uniform(), 9, repeats=n) for n in (np.int64(3), 3)]
    assert torch.equal(*floors)


@pytest.mark.parametrize("bad", [0, -1, 2.0, True])
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
