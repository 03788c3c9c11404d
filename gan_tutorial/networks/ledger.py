"""What a network is made of, layer by layer, and how far its convolutions see."""

import copy
from collections.abc import Iterator
from typing import Any, NamedTuple

import torch
from torch import Tensor, nn

_CONVOLUTIONS = (nn.Conv2d, nn.ConvTranspose2d)
_GROWING = (nn.ConvTranspose2d, nn.Upsample)
_WINDOWS = (*_CONVOLUTIONS, nn.Upsample, nn.AvgPool2d, nn.MaxPool2d)
_VECTORS = (nn.Flatten, nn.Linear, nn.Embedding, nn.AdaptiveAvgPool2d)


class Row(NamedTuple):
    """One layer of a network.

    `shape` is that of its output, without the samples' axis. `sees` is the receptive field, as
    `receptive_field` counts it, of the layers up to here; None where there is no image.
    """

    layer: str
    shape: tuple[int, ...] | None
    parameters: int
    sees: int | None


def receptive_field(network: nn.Module) -> int:
    """Return how far the convolutions of a network see: the side of a square, in pixels.

    r ← r + (k - 1) j, j ← j s for each layer of kernel k and stride s, from r = j = 1

    For a discriminator or a classifier it is the part of its input that one pixel of its last
    convolution depends on. For a generator, where a vector becomes an image, it is the other way
    round: the part of its output that one pixel of the first, small image reaches.

    r ← r + k - 1 for a convolution, r ← (r - 1) s + k for a transposed one, r ← s r for upsampling

    The edge of an image may cut it off. Of a residual block the branch counts, which sees further.

    Raises
    ------
    ValueError
        If there is no convolution, or the side depends on where the pixel lies: behind upsampling
        of an input that is an image.

    Source
    ------
    Araujo et al. 2019, "Computing receptive fields of convolutional neural networks" (doi
    10.23915/distill.00021).
    """
    walk = _Walk()
    for _, layer in _layers(network):
        walk.through(layer)
    if walk.r is None or not walk.convolutions:
        why = "a side that differs from pixel to pixel" if walk.convolutions else "no convolutions"
        raise ValueError(f"{type(network).__name__} has {why}: there is no receptive field")
    return walk.r


def ledger(network: nn.Module, *inputs: Tensor) -> list[Row]:
    """Return a row for each layer that a network goes through with these inputs.

    The numbers of parameters add up to those of the network: layers that these inputs do not meet
    stand at the end, without a shape. A layer that is met twice has its parameters once.

    Parameters
    ----------
    network
        Any network; it stays as it is.
    inputs
        What it takes, a batch of one sample or more.

    Returns
    -------
    list[Row]
        (layer, shape, parameters, sees), in the order of the computation.
    """
    network = copy.deepcopy(network).eval()
    rows: list[Row] = []
    met: set[Any] = set()
    walk = _Walk()

    def note(name: str, layer: nn.Module, y: Tensor) -> None:
        row = _title(name, layer), tuple(y.shape[1:]), _count(layer, met), walk.through(layer)
        rows.append(Row(*row))

    for name, layer in _layers(network):
        layer.register_forward_hook(lambda layer, _, y, name=name: note(name, layer, y))
    with torch.no_grad():
        network(*inputs)
    for name, layer in _layers(network):
        if layer not in met and _count(layer, set()):
            rows.append(Row(_title(name, layer), None, _count(layer, met), None))
    return rows


class _Walk:
    """Follows a square of r pixels through a network, layer by layer; r is None once it is lost."""

    def __init__(self) -> None:
        self.r: Any = 1
        self.jump, self.convolutions = 1, 0
        self.in_image, self.drawing = True, False

    def through(self, layer: Any) -> int | None:
        """Take one layer more; return r where there is an image that convolutions have met."""
        if isinstance(layer, nn.Unflatten):  # a generator's first image
            self.r, self.in_image, self.drawing = 1, True, True
        elif isinstance(layer, _VECTORS):
            self.in_image = False
        elif isinstance(layer, _WINDOWS):
            self.in_image = True
            self.convolutions += isinstance(layer, _CONVOLUTIONS)
            self.r = self.r and (self._drawn(layer) if self.drawing else self._seen(layer))
        return self.r if self.in_image and (self.drawing or self.convolutions) else None

    def _seen(self, layer: Any) -> int | None:
        if isinstance(layer, _GROWING):
            return None  # it depends on where the pixel lies
        r = self.r + (_side(layer) - 1) * self.jump
        self.jump *= _number(layer.stride)
        return r

    def _drawn(self, layer: Any) -> int | None:
        if isinstance(layer, nn.Upsample):
            return self.r * int(_number(layer.scale_factor)) if layer.mode == "nearest" else None
        if isinstance(layer, nn.ConvTranspose2d):
            return (self.r - 1) * _number(layer.stride) + _side(layer)
        return self.r + _side(layer) - 1 if _number(layer.stride) == 1 else None


def _number(value: Any) -> Any:
    return value[0] if isinstance(value, tuple) else value


def _side(layer: Any) -> int:
    """Return the side of a kernel, with the gaps of its dilation."""
    return (_number(layer.kernel_size) - 1) * _number(getattr(layer, "dilation", 1)) + 1


def _layers(network: nn.Module) -> Iterator[tuple[str, Any]]:
    """Go through the layers that have no layers inside."""
    for name, layer in network.named_modules():
        if not layer._modules:
            yield name, layer


def _title(name: str, layer: nn.Module) -> str:
    return f"{name} {type(layer).__name__}"


def _count(layer: nn.Module, met: set[Any]) -> int:
    if layer in met:
        return 0
    met.add(layer)
    return sum(weight.numel() for weight in layer.parameters())
