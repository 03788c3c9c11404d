"""A generator that is told its style at every layer, and where styles come from."""

from collections.abc import Callable
from itertools import pairwise
from typing import Any

import torch
from torch import Tensor, nn

from gan_tutorial.checks import whole
from gan_tutorial.networks.base import Init, _features, _Network
from gan_tutorial.networks.images import Shape, _channels, _shape, _sides
from gan_tutorial.networks.mlp import _hidden, leaky_relu


class Mapping(_Network):
    """From noise to style: z is brought to length √noise_dim, then goes through an MLP.

    w = h_depth, h_k = lrelu(W_k h_{k-1} + b_k), h_0 = z / √(mean of z²)

    Parameters
    ----------
    noise_dim, width, depth
        Sizes, each at least 1; `width` is also that of w.
    init
        Applied to each linear layer after PyTorch's initialisation; see `he_normal`.

    Shapes
    ------
    z (..., m, noise_dim) -> w (..., m, width)

    Raises
    ------
    ValueError
        If a size is not a positive integer, or z has another last dimension.

    Source
    ------
    Karras et al. 2019 (arXiv 1812.04948), section 2.
    """

    def __init__(
        self, noise_dim: int, width: int = 64, depth: int = 2, *, init: Init | None = None
    ) -> None:
        super().__init__(init)
        self.noise_dim, self.width = whole("noise_dim", noise_dim), whole("width", width)
        self._finish(*_hidden(self.noise_dim, self.width, depth, None, leaky_relu))

    def forward(self, z: Tensor) -> Tensor:
        """Return w."""
        z = _features(z, self.noise_dim, "z", "noise_dim")
        return self.model(z / (z.square().mean(dim=-1, keepdim=True) + 1e-8).sqrt())


class ModulatedConv(nn.Module):
    """A convolution whose input channels are scaled by the style, and whose output is scaled back.

    y_o = d_o Σ_i W_oi ∗ (s_i x_i) + b_o, s = A w + a + 1, d_o = 1 / √(Σ (W_oi s_i)² + 10⁻⁸),

    the sum over i and the pixels of the kernel

    If the x_i are independent with variance 1, so are the y_o - b_o, whatever the style. That is
    what a convolution with the weights d_o W_oi s_i gives; scaled before and after in their place,
    one kernel serves all samples.

    Parameters
    ----------
    inputs, outputs, style_dim
        Channels in and out, and numbers in w.
    kernel
        Side of the kernel, odd.
    demodulate
        Whether the output is scaled back; if not, d = 1.

    Shapes
    ------
    x (..., m, inputs, H, W), w (..., m, style_dim) -> y (..., m, outputs, H, W)

    Raises
    ------
    ValueError
        If a size is not a positive integer, or the kernel is even.

    Source
    ------
    Karras et al. 2020 (arXiv 1912.04958), section 2.2.
    """

    def __init__(
        self,
        inputs: int,
        outputs: int,
        style_dim: int,
        *,
        kernel: int = 3,
        demodulate: bool = True,
    ) -> None:
        super().__init__()
        inputs, outputs = whole("inputs", inputs), whole("outputs", outputs)
        if whole("kernel", kernel) % 2 == 0:
            raise ValueError(f"kernel must be odd, so that images keep their side, got {kernel}")
        self.style = nn.Linear(whole("style_dim", style_dim), inputs)
        self.conv = nn.Conv2d(inputs, outputs, kernel, padding=kernel // 2)
        self.demodulate = demodulate

    def forward(self, x: Tensor, w: Tensor) -> Tensor:
        """Return y."""
        s = self.style(w) + 1  # (..., m, inputs)
        y = self.conv(x * s[..., None, None])
        if not self.demodulate:
            return y
        squares = self.conv.weight.square().sum(dim=(-2, -1))  # (..., outputs, inputs)
        d = (s.square() @ squares.mT + 1e-8).rsqrt()  # (..., m, outputs)
        bias: Any = self.conv.bias
        b = bias[..., None, None]
        return (y - b) * d[..., None, None] + b  # the bias is not the style's to scale


class StyleGenerator(_Network):
    """A generator that draws on a learned canvas, and is told its style w at every layer.

    G(z) = synthesis(mapping(z)); the sides and channels are those of `UpsampleGenerator`

    The canvas is the same for all samples. At each side a modulated 3 × 3 convolution and a leaky
    ReLU follow, between two sides nearest upsampling. There are no noise inputs.

    Parameters
    ----------
    noise_dim
        Number of noise variables, at least 1.
    shape
        An image's (C, H, W), with H = W of 8, 16, 28 or 32.
    width
        Channels at the largest side.
    mapping_depth
        Layers of the mapping.
    style_dim
        Numbers in w.
    output
        Makes the last layer.
    init
        Applied to each layer with weights after PyTorch's initialisation, but the canvas.

    Shapes
    ------
    z (..., m, noise_dim) -> w (..., m, style_dim) -> x_fake (..., m, C, H, W)

    Raises
    ------
    ValueError
        If a size is not a positive integer, images have another side, z another last dimension, or
        styles are not one for each layer.

    Source
    ------
    Karras et al. 2019 (arXiv 1812.04948), section 2, and 2020 (arXiv 1912.04958), section 2.
    """

    def __init__(
        self,
        noise_dim: int,
        shape: Shape,
        width: int = 16,
        mapping_depth: int = 2,
        *,
        style_dim: int = 64,
        output: Callable[[], nn.Module] = nn.Tanh,
        init: Init | None = None,
    ) -> None:
        super().__init__(init)
        self.noise_dim, self.shape = whole("noise_dim", noise_dim), _shape(shape)
        small, *larger = _sides(self.shape)
        first, *_ = channels = [*_channels(width, len(larger)), width]
        self.mapping = Mapping(noise_dim, style_dim, mapping_depth)
        self.canvas = nn.Embedding(1, first * small**2)
        self.unflatten = nn.Unflatten(-1, (first, small, small))
        layers: list[nn.Module] = [ModulatedConv(first, first, style_dim)]
        for inputs, outputs in pairwise(channels):
            layers += [nn.Upsample(scale_factor=2), ModulatedConv(inputs, outputs, style_dim)]
        self.layers, self.activation = nn.ModuleList(layers), leaky_relu()
        self.styles = len(larger) + 2  # one for each modulated layer
        self.draw = ModulatedConv(width, self.shape[0], style_dim, kernel=1, demodulate=False)
        self.output = output()
        self._apply_init()

    def forward(self, z: Tensor) -> Tensor:
        """Return G(z): z of shape (..., m, noise_dim) becomes images (..., m, C, H, W)."""
        return self.synthesis(self.mapping(z))

    def synthesis(self, w: Tensor | list[Tensor]) -> Tensor:
        """Return images of style w (..., m, style_dim), or of a list with a w for each layer."""
        ws = w if isinstance(w, list) else [w] * self.styles
        if len(ws) != self.styles:
            raise ValueError(
                f"styles must be one w, or a list of {self.styles}, got a list of {len(ws)}"
            )
        here = torch.zeros_like(ws[0][..., 0], dtype=torch.long)
        x = self.unflatten(self.canvas(here))  # the same for all: (..., m, channels, side, side)
        style = iter(ws)
        for layer in self.layers:
            told = isinstance(layer, ModulatedConv)
            x = self.activation(layer(x, next(style))) if told else layer(x)
        return self.output(self.draw(x, next(style)))
