"""From picture to picture: G is given a picture too, and a D judges patches."""

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor, nn

from gan_tutorial.checks import whole
from gan_tutorial.networks.base import Init, _features, _Network
from gan_tutorial.networks.images import Shape, _images, _JudgesImages, _shape
from gan_tutorial.networks.mlp import leaky_relu


class UNet(_Network):
    """A generator that halves a picture down to one pixel, and doubles it back with skips.

    y ↦ (width, 8, 8) ↦ (2 · width, 4, 4) ↦ (4 · width, 2, 2) ↦ (4 · width, 1, 1), beside it z,
    ↦ (4 · width, 2, 2) ↦ … ↦ x_fake (C, 16, 16), for pictures of 16 × 16 pixels

    Each layer on the way up also sees what the way down had at its side: the skips. Convolutions
    are 4 × 4 with stride 2, with a leaky ReLU down and a ReLU up. There is no normalisation.

    Parameters
    ----------
    noise_dim
        Number of noise variables, at least 1.
    shape
        The (C, H, W) of both pictures, with H = W a power of 2, at least 4.
    width
        Channels after the first layer.
    skips
        Whether there are skips; if not, all that x_fake shows of y went through one pixel.
    output
        Makes the last layer.
    init
        Applied to each layer with weights after PyTorch's initialisation.

    Shapes
    ------
    z (..., m, noise_dim), y (..., m, C, H, W) -> x_fake (..., m, C, H, W)

    Raises
    ------
    ValueError
        If a size is not a positive integer, pictures have another side, or z or y another shape.

    Source
    ------
    Ronneberger et al. 2015 (arXiv 1505.04597), section 2; as a generator: Isola et al. 2017
    (arXiv 1611.07004), section 3.2.
    """

    def __init__(
        self,
        noise_dim: int,
        shape: Shape,
        width: int = 16,
        *,
        skips: bool = True,
        output: Callable[[], nn.Module] = nn.Tanh,
        init: Init | None = None,
    ) -> None:
        super().__init__(init)
        self.noise_dim, self.shape, self.skips = whole("noise_dim", noise_dim), _shape(shape), skips
        channels, side, width = self.shape[0], self.shape[1], whole("width", width)
        if self.shape[2] != side or side < 4 or side & (side - 1):
            raise ValueError(
                f"pictures must be square with a power of 2 as side, at least 4, got {self.shape}"
            )
        down = [width * min(2**k, 4) for k in range(side.bit_length() - 1)]
        self.down, self.up = nn.ModuleList(), nn.ModuleList()
        for inputs, outputs in zip([channels, *down], down, strict=False):
            self.down.append(nn.Sequential(nn.Conv2d(inputs, outputs, 4, 2, 1), leaky_relu()))
        inputs = down.pop() + self.noise_dim
        for outputs in reversed(down):
            layers = nn.ConvTranspose2d(inputs, outputs, 4, 2, 1), nn.ReLU()
            self.up.append(nn.Sequential(*layers))
            inputs = 2 * outputs if skips else outputs
        last = nn.ConvTranspose2d(inputs, channels, 4, 2, 1)
        self.up.append(nn.Sequential(last, output()))
        self._apply_init()

    def forward(self, z: Tensor, y: Tensor) -> Tensor:
        """Return G(z, y)."""
        x, seen = _images(y, self.shape), []
        for halve in self.down:
            x = halve(x)
            seen.append(x)
        beside = _features(z, self.noise_dim, "z", "noise_dim")[..., None, None]
        x = torch.cat([seen.pop(), beside], dim=-3)  # (..., m, 4 · width + noise_dim, 1, 1)
        for double in self.up:
            x = double(x)
            if seen and self.skips:
                x = torch.cat([x, seen.pop()], dim=-3)
        return x


class PatchDiscriminator(_JudgesImages):
    """A discriminator that judges each patch of a picture by itself, beside the picture it is from.

    logits(x, y) = the logits of m · P patches of [x, y]; (2 C, 16, 16) ↦ (width, 8, 8) ↦
    (2 · width, 4, 4) ↦ (1, 4, 4), which is P = 16, for pictures of 16 × 16 pixels and depth 2

    Convolutions are 4 × 4 with stride 2, each followed by a leaky ReLU; the last is 1 × 1. So a
    logit depends on a patch of 4 pixels a side with depth 1, 10 with depth 2, 22 with depth 3. A
    loss takes its mean over patches, as it does over samples.

    Parameters
    ----------
    shape
        The (C, H, W) of x, and of y.
    width
        Channels after the first layer.
    depth
        Convolutions that halve the side, at least 1.
    init
        Applied to each layer with weights after PyTorch's initialisation.

    Shapes
    ------
    x, y (..., m, C, H, W) -> D(x, y) (..., m · P, 1), in (0, 1); features (..., m, f, h, w)

    Raises
    ------
    ValueError
        If a size is not a positive integer, 2^depth does not divide the sides, or x and y hold
        other pictures.

    Source
    ------
    Isola et al. 2017 (arXiv 1611.07004), section 3.2.2.
    """

    head: Any

    def __init__(
        self, shape: Shape, width: int = 16, depth: int = 2, *, init: Init | None = None
    ) -> None:
        super().__init__(init)
        self.shape, width, depth = _shape(shape), whole("width", width), whole("depth", depth)
        channels, height, across = self.shape
        if height % 2**depth or across % 2**depth:
            raise ValueError(f"2^depth must divide the sides of {self.shape}, got depth {depth}")
        layers: list[nn.Module] = []
        inputs = 2 * channels
        for k in range(depth):
            layers += [nn.Conv2d(inputs, width * 2**k, 4, 2, 1), leaky_relu()]
            inputs = width * 2**k
        self.body, self.head = nn.Sequential(*layers), nn.Conv2d(inputs, 1, 1)
        self.logits_per_sample = height * across // 4**depth
        self._apply_init()

    def forward(self, x: Tensor, y: Tensor) -> Tensor:  # type: ignore[override]
        """Return the probability that each patch is real."""
        return torch.sigmoid(self.logits(x, y))

    def logits(self, x: Tensor, y: Tensor) -> Tensor:  # type: ignore[override]
        """Return log D - log(1 - D) of each patch, (..., m · P, 1): row by row, x after x."""
        return self.head(self.features(x, y)).flatten(-3).flatten(-2)[..., None]

    def features(self, x: Tensor, y: Tensor) -> Tensor:  # type: ignore[override]
        """Return what the last layer sees, (..., m, f, h, w)."""
        return self.body(torch.cat([_images(x, self.shape), _images(y, self.shape)], dim=-3))
