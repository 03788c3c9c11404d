"""Many runs for little more than the price of one: N replicas of a network as one batched network.

`Streams` are N independent random streams. `replicate` turns an ordinary network into N of them,
each with its own weights, drawn from its own stream, and with its own statistics. Data then has a
leading index, the member: (N, m, features) instead of (m, features).
"""

import copy
from collections.abc import Iterator, Sequence
from typing import Any, TypeVar

import torch
from torch import Tensor, nn
from torch.nn.functional import batch_norm, normalize
from torch.nn.utils import parametrize
from torch.nn.utils.parametrizations import _SpectralNorm, spectral_norm

Network = TypeVar("Network", bound=nn.Module)

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


class Streams:
    """N independent random streams, one for each member of an ensemble.

    Member i of seed s has its own stream, found from a hash of (s, i); member 0 has s itself, so
    that a single run is what `torch.manual_seed(s)` would give. What member i draws does not
    depend on how many members there are.

    Parameters
    ----------
    seed
        A whole number from 0 to 2³² - 1. PyTorch's CPU streams use no more bits than that.
    replicas
        Number of members N, at least 1; or the members themselves, such as [0, 1, 0, 1], where
        equal members draw equal numbers.

    Raises
    ------
    ValueError
        If `seed` or `replicas` is out of range.
    """

    def __init__(self, seed: int, replicas: int | Sequence[int]) -> None:
        self.seed, self.members = seed, _members(replicas)
        self.generators = [
            torch.Generator().manual_seed(member_seed(seed, member)) for member in self.members
        ]

    def __len__(self) -> int:
        return len(self.generators)

    def __iter__(self) -> Iterator[torch.Generator]:
        return iter(self.generators)

    def __getitem__(self, part: slice) -> "Streams":
        """Return the streams of some of the members: the same streams, not copies."""
        streams = copy.copy(self)
        streams.members, streams.generators = self.members[part], self.generators[part]
        return streams

    def rand(self, *shape: int) -> Tensor:
        """Return uniform numbers in [0, 1), shape (N, *shape), each member from its stream."""
        out = torch.empty(len(self), *shape)
        for row, generator in zip(out, self.generators, strict=True):
            row.uniform_(generator=generator)
        return out

    def randn(self, *shape: int) -> Tensor:
        """Return standard normal numbers, shape (N, *shape), each member from its stream."""
        out = torch.empty(len(self), *shape)
        for row, generator in zip(out, self.generators, strict=True):
            row.normal_(generator=generator)
        return out

    def state(self) -> Tensor:
        """Return where the streams stand, for a checkpoint."""
        return torch.stack([generator.get_state() for generator in self.generators])

    def restore(self, state: Tensor) -> None:
        """Go back to where `state()` was taken."""
        for generator, row in zip(self.generators, state, strict=True):
            generator.set_state(row.clone())  # set_state reads from the start of the storage


def member_seed(seed: int, member: int) -> int:
    """Return the seed of one member's stream: `seed` for member 0, else a hash of both.

    The hash is the finaliser of SplitMix64 on 2³² · member + seed, of which the low 32 bits stay.

    Raises
    ------
    ValueError
        If `seed` is not a whole number from 0 to 2³² - 1.
    """
    if not isinstance(seed, int) or isinstance(seed, bool) or not 0 <= seed < 2**32:
        raise ValueError(f"seed must be a whole number from 0 to 4294967295, got {seed!r}")
    if member == 0:
        return seed
    h = (member << 32 | seed) & (2**64 - 1)
    h = ((h ^ h >> 30) * 0xBF58476D1CE4E5B9) & (2**64 - 1)
    h = ((h ^ h >> 27) * 0x94D049BB133111EB) & (2**64 - 1)
    return (h ^ h >> 31) & (2**32 - 1)


