"""How D looks at several samples at once."""

from typing import Any

import torch
from torch import Tensor, nn

from gan_tutorial.checks import whole
from gan_tutorial.networks.base import _features


class MinibatchStd(nn.Module):
    """Let D see how much its samples differ: a layer that adds one feature to each sample.

    x ↦ (x, s), s = mean over features of √(variance over the sample's group + 10⁻⁸)

    A group is `group` samples in a row. As the batch size is a multiple of it, no group holds
    both real and fake samples.

    Shapes
    ------
    x (m, features) or (N, m, features) -> one feature more, m a multiple of `group`

    Raises
    ------
    ValueError
        If `group` is not a positive integer, m is no multiple of it, or x holds images.

    Source
    ------
    Karras et al. 2018 (arXiv 1710.10196), section 3; the idea: Salimans et al. 2016
    (arXiv 1606.03498), section 3.2.
    """

    per_member = True  # leading indices are kept apart: an ensemble may use it as it is

    def __init__(self, group: int) -> None:
        super().__init__()
        self.group = whole("group", group)

    def forward(self, x: Tensor) -> Tensor:
        """Return x with the spread of its group as a further feature."""
        groups = _in_groups(x, self.group)  # (..., m / group, group, features)
        variance = groups.var(dim=-2, correction=0, keepdim=True)
        spread = (variance + 1e-8).sqrt().mean(dim=-1, keepdim=True)  # (..., m / group, 1, 1)
        return torch.cat([x, spread.repeat_interleave(self.group, dim=-2).flatten(-3, -2)], dim=-1)


class Packed(nn.Module):
    """A discriminator that judges several samples at once: all are real, or all are fake.

    Packed(D, size).logits(x)[j] = D.logits(x[size · j], …, x[size · j + size - 1])

    There is one answer for each pack of samples in a row. A generator that lacks modes gives
    itself away: its packs are too alike. A penalty takes each sample's slope by itself.

    Parameters
    ----------
    D
        A discriminator of size · data_dim numbers.
    size
        Samples in a pack, at least 1.

    Shapes
    ------
    x (m, data_dim) or (N, m, data_dim) -> D(x) (..., m / size, 1), m a multiple of `size`

    Raises
    ------
    ValueError
        If `size` is not a positive integer or does not divide `D.data_dim`, D has none, m is no
        multiple, or x holds images.

    Source
    ------
    Lin et al. 2018 (arXiv 1712.04086), section 3.
    """

    def __init__(self, D: Any, size: int) -> None:
        super().__init__()
        size = whole("size", size)
        if not hasattr(D, "data_dim"):
            raise ValueError(f"packs are of vectors, and {type(D).__name__} has no data_dim")
        if D.data_dim % size:
            raise ValueError(f"D takes {D.data_dim} numbers, which are not packs of {size} samples")
        self.D, self.data_dim, self.samples_per_logit = D, D.data_dim // size, size

    def forward(self, x: Tensor) -> Tensor:
        """Return the probability that a pack is real, shape (..., m / size, 1)."""
        return torch.sigmoid(self.logits(x))

    def logits(self, x: Tensor) -> Tensor:
        """Return the numbers before the sigmoid, shape (..., m / size, 1)."""
        x = _features(x, self.data_dim, "x", "data_dim")
        return self.D.logits(_in_groups(x, self.samples_per_logit).flatten(-2))

    def reset_parameters(self) -> None:
        """Draw all weights of D again."""
        self.D.reset_parameters()


def _in_groups(x: Tensor, size: int) -> Tensor:
    """Cut (..., m, features) into groups of samples in a row, (..., m / size, size, features)."""
    if x.dim() > 3:  # the axis before the last would be an image's height
        raise ValueError(
            "groups are of vectors, (m, features) or (N, m, features): flatten images before, "
            f"got shape {tuple(x.shape)}"
        )
    if x.dim() < 2 or x.shape[-2] % size:
        raise ValueError(f"samples must come in groups of {size}, got shape {tuple(x.shape)}")
    return x.unflatten(-2, (-1, size))
