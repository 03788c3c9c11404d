"""A bound on the critic's weights."""

from dataclasses import dataclass
from typing import Any

import torch


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
