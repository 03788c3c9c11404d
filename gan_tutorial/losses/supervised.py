"""Terms that know a right answer: the class of a sample, or the sample itself."""

from dataclasses import dataclass
from typing import Any

from torch import Tensor
from torch.nn.functional import log_softmax

from gan_tutorial.losses.penalties import Penalty, _axis_of_m, _strength


@dataclass(frozen=True)
class ClassPenalty(Penalty):
    """How badly D's guess of the label fits, at real or at fake samples; see `auxiliary`."""

    weight: float
    at: str

    def __call__(self, D: Any, x_real: Tensor, x_fake: Tensor, generator: Any = None) -> Tensor:
        """Return -weight · E[log p(y | x)], one value per member."""
        if not hasattr(D, "labels") or not hasattr(D, "class_logits"):
            raise ValueError(
                "auxiliary needs labels beside the samples, and a D with class_logits, such as "
                f"networks.AuxiliaryDiscriminator, got {type(getattr(D, 'D', D)).__name__}"
            )
        (labels,) = D.labels
        guess = log_softmax(D.class_logits(x_real if self.at == "real" else x_fake), dim=-1)
        return -self.weight * guess.gather(-1, labels[..., None]).mean(dim=(-2, -1))


@dataclass(frozen=True)
class Reconstruction(Penalty):
    """How far fakes are from the real samples that they are paired with; see `reconstruction`."""

    weight: float
    power: float

    def __call__(self, D: Any, x_real: Tensor, x_fake: Tensor, generator: Any = None) -> Tensor:
        """Return weight · E|x_fake - x_real|^power, one value per member."""
        distance = (x_fake - x_real).abs().pow(self.power)
        return self.weight * distance.flatten(_axis_of_m(D, x_real)).mean(dim=-1)


def auxiliary(weight: float = 1.0) -> tuple[ClassPenalty, ClassPenalty]:
    """Let D guess the label, and G draw what D guesses right: a term for each.

    L_D + weight · E[-log p(y | x)], x real of label y; L_G + weight · E[-log p(y | G(z, y))]

    p is the softmax of `D.class_logits`. The paper lets D learn the label of fakes, too; here it
    learns from real samples alone, so that G's errors do not teach it.

    Parameters
    ----------
    weight
        Strength of both, at least 0.

    Returns
    -------
    tuple[ClassPenalty, ClassPenalty]
        D's term for `penalty`, to be added to others, and G's for `g_penalty`.

    Raises
    ------
    ValueError
        If `weight` is negative or not finite; when called, if there are no labels, or D has no
        `class_logits`.

    Source
    ------
    Odena et al. 2017 (arXiv 1610.09585), section 3.
    """
    weight = _strength(weight, "weight")
    return ClassPenalty(weight, "real"), ClassPenalty(weight, "fake")


def reconstruction(weight: float, power: float = 1.0) -> Reconstruction:
    """Ask each fake to be near the real sample of the same label: a term for `g_penalty`.

    weight · E|G(z, y) - x|^power, the mean over samples and all of their numbers; (x, y) is a pair

    The best answer of power 1 alone is the median of x given y; of power 2, the mean.

    Parameters
    ----------
    weight
        Strength, at least 0.
    power
        At least 1.

    Returns
    -------
    Reconstruction
        Called as `penalty(D, x_real, x_fake, generator)`; returns one value per member.

    Raises
    ------
    ValueError
        If `weight` is negative or `power` below 1, or one is not finite.

    Source
    ------
    Isola et al. 2017 (arXiv 1611.07004), equation 3.
    """
    if _strength(power, "power") < 1:
        raise ValueError(f"power must be at least 1, got {power}")
    return Reconstruction(_strength(weight, "weight"), float(power))
