"""Do networks, data and losses fit? What does not is said in a sentence, at the first step."""

import contextlib
import copy
import inspect
import pickle
from collections.abc import Iterator
from typing import Any

import numpy as np
import torch
from torch import Tensor

from gan_tutorial.ensemble import Streams, check_forward
from gan_tutorial.ensemble.streams import Operations, draws_globally
from gan_tutorial.training.run import Run


class Pairs:
    """One loss, or one for each of k equal blocks of members, as a pair of functions.

    `d` and `g` take logits (N, m, 1) and return one value for each member, (N,).

    Raises
    ------
    ValueError
        If a loss is no pair of functions, does not fit the members, or returns another shape.
    """

    def __init__(self, loss: Any, replicas: int) -> None:
        self.pairs = loss if isinstance(loss, list) else [loss]
        self.replicas = replicas
        for pair in self.pairs:
            if not all(callable(getattr(pair, player, None)) for player in "dg"):
                raise ValueError(
                    f"loss must be a pair of functions, loss.d and loss.g, got {name_of(pair)}"
                )
        if not self.pairs or replicas % len(self.pairs):
            raise ValueError(
                f"{replicas} members cannot be split into equal blocks for {len(self.pairs)} losses"
            )
        self.g_uses_real = any(getattr(pair, "g_uses_real", False) for pair in self.pairs)

    def d(self, real_logits: Tensor, fake_logits: Tensor) -> Tensor:
        """Return L_D of every member."""
        return self._each("d", real_logits, fake_logits)

    def g(self, real_logits: Tensor, fake_logits: Tensor) -> Tensor:
        """Return L_G of every member."""
        return self._each("g", real_logits, fake_logits)

    def _each(self, player: str, real_logits: Tensor, fake_logits: Tensor) -> Tensor:
        size = self.replicas // len(self.pairs)
        if len(self.pairs) == 1:
            pair_loss = getattr(self.pairs[0], player)
            return per_member(f"loss.{player}", pair_loss(real_logits, fake_logits), size)
        blocks = zip(self.pairs, real_logits.split(size), fake_logits.split(size), strict=True)
        return torch.cat([
            per_member(f"loss.{player}", getattr(pair, player)(real, fake), size)
            for pair, real, fake in blocks
        ])  # fmt: skip


def per_member(name: str, value: Any, replicas: int) -> Tensor:
    """Return a value of shape (N,), which is what a loss or a penalty must have.

    Raises
    ------
    ValueError
        If it is something else, such as a mean over all members at once.
    """
    if isinstance(value, Tensor):
        if value.shape == (replicas,):
            return value
        if replicas == 1 and value.numel() == 1:
            return value.reshape(1)
        found = f"a tensor of shape {tuple(value.shape)}"
    else:
        found = f"a {type(value).__name__}"
    raise ValueError(
        f"{name} must return one value for each of the {replicas} members, shape ({replicas},), "
        f"and returned {found}; a mean over the samples of a member is .mean(dim=(-2, -1))"
    )


def check_penalty(name: str, penalty: Any) -> None:
    """Refuse a penalty that cannot be called as one.

    Raises
    ------
    ValueError
        If it does not take (D, x_real, x_fake, generator).
    """
    try:
        inspect.signature(penalty).bind(None, None, None, None)
    except TypeError as error:
        raise ValueError(
            f"{name} must take (D, x_real, x_fake, generator): {error}; see losses.r1"
        ) from None
    except ValueError:  # some callables have no signature
        return


def tried(name: str, part: Any, D: Any, x_real: Tensor, *others: Any) -> Any:
    """Return what a part that people write makes of the samples of N members.

    Raises
    ------
    ValueError
        If it stumbles over their shape.
    """
    try:
        return part(D, x_real, *others)
    except torch.OutOfMemoryError:
        raise
    except RuntimeError as error:
        raise ValueError(
            f"{name} failed on samples of shape {tuple(x_real.shape)}, a batch for each member: "
            f"{error}"
        ) from error


