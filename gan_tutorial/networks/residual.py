"""A pair without normalisation, made of blocks that begin as the identity."""

from collections.abc import Callable
from itertools import pairwise
from typing import Any

from torch import Tensor, nn

from gan_tutorial.checks import whole
from gan_tutorial.networks.base import Init, _Generates
from gan_tutorial.networks.images import (
    Shape,
    _channels,
    _JudgesImages,
    _shape,
    _sides,
)
from gan_tutorial.networks.mlp import leaky_relu


class Residual(nn.Module):
    """A block with a skip: what it adds to its input is zero at first.

    y = x + W₂ ∗ lrelu(W₁ ∗ lrelu(x)), W₂ = 0 at initialisation

    Shapes
    ------
    x (..., m, channels, H, W) -> the same

    Source
    ------
    He et al. 2016 (arXiv 1603.05027), section 4; the zero: Zhang et al. 2019 (arXiv 1901.09321).
    """

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.branch = nn.Sequential(
            leaky_relu(),
            nn.Conv2d(channels, channels, 3, padding=1),
            leaky_relu(),
            nn.Conv2d(channels, channels, 3, padding=1),
        )
        self.close()

    def forward(self, x: Tensor) -> Tensor:
        """Return x and what the branch adds to it."""
        return x + self.branch(x)

    def close(self) -> None:
        """Set the last convolution of the branch to zero."""
        last: Any = self.branch[-1]
        nn.init.zeros_(last.weight)
        nn.init.zeros_(last.bias)

    def reset_parameters(self) -> None:
        """Draw the weights again; those of the last convolution are zero."""
        for layer in self.branch:
            if isinstance(layer, nn.Conv2d):
                layer.reset_parameters()
        self.close()


class _Closed:
    """Networks whose blocks stay closed under any `init`."""

    def _apply_init(self) -> None:
        super()._apply_init()  # type: ignore[misc]
        for layer in self.modules():  # type: ignore[attr-defined]
            if isinstance(layer, Residual):
                layer.close()


class ResidualGenerator(_Closed, _Generates):
    """A generator of residual blocks, without normalisation.

    z ↦ (2 · width, 4, 4) ↦ block ↦ (width, 8, 8) ↦ block ↦ (width, 16, 16) ↦ block ↦ (C, 16, 16),
    for images of 16 × 16 pixels

    Between two blocks, nearest upsampling doubles the side and a 1 × 1 convolution changes the
    number of channels; a 3 × 3 convolution draws the image.

    Parameters
    ----------
    noise_dim
        Number of noise variables, at least 1.
    shape
        An image's (C, H, W), with H = W of 8, 16, 28 or 32.
    width
        Channels at the largest side; they double where it is halved for the second time, and so on.
    output
        Makes the last layer.
    init
        Applied to each layer with weights after PyTorch's initialisation. The last convolution of
        each block is zero all the same.

    Shapes
    ------
    z (..., m, noise_dim) -> x_fake (..., m, C, H, W)

    Raises
    ------
    ValueError
        If a size is not a positive integer, images have another side, or z another last dimension.

    Source
    ------
    After Huang et al. 2024 (arXiv 2501.05441), section 3, smaller; Zhang et al. 2019 (arXiv
    1901.09321).
    """

    def __init__(
        self,
        noise_dim: int,
        shape: Shape,
        width: int = 16,
        *,
        output: Callable[[], nn.Module] = nn.Tanh,
        init: Init | None = None,
    ) -> None:
        super().__init__(init)
        self.noise_dim, self.shape = whole("noise_dim", noise_dim), _shape(shape)
        small, *larger = _sides(self.shape)
        first, *_ = channels = [*_channels(width, len(larger)), width]
        layers: list[nn.Module] = [
            nn.Linear(self.noise_dim, first * small**2),
            nn.Unflatten(-1, (first, small, small)),
            Residual(first),
        ]
        for inputs, outputs in pairwise(channels):
            # a 1 × 1 convolution is the same before the doubling, and costs a quarter there
            layers += [nn.Conv2d(inputs, outputs, 1), nn.Upsample(scale_factor=2)]
            layers += [Residual(outputs)]
        draw = nn.Conv2d(width, self.shape[0], 3, padding=1)
        self._finish(*layers, leaky_relu(), draw, output())


class ResidualDiscriminator(_Closed, _JudgesImages):
    """A discriminator of residual blocks, without normalisation: the generator's mirror image.

    (C, 16, 16) ↦ (width, 16, 16) ↦ block ↦ (width, 8, 8) ↦ block ↦ (2 · width, 4, 4) ↦ block
    ↦ logit, for images of 16 × 16 pixels

    Between two blocks, the side is halved by the mean of 2 × 2 pixels.

    Parameters
    ----------
    shape, width, init
        As in `ResidualGenerator`.

    Shapes
    ------
    x (..., m, C, H, W) -> D(x) (..., m, 1), in (0, 1); features (..., m, f)

    Raises
    ------
    ValueError
        If a size is not a positive integer, images have another side, or x holds other images.

    Source
    ------
    As `ResidualGenerator`.
    """

    def __init__(self, shape: Shape, width: int = 16, *, init: Init | None = None) -> None:
        super().__init__(init)
        self.shape = _shape(shape)
        small, *larger = _sides(self.shape)
        channels = [*_channels(width, len(larger)), width][::-1]
        layers: list[nn.Module] = [
            nn.Conv2d(self.shape[0], width, 3, padding=1),
            Residual(width),
        ]
        for inputs, outputs in pairwise(channels):
            layers += [nn.AvgPool2d(2), nn.Conv2d(inputs, outputs, 1), Residual(outputs)]
        features = channels[-1] * small**2
        self._finish_with_head(*layers, leaky_relu(), nn.Flatten(), features=features)
