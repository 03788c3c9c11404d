"""The losses against torch's cross-entropy, and the penalties against derivatives by hand."""

from __future__ import annotations

import math

import pytest
import torch
from torch import Tensor, nn
from torch.nn import functional

from gan_tutorial import losses, networks

LOG2 = math.log(2)
D_LOSS = losses.discriminator_loss
NS = losses.nonsaturating_generator_loss
SATURATING = losses.saturating_generator_loss


def draws(*shape: int, seed: int = 0) -> Tensor:
    generator = torch.Generator().manual_seed(seed)
    return 3 * torch.randn(*shape, generator=generator, dtype=torch.float64)


REAL, FAKE = draws(64, 1, seed=1), draws(64, 1, seed=2) - 0.7
ONES, ZEROS = torch.ones_like(REAL), torch.zeros_like(REAL)


class Linear(nn.Module):
    """A critic whose slope is w wherever one looks: logits(x) = x · w + b."""

    def __init__(self, w: Tensor) -> None:
        super().__init__()
        self.w = nn.Parameter(w.clone())
        self.b = nn.Parameter(torch.ones((), dtype=w.dtype))

    def logits(self, x: Tensor) -> Tensor:
        return (x * self.w).sum(-1, keepdim=True) + self.b


# --- values


def test_losses_are_cross_entropies_of_logits():
    bce = functional.binary_cross_entropy_with_logits
    d_loss = bce(REAL, ONES) + bce(FAKE, ZEROS)
    assert D_LOSS(REAL, FAKE).item() == pytest.approx(d_loss.item(), abs=1e-13)
    assert NS(REAL, FAKE).item() == pytest.approx(bce(FAKE, ONES).item(), abs=1e-13)
    assert SATURATING(REAL, FAKE).item() == pytest.approx(-bce(FAKE, ZEROS).item(), abs=1e-13)


def test_losses_are_cross_entropies_of_probabilities():
    bce, real, fake = functional.binary_cross_entropy, torch.sigmoid(REAL), torch.sigmoid(FAKE)
    d_loss = bce(real, ONES) + bce(fake, ZEROS)
    assert D_LOSS(REAL, FAKE).item() == pytest.approx(d_loss.item(), abs=1e-12)
    assert NS(REAL, FAKE).item() == pytest.approx(bce(fake, ONES).item(), abs=1e-12)
    assert SATURATING(REAL, FAKE).item() == pytest.approx(-bce(fake, ZEROS).item(), abs=1e-12)


def test_losses_are_the_seeds_formulas():
    D_real, D_fake = torch.sigmoid(REAL), torch.sigmoid(FAKE)
    m = len(REAL)
    d_loss = -sum(torch.log(D_real[i]) + torch.log(1 - D_fake[i]) for i in range(m)) / m
    g_loss = -sum(torch.log(D_fake[i]) for i in range(m)) / m
    assert D_LOSS(REAL, FAKE).item() == pytest.approx(d_loss.item(), abs=1e-12)
    assert NS(REAL, FAKE).item() == pytest.approx(g_loss.item(), abs=1e-12)


def test_values_at_zero_logits():
    zero = torch.zeros(10, 1, dtype=torch.float64)
    assert D_LOSS(zero, zero).item() == pytest.approx(2 * LOG2, abs=1e-15)
    assert NS(zero, zero).item() == pytest.approx(LOG2, abs=1e-15)
    assert SATURATING(zero, zero).item() == pytest.approx(-LOG2, abs=1e-15)


def test_real_and_fake_are_not_exchanged():
    sure = torch.full((4, 1), 20.0)
    assert D_LOSS(sure, -sure) < 1e-6
    assert D_LOSS(-sure, sure).item() == pytest.approx(40, abs=1e-4)
    assert NS(-sure, sure) < 1e-6  # the generator wants its fakes taken for real
    assert SATURATING(-sure, sure).item() == pytest.approx(-20, abs=1e-4)


def test_the_generators_losses_do_not_look_at_real_logits():
    for loss in (NS, SATURATING):
        assert torch.equal(loss(REAL, FAKE), loss(torch.full_like(REAL, torch.nan), FAKE))
    assert not losses.nonsaturating.g_uses_real
    assert not losses.saturating.g_uses_real


def test_the_pairs_hold_the_right_functions():
    assert losses.nonsaturating[:2] == (D_LOSS, NS)
    assert losses.saturating[:2] == (D_LOSS, SATURATING)


def test_the_value_function_at_the_optimal_discriminator():
    # V(G, D*) = -log 4 + 2 JSD, and -L_D is V: exactly, where p and q are shares
    p = torch.tensor([0.1, 0.2, 0.3, 0.4], dtype=torch.float64)
    q = torch.tensor([0.3, 0.3, 0.2, 0.2], dtype=torch.float64)
    m = (p + q) / 2
    jsd = ((p * (p / m).log()).sum() + (q * (q / m).log()).sum()) / 2
    logit = (p / q).log()  # log D* - log(1 - D*)
    real = logit.repeat_interleave((10 * p).round().long())[:, None]
    fake = logit.repeat_interleave((10 * q).round().long())[:, None]
    value = -D_LOSS(real, fake)
    assert value.item() == pytest.approx(-math.log(4) + 2 * jsd.item(), abs=1e-13)


# --- gradients


