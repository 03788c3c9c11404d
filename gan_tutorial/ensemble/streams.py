"""N independent random streams, one for each member of an ensemble."""

import copy
from collections.abc import Iterator, Sequence
from typing import Any

import torch
from torch import Tensor
from torch.utils._python_dispatch import TorchDispatchMode

from gan_tutorial.checks import whole


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
        self.seed, self.members = _word("seed", seed), _members(replicas)
        self.generators = [
            torch.Generator("cpu").manual_seed(member_seed(self.seed, member))
            for member in self.members
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

    def __deepcopy__(self, memo: Any) -> "Streams":
        """Return the same streams: a copy of a network draws on from where the network stands."""
        return self

    def rand(self, *shape: int) -> Tensor:
        """Return uniform numbers in [0, 1), shape (N, *shape), each member from its stream."""
        return self._draw(Tensor.uniform_, shape)

    def randn(self, *shape: int) -> Tensor:
        """Return standard normal numbers, shape (N, *shape), each member from its stream."""
        return self._draw(Tensor.normal_, shape)

    def bernoulli(self, p: float, *shape: int) -> Tensor:
        """Return ones with probability p, else zeros, shape (N, *shape), each from its stream."""
        return self._draw(Tensor.bernoulli_, shape, p=p)

    def _draw(self, fill: Any, shape: tuple[int, ...], **options: float) -> Tensor:
        out = torch.empty(len(self), *shape, device="cpu")  # whatever the default device is
        for row, generator in zip(out, self.generators, strict=True):
            fill(row, generator=generator, **options)
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
        If `seed` or `member` is not a whole number from 0 to 2³² - 1.
    """
    seed, member = _word("seed", seed), _word("a member", member)
    if member == 0:
        return seed
    h = member << 32 | seed
    h = ((h ^ h >> 30) * 0xBF58476D1CE4E5B9) & (2**64 - 1)
    h = ((h ^ h >> 27) * 0x94D049BB133111EB) & (2**64 - 1)
    return (h ^ h >> 31) & (2**32 - 1)


class Operations(TorchDispatchMode):
    """A look at every operation of PyTorch in this thread."""

    @classmethod
    def _should_skip_dynamo(cls) -> bool:
        """Leave PyTorch's compiler alone: to load it takes two seconds of a processor."""
        return False


class lend(Operations):  # noqa: N801
    """Let what would draw from PyTorch's global random stream draw from another one.

    `with lend(generator):` holds in this thread alone, and the global stream stays as it is. The
    numbers are those that `torch.manual_seed` and the generator's seed would give.
    """

    def __init__(self, generator: torch.Generator) -> None:
        super().__init__()
        self.generator = generator

    def __torch_dispatch__(self, operation, types, args=(), kwargs=None):  # type: ignore[no-untyped-def]
        """Hand the generator to an operation that draws and was given none."""
        kwargs = dict(kwargs or {})
        if draws_globally(operation, kwargs):
            names = [argument.name for argument in operation._schema.arguments]
            if "generator" not in names:  # torch.rand has one in another form of it
                form = operation._overloadname.replace("default", "")
                operation = getattr(operation.overloadpacket, f"{form}_generator".lstrip("_"))
            kwargs["generator"] = self.generator
        return operation(*args, **kwargs)


def draws_globally(operation: Any, options: dict[str, Any]) -> bool:
    """Whether an operation of PyTorch draws from its global random stream."""
    drawn = torch.Tag.nondeterministic_seeded in operation.tags
    return drawn and options.get("generator") is None


def _word(name: str, value: Any) -> int:
    """Return a whole number of 32 bits."""
    try:
        number = whole(name, value, 0)
    except ValueError:
        number = -1
    if not 0 <= number < 2**32:
        raise ValueError(f"{name} must be a whole number from 0 to 4294967295, got {value!r}")
    return number


def _members(replicas: Any) -> list[int]:
    """Return the members that a number of replicas, or a list of members, stands for."""
    if getattr(replicas, "ndim", 0) == 1:  # NumPy's and PyTorch's lists
        replicas = replicas.tolist()
    if isinstance(replicas, (list, tuple, range)) and len(replicas):
        return [_word("a member", member) for member in replicas]
    return list(range(whole("replicas", replicas)))