def _members(replicas: Any) -> list[int]:
    """Return the members that a number of replicas, or a list of members, stands for."""
    if isinstance(replicas, (list, tuple, range)) and len(replicas):
        for member in replicas:
            if not isinstance(member, int) or isinstance(member, bool) or not 0 <= member < 2**32:
                raise ValueError(f"a member must be a whole number of at least 0, got {member!r}")
        return list(replicas)
    if not isinstance(replicas, int) or isinstance(replicas, bool) or replicas < 1:
        raise ValueError(f"replicas must be an integer of at least 1, got {replicas!r}")
    return list(range(replicas))


class EnsembleLinear(nn.Module):
    """N linear layers side by side.

    y[i] = x[i] W[i]ᵀ + b[i]

    Shapes
    ------
    weight (N, out, in), bias (N, 1, out); x (N, m, in) -> (N, m, out). An x of shape (m, in) is
    given to every member.
    """

    def __init__(self, linear: nn.Linear, replicas: int) -> None:
        super().__init__()
        weight, bias = linear.weight.detach(), linear.bias.detach()
        transposed = weight.T.repeat(replicas, 1, 1)  # in memory; saves a copy of each gradient
        self.weight = nn.Parameter(transposed.transpose(1, 2))
        self.bias = nn.Parameter(bias.repeat(replicas, 1, 1))

    def forward(self, x: Tensor) -> Tensor:
        """Return the N outputs for the N batches x."""
        weight = self.weight
        replicas, outputs, inputs = weight.shape
        if x.dim() == 2:
            x = x.expand(replicas, -1, -1)
        kind, wanted = (x.dtype, x.device), (weight.dtype, weight.device)
        if x.shape[:1] + x.shape[2:] != (replicas, inputs) or kind != wanted:
            raise ValueError(
                f"an ensemble of {replicas} takes a batch for each member, shape "
                f"({replicas}, m, {inputs}) in {weight.dtype} on {weight.device}, "
                f"got {tuple(x.shape)} in {x.dtype} on {x.device}"
            )
        if replicas > 1 and outputs == 1:  # many products with one column each are slow
            return (x * weight).sum(dim=-1, keepdim=True) + self.bias
        return torch.baddbmm(self.bias, x, weight.transpose(1, 2))


class EnsembleBatchNorm(nn.Module):
    """N batch normalisations side by side, each by the statistics of its own member's batch.

    y[i] = (x[i] - mean[i]) / √(var[i] + eps) · weight[i] + bias[i]

    In training mode mean and var are those of x[i], and running averages of them are kept. In
    evaluation mode they are the running averages. Both are as in `nn.BatchNorm1d`.

    Shapes
    ------
    weight, bias, running_mean, running_var (N, 1, features); x (N, m, features) -> the same
    """

    running_mean: Tensor
    running_var: Tensor

    def __init__(self, layer: nn.BatchNorm1d, replicas: int) -> None:
        super().__init__()
        self.eps, self.momentum = layer.eps, layer.momentum
        self.weight = nn.Parameter(layer.weight.detach().repeat(replicas, 1, 1))
        self.bias = nn.Parameter(layer.bias.detach().repeat(replicas, 1, 1))
        self.register_buffer("running_mean", torch.zeros_like(self.weight).detach())
        self.register_buffer("running_var", torch.ones_like(self.weight).detach())

    def forward(self, x: Tensor) -> Tensor:
        """Return the N normalised batches."""
        replicas, _, features = self.weight.shape
        x = x.expand(replicas, -1, -1)
        y = batch_norm(
            x.transpose(0, 1).flatten(1),  # (m, N · features): each member's feature is a channel
            self.running_mean.view(-1),
            self.running_var.view(-1),
            self.weight.flatten(),
            self.bias.flatten(),
            self.training,
            self.momentum,  # type: ignore[arg-type]
            self.eps,
        )
        return y.unflatten(1, (replicas, features)).transpose(0, 1)


