"""The losses against torch's cross-entropy, and the penalties against derivatives by hand."""

from __future__ import annotations

import cmath
import math
from types import SimpleNamespace

import pytest
import torch
from torch import Tensor, nn
from torch.nn import functional

from gan_tutorial import ensemble, losses, networks

LOG2 = math.log(2)
D_LOSS = losses.discriminator_loss
NS = losses.nonsaturating_generator_loss
SATURATING = losses.saturating_generator_loss


def draws(*shape: int, seed: int = 0) -> Tensor:
    generator = torch.Generator().manual_seed(seed)
    return 3 * torch.randn(*shape, generator=generator, dtype=torch.float64)


REAL, FAKE = draws(64, 1, seed=1), draws(64, 1, seed=2) - 0.7
ONES, ZEROS = torch.ones_like(REAL), torch.zeros_like(REAL)


def sp(a: float) -> float:
    """Compute log(1 + exp a) by the textbook, for moderate a."""
    return math.log(1 + math.exp(a))


# name: the loss of D and of G for one pair of logits (r, f), L_D and L_G at zero logits
BY_HAND = {
    "non-saturating": (lambda r, f: sp(-r) + sp(f), lambda r, f: sp(-f), 2 * LOG2, LOG2),
    "saturating": (lambda r, f: sp(-r) + sp(f), lambda r, f: -sp(f), 2 * LOG2, -LOG2),
    "smoothed labels": (
        lambda r, f: 0.9 * sp(-r) + 0.1 * sp(r) + sp(f), lambda r, f: sp(-f), 2 * LOG2, LOG2
    ),
    "least squares": (
        lambda r, f: ((r - 1) ** 2 + f**2) / 2, lambda r, f: (f - 1) ** 2 / 2, 0.5, 0.5
    ),
    "hinge": (lambda r, f: max(0, 1 - r) + max(0, 1 + f), lambda r, f: -f, 2, 0),
    "Wasserstein": (lambda r, f: f - r, lambda r, f: -f, 0, 0),
    "relativistic": (lambda r, f: sp(f - r), lambda r, f: sp(r - f), LOG2, LOG2),
}  # fmt: skip
# the same losses' slopes in r and f for L_D, and in f for L_G
SLOPES = {
    "non-saturating": lambda r, f: (r.sigmoid() - 1, f.sigmoid(), f.sigmoid() - 1),
    "saturating": lambda r, f: (r.sigmoid() - 1, f.sigmoid(), -f.sigmoid()),
    "smoothed labels": lambda r, f: (r.sigmoid() - 0.9, f.sigmoid(), f.sigmoid() - 1),
    "least squares": lambda r, f: (r - 1, f, f - 1),
    "hinge": lambda r, f: (-(r < 1).to(r), (f > -1).to(f), -torch.ones_like(f)),
    "Wasserstein": lambda r, f: (-torch.ones_like(r), torch.ones_like(f), -torch.ones_like(f)),
    "relativistic": lambda r, f: (
        (r - f).sigmoid() - 1, 1 - (r - f).sigmoid(), (f - r).sigmoid() - 1
    ),
}  # fmt: skip
PARTS = [part for loss in losses.LOSSES.values() for part in loss[:2]]


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


def test_the_table_names_every_loss():
    assert losses.LOSSES.keys() == BY_HAND.keys()
    pairs = {thing for thing in vars(losses).values() if isinstance(thing, losses.Loss)}
    assert set(losses.LOSSES.values()) == pairs | {losses.smoothed(losses.nonsaturating)}
    assert losses.LOSSES["least squares"] is losses.least_squares
    assert losses.LOSSES["Wasserstein"] is losses.wasserstein


@pytest.mark.parametrize("name", BY_HAND)
def test_every_loss_is_its_formula(name):
    d, g, d_at_zero, g_at_zero = BY_HAND[name]
    loss, pairs = losses.LOSSES[name], list(zip(REAL.tolist(), FAKE.tolist(), strict=True))
    for part, by_hand in ((loss.d, d), (loss.g, g)):
        expected = sum(by_hand(r[0], f[0]) for r, f in pairs) / len(pairs)
        assert part(REAL, FAKE).item() == pytest.approx(expected, abs=1e-13)
    zero = torch.zeros(10, 1, dtype=torch.float64)
    assert loss.d(zero, zero).item() == pytest.approx(d_at_zero, abs=1e-15)
    assert loss.g(zero, zero).item() == pytest.approx(g_at_zero, abs=1e-15)


