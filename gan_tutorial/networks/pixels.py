"""Networks that know nothing of images: to them an image is a vector of its pixels."""

import math
from collections.abc import Callable

from torch import nn

from gan_tutorial.checks import whole
from gan_tutorial.networks.base import Init, _Generates
from gan_tutorial.networks.images import Shape, _JudgesImages, _shape
from gan_tutorial.networks.mlp import _hidden, leaky_relu


class PixelGenerator(_Generates):
    """A generator whose last linear layer draws all pixels at once.

    G(z) = output(W h_depth + b) as an image, h_k = activation(W_k h_{k-1} + b_k), h_0 = z

    Parameters
    ----------
    noise_dim
        Number of noise variables, at least 1.
    shape
        An image's (C, H, W).
    width, depth
        Units of each hidden layer, and the number of these layers.
    activation, norm, output, init
        As in `MLPGenerator`, but pixels end in [-1, 1].

    Shapes
    ------
    z (..., m, noise_dim) -> x_fake (..., m, C, H, W)

    Raises
    ------
    ValueError
        If a size is not a positive integer, or z has another last dimension.
    """

    def __init__(
        self,
        noise_dim: int,
        shape: Shape,
        width: int = 256,
        depth: int = 2,
        *,
        activation: Callable[[], nn.Module] = nn.ReLU,
        norm: Callable[[int], nn.Module] | None = None,
        output: Callable[[], nn.Module] = nn.Tanh,
        init: Init | None = None,
    ) -> None:
        super().__init__(init)
        self.noise_dim, self.shape = whole("noise_dim", noise_dim), _shape(shape)
        width = whole("width", width)
        self._finish(
            *_hidden(self.noise_dim, width, depth, norm, activation),
            nn.Linear(width, math.prod(self.shape)),
            nn.Unflatten(-1, self.shape),
            output(),
        )


class PixelDiscriminator(_JudgesImages):
    """A discriminator that sees an image as a vector of its pixels.

    D(x) = sigmoid(W h_depth + b), h_k = activation(W_k h_{k-1} + b_k), h_0 the pixels of x

    Parameters
    ----------
    shape
        An image's (C, H, W).
    width, depth
        Units of each hidden layer, and the number of these layers.
    activation, norm, init
        As in `MLPDiscriminator`.

    Shapes
    ------
    x (..., m, C, H, W) -> D(x) (..., m, 1), in (0, 1); features (..., m, width)

    Raises
    ------
    ValueError
        If a size is not a positive integer, or x holds no such images.
    """

    def __init__(
        self,
        shape: Shape,
        width: int = 256,
        depth: int = 2,
        *,
        activation: Callable[[], nn.Module] | None = None,
        norm: Callable[[int], nn.Module] | None = None,
        init: Init | None = None,
    ) -> None:
        super().__init__(init)
        self.shape, width = _shape(shape), whole("width", width)
        hidden = _hidden(math.prod(self.shape), width, depth, norm, activation or leaky_relu)
        self._finish_with_head(nn.Flatten(), *hidden, features=width)
