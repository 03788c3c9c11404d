"""Terms of a loss besides the game's own, and those of D's that look at the slope of D itself."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from gan_tutorial.losses.pairs import _checked, _mean


class Penalty:
    """A term of D's loss, or of G's, besides that of the game. The sum of two is one."""

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


def _gradient_penalties(penalties: Any, D: Any, x_real: Tensor, x_fake: Tensor) -> Tensor:
    """Return the sum of such penalties: as in its own step, D sees all samples in one batch."""
    samples = [x_real if penalty.at == "real" else x_fake for penalty in penalties]
    axis = _axis_of_m(D, x_real) if len(samples) > 1 else 0
    slope = _slope(D, torch.cat(samples, axis))
    squared = slope.square().sum(dim=-1, keepdim=True)
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