@pytest.mark.parametrize("name", BY_HAND)
def test_every_loss_has_the_slope_of_its_formula(name):
    real, fake = REAL.clone().requires_grad_(), FAKE.clone().requires_grad_()
    loss = losses.LOSSES[name]
    d_real, d_fake = torch.autograd.grad(loss.d(real, fake), [real, fake])
    (g_fake,) = torch.autograd.grad(loss.g(real.detach(), fake), fake)
    for slope, by_hand in zip((d_real, d_fake, g_fake), SLOPES[name](REAL, FAKE), strict=True):
        torch.testing.assert_close(slope, by_hand / len(REAL), rtol=0, atol=1e-15)


@pytest.mark.parametrize("name", BY_HAND)
def test_a_loss_says_whether_its_generator_looks_at_real_logits(name):
    loss, other = losses.LOSSES[name], REAL + 1
    looks = loss.g(REAL, FAKE).item() != pytest.approx(loss.g(other, FAKE).item(), abs=1e-6)
    assert looks == loss.g_uses_real == (name == "relativistic")


def test_the_relativistic_players_exchange_real_and_fake():
    d, g = losses.relativistic[:2]
    assert torch.equal(d(REAL, FAKE), g(FAKE, REAL))
    for part in (d, g):  # only differences count
        torch.testing.assert_close(part(REAL + 5, FAKE + 5), part(REAL, FAKE), rtol=0, atol=1e-13)
    # it compares pairs, not means
    assert abs(d(REAL, FAKE) - d(REAL.flip(0), FAKE)) > 1e-3


def test_the_critics_loss_is_the_distance_for_a_critic_of_slope_one():
    # fakes are the data moved by 0.7 to the left: W₁ = 0.7, and ℓ(x) = x attains it
    x = draws(64, 1)
    assert losses.wasserstein.d(x, x - 0.7).item() == pytest.approx(-0.7, abs=1e-14)


def test_smoothing_is_cross_entropy_with_soft_labels():
    bce = functional.binary_cross_entropy_with_logits
    for real in (0.7, 0.9, 1.0):
        for base in (losses.nonsaturating, losses.saturating):
            loss = losses.smoothed(base, real)
            expected = bce(REAL, real * ONES) + bce(FAKE, ZEROS)
            assert loss.d(REAL, FAKE).item() == pytest.approx(expected.item(), abs=1e-13)
            assert loss[1:] == base[1:]
    assert losses.smoothed(losses.saturating) == losses.smoothed(losses.saturating, real=0.9)


def test_the_best_discriminator_under_smoothed_labels():
    # at a point with p_data = 1, p_g = 3 it answers 0.9 · 1 / (1 + 3): there the slope vanishes
    best = 0.9 / 4
    logit = torch.tensor(math.log(best / (1 - best)), dtype=torch.float64).requires_grad_()
    d = losses.smoothed(losses.nonsaturating).d
    value = d(logit.expand(1, 1), -100 * ONES) + 3 * d(100 * ONES, logit.expand(1, 1))
    value.backward()
    assert logit.grad.item() == pytest.approx(0, abs=1e-15)


def test_smoothing_needs_labels():
    for loss in (losses.hinge, losses.least_squares, losses.wasserstein, losses.relativistic):
        with pytest.raises(ValueError, match=r"only a cross-entropy has labels .* <function"):
            losses.smoothed(loss)
    for real in (0, -0.1, 1.1, math.nan):
        with pytest.raises(ValueError, match=rf"must be in \(0, 1\], got {real}$"):
            losses.smoothed(losses.nonsaturating, real)


def test_a_smoothed_loss_has_the_same_name_in_every_process():
    # checkpoints compare it
    loss = losses.smoothed(losses.nonsaturating, 0.8)
    assert repr(loss.d) == "SmoothedDiscriminatorLoss(real=0.8)"


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


