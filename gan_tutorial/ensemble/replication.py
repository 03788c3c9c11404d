"""From a network to N of them, and back to one or to some."""

import copy
import textwrap
from collections.abc import Callable
from typing import Any, TypeVar

import torch
from torch import nn
from torch.nn.utils import parametrize

from gan_tutorial.ensemble.layer import EnsembleLayer
from gan_tutorial.ensemble.streams import Streams, lend
from gan_tutorial.ensemble.table import PARAMETRIZATIONS, TABLE, allowed, check, kind_of, norm_of

Network = TypeVar("Network", bound=nn.Module)


def replicate(network: Network, streams: Streams) -> Network:
    """Return N replicas of a network as one: every layer becomes N of them.

    Member i has weights of its own, drawn from stream i by the layers' own `reset_parameters`
    (by the network's, if it has one). It computes what that network would compute alone, up to
    the rounding of the last bits. The statistics of BatchNorm and the vectors of spectral norm are
    each member's own, and start afresh; dropout draws from the member's stream. Activations that
    would work in place do not, so that gradients of gradients can be taken. The network you pass,
    and PyTorch's global random stream, stay as they were.

    Parameters
    ----------
    network
        Any module whose layers are in the table `TABLE`:
        {allowed}.
    streams
        One stream for each member; they move on by what the weights need.

    Shapes
    ------
    What the network takes as (m, ...), vectors or images, its replicas take as (N, m, ...). A
    batch (m, ...) is given to every member.

    Raises
    ------
    ValueError
        If the network has a layer that this function cannot make N of.
    """
    check(network)
    norms = {name: norm_of(layer) for name, layer in network.named_modules() if norm_of(layer)}
    template = _swap(copy.deepcopy(network), _without_norm)
    ensemble = _swap(copy.deepcopy(template), lambda layer: _side_by_side(layer, streams))
    layers = {name: layer for name, layer in ensemble.named_modules() if layer in _layers(ensemble)}
    template.cpu()  # streams are the CPU's: a GPU's weights come from them, too
    for member, generator in enumerate(streams):
        _draw_weights(template, generator)
        with torch.no_grad():
            for name, layer in layers.items():
                theirs = template.get_submodule(name)
                for key, weight in layer.named_parameters():
                    weight[member] = getattr(theirs, key)
    for name, norm in norms.items():
        parametrized: Any = ensemble.get_submodule(name)
        ours = PARAMETRIZATIONS[type(norm)](norm, parametrized.weight)
        parametrize.register_parametrization(parametrized, "weight", ours)
    return ensemble.train(network.training)


_ALLOWED = textwrap.fill(allowed(), 90, subsequent_indent=" " * 8)
replicate.__doc__ = (replicate.__doc__ or "").format(allowed=_ALLOWED)


def member(ensemble: Network, index: int) -> Network:
    """Return one member of an ensemble as the ordinary network that it is.

    Raises
    ------
    IndexError
        If there is no such member.
    """
    sizes = [len(weight) for weight in ensemble.parameters()]
    sizes += [len(layer.streams) for layer in _layers(ensemble) if layer.draws]
    replicas = next(iter(sizes), None)
    if replicas is not None and not -replicas <= index < replicas:
        raise IndexError(f"the ensemble has members 0 to {replicas - 1}, got {index}")

    def alone(layer: Any) -> Any:
        if not isinstance(layer, EnsembleLayer):
            return layer
        norm: Any = norm_of(layer)
        one: Any = layer.member(index)
        if norm is not None:
            norm.put_on(one, index)
            theirs = dict(one.parametrizations.weight.named_parameters())
            for name, ours in layer.parametrizations.weight.named_parameters():
                theirs[name].data.copy_(ours[index])
        return one.train(layer.training)

    return _swap(copy.deepcopy(ensemble), alone)


def block(ensemble: Network, part: slice) -> Network:
    """Return some of the members as an ensemble of their own, with copies of the weights."""
    ensemble = copy.deepcopy(ensemble)
    for layer in _layers(ensemble):
        for tensor in (*layer.parameters(), *layer.buffers()):
            tensor.data = tensor.data[part].clone()
        if layer.draws:
            layer.streams = layer.streams[part]
    return ensemble


def _layers(ensemble: nn.Module) -> list[EnsembleLayer]:
    return [layer for layer in ensemble.modules() if isinstance(layer, EnsembleLayer)]


def _side_by_side(layer: Any, streams: Streams) -> Any:
    """Return N of a layer, if it is one of the table."""
    kind = kind_of(layer)
    if kind is None:
        return layer
    if hasattr(layer, "inplace"):
        layer.inplace = False
    form = TABLE[kind]
    return form(layer, streams if form.draws else len(streams)) if form else layer


def _without_norm(layer: Any) -> Any:
    """Return a layer as it was before a parametrization of its weight."""
    if not parametrize.is_parametrized(layer, "weight"):
        return layer
    kind: Any = parametrize.type_before_parametrizations(layer)
    weight = getattr(layer.parametrizations.weight, "original", layer.weight)
    plain = kind.__new__(kind)  # PyTorch's remove_parametrizations changes the network passed, too
    plain.__dict__ |= layer.__dict__
    plain._modules = {}
    plain._parameters = {"weight": nn.Parameter(weight.detach()), **layer._parameters}
    return plain


def _swap(network: Any, change: Callable[[Any], Any], done: Any = None) -> Any:
    """Put change(layer) in the place of every layer; one that stands twice stays one."""
    done = {} if done is None else done
    if id(network) not in done:
        changed = change(network)
        done[id(network)] = changed, network  # which keeps the number from being used again
        for name, child in network._modules.items() if changed is network else ():
            if child is not None:
                network._modules[name] = _swap(child, change, done)
    return done[id(network)][0]


def _draw_weights(network: Any, generator: torch.Generator) -> None:
    """Initialise a network from a stream: PyTorch's layers know only the global one, so lend it."""
    with lend(generator):
        if hasattr(network, "reset_parameters"):
            network.reset_parameters()
        else:
            for layer in network.modules():
                if kind_of(layer) is not None and hasattr(layer, "reset_parameters"):
                    layer.reset_parameters()