class EnsembleSpectralNorm(nn.Module):
    """Divide the weights of each of N linear layers by their largest singular value.

    W[i] / s[i], s[i] = u[i]ᵀ W[i] v[i], after u ← W v / ‖W v‖, v ← Wᵀ u / ‖Wᵀ u‖

    Each use in training mode does one more such step of power iteration, as PyTorch's
    `spectral_norm` does. The first v is constant, so that no random numbers are needed.

    Shapes
    ------
    W (N, out, in), u (N, out, 1), v (N, in, 1)
    """

    u: Tensor
    v: Tensor

    def __init__(self, weight: Tensor, iterations: int, eps: float) -> None:
        super().__init__()
        self.iterations, self.eps = iterations, eps
        self.register_buffer("u", None)
        self.register_buffer("v", torch.ones_like(weight[:, :1]).detach().mT)
        self._improve(weight, 15)

    @torch.no_grad()
    def _improve(self, weight: Tensor, iterations: int) -> None:
        for _ in range(iterations):
            self.u = normalize(weight @ self.v, dim=1, eps=self.eps)
            self.v = normalize(weight.mT @ self.u, dim=1, eps=self.eps)

    def forward(self, weight: Tensor) -> Tensor:
        """Return the N weight matrices, each with largest singular value 1."""
        if self.training:
            self._improve(weight, self.iterations)
        return weight / (self.u.mT @ weight @ self.v)


def replicate(network: Network, streams: Streams) -> Network:
    """Return N replicas of a network as one: every linear layer becomes N of them.

    Member i has weights of its own, drawn from stream i by the layers' own `reset_parameters`
    (by the network's, if it has one). It computes what that network would compute alone, up to
    the rounding of the last bits. BatchNorm and spectral norm are each member's own, and start
    afresh. The network you pass, and PyTorch's global random stream, stay as they were.

    Parameters
    ----------
    network
        Any module made of `nn.Linear` layers with biases, also under PyTorch's parametrization
        `spectral_norm`; of `nn.BatchNorm1d`; of elementwise activations; and of layers without
        weights that treat leading indices apart and say so by `per_member = True`.
    streams
        One stream for each member; they move on by what the weights need.

    Raises
    ------
    ValueError
        If the network has a layer that this function cannot make N of.
    """
    norms: dict[str, Any] = {
        name: layer.parametrizations.weight[0]
        for name, layer in network.named_modules()
        if _is_spectral(layer)
    }
    template = _map_layers(copy.deepcopy(network), nn.Linear, _without_spectral_norm)
    for name, layer in template.named_modules():
        _check(name, layer)
    ensemble = _map_layers(
        copy.deepcopy(template), nn.Linear, lambda layer: EnsembleLinear(layer, len(streams))
    )
    ensemble = _map_layers(
        ensemble, nn.BatchNorm1d, lambda layer: EnsembleBatchNorm(layer, len(streams))
    )
    template.cpu()  # streams are the CPU's: a GPU's weights come from them, too
    for member, generator in enumerate(streams):
        _draw_weights(template, generator)
        with torch.no_grad():
            for ours, theirs in zip(ensemble.parameters(), template.parameters(), strict=True):
                ours[member] = theirs
    for name, norm in norms.items():
        linear: Any = ensemble.get_submodule(name)
        ours = EnsembleSpectralNorm(linear.weight, norm.n_power_iterations, norm.eps)
        parametrize.register_parametrization(linear, "weight", ours)
    return ensemble.train(network.training)


