"""What D and G minimise, as pure functions of logits, and the penalties that keep D smooth.

A `Loss` is a pair of functions, `d` and `g`. Both are called with `(real_logits, fake_logits)`,
each of shape (..., m, 1), and return one value per leading index: a batch gives a scalar, an
ensemble of N members gives N values.

A penalty is called with `(D, x_real, x_fake, generator)`, samples of shape (..., m, *data_shape),
and returns one value per member. The sum of two penalties, `r1(0.1) + r2(0.1)`, is a penalty. Where
a penalty must know which axis is m before D has answered, a sample is the last `D.data_dims` axes;
if D does not say, one (a vector) in samples of up to three axes, else three (an image).

The tables `LOSSES` and `PENALTIES` give each of them the name that the book prints.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, NamedTuple

import torch
from torch import Tensor
from torch.nn.functional import relu, softplus

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


def least_squares_discriminator_loss(real_logits: Tensor, fake_logits: Tensor) -> Tensor:
    """Pull D's output to 1 at real samples and to 0 at fakes.

    L_D = ½ E[(ℓ(x) - 1)²] + ½ E[ℓ(G(z))²]

    Here ℓ is read as a score, without the sigmoid. At zero logits it is ½.

    Shapes
    ------
    real_logits, fake_logits (..., m, 1) -> (...)

    Raises
    ------
    ValueError
        If logits do not have shape (..., m, 1).

    Source
    ------
    Mao et al. 2017 (arXiv 1611.04076), with labels 0 and 1.
    """
    return _mean((real_logits - 1).square()) / 2 + _mean(fake_logits.square()) / 2


def least_squares_generator_loss(real_logits: Tensor, fake_logits: Tensor) -> Tensor:
    """Pull D's output at fakes to 1, from both sides.

    L_G = ½ E[(ℓ(G(z)) - 1)²]

    Its gradient in the logit is ℓ - 1: it grows with the distance, and turns round beyond 1.

    Shapes
    ------
    fake_logits (..., m, 1) -> (...); real_logits is not used

    Raises
    ------
    ValueError
        If logits do not have shape (..., m, 1).

    Source
    ------
    Mao et al. 2017 (arXiv 1611.04076), with label 1.
    """
    return _mean((fake_logits - 1).square()) / 2


def hinge_discriminator_loss(real_logits: Tensor, fake_logits: Tensor) -> Tensor:
    """Make D pay for what is not on its right side by a margin of 1.

    L_D = E[max(0, 1 - ℓ(x))] + E[max(0, 1 + ℓ(G(z)))]

    Samples beyond the margin have no gradient. At zero logits it is 2.

    Shapes
    ------
    real_logits, fake_logits (..., m, 1) -> (...)

    Raises
    ------
    ValueError
        If logits do not have shape (..., m, 1).

    Source
    ------
    Lim & Ye 2017 (arXiv 1705.02894).
    """
    return _mean(relu(1 - real_logits)) + _mean(relu(1 + fake_logits))


def wasserstein_discriminator_loss(real_logits: Tensor, fake_logits: Tensor) -> Tensor:
    """Raise the critic's score of real samples over that of fakes.

    L_D = E[ℓ(G(z))] - E[ℓ(x)]

    If no slope of ℓ is above 1, -L_D is at most W₁(p_data, p_g), and the best ℓ attains it. The
    loss has no minimum unless something bounds the slope: see `clipping` and `gradient_penalty`.

    Shapes
    ------
    real_logits, fake_logits (..., m, 1) -> (...)

    Raises
    ------
    ValueError
        If logits do not have shape (..., m, 1).

    Source
    ------
    Arjovsky et al. 2017 (arXiv 1701.07875), algorithm 1.
    """
    return _mean(fake_logits) - _mean(real_logits)


def wasserstein_generator_loss(real_logits: Tensor, fake_logits: Tensor) -> Tensor:
    """Raise the score of the fakes: the generator's loss of the hinge game as well.

    L_G = -E[ℓ(G(z))]

    Its gradient in the logit is -1, whatever D thinks.

    Shapes
    ------
    fake_logits (..., m, 1) -> (...); real_logits is not used

    Raises
    ------
    ValueError
        If logits do not have shape (..., m, 1).

    Source
    ------
    Arjovsky et al. 2017 (arXiv 1701.07875), algorithm 1.
    """
    return -_mean(fake_logits)


def relativistic_discriminator_loss(real_logits: Tensor, fake_logits: Tensor) -> Tensor:
    """Ask D which of two samples is the real one, and not whether one sample is.

    L_D = E[softplus(-(ℓ(x) - ℓ(G(z))))]

    The i-th real sample is paired with the i-th fake. At equal logits it is log 2.

    Shapes
    ------
    real_logits, fake_logits (..., m, 1) -> (...)

    Raises
    ------
    ValueError
        If logits do not have shape (..., m, 1).

    Source
    ------
    Jolicoeur-Martineau 2018 (arXiv 1807.00734); paired as in Huang et al. 2024 (arXiv 2501.05441).
    """
    return _mean(softplus(-(real_logits - fake_logits)))


def relativistic_generator_loss(real_logits: Tensor, fake_logits: Tensor) -> Tensor:
    """Make each fake look more real than the real sample it is paired with.

    L_G = E[softplus(-(ℓ(G(z)) - ℓ(x)))]

    It is D's loss with real and fake exchanged.

    Shapes
    ------
    real_logits, fake_logits (..., m, 1) -> (...)

    Raises
    ------
    ValueError
        If logits do not have shape (..., m, 1).

    Source
    ------
    Jolicoeur-Martineau 2018 (arXiv 1807.00734); paired as in Huang et al. 2024 (arXiv 2501.05441).
    """
    return _mean(softplus(-(fake_logits - real_logits)))


nonsaturating = Loss(discriminator_loss, nonsaturating_generator_loss)
saturating = Loss(discriminator_loss, saturating_generator_loss)
least_squares = Loss(least_squares_discriminator_loss, least_squares_generator_loss)
hinge = Loss(hinge_discriminator_loss, wasserstein_generator_loss)
wasserstein = Loss(wasserstein_discriminator_loss, wasserstein_generator_loss)
relativistic = Loss(relativistic_discriminator_loss, relativistic_generator_loss, g_uses_real=True)


@dataclass(frozen=True)
class SmoothedDiscriminatorLoss:
    """Cross-entropy with a label below 1 for real samples; see `smoothed`."""

    real: float

    def __call__(self, real_logits: Tensor, fake_logits: Tensor) -> Tensor:
        """Return -E[real log D(x) + (1 - real) log(1 - D(x))] - E[log(1 - D(G(z)))]."""
        # softplus(ℓ) = ℓ + softplus(-ℓ), so the second label adds nothing but the logit itself
        unsure = (1 - self.real) * _mean(real_logits)
        return discriminator_loss(real_logits, fake_logits) + unsure


def smoothed(loss: Loss, real: float = 0.9) -> Loss:
    """Lower the label of real samples from 1 to `real`; that of fakes stays 0.

    L_D = -E[real log D(x) + (1 - real) log(1 - D(x))] - E[log(1 - D(G(z)))]

    The best D becomes real · p_data / (p_data + p_g): it is never sure of a real sample. G's loss
    stays as it is.

    Parameters
    ----------
    loss
        A pair whose `d` is `discriminator_loss`.
    real
        The label of real samples, in (0, 1].

    Raises
    ------
    ValueError
        If `loss.d` is no cross-entropy, so that it has no labels, or `real` is out of range.

    Source
    ------
    Salimans et al. 2016 (arXiv 1606.03498), section 3.4.
    """
    if loss.d is not discriminator_loss:
        raise ValueError(f"only a cross-entropy has labels to smooth, got loss.d = {loss.d!r}")
    if not 0 < real <= 1:
        raise ValueError(f"the label of real samples must be in (0, 1], got {real}")
    return loss._replace(d=SmoothedDiscriminatorLoss(float(real)))


LOSSES = {
    "non-saturating": nonsaturating,
    "saturating": saturating,
    "smoothed labels": smoothed(nonsaturating),
    "least squares": least_squares,
    "hinge": hinge,
    "Wasserstein": wasserstein,
    "relativistic": relativistic,
}


# --- penalties


class Penalty:
    """A term of D's loss that looks at D itself. The sum of two is one."""

    def __call__(self, D: Any, x_real: Tensor, x_fake: Tensor, generator: Any = None) -> Tensor:
        """Return the penalty, one value per member."""
        raise NotImplementedError(f"{type(self).__name__} does not say what it penalises")

    def __add__(self, other: Callable[..., Tensor]) -> "PenaltySum":
        """Return the penalty that asks for both."""
        return PenaltySum(self, other)


