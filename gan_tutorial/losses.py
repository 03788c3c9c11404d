"""What D and G minimise, as pure functions of logits, and the penalties that keep D smooth.

A `Loss` is a pair of functions, `d` and `g`. Both are called with `(real_logits, fake_logits)`,
each of shape (..., m, 1), and return one value per leading index: a batch gives a scalar, an
ensemble of N members gives N values.

A penalty is called with `(D, x_real, x_fake, generator)` and returns one value per member.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, NamedTuple

import torch
from torch import Tensor
from torch.nn.functional import softplus

PairLoss = Callable[[Tensor, Tensor], Tensor]


class Loss(NamedTuple):
    """What the discriminator minimises, `d`, and what the generator minimises, `g`.

    `g_uses_real` says whether `g` looks at `real_logits`; if not, training saves itself a pass.
    """

    d: PairLoss
    g: PairLoss
    g_uses_real: bool = False


def discriminator_loss(real_logits: Tensor, fake_logits: Tensor) -> Tensor:
    """Binary cross-entropy of D with label 1 for real and 0 for fake.

    L_D = -E[log D(x)] - E[log(1 - D(G(z)))]

    For D = sigmoid(logits): -log D = softplus(-logits), -log(1 - D) = softplus(logits).
    At zero logits it is 2 log 2.

    Shapes
    ------
    real_logits, fake_logits (..., m, 1) -> (...)

    Raises
    ------
    ValueError
        If logits do not have shape (..., m, 1).

    Source
    ------
    Goodfellow et al. 2014 (arXiv 1406.2661), equation 1.
    """
    return _mean(softplus(-real_logits)) + _mean(softplus(fake_logits))


def nonsaturating_generator_loss(real_logits: Tensor, fake_logits: Tensor) -> Tensor:
    """The generator's loss of the seed: it wants its fakes taken for real.

    L_G = -E[log D(G(z))] = E[softplus(-fake_logits)]

    Its gradient in the logit is -(1 - D(G(z))): strongest when D is sure of the fake.

    Shapes
    ------
    fake_logits (..., m, 1) -> (...); real_logits is not used

    Raises
    ------
    ValueError
        If logits do not have shape (..., m, 1).

    Source
    ------
    Goodfellow et al. 2014 (arXiv 1406.2661), section 3.
    """
    return _mean(softplus(-fake_logits))


def saturating_generator_loss(real_logits: Tensor, fake_logits: Tensor) -> Tensor:
    """The generator's side of the minimax game: the part of V(G, D) that G can move.

    L_G = E[log(1 - D(G(z)))] = -E[softplus(fake_logits)]

    Its gradient in the logit is -D(G(z)): it starves G when D is sure of the fake.

    Shapes
    ------
    fake_logits (..., m, 1) -> (...); real_logits is not used

    Raises
    ------
    ValueError
        If logits do not have shape (..., m, 1).

    Source
    ------
    Goodfellow et al. 2014 (arXiv 1406.2661), equation 1.
    """
    return -_mean(softplus(fake_logits))


nonsaturating = Loss(discriminator_loss, nonsaturating_generator_loss)
saturating = Loss(discriminator_loss, saturating_generator_loss)


@dataclass(frozen=True)
class GradientPenalty:
    """The squared slope of D's logit at real or at fake samples; see `r1` and `r2`."""

    gamma: float
    at: str

    def __call__(self, D: Any, x_real: Tensor, x_fake: Tensor, generator: Any = None) -> Tensor:
        """Return gamma / 2 · E‖∇ₓ logits(x)‖², one value per member."""
        x = x_real if self.at == "real" else x_fake
        x = x.detach().requires_grad_()
        (slope,) = torch.autograd.grad(D.logits(x).sum(), x, create_graph=True)
        return self.gamma / 2 * _mean(slope.square().sum(dim=-1, keepdim=True))


def r1(gamma: float) -> GradientPenalty:
    """Penalise the slope of D at real samples.

    R₁ = gamma / 2 · E‖∇ₓ logits(x)‖², x ~ p_data

    Parameters
    ----------
    gamma
        Strength, at least 0. Note the half: other texts write gamma for our gamma / 2.

    Returns
    -------
    GradientPenalty
        Called as `penalty(D, x_real, x_fake, generator)`, x_real of shape (..., m, data_dim);
        returns shape (...). Gradients flow into D's weights.

    Raises
    ------
    ValueError
        If `gamma` is negative or not finite.

    Source
    ------
    Mescheder et al. 2018 (arXiv 1801.04406), equation 9.
    """
    return GradientPenalty(_strength(gamma), "real")


def r2(gamma: float) -> GradientPenalty:
    """Penalise the slope of D at fake samples.

    R₂ = gamma / 2 · E‖∇ₓ logits(x)‖², x ~ p_g

    Parameters
    ----------
    gamma
        Strength, at least 0, with the same half as in `r1`.

    Returns
    -------
    GradientPenalty
        Called as `penalty(D, x_real, x_fake, generator)`, x_fake of shape (..., m, data_dim);
        returns shape (...). No gradient flows into G.

    Raises
    ------
    ValueError
        If `gamma` is negative or not finite.

    Source
    ------
    Mescheder et al. 2018 (arXiv 1801.04406), equation 10.
    """
    return GradientPenalty(_strength(gamma), "fake")


def _strength(gamma: float) -> float:
    if not 0 <= gamma < float("inf"):
        raise ValueError(f"gamma must be a finite number of at least 0, got {gamma}")
    return float(gamma)


def _mean(values: Tensor) -> Tensor:
    if values.dim() < 2 or values.shape[-1] != 1:
        raise ValueError(f"logits must have shape (..., m, 1), got {tuple(values.shape)}")
    return values.mean(dim=(-2, -1))
