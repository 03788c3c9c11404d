"""A trial batch that shows whether the members of an ensemble are what they would be alone."""

import contextlib
import copy
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import torch
from torch import Tensor, nn

from gan_tutorial.ensemble.replication import block, member
from gan_tutorial.ensemble.streams import lend


def check_forward(
    ensemble: nn.Module, *batches: Tensor, name: str = "forward", penalty: bool = False
) -> Tensor:
    """Return what an ensemble computes on a trial batch, after seeing that it can be trusted.

    y[i] must be the same when PyTorch's global random stream is another, when member i stands in
    an ensemble of its own, and, in evaluation mode, when the ordinary network of member i computes
    it. The first and the last member are tried. Two results are the same if they differ by no more
    than 10⁻⁴ of the largest number.

    Parameters
    ----------
    ensemble
        What `replicate` returned. It stays as it is, and so do its streams.
    batches
        What the method takes, each of shape (N, m, ...); random numbers, not all zero.
    name
        The method: "forward", or "logits" of a discriminator.
    penalty
        Whether gradients of a gradient must exist, as a gradient penalty needs them.

    Shapes
    ------
    y (N, ...)

    Raises
    ------
    ValueError
        If one of these is not so, or y is not a tensor. The message says what may be done.
    """
    what, replicas = f"{type(ensemble).__name__}.{name}", len(batches[0])
    remedy = (
        "An ensemble puts the member in front of the batch: forward must count dimensions from "
        "the end, with dim=-1 for features, dim=-3 for channels, dim=-2 or dim=-4 for the batch, "
        "and use nn.Flatten() in place of x.view(len(x), -1)"
    )

    def run(network: Any, of: slice | int = slice(None), seed: int = 0) -> Tensor:
        return _run(network, [batch[of] for batch in batches], name, seed, what)

    lasting = copy.deepcopy(ensemble).eval()
    alone: dict[int, Tensor] = {}
    with contextlib.suppress(AttributeError, TypeError):  # statistics that only training gives
        alone = {i: run(member(lasting, i), i) for i in (0, replicas - 1)}
    try:
        y, still = run(ensemble), run(lasting) if alone else None
    except torch.OutOfMemoryError:
        raise
    except Exception as error:
        raise ValueError(
            f"{what} works for one network, but not for {replicas} at once: {error}. {remedy}"
        ) from error
    if not _same(y, run(ensemble, seed=1)):
        raise ValueError(
            f"{what} does not repeat its result: it draws random numbers that no seed governs. "
            f"Randomness must come from nn.Dropout or from z"
        )
    for i in (0, replicas - 1):
        part = slice(i, i + 1)
        fits = len(y) == replicas and _same(y[part], run(block(ensemble, part), part))
        if not fits or (still is not None and not _same(still[i], alone[i])):
            raise ValueError(
                f"in {what} member {i} of {replicas} does not compute what it computes alone. "
                f"{remedy}"
            )
    if penalty:
        _differentiate_twice(ensemble, batches, name, what)
    return y


def _run(network: Any, batches: list[Tensor], name: str, seed: int, what: str) -> Tensor:
    """Compute on a copy, and return one tensor."""
    with _copied(network, seed) as network, torch.no_grad():
        y = _method(network, name)(*batches)
    if not isinstance(y, Tensor):
        raise ValueError(f"{what} must return one tensor, got a {type(y).__name__}")
    return y


@contextmanager
def _copied(network: nn.Module, seed: int) -> Iterator[nn.Module]:
    """Try something on a copy of a network, so that statistics stay, and put its streams back."""
    streams: set[Any] = {layer.streams for layer in network.modules() if hasattr(layer, "streams")}
    before = [(each, each.state()) for each in streams]
    try:
        with lend(torch.Generator("cpu").manual_seed(seed)):
            yield copy.deepcopy(network)
    finally:
        for each, state in before:
            each.restore(state)


def _same(a: Tensor, b: Tensor) -> bool:
    if a.shape != b.shape:
        return False
    largest = b.nan_to_num(0, 0, 0).abs().max().item()
    return torch.allclose(a, b, rtol=0, atol=1e-4 * largest + 1e-6, equal_nan=True)


def _differentiate_twice(network: Any, batches: Any, name: str, what: str) -> None:
    """Take a gradient of a gradient, as a penalty does."""
    x, *others = batches
    x = x.detach().clone().requires_grad_()
    try:
        with _copied(network, seed=0) as network:
            y = _method(network, name)(x, *others)
            (slope,) = torch.autograd.grad(y.sum(), x, create_graph=True)
            slope.square().sum().backward()
    except RuntimeError as error:
        raise ValueError(
            f"{what} has no second derivatives, which a penalty needs: {error}. Operations in "
            f"place, such as x += y or F.relu_(x), are the usual reason"
        ) from error


def _method(network: Any, name: str) -> Any:
    return network if name == "forward" else getattr(network, name)
