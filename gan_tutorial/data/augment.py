"""Pictures moved, mirrored and made noisy at each draw: small data that look larger."""

import math
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor
from torch.nn.functional import pad

from gan_tutorial.checks import real, whole
from gan_tutorial.data.target import Target


@dataclass(frozen=True, eq=False)
class Augmented(Target):
    """The pictures of a target, changed anew at each draw; made by `augmented`."""

    target: Target
    shift: int
    noise: float
    flip: bool
    fill: float

    @property
    def dim(self) -> int:  # type: ignore[override]
        """Number of numbers in a picture, C · H · W."""
        return self.target.dim

    @property
    def shape(self) -> tuple[int, ...]:
        """Shape of one picture, (C, H, W)."""
        return self.target.shape

    def _draw(self, n: int, stream: Any) -> Any:
        drawn = self.target._draw(n, stream)
        x, *labels = drawn if isinstance(drawn, tuple) else (drawn,)  # x: (..., n, C, H, W)
        if self.flip:
            mirrored = stream.rand(n)[..., None, None, None] < 0.5
            x = torch.where(mirrored, x.flip(-1), x)
        if self.shift:
            steps = 2 * self.shift + 1
            down, right = (stream.rand(n, 2) * steps).long().clamp(max=steps - 1).unbind(-1)
            x = _window(pad(x, [self.shift] * 4, value=self.fill), down, right, x.shape[-2:])
        if self.noise:
            x = x + self.noise * stream.randn(n, *self.shape).to(x)
        return (x, *labels) if labels else x


def augmented(
    target: Target, shift: int = 1, noise: float = 0.0, flip: bool = False, fill: float = -1.0
) -> Augmented:
    """Return a target whose pictures are moved at each draw, and mirrored or made noisy if asked.

    x' = move(x, (i, j)) + noise · ε, i, j ← U{-shift … shift}, ε ← N(0, I)

    Labels stay. What is drawn for a seed are the pictures that `target` draws for it, changed.

    Parameters
    ----------
    target
        A target of pictures, shape (C, H, W).
    shift
        Pixels, at most, up or down and left or right. What leaves the picture is lost.
    noise
        Standard deviation of noise on each value, which is not clipped to [-1, 1].
    flip
        Whether every second picture, by a coin, is mirrored left to right. A mirrored digit or
        letter is mostly none.
    fill
        What comes in at the edges; -1 is the background of this package's pictures.

    Raises
    ------
    ValueError
        If the target has no pictures, `shift` is negative or not below height and width, `noise`
        is negative, or a number is not finite.
    """
    if len(target.shape) != 3:
        raise ValueError(f"only pictures (C, H, W) can be augmented, got shape {target.shape}")
    if (shift := whole("shift", shift, 0)) >= min(target.shape[1:]):
        raise ValueError(f"shift must be smaller than a picture of {target.shape}, got {shift}")
    if not 0 <= (noise := real("noise", noise)) < math.inf:
        raise ValueError(f"noise must be at least 0 and finite, got {noise}")
    if not math.isfinite(fill := real("fill", fill)):
        raise ValueError(f"fill must be finite, got {fill}")
    return Augmented(target, shift, noise, bool(flip), fill)


def _window(x: Tensor, down: Tensor, right: Tensor, size: torch.Size) -> Tensor:
    """Cut a window out of each picture, whose corner is (down, right): to (..., *size)."""
    rows = (down[..., None] + torch.arange(size[0], device="cpu"))[..., None, :, None]
    columns = (right[..., None] + torch.arange(size[1], device="cpu"))[..., None, None, :]
    x = x.gather(-2, rows.expand(*x.shape[:-2], size[0], x.shape[-1]))
    return x.gather(-1, columns.expand(*x.shape[:-1], size[1]))
