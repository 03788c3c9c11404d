"""When a loss or a gradient is not finite."""

from __future__ import annotations

import math

import pytest
import torch
from small import same, train, weights
from torch import Tensor, nn

from gan_tutorial import losses, networks, training

# --- when a loss goes NaN


def spoiled(step: int, which: int, value: float, player: str = "d") -> losses.Loss:
    """A loss that is `value` for one member of three from a step on, the others untouched."""
    calls = 0

    def bad(real_logits: Tensor, fake_logits: Tensor) -> Tensor:
        nonlocal calls
        calls += 1
        out = getattr(losses.nonsaturating, player)(real_logits, fake_logits)
        factor = torch.ones_like(out)
        factor[which] = value if calls >= step else 1.0
        return out * factor

    return losses.nonsaturating._replace(**{player: bad})


def sharp(step: int, which: int) -> losses.Loss:
    """A loss that stays finite, while its gradient for one member becomes NaN."""
    calls = 0

    def bad(real_logits: Tensor, fake_logits: Tensor) -> Tensor:
        nonlocal calls
        calls += 1
        out = losses.nonsaturating.g(real_logits, fake_logits)
        mask = torch.zeros_like(out)
        mask[which] = 1.0 if calls >= step else 0.0
        nothing = (0 * fake_logits).mean(dim=(-2, -1))[mask > 0].sqrt().sum()  # √0: slope ∞ · 0
        return out + mask * nothing

    return losses.nonsaturating._replace(g=bad)


def lifted(step: int, which: int) -> losses.Loss:
    """A loss that becomes infinite for one member, while all its gradients stay finite."""
    calls = 0

    def bad(real_logits: Tensor, fake_logits: Tensor) -> Tensor:
        nonlocal calls
        calls += 1
        extra = torch.zeros(3, dtype=real_logits.dtype)
        extra[which] = math.inf if calls >= step else 0.0
        return losses.nonsaturating.d(real_logits, fake_logits) + extra

    return losses.nonsaturating._replace(d=bad)


TROUBLE = [
    (lambda: spoiled(5, 1, math.nan), "discriminator's loss of member 1 is nan"),
    (lambda: spoiled(5, 1, math.inf), "discriminator's loss of member 1 is inf"),
    (lambda: spoiled(5, 1, math.nan, "g"), "generator's loss of member 1 is nan"),
    (lambda: lifted(5, 1), "discriminator's loss of member 1 is inf"),
    (lambda: sharp(5, 1), "generator's loss of member 1 is [0-9.]+ and its gradient"),
]


@pytest.mark.parametrize(("loss", "words"), TROUBLE)
def test_training_stops_at_the_first_nan_and_names_step_and_member(loss, words):
    with pytest.raises(training.DivergedError, match=f"stopped at step 5: the {words}") as caught:
        train(loss=loss(), replicas=3, steps=12, ema=0.9)
    run = caught.value.run
    assert isinstance(caught.value, FloatingPointError)
    assert run.steps == 4
    assert run.history.d_loss.shape == (4, 3)
    assert run.history.d_loss.isfinite().all()
    assert same(weights(run.G), weights(train(replicas=3, steps=4).G))
    assert all(w.isfinite().all() for net in (run.G, run.D, run.ema_G) for w in weights(net))
    assert run.sample(5, seed=0).isfinite().all()


@pytest.mark.parametrize(("loss", "words"), TROUBLE)
def test_a_frozen_member_stays_and_the_others_go_on(loss, words):
    kept = {}

    def look(run: training.Run) -> Tensor:
        kept[run.steps] = weights(run.G, 1), weights(run.D, 1)
        return torch.zeros(0)

    options = {"replicas": 3, "steps": 12, "ema": 0.9, "penalty": losses.r1(0.1)}
    run = train(loss=loss(), on_nan="freeze", observe=look, observe_every=1, **options)
    healthy = train(**options)
    assert run.frozen == {1: 5}
    assert run.steps == 12
    assert not run.interrupted
    for i in (0, 2):
        for network in ("G", "D", "ema_G"):
            ours, theirs = getattr(run, network), getattr(healthy, network)
            assert same(weights(ours, i), weights(theirs, i))
        assert torch.equal(run.history.d_loss[:, i], healthy.history.d_loss[:, i])
    shorter = train(**(options | {"steps": 4}))
    assert same(weights(run.G, 1), weights(shorter.G, 1))  # its last finite weights
    if words.startswith("discriminator"):
        assert same(weights(run.D, 1), weights(shorter.D, 1))
    for step in range(6, 13):
        assert same(kept[step][0], kept[5][0])
        assert same(kept[step][1], kept[5][1])
    for network in (run.G, run.D, run.ema_G):
        assert all(weight.isfinite().all() for weight in weights(network))
    assert run.sample(5, seed=0).isfinite().all()


