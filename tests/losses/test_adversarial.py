"""The losses against torch's cross-entropy, formulas by hand and their limits."""

from __future__ import annotations

import math

import pytest
import torch
from critics import draws
from torch.nn import functional

from gan_tutorial import losses

LOG2 = math.log(2)
D_LOSS = losses.discriminator_loss
NS = losses.nonsaturating_generator_loss
SATURATING = losses.saturating_generator_loss


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
