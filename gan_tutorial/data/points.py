"""Points on the line and in the plane: mixtures of Gaussians, and the flat distribution."""

import math
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from gan_tutorial.checks import real, whole
from gan_tutorial.data.target import Target


@dataclass(frozen=True, eq=False)
class Mixture(Target):
    """Several round Gaussians, one picked at random for each sample.

    p_data(x) = Σ_k weight_k · N(x; mean_k, std_k² I)

    Made by `gaussian`, `mixture`, `ring` and `grid`.
    """

    means: Tensor  # (K, dim)
    stds: Tensor  # (K,)
    weights: Tensor  # (K,), summing to 1

    @property
    def dim(self) -> int:  # type: ignore[override]
        """Number of coordinates of a sample."""
        return self.means.shape[1]

    def density(self, x: Tensor) -> Tensor:
        """Return p_data(x): x of shape (..., dim) gives (..., 1)."""
        squared = (_points(x, self.dim)[..., None, :] - self.means.to(x)).square().sum(-1)
        stds = self.stds.to(x)
        peak = (2 * math.pi * stds.square()) ** (-self.dim / 2)
        terms = self.weights.to(x) * peak * torch.exp(-squared / (2 * stds.square()))
        return terms.sum(-1, keepdim=True)

    def cdf(self, x: Tensor) -> Tensor:
        """Return the share of p_data at or below x, for dim 1: shape (..., 1) to (..., 1)."""
        if self.dim != 1:
            raise ValueError(f"cdf needs a one-dimensional target, this one has dim {self.dim}")
        standardised = (_points(x, 1) - self.means[:, 0].to(x)) / self.stds.to(x)
        return (self.weights.to(x) * torch.special.ndtr(standardised)).sum(-1, keepdim=True)

    def _draw(self, n: int, stream: Any) -> Tensor:
        if len(self.means) == 1:
            return self.means[0] + self.stds[0] * stream.randn(n, self.dim)
        edges = self.weights.cumsum(0)[:-1]
        k = torch.searchsorted(edges, stream.rand(n, 1), right=True)[..., 0]
        return self.means[k] + self.stds[k][..., None] * stream.randn(n, self.dim)


@dataclass(frozen=True, eq=False)
class Uniform(Target):
    """The flat distribution between two ends; made by `uniform`."""

    low: float
    high: float
    dim = 1

    def density(self, x: Tensor) -> Tensor:
        """Return 1 / (high - low) inside and 0 outside, shape (..., 1) to (..., 1)."""
        inside = (_points(x, 1) >= self.low) & (x <= self.high)
        return inside.to(x) / (self.high - self.low)

    def cdf(self, x: Tensor) -> Tensor:
        """Return the share of p_data at or below x, shape (..., 1) to (..., 1)."""
        return ((_points(x, 1) - self.low) / (self.high - self.low)).clamp(0, 1)

    def _draw(self, n: int, stream: Any) -> Tensor:
        return self.low + (self.high - self.low) * stream.rand(n, 1)


def gaussian(mean: float = 0.0, std: float = 1.0) -> Mixture:
    """Return the normal distribution on the line.

    p_data(x) = exp(-(x - mean)² / 2 std²) / (std √(2π))

    Raises
    ------
    ValueError
        If `std` is not positive, or a number is not finite.
    """
    return mixture([mean], [std])


def mixture(
    means: list[float] | Tensor, stds: list[float] | float, weights: list[float] | None = None
) -> Mixture:
    """Return a mixture of round Gaussians on the line or in space.

    p_data(x) = Σ_k weight_k · N(x; mean_k, std_k² I)

    Parameters
    ----------
    means
        K centres: K numbers, or shape (K, dim).
    stds
        One standard deviation for each centre, or one for all.
    weights
        K positive numbers; they are divided by their sum. All alike if left out.

    Raises
    ------
    ValueError
        If the lists differ in length, or hold a value that is not finite or not positive.
    """
    centres = torch.as_tensor(means, dtype=torch.float32, device="cpu")
    centres = centres[:, None] if centres.dim() == 1 else centres
    if centres.dim() != 2 or not centres.numel():
        raise ValueError(f"means must have shape (K,) or (K, dim), got {tuple(centres.shape)}")
    modes = len(centres)
    spreads = torch.as_tensor(stds, dtype=torch.float32, device="cpu")
    spreads = spreads.expand(modes) if spreads.dim() == 0 else spreads
    weights = [1.0] * modes if weights is None else weights
    shares = torch.as_tensor(weights, dtype=torch.float32, device="cpu")
    for name, values in (("stds", spreads), ("weights", shares)):
        if values.shape != (modes,):
            raise ValueError(f"{name} must hold {modes} numbers, got shape {tuple(values.shape)}")
        if not (values.isfinite() & (values > 0)).all():
            raise ValueError(f"{name} must be positive and finite, got {values.tolist()}")
    if not centres.isfinite().all():
        raise ValueError(f"means must be finite, got {centres.tolist()}")
    return Mixture(centres, spreads, shares / shares.sum())


def uniform(low: float = -1.0, high: float = 1.0) -> Uniform:
    """Return the uniform distribution between `low` and `high`.

    p_data(x) = 1 / (high - low) for low ≤ x ≤ high, else 0

    Raises
    ------
    ValueError
        If `low` is not below `high`, or one is not finite.
    """
    low, high = real("low", low), real("high", high)
    if not -math.inf < low < high < math.inf:
        raise ValueError(f"uniform needs finite low < high, got low={low}, high={high}")
    return Uniform(low, high)


def ring(modes: int = 8, radius: float = 1.0, std: float = 0.01) -> Mixture:
    """Return Gaussians evenly spaced on a circle in the plane.

    mean_k = radius · (cos 2πk/modes, sin 2πk/modes), k = 0 … modes - 1

    Raises
    ------
    ValueError
        If `modes` is not a positive integer, or `radius` or `std` not positive.

    Source
    ------
    The protocol of PacGAN (arXiv 1712.04086): 8 modes, radius 1, standard deviation 0.01.
    """
    angle = 2 * math.pi * torch.arange(whole("modes", modes), device="cpu") / modes
    if not 0 < (radius := real("radius", radius)) < math.inf:
        raise ValueError(f"radius must be positive and finite, got {radius}")
    return mixture(radius * torch.stack([angle.cos(), angle.sin()], dim=1), std)


def grid(side: int = 5, spacing: float = 2.0, std: float = 0.05) -> Mixture:
    """Return Gaussians on a square grid in the plane, centred on the origin.

    mean_ij = spacing · (i - (side - 1)/2, j - (side - 1)/2)

    Raises
    ------
    ValueError
        If `side` is not a positive integer, or `spacing` or `std` not positive.

    Source
    ------
    The protocol of PacGAN (arXiv 1712.04086): {-4, -2, 0, 2, 4}², standard deviation 0.05.
    """
    if not 0 < (spacing := real("spacing", spacing)) < math.inf:
        raise ValueError(f"spacing must be positive and finite, got {spacing}")
    line = spacing * (torch.arange(whole("side", side), device="cpu") - (side - 1) / 2)
    return mixture(torch.cartesian_prod(line, line), std)


def _points(x: Tensor, dim: int) -> Tensor:
    if x.shape[-1:] != (dim,):
        raise ValueError(f"x must have shape (..., {dim}), got {tuple(x.shape)}")
    if not x.is_floating_point():
        raise ValueError(f"x must hold floating-point numbers, got {x.dtype}")
    return x