@pytest.mark.parametrize("name", ["smoothed labels", "hinge", "Wasserstein", "relativistic"])
@pytest.mark.parametrize("size", [1e4, -1e4])
def test_losses_of_huge_logits_are_finite_and_exact(name, size):
    real = torch.full((3, 1), -size, requires_grad=True)
    fake = torch.full((3, 1), size, requires_grad=True)
    up, down = max(size, 0), max(-size, 0)  # softplus(±size), to within e⁻¹⁰⁰⁰⁰
    exact = {
        "smoothed labels": (0.9 * up + 0.1 * down + up, down),
        "hinge": (2 * (up + 1) if up else 0, -size),
        "Wasserstein": (2 * size, -size),
        "relativistic": (2 * up, 2 * down),
    }[name]
    for part, value in zip(losses.LOSSES[name][:2], exact, strict=True):
        loss = part(real, fake)
        loss.backward()
        assert loss.item() == pytest.approx(value, rel=1e-6)
        assert all(logits.grad is None or logits.grad.isfinite().all() for logits in (real, fake))


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


@pytest.mark.parametrize("loss", PARTS)
def test_one_value_for_each_member(loss):
    real, fake = draws(3, 16, 1, seed=3), draws(3, 16, 1, seed=4)
    each = torch.stack([loss(r, f) for r, f in zip(real, fake, strict=True)])
    assert loss(real, fake).shape == (3,)
    torch.testing.assert_close(loss(real, fake), each, rtol=0, atol=1e-14)
    assert loss(draws(2, 3, 5, 1), draws(2, 3, 5, 1)).shape == (2, 3)
    assert loss(real[0], fake[0]).shape == ()


@pytest.mark.parametrize("loss", PARTS)
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


def stream(seed: int = 3) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


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


# --- the Dirac-GAN: data at 0, all fakes at theta, logits(x) = psi x + c; how fast does it turn?

H = 0.2  # the size of a step


def step(v: Tensor, loss: losses.Loss, penalty=None, c: float = 0.0, sigma: float = 0.0) -> Tensor:
    """Do one simultaneous step of gradient descent from v = (theta, psi).

    theta ← theta - h ∂L_G/∂theta, psi ← psi - h ∂(L_D + penalty)/∂psi
    """
    theta, psi = v[0], v[1]
    D = SimpleNamespace(logits=lambda x: psi * x + c)
    noise = torch.tensor([[-sigma], [sigma]], dtype=v.dtype)  # of variance sigma², exactly
    x_real, x_fake = noise, theta + noise
    real_logits, fake_logits = D.logits(x_real), D.logits(x_fake)
    d_loss = loss.d(real_logits, fake_logits)
    if penalty is not None:
        d_loss = d_loss + penalty(D, x_real, x_fake, stream())
    (d_slope,) = torch.autograd.grad(d_loss, psi, create_graph=True)
    (g_slope,) = torch.autograd.grad(loss.g(real_logits, fake_logits), theta, create_graph=True)
    return torch.stack([theta - H * g_slope, psi - H * d_slope])


def pair_of(real: float, square: float) -> tuple[complex, complex]:
    """Return real ± √square."""
    return real - cmath.sqrt(square), real + cmath.sqrt(square)


