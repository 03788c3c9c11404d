"""What generators, and what discriminators, have in common."""

from collections.abc import Callable, Iterable
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.utils import parametrize

Init = Callable[[Any], None]
_DRAWN = (nn.Linear, nn.Conv2d, nn.ConvTranspose2d, nn.BatchNorm2d)  # what `init` is called with


class _Network(nn.Module):
    """A network whose weights can be drawn afresh, by PyTorch's rule and then by `init`."""

    def __init__(self, init: Init | None) -> None:
        super().__init__()
        self.init = init

    def _finish(self, *layers: nn.Module) -> None:
        self.model = nn.Sequential(*layers)
        self._apply_init()

    def _apply_init(self) -> None:
        if self.init is not None:
            for layer in self.modules():
                if isinstance(layer, _DRAWN):
                    self.init(layer)

    def linears(self) -> list[nn.Linear]:
        """Return the linear layers, first to last."""
        return [layer for layer in self.modules() if isinstance(layer, nn.Linear)]

    def reset_parameters(self) -> None:
        """Draw all weights again from the global random stream, in the order of construction."""
        _draw_again(self.children())
        self._apply_init()


class _Generates(_Network):
    """A map from noise to samples, x_fake = G(z)."""

    noise_dim: int

    def forward(self, z: Tensor) -> Tensor:
        """Return G(z): z of shape (..., m, noise_dim) becomes samples (..., m, *data_shape)."""
        return self.model(_features(z, self.noise_dim, "z", "noise_dim"))


class _Judges(_Network):
    """A map from a sample to the probability that it is real, D(x) = sigmoid(logits(x))."""

    head: Any  # the last linear layer, from features to the logit

    def forward(self, x: Tensor) -> Tensor:
        """Return D(x) in (0, 1): x of shape (..., m, *data_shape) becomes (..., m, 1)."""
        return torch.sigmoid(self.logits(x))

    def logits(self, x: Tensor) -> Tensor:
        """Return log D(x) - log(1 - D(x)), the number before the sigmoid, shape (..., m, 1)."""
        return self.head(self.features(x))

    def features(self, x: Tensor) -> Tensor:
        """Return what the last linear layer sees, shape (..., m, f)."""
        raise NotImplementedError


class _Discriminates(_Judges):
    """A discriminator of vectors, whose layers end with a linear one and a sigmoid."""

    data_dim: int

    def features(self, x: Tensor) -> Tensor:
        """Return what the last linear layer sees, shape (..., m, f)."""
        x = _features(x, self.data_dim, "x", "data_dim")
        for layer in list(self.model)[:-2]:
            x = layer(x)
        return x

    @property
    def head(self) -> Any:
        """The last linear layer, from features to the logit."""
        return self.model[-2]


def _draw_again(layers: Iterable[Any]) -> None:
    """Let each layer, or the layers inside it, draw its weights by its own rule."""
    for layer in layers:
        if parametrize.is_parametrized(layer):
            raise ValueError("weights under spectral norm cannot be drawn again: start anew")
        if hasattr(layer, "reset_parameters"):
            layer.reset_parameters()
        else:
            _draw_again(layer.children())


def _features(x: Tensor, size: int, name: str, size_name: str) -> Tensor:
    if x.shape[-1:] != (size,):
        raise ValueError(
            f"{name} must have shape (..., {size_name}) with {size_name} = {size}, "
            f"got {tuple(x.shape)}"
        )
    if not x.is_floating_point():
        raise ValueError(f"{name} must hold floating-point numbers, got {x.dtype}")
    return x
