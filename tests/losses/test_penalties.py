"""The penalties against derivatives by hand, and loops over samples; the clipping of weights."""

from __future__ import annotations

import math
from types import SimpleNamespace

import pytest
import torch
from critics import Linear, draws, square, stream
from torch import Tensor, nn

from gan_tutorial import ensemble, losses, networks


@pytest.mark.parametrize("penalty", [losses.r1, losses.r2])
@pytest.mark.parametrize("gamma", [0.0, 0.1, 10])
def test_the_penalty_of_a_linear_critic(penalty, gamma):
    w = torch.tensor([3.0, -4.0], dtype=torch.float64)
    x_real, x_fake = draws(32, 2, seed=5), draws(32, 2, seed=6)
    value = penalty(gamma)(Linear(w), x_real, x_fake)
    assert value.shape == ()
    assert value.item() == pytest.approx(gamma / 2 * 25, abs=1e-12)


def test_r1_looks_at_real_samples_and_r2_at_fakes():
    D, x_real, x_fake = square(), draws(32, 2, seed=5), draws(20, 2, seed=6) + 1

    def by_hand(x: Tensor) -> float:
        return 0.3 / 2 * (D.a * x).square().sum(1).mean().item()

    r1 = losses.r1(0.3)(D, x_real, x_fake)
    r2 = losses.r2(0.3)(D, x_real, x_fake)
    assert r1.item() == pytest.approx(by_hand(x_real), rel=1e-13)
    assert r2.item() == pytest.approx(by_hand(x_fake), rel=1e-13)
    assert abs(r1.item() - r2.item()) > 0.1


def test_the_penalty_flows_into_the_weights_of_the_discriminator():
    D, x = square(), draws(32, 2, seed=5)
    losses.r1(0.3)(D, x, x).backward()
    # d/da of gamma/2 E[a² x²] = gamma a E[x²]
    expected = 0.3 * D.a.detach() * x.square().mean(0)
    torch.testing.assert_close(D.a.grad, expected, rtol=1e-13, atol=0)


def test_r1_of_a_small_network_against_the_chain_rule_by_hand():
    D = networks.MLPDiscriminator(2, 5, 2, activation=nn.Tanh).double()
    w1, b1, w2, b2, w3, _ = (weight.detach() for weight in D.parameters())
    x = draws(40, 2, seed=7)
    h1 = torch.tanh(x @ w1.T + b1)
    h2 = torch.tanh(h1 @ w2.T + b2)
    back = w3 * (1 - h2**2)  # (m, 5)
    back = (back @ w2) * (1 - h1**2)
    slope = back @ w1  # (m, 2)
    expected = 0.7 / 2 * (slope**2).sum(1).mean()
    value = losses.r1(0.7)(D, x, x + 1)
    assert value.item() == pytest.approx(expected.item(), rel=1e-12)
    # the slope is the logit's, not the probability's: that one is smaller by D (1 - D) <= 1/4
    probability = x.clone().requires_grad_()
    (slope,) = torch.autograd.grad(D(probability).sum(), probability)
    assert value.item() > 10 * 0.7 / 2 * (slope**2).sum(1).mean().item()


def test_the_penalty_against_finite_differences_of_its_value():
    D, x = networks.MLPDiscriminator(1, 4, 1, activation=nn.Tanh).double(), draws(16, 1, seed=8)
    penalty = losses.r1(2.0)
    penalty(D, x, x).backward()
    weight, h = D.model[0].weight, 1e-6
    with torch.no_grad():
        weight[1, 0] += h
        up = penalty_value(penalty, D, x)
        weight[1, 0] -= 2 * h
        down = penalty_value(penalty, D, x)
    assert weight.grad[1, 0].item() == pytest.approx((up - down) / (2 * h), rel=1e-6)


def penalty_value(penalty: losses.GradientPenalty, D: nn.Module, x: Tensor) -> float:
    with torch.enable_grad():
        return penalty(D, x, x).item()


def test_no_gradient_reaches_the_generator():
    G, D = networks.MLPGenerator(2, 2, 4), networks.MLPDiscriminator(2, 4, activation=nn.Tanh)
    x_fake = G(torch.randn(8, 2, generator=torch.Generator().manual_seed(0)))
    value = losses.r2(1.0)(D, x_fake.detach(), x_fake)
    assert value > 0
    value.backward()
    assert all(weight.grad is None for weight in G.parameters())
    assert all(weight.grad is not None for weight in list(D.parameters())[:-1])


