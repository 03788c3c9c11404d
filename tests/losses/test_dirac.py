"""The Dirac-GAN: data at 0, all fakes at theta, logits(x) = psi x + c; how fast does it turn?"""

from __future__ import annotations

import cmath
from types import SimpleNamespace

import pytest
import torch
from critics import stream
from torch import Tensor

from gan_tutorial import losses

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
