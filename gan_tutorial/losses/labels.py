"""Cross-entropy with another label for real samples."""

from dataclasses import dataclass

from torch import Tensor

from gan_tutorial.losses.adversarial import discriminator_loss
from gan_tutorial.losses.pairs import Loss, _mean


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
