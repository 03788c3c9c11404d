"""Pictures that are made from known factors: what varies, how likely it is, what it looks like."""

import math
from typing import Any, NamedTuple

import torch
from torch import Tensor

from gan_tutorial.checks import whole
from gan_tutorial.data.target import Target, stream


class Factor(NamedTuple):
    """Something that varies: a number between two ends, or one of so many kinds."""

    name: str
    low: float = 0.0
    high: float = 1.0
    kinds: int = 0  # of a kind: its number, 0 … kinds - 1, is the value


class Factored(Target):
    """A distribution of pictures whose causes are known.

    x = render(f), with each factor of f uniform and independent of the others

    Made by `letters` and `shapes`. Factors have shape (..., F), in the order of `factors`; a kind
    stands in them as a whole number.
    """

    size: int
    channels: int = 1
    ranges: tuple[Factor, ...]
    labelled: bool  # whether the first factor, a kind, goes with each picture as its label

    @property
    def dim(self) -> int:  # type: ignore[override]
        """Number of numbers in a picture, C · H · W."""
        return math.prod(self.shape)

    @property
    def shape(self) -> tuple[int, ...]:
        """Shape of one picture, (C, H, W)."""
        return (self.channels, self.size, self.size)

    @property
    def factors(self) -> tuple[str, ...]:
        """Names of what varies."""
        return tuple(factor.name for factor in self.ranges)

    def draw_factors(self, n: int, *, seed: int | None = None, generator: Any = None) -> Tensor:
        """Draw the factors of n pictures, those of `sample` for the same seed: shape (..., n, F).

        Raises
        ------
        ValueError
            If n is not a positive integer, seed not a whole number of at least 0, or not exactly
            one of `seed` and `generator` is given.
        """
        return self._draw_factors(whole("n", n), stream("draw_factors", seed, generator))

    def render(self, factors: Tensor) -> Tensor:
        """Return the pictures that have these factors, in [-1, 1]: (..., F) to (..., C, H, W)."""
        raise NotImplementedError(f"{type(self).__name__} does not say what it looks like")

    def density(self, x: Tensor) -> Tensor:
        """Return the density of the factors, shape (..., F) to (..., 1).

        p(f) = Π 1 / (high - low) · Π 1 / kinds where each factor is in its range, else 0

        Pictures lie on a surface that is thin in the space of pixels, so they have no density.
        """
        x = self._checked(x)
        p = torch.ones_like(x)
        for i, (_, low, high, kinds) in enumerate(self.ranges):
            f = x[..., i]
            if kinds:
                p[..., i] = ((f >= 0) & (f < kinds) & (f == f.floor())).to(x) / kinds
            else:
                p[..., i] = ((f >= low) & (f <= high)).to(x) / (high - low)
        return p.prod(-1, keepdim=True)

    def _draw(self, n: int, stream: Any) -> Any:
        factors = self._draw_factors(n, stream)
        x = self.render(factors)
        return (x, factors[..., 0].long()) if self.labelled else x

    def _draw_factors(self, n: int, stream: Any) -> Tensor:
        columns = stream.rand(n, len(self.ranges)).unbind(-1)
        return torch.stack(
            [
                (u * kinds).floor().clamp(max=kinds - 1) if kinds else low + (high - low) * u
                for u, (_, low, high, kinds) in zip(columns, self.ranges, strict=True)
            ],
            dim=-1,
        )

    def _checked(self, factors: Tensor) -> Tensor:
        wanted = len(self.ranges)
        if factors.shape[-1:] != (wanted,):
            raise ValueError(
                f"factors must have shape (..., {wanted}) for {', '.join(self.factors)}, "
                f"got {tuple(factors.shape)}"
            )
        if not factors.is_floating_point():
            raise ValueError(f"factors must hold floating-point numbers, got {factors.dtype}")
        return factors

    def _kinds(self, factor: Tensor, kinds: int) -> Tensor:
        """Return the kinds that a column of factors names, as whole numbers."""
        known = (factor >= 0) & (factor < kinds) & (factor == factor.floor())
        if not known.all():
            raise ValueError(
                f"{self.factors[0]} must be a whole number from 0 to {kinds - 1}, "
                f"got {factor[~known][0].item()}"
            )
        return factor.long()
