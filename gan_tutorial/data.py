"""The distributions that the book's generators learn, each with its exact density.

A target knows how to draw (`sample`), and says how likely a point is (`density`). Knowing p_data
exactly is what lets the book check what it claims.
"""

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import Tensor
from torch.utils.data import DataLoader, Dataset, RandomSampler

from gan_tutorial.checks import real, whole


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
        n = whole("n", n)
        if (seed is None) == (generator is None):
            raise ValueError(
                "sample needs a seed or a generator, and not both: "
                f"got seed={seed!r}, generator={generator!r}"
            )
        if seed is not None:
            generator = torch.Generator("cpu").manual_seed(whole("seed", seed, 0))
        if isinstance(generator, torch.Generator):
            generator = _Stream(generator)
        return self._draw(n, generator)

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


@dataclass(frozen=True, eq=False)
class Empirical(Target):
    """The samples of a data set, each as likely as the others; made by `empirical`."""

    x: Tensor  # (rows, *shape)
    labels: Tensor | None = None  # (rows,)

    @property
    def dim(self) -> int:  # type: ignore[override]
        """Number of numbers in a sample, C · H · W in an image."""
        return math.prod(self.shape)

    @property
    def shape(self) -> tuple[int, ...]:
        """Shape of one sample, (dim,) for points and (C, H, W) for images."""
        return tuple(self.x.shape[1:])

    def _draw(self, n: int, stream: Any) -> Any:
        row = (stream.rand(n) * len(self.x)).long().clamp(max=len(self.x) - 1)
        return self.x[row] if self.labels is None else (self.x[row], self.labels[row])


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


def empirical(x: Any, labels: Any = None) -> Empirical:
    """Return your own data as a target: n rows of any shape, drawn with replacement.

    P(x_i) = 1 / n, i = 0 … n - 1; `sample` gives the pair (x, labels) where there are labels.

    Parameters
    ----------
    x
        Finite floating-point numbers, shape (n, *shape): (n, dim) for points, (n, C, H, W) for
        images. A tensor keeps its type, an array takes on torch's default type. Or a `Dataset`
        or `DataLoader` of samples or pairs (sample, label). It is read once, so a random
        augmentation in it is drawn once; a shuffled loader is read in the order of its data set,
        so that a seed names the same rows in every process.
    labels
        One for each row, shape (n,), in place of a data set's own; whole numbers become int64.
        To train without the labels of a data set, say `empirical(target.x)`.

    Raises
    ------
    ValueError
        If x has another shape or type, is empty, or holds a NaN or an infinity; if labels do.
    """
    if isinstance(x, (Dataset, DataLoader)):
        x, *own = _collected(x)
        labels = own[0] if own and labels is None else labels
    x = _tensor("data", x)
    if x.dim() < 2 or not x.numel():
        raise ValueError(
            f"data must have shape (n, dim), or (n, *shape), and not be empty, got {tuple(x.shape)}"
            + (": say x[:, None]" if x.dim() == 1 and len(x) else "")
        )
    if not x.is_floating_point():
        scaled = "x / 127.5 - 1" if x.dtype == torch.uint8 else "x * 1.0"
        raise ValueError(
            f"data must hold floating-point numbers, got {x.dtype}: convert them, as in {scaled}"
        )
    if labels is not None:
        labels = _tensor("labels", labels)
        labels = labels if labels.is_floating_point() else labels.long()
        if labels.shape != x.shape[:1]:
            raise ValueError(f"labels must have shape ({len(x)},), got {tuple(labels.shape)}")
    return Empirical(x, labels)


def _collected(source: Any) -> list[Tensor]:
    """Read a data set to its end, and leave torch's global stream of random numbers alone."""
    source = DataLoader(source, batch_size=256) if isinstance(source, Dataset) else source
    if source.batch_sampler is None:
        raise ValueError("a loader must yield batches, got one with batch_size=None")
    order = source.sampler
    shuffled = isinstance(order, RandomSampler) and not order.replacement
    if shuffled and len(order) == len(source.dataset):  # every row once: the order says nothing
        source = DataLoader(source.dataset, batch_size=256, collate_fn=source.collate_fn)
    with torch.random.fork_rng(devices=[]), torch.device("cpu"):
        batches = [batch if isinstance(batch, (list, tuple)) else [batch] for batch in source]
    columns = list(zip(*batches, strict=True))
    if len(columns) not in (1, 2):
        raise ValueError(f"a data set must yield x, or pairs (x, label), got {len(columns)} parts")
    named = zip(("data", "labels"), columns, strict=False)
    return [torch.cat([_tensor(name, part) for part in column]) for name, column in named]


def _tensor(name: str, x: Any) -> Tensor:
    """Return a tensor, itself or a copy of an array, and refuse what is no finite number."""
    if isinstance(x, Tensor):
        x = x.detach()
    else:
        array, default = np.asarray(x), torch.get_default_dtype()
        if array.dtype.kind not in "fiub":
            raise ValueError(f"{name} must hold numbers, got {type(x).__name__} of {array.dtype}")
        width = np.float64 if default == torch.float64 else np.float32
        kind = width if array.dtype.kind == "f" else array.dtype.newbyteorder("=")
        x = torch.from_numpy(np.array(array, kind, order="C"))
        x = x.to(default) if x.is_floating_point() else x
    bad = (~x.isfinite()).nonzero()
    if len(bad):
        first = bad[0].tolist()
        raise ValueError(
            f"{name} must be finite, but {len(bad)} of {x.numel()} values are not; "
            f"the first is {x[tuple(first)].item()} at {first}"
        )
    return x


class _Stream:
    """One `torch.Generator` with the two calls that samplers use."""

    def __init__(self, generator: torch.Generator) -> None:
        self.generator = generator

    def rand(self, *shape: int) -> Tensor:
        return torch.rand(*shape, generator=self.generator, device="cpu")

    def randn(self, *shape: int) -> Tensor:
        return torch.randn(*shape, generator=self.generator, device="cpu")


def _points(x: Tensor, dim: int) -> Tensor:
    if x.shape[-1:] != (dim,):
        raise ValueError(f"x must have shape (..., {dim}), got {tuple(x.shape)}")
    if not x.is_floating_point():
        raise ValueError(f"x must hold floating-point numbers, got {x.dtype}")
    return x