@dataclass(frozen=True)
class PenaltySum(Penalty):
    """Two penalties at once, the first with the first claim to the random stream."""

    first: Callable[..., Tensor]
    second: Callable[..., Tensor]

    def __call__(self, D: Any, x_real: Tensor, x_fake: Tensor, generator: Any = None) -> Tensor:
        """Return the sum of both, one value per member."""
        both = (self.first, self.second)
        if all(isinstance(penalty, GradientPenalty) for penalty in both):
            return _gradient_penalties(both, D, x_real, x_fake)
        first, second = (penalty(D, x_real, x_fake, generator) for penalty in both)
        return first + second


@dataclass(frozen=True)
class GradientPenalty(Penalty):
    """The squared slope of D's logit at real or at fake samples; see `r1` and `r2`."""

    gamma: float
    at: str

    def __call__(self, D: Any, x_real: Tensor, x_fake: Tensor, generator: Any = None) -> Tensor:
        """Return gamma / 2 · E‖∇ₓ logits(x)‖², one value per member."""
        return _gradient_penalties((self,), D, x_real, x_fake)


@dataclass(frozen=True)
class SlopePenalty(Penalty):
    """How far D's slope between real and fake samples is from a target; see `gradient_penalty`."""

    gamma: float
    target: float

    def __call__(self, D: Any, x_real: Tensor, x_fake: Tensor, generator: Any = None) -> Tensor:
        """Return gamma / 2 · E[(‖∇ₓ logits(x)‖ - target)²], one value per member."""
        axis = _axis_of_m(D, x_real)
        u = _uniform(x_real, axis, generator)  # (..., m, 1), or (..., m, 1, 1, 1) for images
        slope = _slope(D, u * x_real + (1 - u) * x_fake)
        axes = x_real.dim() + 1 - slope.dim()
        if axes != x_real.dim() - 1 - axis:
            raise ValueError(
                f"x_real of shape {tuple(x_real.shape)} holds samples of {axes} axes, as D's "
                f"logits show: set D.data_dims = {axes}"
            )
        size = slope.norm(dim=-1, keepdim=True)  # at a slope of 0 torch's norm has the gradient 0
        return self.gamma / 2 * _mean((size - self.target).square())


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
        Called as `penalty(D, x_real, x_fake, generator)`, x_real of shape (..., m, *data_shape);
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
        Called as `penalty(D, x_real, x_fake, generator)`, x_fake of shape (..., m, *data_shape);
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


