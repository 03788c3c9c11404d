"""What all N-fold layers have in common."""

import copy
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.utils import parametrize


class _Kept(tuple[Any, ...]):
    """What copies of a layer share, since nobody changes it."""

    def __deepcopy__(self, memo: Any) -> "_Kept":
        return self


class EnsembleLayer(nn.Module):
    """N layers of one kind side by side.

    A subclass makes N copies of the template's weights, each with a leading index and of three
    dimensions or more, and says in `forward` how N batches go through them.
    """

    weight: Any
    bias: Any
    parametrizations: Any
    streams: Any
    draws = False  # whether it is made from the streams, not from their number

    def __init__(self, layer: nn.Module) -> None:
        super().__init__()
        template = copy.deepcopy(layer).to("meta")  # its options, without its weights
        self.template = _Kept((template,))  # in a tuple, where no parameters are looked for

    @staticmethod
    def cannot(layer: Any) -> str:
        """Say what keeps this layer from being made N-fold, such as "with groups = 2", or ""."""
        return ""

    def repeat(self, name: str, weight: Tensor | None, replicas: int) -> None:
        """Give a weight N times as a parameter (N, *shape), with a 1 inserted if it is a vector."""
        if weight is not None:
            rows = weight if weight.dim() > 1 else weight[None]
            weight = nn.Parameter(rows.detach().expand(replicas, *rows.shape).clone())
        self.register_parameter(name, weight)

    def member(self, index: int) -> Any:
        """Return one of the N layers, an ordinary one with copies of its weights."""
        layer = copy.deepcopy(self.template[0])
        ours = dict(self.named_buffers(recurse=False)) | own_parameters(self)
        for name, tensor in own_parameters(layer).items():
            weight = ours[name].detach()[index].reshape(tensor.shape)
            weight = weight.clone(memory_format=torch.contiguous_format)
            layer.register_parameter(name, nn.Parameter(weight))
        for name, tensor in layer.named_buffers(recurse=False):
            if name in ours:
                layer.register_buffer(name, ours[name][index].reshape(tensor.shape).clone())
            else:  # BatchNorm's number of batches, which only its cumulative average needs
                layer.register_buffer(name, torch.zeros_like(tensor, device="cpu"))
        return layer.train(self.training)


def own_parameters(layer: Any) -> dict[str, Tensor]:
    """Return a layer's parameters by name, under a parametrization the one that it changes."""
    own = dict(layer.named_parameters(recurse=False))
    if parametrize.is_parametrized(layer):
        for name, parts in layer.parametrizations.items():
            own[name] = parts.original if hasattr(parts, "original") else parts.original1
    return own


def unlike(layer: Any, **wanted: Any) -> str:
    """Say which of a layer's options are not as wanted, such as "with groups = 2"."""
    other = [name for name, value in wanted.items() if getattr(layer, name) != value]
    return " and ".join(f"with {name} = {getattr(layer, name)!r}" for name in other)


def with_members(x: Tensor, replicas: int) -> Tensor:
    """Give a batch without a leading index, vectors (m, d) or images (m, C, H, W), to every one."""
    return x.expand(replicas, *x.shape) if x.dim() in (2, 4) else x


def check_batch(x: Tensor, weight: Tensor, shape: Any, fits: bool) -> None:
    """Refuse a batch that does not fit the N-fold weight that it is to meet."""
    if not fits or (x.dtype, x.device) != (weight.dtype, weight.device):
        raise ValueError(
            f"an ensemble of {len(weight)} takes a batch for each member, shape "
            f"({len(weight)}, m, {shape}) in {weight.dtype} on {weight.device}, "
            f"got {tuple(x.shape)} in {x.dtype} on {x.device}"
        )
