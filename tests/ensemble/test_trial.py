"""The trial batch: networks whose members are not what they would be alone are found out."""

from __future__ import annotations

import random

import pytest
import torch
from torch import Tensor, nn
from torch.nn.functional import dropout, relu_

from gan_tutorial import networks
from gan_tutorial.ensemble import Streams, check_forward, replicate


def batch(replicas: int, *shape: int) -> Tensor:
    return torch.randn(replicas, *shape, generator=torch.Generator().manual_seed(5))


def own(function) -> nn.Module:
    """A user's network: a Linear, and a function of what it gives and of the samples."""

    class Own(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.linear, self.norm = nn.Linear(4, 4), nn.BatchNorm1d(4)

        def forward(self, x: Tensor) -> Tensor:
            return function(self.linear(x), x)

    return Own()


GOOD = {
    "generator": lambda: networks.MLPGenerator(4, 2, norm=nn.BatchNorm1d),
    "packed": lambda: networks.Packed(networks.MLPDiscriminator(8, 16, group=3), 2),
    "spectral": lambda: networks.spectral(networks.MLPDiscriminator(4, 16)),
    "dropout": lambda: nn.Sequential(nn.Linear(4, 8), nn.Dropout(), nn.Linear(8, 1)),
    "the last dimension": lambda: own(lambda h, x: torch.cat([h, x], dim=-1)),
    "the batch": lambda: own(lambda h, x: h - x.mean(dim=-2, keepdim=True)),
}


@pytest.mark.parametrize("replicas", [1, 2, 5])
@pytest.mark.parametrize("name", GOOD)
def test_members_that_are_what_they_would_be_alone_pass(name, replicas):
    streams = Streams(0, replicas)
    ours, x = replicate(GOOD[name](), streams), batch(replicas, 12, 4)
    kept = {key: value.clone() for key, value in ours.state_dict().items()}
    torch.manual_seed(1)
    before, state = torch.get_rng_state(), streams.state()
    y = check_forward(ours, x, penalty=True)
    assert torch.equal(torch.get_rng_state(), before)
    assert torch.equal(streams.state(), state)
    assert ours.training
    assert not x.requires_grad
    assert all(torch.equal(kept[key], value) for key, value in ours.state_dict().items())
    assert all(weight.grad is None for weight in ours.parameters())
    assert torch.equal(y, ours(x).detach())


def test_images_and_labels_pass():
    class Labelled(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.body = nn.Sequential(nn.Conv2d(1, 3, 3), nn.Flatten())
            self.table, self.out = nn.Embedding(5, 12), nn.Linear(12, 1)

        def logits(self, x: Tensor, label: Tensor) -> Tensor:
            h = self.body(x)
            return self.out(h) + (h * self.table(label)).sum(dim=-1, keepdim=True)

    ours = replicate(Labelled(), Streams(0, 3))
    label = torch.arange(18).reshape(3, 6) % 5
    y = check_forward(ours, batch(3, 6, 1, 4, 4), label, name="logits", penalty=True)
    assert y.shape == (3, 6, 1)


@pytest.mark.parametrize(
    ("function", "words"),
    [
        (lambda h, x: h + torch.randn(4), "it draws random numbers that no seed governs"),
        (lambda h, x: h + random.random(), "Randomness must come from nn.Dropout or from z"),
        (lambda h, x: dropout(h, 0.1), "it draws random numbers that no seed governs"),
        (lambda h, x: (h, x), r"Own.forward must return one tensor, got a tuple"),
        (lambda h, x: {"logits": h}, r"Own.forward must return one tensor, got a dict"),
        (lambda h, x: h - h.mean(dim=0), "member 0 of 3 does not compute what it computes alone"),
        (lambda h, x: h.cumsum(dim=0), "member 0 of 3 does not compute what it computes alone"),
        (lambda h, x: h / h.norm(), "member 0 of 3 does not compute what it computes alone"),
        (lambda h, x: h.mean(dim=1), "member 0 of 3 does not compute what it computes alone"),
        (lambda h, x: h.flatten()[None], "member 0 of 3 does not compute what it computes"),
        (lambda h, x: torch.cat([h, x], dim=1), "count dimensions from the end"),
        (
            lambda h, x: h @ x.view(len(x), -1).T,
            "works for one network, but not for 3 at once: .*count dimensions from the end",
        ),
    ],
)
def test_members_that_are_not_what_they_would_be_alone_are_found(function, words):
    ours = replicate(own(function), Streams(0, 3))
    with pytest.raises(ValueError, match=words):
        check_forward(ours, batch(3, 6, 4))


def test_one_member_that_takes_its_own_dimension_for_the_batch_is_found():
    ours = replicate(own(lambda h, x: h - h.mean(dim=0)), Streams(0, 1))
    with pytest.raises(ValueError, match="member 0 of 1 does not compute what it computes alone"):
        check_forward(ours, batch(1, 6, 4))


def test_mixing_in_training_mode_only_is_found():
    class Mixed(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.linear = nn.Linear(4, 4)

        def forward(self, x: Tensor) -> Tensor:
            h = self.linear(x)
            return h - h.mean(dim=0) if self.training else h

    ours = replicate(Mixed(), Streams(0, 3))
    with pytest.raises(ValueError, match="member 0 of 3 does not compute what it computes alone"):
        check_forward(ours, batch(3, 6, 4))
    check_forward(ours.eval(), batch(3, 6, 4))


def test_an_error_of_the_network_itself_stays_what_it_is():
    def forward(h, x):
        raise ZeroDivisionError("mine")

    with pytest.raises(ZeroDivisionError, match="mine"):
        check_forward(replicate(own(forward), Streams(0, 2)), batch(2, 6, 4))


def squared_then_in_place(h: Tensor, x: Tensor) -> Tensor:
    y = h.exp()
    relu_(y.sub_(1))
    return y


def test_second_derivatives_that_fail_are_named_if_a_penalty_needs_them():
    ours, x = replicate(own(squared_then_in_place), Streams(0, 2)), batch(2, 6, 4)
    check_forward(ours, x)
    with pytest.raises(
        ValueError, match=r"has no second derivatives, .*inplace operation.*x \+= y"
    ):
        check_forward(ours, x, penalty=True)


def test_results_that_are_not_finite_are_compared_too():
    ours = replicate(own(lambda h, x: torch.where(x > 0, h, torch.inf)), Streams(0, 2))
    assert check_forward(ours, batch(2, 6, 4)).isinf().any()
    ours = replicate(own(lambda h, x: (x - 1).log() * h), Streams(0, 2))
    assert check_forward(ours, batch(2, 6, 4)).isnan().any()


class Remembering(nn.Identity):
    """A normalisation whose averages exist only after a first batch in training mode."""

    per_member = True
    mean = None

    def forward(self, x: Tensor) -> Tensor:
        if self.training:
            self.mean = x.mean(-2, keepdim=True).detach()
        return x - self.mean


def test_what_can_be_evaluated_only_after_training_is_tried_in_training_mode():
    ensemble = replicate(nn.Sequential(nn.Linear(2, 3), Remembering()), Streams(0, 2))
    x = Streams(1, 2).randn(5, 2)
    torch.testing.assert_close(check_forward(ensemble, x), ensemble(x))