def gradient_penalty(gamma: float, target: float = 1.0) -> SlopePenalty:
    """Penalise slopes of D that differ from `target`, between real and fake samples.

    gamma / 2 · E[(‖∇ₓ logits(x̂)‖ - target)²], x̂ = u x + (1 - u) G(z), u uniform on [0, 1)

    One u is drawn for each pair of samples. The norm runs over all of one sample's slope. For a
    linear D the penalty is 0 at slope `target`, and gamma / 2 · target² at slope 0, where it stays
    finite.

    Parameters
    ----------
    gamma
        Strength, at least 0, with the same half as in `r1`: the paper's λ = 10 is gamma = 20.
    target
        The wanted slope, at least 0.

    Returns
    -------
    SlopePenalty
        Called as `penalty(D, x_real, x_fake, generator)`, x_real and x_fake of shape
        (..., m, *data_shape); returns shape (...). No gradient flows into G.

    Raises
    ------
    ValueError
        If `gamma` or `target` is negative or not finite; when called, if there is no generator, or
        if D's logits show that a sample has another number of axes than the module's rule says.

    Source
    ------
    Gulrajani et al. 2017 (arXiv 1704.00028), equation 3.
    """
    return SlopePenalty(_strength(gamma), _strength(target, "target"))


PENALTIES: dict[str, Callable[[float], Penalty]] = {
    "R1": r1,
    "R2": r2,
    "gradient penalty": gradient_penalty,
}