def test_gradients_in_the_logits():
    real, fake = REAL.clone().requires_grad_(), FAKE.clone().requires_grad_()
    m = len(real)
    g_real, g_fake = torch.autograd.grad(D_LOSS(real, fake), [real, fake])
    torch.testing.assert_close(g_real, -(1 - torch.sigmoid(REAL)) / m, rtol=0, atol=1e-15)
    torch.testing.assert_close(g_fake, torch.sigmoid(FAKE) / m, rtol=0, atol=1e-15)
    (ns,) = torch.autograd.grad(NS(real, fake), fake)
    torch.testing.assert_close(ns, -(1 - torch.sigmoid(FAKE)) / m, rtol=0, atol=1e-15)
    (saturating,) = torch.autograd.grad(SATURATING(real, fake), fake)
    torch.testing.assert_close(saturating, -torch.sigmoid(FAKE) / m, rtol=0, atol=1e-15)


def test_saturation_at_logit_minus_five():
    fake = torch.full((1, 1), -5.0, dtype=torch.float64, requires_grad=True)
    (saturating,) = torch.autograd.grad(SATURATING(fake, fake), fake)
    (ns,) = torch.autograd.grad(NS(fake, fake), fake)
    assert saturating.item() == pytest.approx(-1 / (1 + math.exp(5)), abs=1e-12)  # -.0067
    assert ns.item() == pytest.approx(-1 / (1 + math.exp(-5)), abs=1e-12)  # -.9933


@pytest.mark.parametrize("loss", [D_LOSS, NS, SATURATING])
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
@pytest.mark.parametrize("size", [1e2, 1e4, -1e2, -1e4])
def test_finite_where_probabilities_are_zero_or_one(loss, dtype, size):
    real = torch.full((3, 1), -size, dtype=dtype, requires_grad=True)
    fake = torch.full((3, 1), size, dtype=dtype, requires_grad=True)
    value = loss(real, fake)
    value.backward()
    exact = {
        D_LOSS: 2 * max(size, 0.0),
        NS: max(-size, 0.0),
        SATURATING: -max(size, 0.0),
    }[loss]
    assert value.item() == pytest.approx(exact, abs=1e-6)
    for logits in (real, fake):
        assert logits.grad is None or logits.grad.isfinite().all()


def test_the_literal_formula_breaks_where_the_book_says():
    def literal(logit: float, label_real: bool) -> tuple[float, float]:
        logits = torch.tensor([[logit]], requires_grad=True)
        D = torch.sigmoid(logits)
        loss = -torch.log(D) if label_real else -torch.log(1 - D)
        loss.backward()
        return loss.item(), logits.grad.item()

    def breaks(logit: float, label_real: bool) -> bool:
        value, slope = literal(logit, label_real)
        return math.isinf(value) and math.isnan(slope)

    assert not breaks(16.63, label_real=False)
    assert breaks(16.64, label_real=False)  # from here on sigmoid rounds to 1 in float32
    assert not breaks(-88.72, label_real=True)
    assert breaks(-88.73, label_real=True)  # and from here down to 0

    for logit in (16.64, 50.0):  # where it breaks, ours holds
        fake = torch.tensor([[logit]], requires_grad=True)
        value = D_LOSS(torch.tensor([[1e4]]), fake)
        value.backward()
        assert value.item() == pytest.approx(logit, abs=1e-5)
        assert fake.grad.item() == pytest.approx(1, abs=1e-6)


@pytest.mark.parametrize(("logit", "slope"), [(-28.0, -0.69), (-30.0, -0.094), (-40.0, -4e-6)])
def test_bce_of_a_probability_loses_its_gradient_in_silence(logit, slope):
    logits = torch.tensor([[logit]], requires_grad=True)
    functional.binary_cross_entropy(torch.sigmoid(logits), torch.ones(1, 1)).backward()
    assert logits.grad.item() == pytest.approx(slope, rel=0.1)
    ours = torch.tensor([[logit]], requires_grad=True)
    NS(ours, ours).backward()
    assert ours.grad.item() == pytest.approx(-1, abs=1e-6)


# --- members and shapes


@pytest.mark.parametrize("loss", [D_LOSS, NS, SATURATING])
def test_one_value_for_each_member(loss):
    real, fake = draws(3, 16, 1, seed=3), draws(3, 16, 1, seed=4)
    each = torch.stack([loss(r, f) for r, f in zip(real, fake, strict=True)])
    assert loss(real, fake).shape == (3,)
    torch.testing.assert_close(loss(real, fake), each, rtol=0, atol=1e-14)
    assert loss(draws(2, 3, 5, 1), draws(2, 3, 5, 1)).shape == (2, 3)
    assert loss(real[0], fake[0]).shape == ()


@pytest.mark.parametrize("loss", [D_LOSS, NS, SATURATING])
@pytest.mark.parametrize("shape", [(4,), (4, 2), (), (3, 4)])
def test_logits_of_another_shape_are_refused(loss, shape):
    bad = torch.zeros(shape)
    words = str(shape).replace("(", r"\(").replace(")", r"\)")
    with pytest.raises(ValueError, match=rf"must have shape \(..., m, 1\), got {words}"):
        loss(bad, bad)


# --- penalties


@pytest.mark.parametrize("penalty", [losses.r1, losses.r2])
@pytest.mark.parametrize("gamma", [0.0, 0.1, 10])
def test_the_penalty_of_a_linear_critic(penalty, gamma):
    w = torch.tensor([3.0, -4.0], dtype=torch.float64)
    x_real, x_fake = draws(32, 2, seed=5), draws(32, 2, seed=6)
    value = penalty(gamma)(Linear(w), x_real, x_fake)
    assert value.shape == ()
    assert value.item() == pytest.approx(gamma / 2 * 25, abs=1e-12)


def square() -> type:
    """A critic with another slope at every point: logits(x) = ½ Σ a_j x_j², slope a_j x_j."""

    class Square(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.a = nn.Parameter(torch.tensor([1.0, -2.0], dtype=torch.float64))

        def logits(self, x: Tensor) -> Tensor:
            return (self.a * x.square()).sum(-1, keepdim=True) / 2

    return Square()


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
