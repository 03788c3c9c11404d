"""What an ensemble can hold: each kind of layer, and the layer that is N of them."""

from collections.abc import Iterator
from typing import Any

from torch import nn
from torch.nn.utils import parametrize
from torch.nn.utils.parametrizations import _SpectralNorm, _WeightNorm

from gan_tutorial.ensemble.dropout import EnsembleDropout
from gan_tutorial.ensemble.images import (
    EnsembleConv,
    EnsembleConvTranspose,
    EnsembleFlatten,
    EnsembleImages,
    EnsembleUnflatten,
)
from gan_tutorial.ensemble.linear import EnsembleEmbedding, EnsembleLinear
from gan_tutorial.ensemble.norms import EnsembleBatchNorm, EnsembleGroupNorm, EnsembleLayerNorm
from gan_tutorial.ensemble.weights import EnsembleSpectralNorm, EnsembleWeightNorm

ELEMENTWISE = (
    nn.Identity,
    nn.ReLU,
    nn.LeakyReLU,
    nn.Tanh,
    nn.Sigmoid,
    nn.ELU,
    nn.GELU,
    nn.SiLU,
    nn.Softplus,
)

# Layer -> N of them. None: it treats every number apart, and does for N what it does for one.
TABLE: dict[type[nn.Module], Any] = {
    nn.Linear: EnsembleLinear,
    nn.Conv2d: EnsembleConv,
    nn.ConvTranspose2d: EnsembleConvTranspose,
    nn.Embedding: EnsembleEmbedding,
    nn.BatchNorm1d: EnsembleBatchNorm,
    nn.BatchNorm2d: EnsembleBatchNorm,
    nn.LayerNorm: EnsembleLayerNorm,
    nn.GroupNorm: EnsembleGroupNorm,
    nn.Dropout: EnsembleDropout,
    nn.Flatten: EnsembleFlatten,
    nn.Unflatten: EnsembleUnflatten,
    nn.Upsample: EnsembleImages,
    nn.AvgPool2d: EnsembleImages,
    nn.MaxPool2d: EnsembleImages,
    nn.AdaptiveAvgPool2d: EnsembleImages,
    **dict.fromkeys(ELEMENTWISE),
}

# PyTorch's parametrization of a layer's weight -> N of them.
PARAMETRIZATIONS: dict[type[nn.Module], Any] = {
    _SpectralNorm: EnsembleSpectralNorm,
    _WeightNorm: EnsembleWeightNorm,
}

_CONTAINERS = (nn.Sequential, nn.ModuleList, nn.ModuleDict)  # which may be empty


def kind_of(layer: nn.Module) -> type[nn.Module] | None:
    """Return the kind in the table that a layer is, or None.

    A subclass counts if it computes the same: if its `forward` is the kind's own.
    """
    cls: Any = parametrize.type_before_parametrizations(layer)
    for kind in cls.__mro__:
        if kind in TABLE and cls.forward is kind.forward:
            return kind
    return None


def norm_of(layer: Any) -> Any:
    """Return the one parametrization of a layer's weight, or None."""
    if not parametrize.is_parametrized(layer, "weight"):
        return None
    (norm,) = layer.parametrizations.weight
    return norm


def allowed() -> str:
    """Return what the table allows, in words."""
    kinds = ", ".join(kind.__name__ for kind in TABLE)
    norms = " and ".join(form.title for form in PARAMETRIZATIONS.values())
    return (
        f"{kinds}; PyTorch's parametrizations {norms} of a weight; layers without weights that "
        f"treat leading indices apart and say so by per_member = True; and modules made of these"
    )


def check(network: nn.Module) -> None:
    """Refuse a network with a part that cannot be made N-fold.

    Raises
    ------
    ValueError
        If there is such a part. It is named, and what is allowed is listed.
    """
    for what in _refused(network):
        raise ValueError(f"cannot replicate {what}. An ensemble can hold {allowed()}")


def _refused(network: nn.Module) -> Iterator[str]:
    """Go through a network and say what cannot be replicated, in words."""
    inside: set[int] = set()  # what stands in a layer of the table, such as its parametrizations
    owners: dict[int, str] = {}
    for name, layer in network.named_modules():
        if id(layer) in inside:
            continue
        kind, title = kind_of(layer), parametrize.type_before_parametrizations(layer).__name__
        title = f"{'an' if title[0] in 'AEIOU' else 'a'} {title}"
        this = f"layer {name!r}, {title}"
        if kind is None:
            leaf = not (layer._modules or isinstance(layer, _CONTAINERS))
            for own in () if leaf and _is_torchs(layer) else layer._parameters:
                path = f"{name}.{own}".lstrip(".")
                yield f"{path!r}, a Parameter of {title}'s own, outside the layers"
            if leaf and not getattr(layer, "per_member", False):
                yield this
            continue
        inside.update(map(id, layer.modules()))
        for parameter in layer.parameters():
            if id(parameter) in owners:
                yield f"{this} that shares a weight with layer {owners[id(parameter)]!r}"
            owners[id(parameter)] = name
        yield from (f"{this} {why}" for why in _unfit(layer, kind) if why)


def _is_torchs(layer: nn.Module) -> bool:
    return type(layer).__module__.startswith("torch.")


def _unfit(layer: Any, kind: type[nn.Module]) -> Iterator[str]:
    """Say why a layer of the table cannot be replicated, if so."""
    if TABLE[kind] is None:
        return
    if layer._forward_pre_hooks or layer._forward_hooks:  # such as the older spectral_norm
        yield "with a hook (use torch.nn.utils.parametrizations)"
    for name in layer._parameters.keys() - {"weight", "bias"}:
        yield f"with a Parameter of its own, {name!r}"
    parts = layer.parametrizations if parametrize.is_parametrized(layer) else {}
    for name, norms in parts.items():
        names = " and ".join(type(norm).__name__.lstrip("_") for norm in norms)
        if name != "weight" or len(norms) > 1 or type(norms[0]) not in PARAMETRIZATIONS:
            yield f"with {name} under {names}"
        yield PARAMETRIZATIONS[type(norms[0])].cannot(norms[0], layer.weight)
    yield TABLE[kind].cannot(layer)