def with_labels(sample: Any, like: Tensor) -> tuple[Tensor, tuple[Tensor, ...]]:
    """Return what a target drew as samples, and a tuple of their labels: one, or none."""
    x_real, *labels = sample if isinstance(sample, (tuple, list)) else (sample,)
    return x_real.to(like), tuple(_beside(label, like) for label in labels)


def _beside(label: Tensor, like: Tensor) -> Tensor:
    return label.to(like) if label.is_floating_point() else label.to(like.device)


def name_of(part: Any) -> str:
    """Name a loss, penalty or schedule in a way that is the same in the next process."""
    if isinstance(part, (tuple, list)):
        return ", ".join(name_of(each) for each in part)
    name = getattr(part, "__qualname__", None) or repr(part)
    return type(part).__qualname__ if " at 0x" in name else name


def check_networks(G: Any, D: Any, target: Any, batch_size: int) -> Tensor:
    """Try one batch through plain G and D; return some real samples, as a mark of the target.

    Raises
    ------
    ValueError
        If something is missing, or one part's output is not another's input.
    """
    places = {(p.device, p.dtype) for network in (G, D) for p in network.parameters()}
    if len(places) != 1:
        found = ", ".join(sorted(f"{device} {dtype}" for device, dtype in places))
        raise ValueError(
            f"G and D must share one device and one dtype, got {found or 'no weights'}"
        )
    ((device, dtype),) = places
    if device.type == "meta" or not dtype.is_floating_point:
        raise ValueError(f"G and D must hold floating-point weights, got {dtype} on {device}")
    for network, name in ((G, "noise_dim"), (D, "logits")):
        if not hasattr(network, name):
            raise ValueError(f"{type(network).__name__} needs .{name}, which train uses")
    for network in (G, D):
        for name, weight in network.named_parameters():
            if not weight.requires_grad:
                raise ValueError(
                    f"the weight {name!r} of {type(network).__name__} is frozen (requires_grad is "
                    f"False): train draws and trains all weights anew, and cannot keep it"
                )
    like = next(G.parameters())
    x_real, labels = _try_target(target, min(batch_size, 16))
    given = [_beside(_rows(label[0], batch_size), like) for label in labels]
    G, D = copy.deepcopy((G, D))  # a forward pass moves the statistics of BatchNorm
    with torch.no_grad():
        z = torch.zeros(batch_size, G.noise_dim, device=device, dtype=dtype)
        x_fake = _tensor(G, "G", G(z, *given))
        if x_fake.shape[1:] != x_real.shape[2:]:
            ours, theirs = tuple(x_fake.shape[1:]), tuple(x_real.shape[2:])
            raise ValueError(
                f"G makes samples with {ours[0]} coordinates, the target's have {theirs[0]}"
                if len(ours) == len(theirs) == 1
                else f"G makes samples of shape {ours}, the target's have {theirs}"
            )
        logits = _tensor(D, "D.logits", D.logits(x_fake, *given))
    answers = batch_size * getattr(D, "logits_per_sample", 1)  # such as one for each patch
    if logits.shape != (answers // getattr(D, "samples_per_logit", 1), 1):
        raise ValueError(
            f"D.logits must return shape (m, 1), got {tuple(logits.shape)} for m = {batch_size}"
        )
    return x_real


def _try_target(target: Any, n: int) -> tuple[Tensor, tuple[Tensor, ...]]:
    """Return n samples of one member, (1, n, *data_shape), and their labels."""
    if not callable(getattr(target, "sample", None)):
        raise ValueError(
            f"target must have .sample(n, generator=...), got a {type(target).__name__}; "
            "data.empirical makes a target of a tensor, an array or a DataLoader"
        )
    try:
        inspect.signature(target.sample).bind(n, generator=None)
    except TypeError as error:
        raise ValueError(
            f"{type(target).__name__}.sample must take (n, generator=...): {error}"
        ) from None
    sample = target.sample(n, generator=Streams(0, 1))
    x_real, *labels = sample if isinstance(sample, (tuple, list)) else (sample,)
    for name, part in (("samples", x_real), *(("labels", label) for label in labels)):
        if not isinstance(part, Tensor):
            raise ValueError(f"the target's {name} must be tensors, got a {type(part).__name__}")
        if part.shape[:2] != (1, n) or (name == "samples" and part.dim() < 3):
            raise ValueError(
                f"the target's {name} for streams of N members must have shape "
                f"(N, n, ...), got {tuple(part.shape)} for N = 1, n = {n}: draw them by "
                "generator.rand(n, ...) or generator.randn(n, ...)"
            )
    if not x_real.is_floating_point():
        raise ValueError(f"the target's samples must be floating-point numbers, got {x_real.dtype}")
    if not x_real.isfinite().all():
        raise ValueError(
            f"the target's samples must be finite, got {x_real[~x_real.isfinite()][0].item()}"
        )
    return x_real, tuple(labels)


def _rows(label: Tensor, n: int) -> Tensor:
    """Return n labels like these, repeated if need be."""
    return label.repeat(-(-n // len(label)), *[1] * (label.dim() - 1))[:n]


def _tensor(network: Any, name: str, value: Any) -> Tensor:
    if not isinstance(value, Tensor):
        raise ValueError(
            f"{name} of {type(network).__name__} must return one tensor, "
            f"got a {type(value).__name__}"
        )
    return value


def check_members(run: Run, target: Any, batch_size: int) -> None:
    """Try members of a run alone, as ordinary networks: they must compute the same.

    Only networks with a class of somebody's own are tried: those of PyTorch and of this package
    treat members apart, and are tested.

    Raises
    ------
    ValueError
        If a network takes the member for the batch, so that members are mixed, or one member's
        samples are not; or if it draws random numbers of its own.
    """
    if not (_own_class(run.G) or _own_class(run.D)):
        return
    like, trial = next(run.G.parameters()), Streams(0, len(run.streams))
    x_real, labels = with_labels(target.sample(batch_size, generator=trial), like)
    if _own_class(run.G):
        z = trial.randn(batch_size, run.G.noise_dim).to(like)
        check_forward(run.G, z, *labels)
    if _own_class(run.D):
        check_forward(run.D, x_real, *labels, name="logits")


def _own_class(network: Any) -> bool:
    known = ("torch", "gan_tutorial")
    return any(type(part).__module__.partition(".")[0] not in known for part in network.modules())


@contextlib.contextmanager
def no_other_randomness() -> Iterator[None]:
    """Refuse a step that draws from a global random stream, which no seed of `train` governs.

    Raises
    ------
    ValueError
        If something in the step, and in this thread, draws from PyTorch's global stream, or if
        NumPy's stands elsewhere afterwards.
    """
    before = pickle.dumps(np.random.get_state())
    with _NoDraws():
        yield
    if pickle.dumps(np.random.get_state()) != before:
        raise ValueError(_outside("NumPy's global random stream was drawn from"))


class _NoDraws(Operations):
    """Looks at every operation of this thread."""

    def __torch_dispatch__(self, operation: Any, types: Any, args: Any = (), kwargs: Any = None):  # type: ignore[no-untyped-def]
        if draws_globally(operation, kwargs or {}):
            name = operation.overloadpacket.__name__
            raise ValueError(_outside(f"{name} drew from PyTorch's global random stream"))
        return operation(*args, **(kwargs or {}))


def _outside(what: str) -> str:
    return (
        f"{what} in the first step, so that the seed does not say what a run is. This was G, D, "
        "the loss, the penalty or the target: draw from the generator that a penalty or a target "
        "is given, or use nn.Dropout"
    )