GAMMA, SIGMA = 0.3, 0.8
NS_PAIR, RP, R1, R2 = losses.nonsaturating, losses.relativistic, losses.r1, losses.r2
# name: options of step, the eigenvalues of the flow (Mescheder et al. 2018)
DIRAC = {
    "GAN": ({"loss": losses.saturating}, pair_of(0, -1 / 4)),
    "non-saturating": ({"loss": NS_PAIR}, pair_of(0, -1 / 4)),
    "smoothed labels": ({"loss": losses.smoothed(NS_PAIR)}, pair_of(0, -1 / 4)),
    "least squares": ({"loss": losses.least_squares, "c": 0.5}, pair_of(0, -1 / 4)),
    "hinge": ({"loss": losses.hinge}, pair_of(0, -1)),
    "Wasserstein": ({"loss": losses.wasserstein}, pair_of(0, -1)),
    "relativistic": ({"loss": RP}, pair_of(0, -1 / 4)),
    "R1": ({"loss": NS_PAIR, "penalty": R1(GAMMA)}, pair_of(-GAMMA / 2, GAMMA**2 / 4 - 1 / 4)),
    "R2": ({"loss": NS_PAIR, "penalty": R2(GAMMA)}, pair_of(-GAMMA / 2, GAMMA**2 / 4 - 1 / 4)),
    "R1, critical": ({"loss": NS_PAIR, "penalty": R1(1.0)}, pair_of(-1 / 2, 0)),
    "R1, beyond": ({"loss": NS_PAIR, "penalty": R1(2.0)}, pair_of(-1, 3 / 4)),
    "R1, Wasserstein": (
        {"loss": losses.wasserstein, "penalty": R1(GAMMA)}, pair_of(-GAMMA / 2, GAMMA**2 / 4 - 1)
    ),
    "relativistic + R1 + R2": (
        {"loss": RP, "penalty": R1(GAMMA) + R2(GAMMA)}, pair_of(-GAMMA, GAMMA**2 - 1 / 4)
    ),
    "instance noise": (
        {"loss": NS_PAIR, "sigma": SIGMA}, pair_of(-(SIGMA**2) / 4, SIGMA**4 / 16 - 1 / 4)
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", DIRAC)
def test_the_dirac_gan_turns_and_shrinks_as_theory_says(name):
    options, flow = DIRAC[name]
    rest = torch.zeros(2, dtype=torch.float64)
    assert step(rest.clone().requires_grad_(), **options).abs().max().item() < 1e-16
    jacobian = torch.autograd.functional.jacobian(lambda v: step(v, **options), rest)
    found = sorted(torch.linalg.eigvals(jacobian).tolist(), key=lambda c: (c.real, c.imag))
    expected = sorted((1 + H * value for value in flow), key=lambda c: (c.real, c.imag))
    atol = 1e-7 if name == "R1, critical" else 1e-14  # a double eigenvalue is found to √ε only
    for ours, theirs in zip(found, expected, strict=True):
        assert ours == pytest.approx(theirs, abs=atol)
        assert abs(ours) == pytest.approx(abs(theirs), abs=atol)


@pytest.mark.parametrize(
    ("name", "shrinks"), [("R1", True), ("GAN", False), ("Wasserstein", False)]
)
def test_the_dirac_gan_played_out(name, shrinks):
    # near the solution the distance changes by |1 + h λ| a step: measured over whole turns
    options, flow = DIRAC[name]
    v, rate = torch.tensor([1e-4, 0.0], dtype=torch.float64), abs(1 + H * flow[1])
    size = []
    for _ in range(400):
        v = step(v.requires_grad_(), **options).detach()
        size.append(v.norm().item())
    measured = (size[-1] / size[199]) ** (1 / 200)
    assert measured == pytest.approx(rate, abs=2e-3)
    assert (measured < 1) == (rate < 1) == shrinks


@pytest.mark.no_cover
def test_the_wasserstein_game_with_a_target_slope_does_not_settle():
    # a critic of slope 1 at the solution pushes the generator on: psi = 0 is no place of rest
    penalty = losses.gradient_penalty(GAMMA, target=1.0)
    v = torch.tensor([0.0, 1e-3], dtype=torch.float64)
    pushed = step(v.clone().requires_grad_(), loss=losses.wasserstein, penalty=penalty)
    # ∂/∂psi of gamma/2 (|psi| - 1)² is gamma (psi - 1): the slope grows towards 1
    assert pushed[1].item() == pytest.approx(1e-3 - H * GAMMA * (1e-3 - 1), abs=1e-15)
    size = []
    for _ in range(2000):
        v = step(v.clone().requires_grad_(), loss=losses.wasserstein, penalty=penalty).detach()
        size.append(v.norm().item())
    assert min(size[1000:]) > 0.1
    # with target 0 it is R1: the same rate
    zero = {"loss": losses.wasserstein, "penalty": losses.gradient_penalty(GAMMA, 0.0)}
    at = torch.tensor([0.3, 0.2], dtype=torch.float64).requires_grad_()
    r1 = step(at, **DIRAC["R1, Wasserstein"][0])
    torch.testing.assert_close(step(at, **zero), r1, rtol=0, atol=1e-15)
