"""Many runs for little more than the price of one: N replicas of a network as one batched network.

`Streams` are N independent random streams. `replicate` turns an ordinary network into N of them,
each with its own weights drawn from its own stream. Data then has a leading index, the member:
(N, m, features) instead of (m, features).
"""

import copy
from collections.abc import Iterator
from typing import Any, TypeVar

import torch
from torch import Tensor, nn

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
        Number of members N, at least 1.

    Raises
    ------
    ValueError
        If `seed` or `replicas` is out of range.
    """

    def __init__(self, seed: int, replicas: int) -> None:
        if not isinstance(replicas, int) or isinstance(replicas, bool) or replicas < 1:
            raise ValueError(f"replicas must be an integer of at least 1, got {replicas!r}")
        self.seed = seed
        self.generators = [
            torch.Generator().manual_seed(member_seed(seed, member)) for member in range(replicas)
        ]

    def __len__(self) -> int:
        return len(self.generators)

    def __iter__(self) -> Iterator[torch.Generator]:
        return iter(self.generators)

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
        if x.dim() == 2:
            x = x.expand(len(weight), -1, -1)
        try:
            return torch.baddbmm(self.bias, x, weight.transpose(1, 2))
        except RuntimeError as error:
            replicas, _, inputs = weight.shape
            raise ValueError(
                f"an ensemble of {replicas} takes a batch for each member, shape "
                f"({replicas}, m, {inputs}) in {weight.dtype}, got {tuple(x.shape)} in {x.dtype}"
            ) from error


def replicate(network: Network, streams: Streams) -> Network:
    """Return N replicas of a network as one: every linear layer becomes N of them.

    Member i has weights of its own, drawn from stream i by the layers' own `reset_parameters`
    (by the network's, if it has one). It computes what that network would compute alone, up to
    the rounding of the last bits. The network you pass, and PyTorch's global random stream, stay
    as they were.

    Parameters
    ----------
    network
        Any module made of `nn.Linear` layers with biases and elementwise activations.
    streams
        One stream for each member; they move on by what the weights need.

    Raises
    ------
    ValueError
        If the network has a layer that this function cannot make N of.
    """
    template = copy.deepcopy(network)
    for name, layer in template.named_modules():
        if next(layer.children(), None) is None and not isinstance(
            layer, (nn.Linear, *ELEMENTWISE)
        ):
            raise ValueError(f"cannot replicate layer {name!r}, a {type(layer).__name__}")
        if isinstance(layer, nn.Linear) and layer.bias is None:
            raise ValueError(f"cannot replicate layer {name!r}, a Linear without bias")
    ensemble = _map_layers(
        copy.deepcopy(template), nn.Linear, lambda layer: EnsembleLinear(layer, len(streams))
    )
    for member, generator in enumerate(streams):
        _draw_weights(template, generator)
        with torch.no_grad():
            for ours, theirs in zip(ensemble.parameters(), template.parameters(), strict=True):
                ours[member] = theirs
    return ensemble


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

    def pick(layer: EnsembleLinear) -> nn.Linear:
        outputs, inputs = layer.weight.shape[1:]
        linear = torch.nn.utils.skip_init(nn.Linear, inputs, outputs, dtype=layer.weight.dtype)
        linear.weight.data.copy_(layer.weight[index])
        linear.bias.data.copy_(layer.bias[index, 0])
        return linear

    return _map_layers(copy.deepcopy(ensemble), EnsembleLinear, pick)


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
                if isinstance(layer, nn.Linear):
                    layer.reset_parameters()
        generator.set_state(torch.get_rng_state())