def member(ensemble: Network, index: int) -> Network:
    """Return one member of an ensemble as the ordinary network that it is.

    Raises
    ------
    IndexError
        If there is no such member.
    """
    replicas = len(next(ensemble.parameters()))
    if not -replicas <= index < replicas:
        raise IndexError(f"the ensemble has members 0 to {replicas - 1}, got {index}")

    def pick_linear(layer: Any) -> nn.Linear:
        if not parametrize.is_parametrized(layer):
            return _linear(layer.weight[index], layer.bias[index, 0])
        linear: Any = _linear(layer.parametrizations.weight.original[index], layer.bias[index, 0])
        (ours,) = layer.parametrizations.weight
        with torch.random.fork_rng(devices=[]):  # PyTorch draws vectors of its own
            spectral_norm(linear, n_power_iterations=ours.iterations, eps=ours.eps)
        (theirs,) = linear.parametrizations.weight
        theirs._u.copy_(ours.u[index, :, 0])
        theirs._v.copy_(ours.v[index, :, 0])
        return linear.train(layer.training)

    def pick_norm(layer: EnsembleBatchNorm) -> nn.BatchNorm1d:
        norm = nn.BatchNorm1d(layer.weight.shape[-1], layer.eps, layer.momentum).to(layer.weight)
        for name in ("weight", "bias", "running_mean", "running_var"):
            getattr(norm, name).data.copy_(getattr(layer, name)[index, 0])
        return norm.train(layer.training)

    alone = _map_layers(copy.deepcopy(ensemble), EnsembleLinear, pick_linear)
    return _map_layers(alone, EnsembleBatchNorm, pick_norm)


def _check(name: str, layer: Any) -> None:
    """Refuse a layer that cannot be replicated."""
    kind = type(layer).__name__
    if isinstance(layer, nn.Linear):
        if layer.bias is None:
            raise ValueError(f"cannot replicate layer {name!r}, a Linear without bias")
        if layer._forward_pre_hooks:  # such as torch.nn.utils.spectral_norm, the older one
            raise ValueError(f"cannot replicate layer {name!r}, a {kind} with a hook")
    elif type(layer) is nn.BatchNorm1d:
        if not (layer.affine and layer.track_running_stats and layer.momentum is not None):
            raise ValueError(
                f"cannot replicate layer {name!r}, a BatchNorm1d without weights, running "
                f"statistics or momentum"
            )
    elif next(layer.children(), None) is None and not (
        isinstance(layer, ELEMENTWISE) or getattr(layer, "per_member", False)
    ):
        raise ValueError(f"cannot replicate layer {name!r}, a {kind}")


def _is_spectral(layer: Any) -> bool:
    if not parametrize.is_parametrized(layer, "weight"):
        return False
    parts = [type(part) for part in layer.parametrizations.weight]
    return isinstance(layer, nn.Linear) and parts == [_SpectralNorm]


def _without_spectral_norm(layer: Any) -> nn.Linear:
    if not _is_spectral(layer):
        return layer
    return _linear(layer.parametrizations.weight.original, layer.bias)


def _linear(weight: Tensor, bias: Tensor | None) -> nn.Linear:
    """Return a linear layer with copies of these weights."""
    outputs, inputs = weight.shape
    linear = torch.nn.utils.skip_init(
        nn.Linear, inputs, outputs, bias=bias is not None, dtype=weight.dtype, device=weight.device
    )
    linear.weight.data.copy_(weight)
    if bias is not None:
        linear.bias.data.copy_(bias)
    return linear


def block(ensemble: Network, part: slice) -> Network:
    """Return some of the members as an ensemble of their own, with copies of the weights."""
    ensemble, replicas = copy.deepcopy(ensemble), len(next(ensemble.parameters()))
    for tensor in (*ensemble.parameters(), *ensemble.buffers()):
        if tensor.shape[:1] == (replicas,):
            tensor.data = tensor.data[part].clone()
    return ensemble


def _map_layers(network, kind, change):  # type: ignore[no-untyped-def]
    """Put change(layer) in the place of every layer of a kind."""
    if isinstance(network, kind):
        return change(network)
    for name, child in network.named_children():
        setattr(network, name, _map_layers(child, kind, change))
    return network


def _draw_weights(network: Any, generator: torch.Generator) -> None:
    """Initialise a network from a stream: PyTorch's layers know only the global one, so lend it."""
    with torch.random.fork_rng(devices=[]):
        torch.set_rng_state(generator.get_state())
        if hasattr(network, "reset_parameters"):
            network.reset_parameters()
        else:
            for layer in network.modules():
                if isinstance(layer, (nn.Linear, nn.BatchNorm1d)):
                    layer.reset_parameters()
        generator.set_state(torch.get_rng_state())
