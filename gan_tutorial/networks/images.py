"""What networks of images have in common."""

from collections.abc import Callable
from typing import Any

from torch import Tensor, nn

from gan_tutorial.checks import whole
from gan_tutorial.networks.base import _Judges

Shape = tuple[int, int, int]
# The sides between which a convolutional network goes, by doubling, from the last to the first.
SIDES = {8: (4, 8), 16: (4, 8, 16), 28: (7, 14, 28), 32: (4, 8, 16, 32)}


class _JudgesImages(_Judges):
    """A discriminator of images: the layers of `body`, then the linear `head`."""

    data_dims = 3  # an image's axes, for penalties
    shape: Shape

    def _finish_with_head(self, *body: nn.Module, features: int) -> None:
        self.body, self.head = nn.Sequential(*body), nn.Linear(features, 1)
        self._apply_init()

    def features(self, x: Tensor) -> Tensor:
        """Return what the last linear layer sees, shape (..., m, f)."""
        return self.body(_images(x, self.shape))


def _images(x: Tensor, shape: Shape) -> Tensor:
    if x.dim() < 4 or x.shape[-3:] != shape:
        raise ValueError(
            f"x must have shape (..., m, C, H, W) with (C, H, W) = {shape}, got {tuple(x.shape)}"
        )
    if not x.is_floating_point():
        raise ValueError(f"x must hold floating-point numbers, got {x.dtype}")
    return x


def _shape(shape: Any) -> Shape:
    """Return (C, H, W) as three numbers of Python's."""
    try:
        channels, height, width = shape
    except (TypeError, ValueError):
        raise ValueError(f"shape must be (C, H, W), got {shape!r}") from None
    return whole("C", channels), whole("H", height), whole("W", width)


def _sides(shape: Shape) -> tuple[int, ...]:
    """Return the sides that images have on the way through a convolutional network."""
    _, height, width = shape
    if height != width or height not in SIDES:
        sides = ", ".join(map(str, SIDES))
        raise ValueError(f"images must be square with a side of {sides}, got shape {shape}")
    return SIDES[height]


def _channels(width: int, stages: int) -> list[int]:
    """Return the channels at each side but the largest: doubled wherever the side is halved."""
    return [whole("width", width) * 2**k for k in reversed(range(stages))]


def _normed(channels: int, norm: bool, activation: Callable[[], nn.Module]) -> list[nn.Module]:
    return [*([nn.BatchNorm2d(channels)] if norm else []), activation()]
