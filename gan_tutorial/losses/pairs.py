"""What a loss is, and its mean over a batch."""

from collections.abc import Callable
from typing import NamedTuple

from torch import Tensor

PairLoss = Callable[[Tensor, Tensor], Tensor]


class Loss(NamedTuple):
    """What the discriminator minimises, `d`, and what the generator minimises, `g`.

    `g_uses_real` says whether `g` looks at `real_logits`; if not, training saves itself a pass.
    """

    d: PairLoss
    g: PairLoss
    g_uses_real: bool = False


def _mean(values: Tensor) -> Tensor:
    return _checked(values).mean(dim=(-2, -1))


def _checked(logits: Tensor) -> Tensor:
    if logits.dim() < 2 or logits.shape[-1] != 1:
        raise ValueError(f"logits must have shape (..., m, 1), got {tuple(logits.shape)}")
    return logits
