"""Samples to measure, and what the tests of all metrics share."""

from __future__ import annotations

import math

import torch
from torch import Tensor

from gan_tutorial import data, metrics

RING, GRID = data.ring(), data.grid()


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


def modes(target: data.Mixture, x_fake: Tensor) -> metrics.ModeCoverage:
    return metrics.mode_coverage(x_fake, target.means, target.stds)


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