def test_a_member_stays_frozen_when_its_loss_is_finite_again():
    calls = 0

    def once(real_logits: Tensor, fake_logits: Tensor) -> Tensor:
        nonlocal calls
        calls += 1
        factor = torch.ones(3, dtype=real_logits.dtype)
        factor[1] = math.nan if calls == 5 else 1.0
        return losses.nonsaturating.d(real_logits, fake_logits) * factor

    run = train(loss=losses.nonsaturating._replace(d=once), on_nan="freeze", replicas=3, steps=12)
    assert run.frozen == {1: 5}
    shorter, healthy = train(replicas=3, steps=4), train(replicas=3, steps=12)
    for ours, then, now in ((run.G, shorter.G, healthy.G), (run.D, shorter.D, healthy.D)):
        assert same(weights(ours, 1), weights(then, 1))
        assert same(weights(ours, 2), weights(now, 2))


def test_one_entry_of_a_gradient_that_is_nan_freezes_its_member():
    calls = 0

    def penalty(D, x_real, x_fake, generator):
        nonlocal calls
        calls += 1
        extra = torch.zeros(3, dtype=x_real.dtype)
        if calls >= 5:
            extra[1] = (0 * next(D.parameters())[1, 0, 0]).sqrt()  # √0 is finite, its slope ∞ · 0
        return extra

    run = train(penalty=penalty, on_nan="freeze", replicas=3, steps=8)
    assert run.frozen == {1: 5}
    shorter, healthy = train(replicas=3, steps=4), train(replicas=3, steps=8)
    for ours, then, now in ((run.G, shorter.G, healthy.G), (run.D, shorter.D, healthy.D)):
        assert same(weights(ours, 1), weights(then, 1))
        assert same(weights(ours, 2), weights(now, 2))


def test_members_freeze_one_after_the_other():
    first, second = spoiled(3, 0, math.nan), spoiled(6, 2, math.nan)
    loss = losses.nonsaturating._replace(
        d=lambda real, fake: first.d(real, fake) + 0 * second.d(real, fake)
    )
    run = train(loss=loss, on_nan="freeze", replicas=3, steps=10)
    assert run.frozen == {0: 3, 2: 6}
    healthy = train(replicas=3, steps=10)
    assert same(weights(run.G, 1), weights(healthy.G, 1))


def test_a_rate_far_too_high_is_noticed():
    G, D = networks.MLPGenerator(2, 1, 8), networks.MLPDiscriminator(1, 8)
    with pytest.raises(training.DivergedError, match=r"of member 0 is .*try a smaller lr"):
        train(networks=(G, D), lr=1e20, steps=50)
    run = train(networks=(G, D), lr=1e20, steps=50, on_nan="freeze", replicas=2)
    assert set(run.frozen) == {0, 1}
    assert all(weight.isfinite().all() for weight in weights(run.G) + weights(run.D))


def test_a_rate_too_high_for_one_member_freezes_that_one():
    G, D = networks.MLPGenerator(2, 1, 8, norm=nn.BatchNorm1d), networks.MLPDiscriminator(1, 8)
    options = {"networks": (G, D), "on_nan": "freeze", "replicas": 3, "steps": 30}
    run = train(lr=torch.tensor([1e-3, 1e20, 2e-3]), **options)
    assert set(run.frozen) == {1}
    healthy = train(lr=torch.tensor([1e-3, 1e-3, 2e-3]), **options)
    for i in (0, 2):
        assert same(weights(run.G, i), weights(healthy.G, i))
        assert same(weights(run.D, i), weights(healthy.D, i))
    assert all(weight.isfinite().all() for weight in weights(run.G) + weights(run.D))


def test_freezing_changes_nothing_when_all_is_well():
    options = {"replicas": 2, "steps": 10, "penalty": losses.r1(0.1)}
    assert same(weights(train(**options).G), weights(train(**options, on_nan="freeze").G))
