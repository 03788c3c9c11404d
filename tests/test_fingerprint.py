"""Equal things have equal fingerprints, in this process and the next; others have others."""

from __future__ import annotations

import functools
import threading
import types
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import nn

from gan_tutorial import data, losses, networks, training
from gan_tutorial.fingerprint import fingerprint

LAYERED = {
    "plain": lambda: networks.MLPGenerator(3, 1, 8).double(),
    "norm": lambda: networks.MLPGenerator(3, 1, 8, norm=nn.BatchNorm1d),
    "spectral": lambda: networks.spectral(networks.MLPDiscriminator(1, 8)),
}


def defined(source: str, **names: object) -> types.FunctionType:
    """Return the function f of a source, as a notebook's cell would define it."""
    scope: dict = {"__name__": "__main__", "torch": torch, **names}
    exec(source, scope)
    return scope["f"]


def test_equal_functions_are_known_as_equal_and_others_are_not():
    one = "def f(run, n=3):\n    return run.sample(n) + shift"
    same = [defined(one, shift=1), defined("# moved\n\n\n" + one, shift=1), defined(one, shift=1)]
    assert len({fingerprint(f) for f in same}) == 1
    others = [
        defined(one, shift=2),  # a global that it reads
        defined(one.replace("n=3", "n=4"), shift=1),
        defined(one.replace("n=3", "*, n=3"), shift=1),
        defined(one.replace("n=3", "*, n=4"), shift=1),
        defined(one.replace("+", "-"), shift=1),
        defined(one.replace("n) +", "5) +"), shift=1),
        defined(one.replace("sample", "draw"), shift=1),
        defined(one.replace("n) + shift", "n) + g()"), g=defined("f = lambda: 1")),
        defined(one.replace("n) + shift", "n) + g()"), g=defined("f = lambda: 2")),
        defined("def g(k):\n    return lambda run: run + k\nf = g(1)"),
        defined("def g(k):\n    return lambda run: run + k\nf = g(2)"),
        defined("f = [lambda run: [run + i for i in (1, 2)]][0]"),
        defined("f = [lambda run: [run + i for i in (1, 3)]][0]"),
        defined("def f(run):\n    return [shift for _ in run]", shift=1),
        defined("def f(run):\n    return [shift for _ in run]", shift=2),
        defined("class f:\n    def __call__(self, run):\n        return run"),
        defined("class f:\n    def __call__(self, run):\n        return -run"),
        defined("def f(n):\n    return 1 if n < 1 else f(n - 1)"),  # itself
    ]
    assert len({fingerprint(f) for f in [same[0], *others]}) == len(others) + 1


def test_equal_things_are_known_as_equal_and_others_are_not():
    def things() -> list[object]:
        return [
            None, True, 1, 1.5, "1", b"1", (1, 2), [1, 2], [2, 1], {1, 2}, {"a": 1, "b": 2},
            {"a": 2, "b": 1}, torch.tensor([1, 2]), torch.tensor([1.0, 2.0]), torch.tensor(1.0),
            torch.tensor([[1, 2]]), np.array([1, 2]), torch.float32, torch.nn, torch.tanh, nn.ReLU,
            nn.ReLU(), nn.LeakyReLU(0.1), nn.LeakyReLU(0.2), nn.Linear(1, 2), nn.Linear(2, 1),
            functools.partial(max, 1), functools.partial(max, 2), losses.r1(0.1), losses.r2(0.1),
            losses.r1(0.1).__call__, data.ring(), data.grid(), data.uniform(), networks.he_normal,
            data.empirical(torch.ones(3, 2)), data.empirical(torch.zeros(3, 2)), Path("a"),
            losses.nonsaturating, losses.saturating, training.cosine, range(3), range(4),
        ]  # fmt: skip

    first, again = [fingerprint(thing) for thing in things()], [fingerprint(t) for t in things()]
    assert first == again
    assert len(set(first)) == len(first)
    assert fingerprint({"a": 1, "b": 2}) == fingerprint({"b": 2, "a": 1})
    knot: list = [1]
    knot.append(knot)
    assert fingerprint(knot) != fingerprint([1, 1])
    with pytest.raises(ValueError, match=r"nothing tells one _thread\.lock from another"):
        fingerprint(threading.Lock())


@pytest.mark.parametrize("kind", LAYERED)
def test_what_is_drawn_afresh_does_not_tell_networks_apart(kind):
    """Weights, running statistics and where a power iteration starts: `train` draws its own."""
    with torch.random.fork_rng():
        torch.manual_seed(1)
        one = LAYERED[kind]()
        torch.manual_seed(2)
        two = LAYERED[kind]()
    with torch.no_grad():
        for number, network in enumerate((one, two)):
            for tensor in (*network.parameters(), *network.buffers()):
                tensor.fill_(number)
    assert fingerprint(one) == fingerprint(two)
    assert len({fingerprint(make()) for make in LAYERED.values()}) == len(LAYERED)


def test_a_buffer_of_your_own_layer_tells_networks_apart():
    class Scaled(nn.Module):
        def __init__(self, scale: float) -> None:
            super().__init__()
            self.register_buffer("scale", torch.tensor(scale))

    assert fingerprint(Scaled(1.0)) == fingerprint(Scaled(1.0)) != fingerprint(Scaled(2.0))


def test_frozen_weights_tell_networks_apart_since_nobody_draws_them_again():
    def frozen(fill: float) -> nn.Module:
        network = nn.Linear(2, 2).requires_grad_(False)
        network.weight.fill_(fill)
        network.bias.zero_()
        return network

    assert fingerprint(frozen(1.0)) == fingerprint(frozen(1.0))
    assert fingerprint(frozen(1.0)) != fingerprint(frozen(2.0))
    free = [frozen(fill).requires_grad_() for fill in (1.0, 2.0)]
    assert fingerprint(free[0]) == fingerprint(free[1]) != fingerprint(frozen(1.0))