def test_the_samples_handed_in_stay_as_they_were():
    x_real, x_fake = draws(8, 2), draws(8, 2)
    losses.r1(1.0)(square(), x_real, x_fake)
    losses.r2(1.0)(square(), x_real, x_fake)
    for x in (x_real, x_fake):
        assert not x.requires_grad
        assert x.grad is None


@pytest.mark.parametrize("penalty", [losses.r1, losses.r2])
def test_one_penalty_for_each_member(penalty):
    D = square()
    x_real, x_fake = draws(3, 16, 2, seed=9), draws(3, 16, 2, seed=10)
    together = penalty(0.5)(D, x_real, x_fake)
    each = torch.stack([penalty(0.5)(D, r, f) for r, f in zip(x_real, x_fake, strict=True)])
    assert together.shape == (3,)
    torch.testing.assert_close(together, each, rtol=1e-13, atol=0)


@pytest.mark.parametrize("penalty", [losses.r1, losses.r2])
@pytest.mark.parametrize("gamma", [-0.1, -1e-9, math.inf, math.nan])
def test_gamma_must_be_finite_and_not_negative(penalty, gamma):
    with pytest.raises(ValueError, match=f"gamma must be a finite .* at least 0, got {gamma}"):
        penalty(gamma)


def test_a_penalty_has_the_same_name_in_every_process():
    # checkpoints compare it
    assert repr(losses.r1(0.1)) == "GradientPenalty(gamma=0.1, at='real')"
    assert repr(losses.r2(2)) == "GradientPenalty(gamma=2.0, at='fake')"
    assert losses.r1(1) == losses.r1(1.0)
    assert losses.r1(1) != losses.r2(1)
    assert repr(losses.gradient_penalty(20)) == "SlopePenalty(gamma=20.0, target=1.0)"
    assert repr(losses.r1(1) + losses.r2(2)) == (
        "PenaltySum(first=GradientPenalty(gamma=1.0, at='real'), "
        "second=GradientPenalty(gamma=2.0, at='fake'))"
    )
    assert repr(losses.clipping(1)) == "Clipping(bound=1.0)"


def test_the_table_names_every_penalty():
    names = {"R1": losses.r1, "R2": losses.r2, "gradient penalty": losses.gradient_penalty}
    assert names == losses.PENALTIES
    x = draws(8, 2)
    for make in losses.PENALTIES.values():
        assert isinstance(make(0.5), losses.Penalty)
        assert make(0.5)(square(), x, x, torch.Generator()).shape == ()


def test_the_sum_of_penalties():
    D, x_real, x_fake = square(), draws(3, 8, 2, seed=1), draws(3, 8, 2, seed=2)
    r1, r2 = losses.r1(0.3), losses.r2(0.2)
    both = (r1 + r2)(D, x_real, x_fake)
    assert torch.equal(both, r1(D, x_real, x_fake) + r2(D, x_real, x_fake))
    more = (r1 + r2 + (lambda D, x_real, x_fake, generator: 2 * generator))(D, x_real, x_fake, 4)
    assert torch.equal(more, both + 8)
    with pytest.raises(NotImplementedError, match="Penalty does not say"):
        losses.Penalty()(D, x_real, x_fake)


def test_two_gradient_penalties_take_one_pass_of_the_discriminator():
    D, x_real, x_fake = square(), draws(3, 8, 2, seed=1), draws(3, 5, 2, seed=2)
    batches, logits = [], D.logits
    D.logits = lambda x: batches.append(x.detach()) or logits(x)
    r1, r2 = losses.r1(0.3), losses.r2(0.2)
    torch.testing.assert_close(
        (r1 + r2)(D, x_real, x_fake), r1(D, x_real, x_fake) + r2(D, x_real, x_fake)
    )
    assert torch.equal(batches[0], torch.cat([x_real, x_fake], dim=1))
    assert len(batches) == 3


# --- the penalty between the samples


@pytest.mark.parametrize("gamma", [0.0, 0.1, 20])
@pytest.mark.parametrize(("scale", "target"), [(0.2, 1), (0.2, 0), (0.1, 0.3), (0.6, 2)])
def test_the_gradient_penalty_of_a_linear_critic(gamma, scale, target):
    D = Linear(scale * torch.tensor([3.0, -4.0], dtype=torch.float64))  # of slope 5 · scale
    penalty = losses.gradient_penalty(gamma, target)
    value = penalty(D, draws(32, 2, seed=5), draws(32, 2, seed=6), stream())
    assert value.item() == pytest.approx(gamma / 2 * (5 * scale - target) ** 2, abs=1e-12)


