"""What every target can do, and the random numbers that it draws from."""

from typing import Any

import torch
from torch import Tensor

from gan_tutorial.checks import whole


class Target:
    """A distribution to learn: something with a dimension, samples and a density.

    `sample` accepts a `seed`, or a `generator`: a `torch.Generator` of the CPU, or anything with
    `rand(*shape)` and `randn(*shape)`, such as an ensemble's streams, which give (N, n, *shape).
    """

    dim: int  # numbers in a sample

    @property
    def shape(self) -> tuple[int, ...]:
        """Shape of one sample, (dim,) for points."""
        return (self.dim,)

    def sample(self, n: int, *, seed: int | None = None, generator: Any = None) -> Any:
        """Draw n samples, shape (n, *shape): the same ones for the same seed.

        A target with labels gives the pair of samples and labels, shape (n,).

        Raises
        ------
        ValueError
            If n is not a positive integer, seed not a whole number of at least 0, or not exactly
            one of `seed` and `generator` is given.
        """
        return self._draw(whole("n", n), stream("sample", seed, generator))

    def density(self, x: Tensor) -> Tensor:
        """Return p_data(x): x of shape (..., dim) gives (..., 1)."""
        raise NotImplementedError(f"{type(self).__name__} has no exact density")

    def cdf(self, x: Tensor) -> Tensor:
        """Return the share of p_data at or below x, shape (..., 1) to (..., 1)."""
        raise NotImplementedError(f"{type(self).__name__} has no exact distribution function")

    def quantiles(self, n: int) -> Tensor:
        """Return n points that stand for the distribution itself: its quantiles at (i + ½) / n.

        The distance of a sample to these points has no sampling noise on the target's side.

        Returns
        -------
        Tensor
            Shape (n, 1), ascending. Found by bisecting `cdf` in float64.

        Raises
        ------
        ValueError
            If the target is not one-dimensional, or n is not a positive integer.
        """
        n = whole("n", n)
        if self.dim != 1:
            raise ValueError(
                f"quantiles need a one-dimensional target, this one has dim {self.dim}"
            )
        level = (torch.arange(n, dtype=torch.float64, device="cpu")[:, None] + 0.5) / n
        ends = torch.tensor([[-1.0], [1.0]], dtype=torch.float64, device="cpu")
        for _ in range(40):  # until they enclose every quantile, wherever the target lies
            outside = self.cdf(ends) - level[[0, -1]] > 0
            if outside.tolist() == [[False], [True]]:
                break
            ends *= 2
        low, high = ends[0].expand_as(level), ends[1].expand_as(level)
        for _ in range(100):
            middle = (low + high) / 2
            below = self.cdf(middle) < level
            low, high = torch.where(below, middle, low), torch.where(below, high, middle)
        return ((low + high) / 2).to(torch.get_default_dtype())

    def _draw(self, n: int, stream: Any) -> Any:
        raise NotImplementedError


def stream(name: str, seed: int | None, generator: Any) -> Any:
    """Return what draws with `rand(*shape)` and `randn(*shape)`: a seed's numbers, or its own.

    Raises
    ------
    ValueError
        If not exactly one of `seed` and `generator` is given; `name` says to which function.
    """
    if (seed is None) == (generator is None):
        raise ValueError(
            f"{name} needs a seed or a generator, and not both: "
            f"got seed={seed!r}, generator={generator!r}"
        )
    if seed is not None:
        generator = torch.Generator("cpu").manual_seed(whole("seed", seed, 0))
    return _Stream(generator) if isinstance(generator, torch.Generator) else generator


class _Stream:
    """One `torch.Generator` with the two calls that samplers use."""

    def __init__(self, generator: torch.Generator) -> None:
        self.generator = generator

    def rand(self, *shape: int) -> Tensor:
        return torch.rand(*shape, generator=self.generator, device="cpu")

    def randn(self, *shape: int) -> Tensor:
        return torch.randn(*shape, generator=self.generator, device="cpu")
