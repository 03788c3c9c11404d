"""Data that are given as a table: each row as likely as the others."""

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import Tensor
from torch.utils.data import DataLoader, Dataset, RandomSampler

from gan_tutorial.data.target import Target


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


def fixed(target: Target, n: int, seed: int) -> Empirical:
    """Return n samples of a target as a data set of their own, with their labels.

    What is drawn from it are these n samples again and again, as from a train set.

    Raises
    ------
    ValueError
        If n is not a positive integer, or seed not a whole number of at least 0.
    """
    sample = target.sample(n, seed=seed)
    return Empirical(*sample) if isinstance(sample, tuple) else Empirical(sample)


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