def test_the_gradient_penalty_at_slope_zero_is_finite():
    D, x = Linear(torch.zeros(2, dtype=torch.float64)), draws(8, 2)
    value = losses.gradient_penalty(0.6)(D, x, x + 1, stream())
    assert value.item() == pytest.approx(0.3, abs=1e-15)
    value.backward()
    assert torch.equal(D.w.grad, torch.zeros_like(D.w))  # and not NaN, as √ would have it


def test_the_gradient_penalty_looks_between_real_and_fake():
    D, x_real, x_fake = square(), draws(50, 2, seed=5), draws(50, 2, seed=6) + 4
    value = losses.gradient_penalty(0.3)(D, x_real, x_fake, stream())
    u = torch.rand(50, 1, generator=stream()).double()  # uniform, one for each pair
    between = u * x_real + (1 - u) * x_fake
    slope = (D.a * between).square().sum(1).sqrt()
    assert value.item() == pytest.approx(0.15 * (slope - 1).square().mean().item(), rel=1e-13)
    value.backward()
    # d/da_j of ½ (s - 1)² is (s - 1) a_j x_j² / s
    by_hand = ((slope - 1) / slope)[:, None] * D.a.detach() * between.square()
    torch.testing.assert_close(D.a.grad, 0.3 * by_hand.mean(0), rtol=1e-12, atol=0)


def test_the_gradient_penalty_of_members_uses_their_own_streams():
    class Two:
        def rand(self, *shape: int) -> Tensor:
            return torch.stack([torch.rand(*shape, generator=stream(i)) for i in (7, 8)])

    D, x_real, x_fake = square(), draws(2, 16, 2, seed=1), draws(2, 16, 2, seed=2)
    penalty = losses.gradient_penalty(0.5)
    together = penalty(D, x_real, x_fake, Two())
    each = [penalty(D, x_real[i], x_fake[i], stream(7 + i)) for i in (0, 1)]
    torch.testing.assert_close(together, torch.stack(each), rtol=1e-13, atol=0)


def test_the_gradient_penalty_leaves_generator_network_and_samples_alone():
    G, D = networks.MLPGenerator(2, 2, 4), networks.MLPDiscriminator(2, 4, activation=nn.Tanh)
    x_fake = G(torch.randn(8, 2, generator=stream()))
    losses.gradient_penalty(1.0)(D, x_fake.detach() + 1, x_fake, stream()).backward()
    assert all(weight.grad is None for weight in G.parameters())
    assert all(weight.grad is not None for weight in list(D.parameters())[:-1])


def test_the_gradient_penalty_refuses_what_makes_no_sense():
    with pytest.raises(ValueError, match="needs a generator, got None"):
        losses.gradient_penalty(1.0)(square(), draws(4, 2), draws(4, 2))
    for bad in (-1.0, math.inf, math.nan):
        with pytest.raises(ValueError, match=f"gamma must be a finite .* got {bad}"):
            losses.gradient_penalty(bad)
        with pytest.raises(ValueError, match=f"target must be a finite .* got {bad}"):
            losses.gradient_penalty(1.0, bad)


# --- penalties of images


IMAGES = {
    "R1": losses.r1(0.3),
    "R2": losses.r2(0.2),
    "R1 + R2": losses.r1(0.3) + losses.r2(0.2),
    "gradient penalty": losses.gradient_penalty(0.5, 0.1),
}


class Convolutional(nn.Module):
    """A small discriminator of images (m, 2, 6, 5), curved everywhere."""

    def __init__(self) -> None:
        super().__init__()
        self.model = nn.Sequential(
            nn.Conv2d(2, 3, 3, stride=2, padding=1),
            nn.Tanh(),
            nn.Conv2d(3, 4, 2),
            nn.Softplus(),
            nn.Flatten(),
            nn.Linear(4 * 2 * 2, 1),
        )

    def logits(self, x: Tensor) -> Tensor:
        return self.model(x)


