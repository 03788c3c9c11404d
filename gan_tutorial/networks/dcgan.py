"""Convolutional networks: the pair of DCGAN, and a generator without its checkerboard."""

from collections.abc import Callable
from itertools import pairwise

from torch import nn

from gan_tutorial.checks import whole
from gan_tutorial.networks.base import Init, _Generates
from gan_tutorial.networks.images import (
    Shape,
    _channels,
    _JudgesImages,
    _normed,
    _shape,
    _sides,
)
from gan_tutorial.networks.mlp import leaky_relu
from gan_tutorial.networks.weights import dcgan_normal


class _Doubling(_Generates):
    """Noise becomes a small image of many channels, whose side is doubled until x_fake is there."""

    def _double(
        self,
        noise_dim: int,
        shape: Shape,
        width: int,
        norm: bool,
        output: Callable[[], nn.Module],
        up: Callable[[int, int, bool], list[nn.Module]],
    ) -> None:
        """Build the layers; `up` makes those that double a side, from channels in and out."""
        self.noise_dim, self.shape = whole("noise_dim", noise_dim), _shape(shape)
        small, *larger = _sides(self.shape)
        first, *_ = channels = _channels(width, len(larger))
        layers = [
            nn.Linear(self.noise_dim, first * small**2, bias=not norm),
            nn.Unflatten(-1, (first, small, small)),
            *_normed(first, norm, nn.ReLU),
        ]
        for inputs, outputs in pairwise(channels):
            layers += [*up(inputs, outputs, not norm), *_normed(outputs, norm, nn.ReLU)]
        self._finish(*layers, *up(channels[-1], self.shape[0], True), output())


class DCGANGenerator(_Doubling):
    """The generator of DCGAN: transposed convolutions of stride 2 double an image's side.

    z ↦ (2 · width, 4, 4) ↦ (width, 8, 8) ↦ (C, 16, 16), for images of 16 × 16 pixels

    BatchNorm and ReLU follow each layer but the last, which has neither. A side of 8 needs one
    doubling fewer, 32 one more, with twice the channels; 28 begins at 7 × 7.

    Parameters
    ----------
    noise_dim
        Number of noise variables, at least 1.
    shape
        An image's (C, H, W), with H = W of 8, 16, 28 or 32.
    width
        Channels before the last layer.
    norm
        Whether there is BatchNorm. A layer before it has no bias, which it would take away.
    kernel
        Side of the kernels, at least 2. One that stride 2 does not divide, such as 3 or 5, covers
        some pixels more often than others: the checkerboard.
    output
        Makes the last layer.
    init
        Applied to each layer with weights after PyTorch's initialisation.

    Shapes
    ------
    z (..., m, noise_dim) -> x_fake (..., m, C, H, W)

    Raises
    ------
    ValueError
        If a size is not a positive integer, images have another side, or z another last dimension.

    Source
    ------
    Radford et al. 2016 (arXiv 1511.06434), section 3.
    """

    def __init__(
        self,
        noise_dim: int,
        shape: Shape,
        width: int = 16,
        norm: bool = True,
        *,
        kernel: int = 4,
        output: Callable[[], nn.Module] = nn.Tanh,
        init: Init | None = dcgan_normal,
    ) -> None:
        super().__init__(init)
        kernel = whole("kernel", kernel, least=2)

        def up(inputs: int, outputs: int, bias: bool) -> list[nn.Module]:
            around, more = (kernel - 1) // 2, kernel % 2  # which makes the side twice as large
            return [nn.ConvTranspose2d(inputs, outputs, kernel, 2, around, more, bias=bias)]

        self._double(noise_dim, shape, width, norm, output, up)


class UpsampleGenerator(_Doubling):
    """A generator that doubles an image by repeating each pixel, and then convolves it.

    As `DCGANGenerator`, with nearest upsampling and a 3 × 3 convolution in the place of each
    transposed convolution: every pixel is covered equally often, and there is no checkerboard.

    Parameters
    ----------
    noise_dim, shape, width, output
        As in `DCGANGenerator`.
    norm
        Whether there is BatchNorm.
    init
        Applied to each layer with weights after PyTorch's initialisation; see `he_normal`.

    Shapes
    ------
    z (..., m, noise_dim) -> x_fake (..., m, C, H, W)

    Raises
    ------
    ValueError
        If a size is not a positive integer, images have another side, or z another last dimension.

    Source
    ------
    Odena et al. 2016, "Deconvolution and checkerboard artifacts" (doi 10.23915/distill.00003).
    """

    def __init__(
        self,
        noise_dim: int,
        shape: Shape,
        width: int = 16,
        norm: bool = False,
        *,
        output: Callable[[], nn.Module] = nn.Tanh,
        init: Init | None = None,
    ) -> None:
        super().__init__(init)

        def up(inputs: int, outputs: int, bias: bool) -> list[nn.Module]:
            convolution = nn.Conv2d(inputs, outputs, 3, padding=1, bias=bias)
            return [nn.Upsample(scale_factor=2), convolution]

        self._double(noise_dim, shape, width, norm, output, up)


class DCGANDiscriminator(_JudgesImages):
    """The discriminator of DCGAN: convolutions of stride 2 halve an image's side.

    (C, 16, 16) ↦ (width, 8, 8) ↦ (2 · width, 4, 4) ↦ logit, for images of 16 × 16 pixels

    BatchNorm stands after each convolution but the first, and a leaky ReLU of slope 0.2 after it.
    The last layer is linear, as a convolution of the whole image is. A side of 8 is halved twice,
    too; 32 three times, with twice the channels; 28 ends at 7 × 7.

    Parameters
    ----------
    shape, width, norm, init
        As in `DCGANGenerator`. Beware of `norm`: D then judges an image by its batch, of real and
        fake in D's step, of fakes in G's; and a gradient penalty asks for `norm=False`.

    Shapes
    ------
    x (..., m, C, H, W) -> D(x) (..., m, 1), in (0, 1); features (..., m, f)

    Raises
    ------
    ValueError
        If a size is not a positive integer, images have another side, or x holds other images.

    Source
    ------
    Radford et al. 2016 (arXiv 1511.06434), section 3.
    """

    def __init__(
        self,
        shape: Shape,
        width: int = 16,
        norm: bool = True,
        *,
        init: Init | None = dcgan_normal,
    ) -> None:
        super().__init__(init)
        self.shape = _shape(shape)
        small, *larger = _sides(self.shape)
        if len(larger) == 1:  # with one convolution alone D would see edges, and no shapes
            small, larger = small // 2, [small, *larger]
        channels = _channels(width, len(larger))[::-1]
        layers: list[nn.Module] = [nn.Conv2d(self.shape[0], channels[0], 4, 2, 1), leaky_relu()]
        for inputs, outputs in pairwise(channels):
            layers += [nn.Conv2d(inputs, outputs, 4, 2, 1, bias=not norm)]
            layers += _normed(outputs, norm, leaky_relu)
        self._finish_with_head(*layers, nn.Flatten(), features=channels[-1] * small**2)