@dataclass(frozen=True)
class Clipping:
    """Put the weights of D back into a box; see `clipping`."""

    bound: float

    @torch.no_grad()
    def __call__(self, D: Any) -> None:
        """Clip every weight of D to [-bound, bound], in place."""
        for weight in D.parameters():
            weight.clamp_(-self.bound, self.bound)


def clipping(bound: float) -> Clipping:
    """Keep every weight of the critic within a bound, and so its slope.

    w ← min(max(w, -bound), bound) for every weight w of D

    Parameters
    ----------
    bound
        Largest size of a weight, positive; 0.01 in the paper.

    Returns
    -------
    Clipping
        Called with D after each of its updates: `train(..., constrain=clipping(0.01))`.

    Raises
    ------
    ValueError
        If `bound` is not positive and finite.

    Source
    ------
    Arjovsky et al. 2017 (arXiv 1701.07875), algorithm 1.
    """
    if not 0 < bound < float("inf"):
        raise ValueError(f"bound must be positive and finite, got {bound}")
    return Clipping(float(bound))


def _gradient_penalties(penalties: Any, D: Any, x_real: Tensor, x_fake: Tensor) -> Tensor:
    """Return the sum of such penalties: as in its own step, D sees all samples in one batch."""
    samples = [x_real if penalty.at == "real" else x_fake for penalty in penalties]
    axis = _axis_of_m(D, x_real) if len(samples) > 1 else 0
    squared = _slope(D, torch.cat(samples, axis)).square().sum(dim=-1, keepdim=True)
    parts = squared.split([x.shape[axis] for x in samples], axis)
    first, *rest = (p.gamma / 2 * _mean(part) for p, part in zip(penalties, parts, strict=True))
    return sum(rest, start=first)


def _slope(D: Any, x: Tensor) -> Tensor:
    """Return ∇ₓ logits(x) as a function of D's weights, each sample's as a vector: (..., m, d)."""
    x = x.detach().requires_grad_()
    logits = _checked(D.logits(x))
    (slope,) = torch.autograd.grad(logits.sum(), x, create_graph=True)
    return slope.flatten(logits.dim() - 1)


def _axis_of_m(D: Any, x: Tensor) -> int:
    """Return the axis that counts samples, before D has shown it by the shape of its logits."""
    data_dims = getattr(D, "data_dims", None) or (1 if x.dim() <= 3 else 3)
    return x.dim() - 1 - data_dims


def _uniform(x: Tensor, axis: int, generator: Any) -> Tensor:
    """Return a uniform number for each sample in x, from one or N streams: (..., m, 1, ..., 1)."""
    if generator is None:
        raise ValueError("gradient_penalty draws random numbers: it needs a generator, got None")
    ones = [1] * (x.dim() - 1 - axis)
    if isinstance(generator, torch.Generator):
        return torch.rand(*x.shape[: axis + 1], *ones, generator=generator).to(x)
    return generator.rand(x.shape[axis], *ones).to(x)


def _strength(gamma: float, name: str = "gamma") -> float:
    if not 0 <= gamma < float("inf"):
        raise ValueError(f"{name} must be a finite number of at least 0, got {gamma}")
    return float(gamma)


def _mean(values: Tensor) -> Tensor:
    return _checked(values).mean(dim=(-2, -1))


def _checked(logits: Tensor) -> Tensor:
    if logits.dim() < 2 or logits.shape[-1] != 1:
        raise ValueError(f"logits must have shape (..., m, 1), got {tuple(logits.shape)}")
    return logits