def by_samples(name: str, D: nn.Module, x_real: Tensor, x_fake: Tensor, seed: int) -> Tensor:
    """Compute a penalty sample by sample: every pixel's slope counts once."""

    def size(x: Tensor) -> Tensor:
        x = x[None].detach().requires_grad_()
        (slope,) = torch.autograd.grad(D.logits(x)[0, 0], x, create_graph=True)
        return sum(entry**2 for entry in slope.flatten())

    r1 = 0.3 / 2 * sum(size(x) for x in x_real) / len(x_real)
    r2 = 0.2 / 2 * sum(size(x) for x in x_fake) / len(x_fake)
    u = torch.rand(len(x_real), generator=stream(seed)).double()
    between = [a * r + (1 - a) * f for a, r, f in zip(u, x_real, x_fake, strict=False)]
    slopes = 0.5 / 2 * sum((size(x).sqrt() - 0.1) ** 2 for x in between) / len(between)
    return {"R1": r1, "R2": r2, "R1 + R2": r1 + r2, "gradient penalty": slopes}[name]


@pytest.mark.parametrize("name", IMAGES)
def test_a_penalty_of_images_is_a_loop_over_samples(name):
    D, x_real = Convolutional().double(), draws(4, 2, 6, 5, seed=1)
    x_fake = draws(4 if "grad" in name else 3, 2, 6, 5, seed=2)
    value = IMAGES[name](D, x_real, x_fake, stream(7))
    by_hand = by_samples(name, D, x_real, x_fake, seed=7)
    assert value.shape == ()
    assert value.item() == pytest.approx(by_hand.item(), rel=1e-12)
    weights = list(D.parameters())[:-1]  # no slope depends on the last bias
    ours, theirs = (torch.autograd.grad(v, weights, retain_graph=True) for v in (value, by_hand))
    torch.testing.assert_close(ours, theirs, rtol=1e-10, atol=1e-14)


@pytest.mark.parametrize("name", IMAGES)
def test_a_penalty_of_images_for_each_member(name):
    streams = ensemble.Streams(5, 3)
    D = ensemble.replicate(Convolutional().double(), streams)
    draws_of_u = [generator.get_state() for generator in streams]
    x_real, x_fake = draws(3, 4, 2, 6, 5, seed=1), draws(3, 4, 2, 6, 5, seed=2)
    value = IMAGES[name](D, x_real, x_fake, streams)
    assert value.shape == (3,)
    for i in range(3):
        alone, own = ensemble.member(D, i), torch.Generator()
        own.set_state(draws_of_u[i])
        expected = IMAGES[name](alone, x_real[i], x_fake[i], own)
        assert value[i].item() == pytest.approx(expected.item(), rel=1e-12)
        weights = list(alone.parameters())[:-1]
        ours = torch.autograd.grad(value[i], list(D.parameters())[:-1], retain_graph=True)
        theirs = torch.autograd.grad(expected, weights)
        for a, b in zip(ours, theirs, strict=True):
            torch.testing.assert_close(a[i].reshape(b.shape), b, rtol=1e-10, atol=1e-14)


def test_samples_of_two_axes_are_said_by_the_discriminator():
    class Signals(nn.Conv1d):
        def logits(self, x: Tensor) -> Tensor:
            return self(x).square().flatten(1).sum(1, keepdim=True)

    D = Signals(2, 3, 3).double()
    x_real, x_fake = draws(4, 2, 6, seed=1), draws(4, 2, 6, seed=2)
    alone = losses.r1(0.3)(D, x_real, x_fake)  # no axis need be known beforehand
    words = r"x_real of shape \(4, 2, 6\) holds samples of 2 axes, .*: set D.data_dims = 2"
    with pytest.raises(ValueError, match=words):
        losses.gradient_penalty(0.5)(D, x_real, x_fake, stream())
    D.data_dims = 2
    for name in IMAGES:
        value = IMAGES[name](D, x_real, x_fake, stream(7))
        by_hand = by_samples(name, D, x_real, x_fake, seed=7)
        assert value.item() == pytest.approx(by_hand.item(), rel=1e-12)
    assert torch.equal(alone, losses.r1(0.3)(D, x_real, x_fake))


def test_logits_without_an_axis_of_their_own_are_refused_by_penalties():
    D = SimpleNamespace(logits=lambda x: x.square().sum(-1))
    with pytest.raises(ValueError, match=r"must have shape \(..., m, 1\), got \(4,\)"):
        losses.r1(1.0)(D, draws(4, 2), draws(4, 2))


def test_clipping():
    D = Linear(torch.tensor([3.0, -0.2, -0.7]))
    losses.clipping(0.5)(D)
    assert torch.equal(D.w.detach(), torch.tensor([0.5, -0.2, -0.5]))
    assert D.b.item() == 0.5
    assert D.w.requires_grad
    for bad in (0, -0.1, math.inf, math.nan):
        with pytest.raises(ValueError, match=f"bound must be positive and finite, got {bad}"):
            losses.clipping(bad)
