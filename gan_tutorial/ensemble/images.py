"""N convolutions, and what else works on images, side by side.

Images (N, m, C, H, W) lie in memory as (m, H, W, N, C): PyTorch's `channels_last` of m images
with N · C channels. There N convolutions are one, in N groups, and what treats channels apart,
such as pooling, needs no change. From layer to layer both shapes are views of the same memory.
One member alone lies as an ordinary network would have it.
"""

from typing import Any

from torch import Tensor, nn
from torch.nn.functional import conv2d, conv_transpose2d

from gan_tutorial.ensemble.layer import EnsembleLayer, check_batch, unlike, with_members


def fold(x: Tensor) -> Tensor:
    """Make the member a part of the channel: (N, m, C, H, W) -> (m, N · C, H, W)."""
    if len(x) == 1:
        return x.squeeze(0)
    if x.dim() == 3:  # vectors (N, m, d) -> (m, N · d)
        return x.transpose(0, 1).flatten(1)
    N, m, C, H, W = x.shape
    return x.permute(1, 3, 4, 0, 2).reshape(m, H, W, N * C).permute(0, 3, 1, 2)


def unfold(x: Tensor, replicas: int) -> Tensor:
    """Make the member a dimension again: (m, N · C, H, W) -> (N, m, C, H, W)."""
    return x.unsqueeze(0) if replicas == 1 else x.unflatten(1, (replicas, -1)).transpose(0, 1)


class EnsembleConv(EnsembleLayer):
    """N two-dimensional convolutions side by side.

    y[i] = x[i] ∗ W[i] + b[i]

    Shapes
    ------
    weight (N, out, in, kh, kw), bias (N, 1, out) or None; x (N, m, in, H, W) ->
    (N, m, out, H', W'). An x of shape (m, in, H, W) is given to every member.
    """

    def __init__(self, layer: Any, replicas: int) -> None:
        super().__init__(layer)
        self.repeat("weight", layer.weight, replicas)
        self.repeat("bias", layer.bias, replicas)
        self.inputs = layer.in_channels
        self.options = {name: getattr(layer, name) for name in ("stride", "padding", "dilation")}

    @staticmethod
    def cannot(layer: Any) -> str:
        """Say which option of the layer stands in the way."""
        return unlike(layer, groups=1, padding_mode="zeros")

    _convolve: Any = staticmethod(conv2d)

    def forward(self, x: Tensor) -> Tensor:
        """Return the N outputs for the N batches x."""
        weight, bias = self.weight, self.bias
        replicas, inputs = len(weight), self.inputs
        x = with_members(x, replicas)
        fits = x.dim() == 5 and (x.shape[0], x.shape[2]) == (replicas, inputs)
        check_batch(x, weight, f"{inputs}, H, W", fits)
        y = self._convolve(
            fold(x),
            weight.flatten(0, 1),
            None if bias is None else bias.flatten(),
            groups=replicas,
            **self.options,
        )
        return unfold(y, replicas)


class EnsembleConvTranspose(EnsembleConv):
    """N transposed convolutions side by side.

    y[i] is x[i] under the transpose of the convolution with W[i], plus b[i]

    Shapes
    ------
    weight (N, in, out, kh, kw), bias (N, 1, out) or None; x (N, m, in, H, W) ->
    (N, m, out, H', W'). An x of shape (m, in, H, W) is given to every member.
    """

    _convolve = staticmethod(conv_transpose2d)

    def __init__(self, layer: nn.ConvTranspose2d, replicas: int) -> None:
        super().__init__(layer, replicas)
        self.options["output_padding"] = layer.output_padding


class EnsembleImages(EnsembleLayer):
    """A layer that treats the channels of an image apart, such as pooling, for N members at once.

    Shapes
    ------
    x (N, m, C, H, W) -> (N, m, C, H', W'); without N also, as the layer itself
    """

    def __init__(self, layer: Any, replicas: int) -> None:
        super().__init__(layer)

    @staticmethod
    def cannot(layer: Any) -> str:
        """Say which option of the layer stands in the way."""
        return unlike(layer, return_indices=False) if hasattr(layer, "return_indices") else ""

    def forward(self, x: Tensor) -> Tensor:
        """Return every image after the layer."""
        (layer,) = self.template
        if x.dim() == 4:
            return layer(x)
        _check_images(x, type(layer).__name__)
        return unfold(layer(fold(x)), len(x))


class EnsembleFlatten(EnsembleLayer):
    """Turn images into vectors.

    Shapes
    ------
    x (N, m, C, H, W) -> (N, m, C · H · W), or (m, C, H, W) -> (m, C · H · W); vectors stay
    """

    def __init__(self, layer: nn.Flatten, replicas: int) -> None:
        super().__init__(layer)

    @staticmethod
    def cannot(layer: Any) -> str:
        """Say which option of the layer stands in the way."""
        return unlike(layer, start_dim=1, end_dim=-1)

    def forward(self, x: Tensor) -> Tensor:
        """Return the vectors."""
        if x.dim() in (2, 3):
            return x
        if x.dim() != 4:
            _check_images(x, "Flatten")
        return x.flatten(-3)


class EnsembleUnflatten(EnsembleLayer):
    """Turn vectors into images.

    Shapes
    ------
    x (N, m, d) -> (N, m, C, H, W), or (m, d) -> (m, C, H, W)
    """

    def __init__(self, layer: nn.Unflatten, replicas: int) -> None:
        super().__init__(layer)
        self.sizes = layer.unflattened_size

    @staticmethod
    def cannot(layer: Any) -> str:
        """Say which option of the layer stands in the way."""
        return "" if layer.dim == -1 else unlike(layer, dim=1)

    def forward(self, x: Tensor) -> Tensor:
        """Return the images."""
        return x.unflatten(-1, self.sizes)


def _check_images(x: Tensor, kind: str) -> None:
    if x.dim() != 5:
        raise ValueError(
            f"{kind} takes images (N, m, C, H, W) in an ensemble, got {tuple(x.shape)}"
        )
