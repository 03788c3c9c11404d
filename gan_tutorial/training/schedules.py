"""Schedules: what a number is at progress t/steps of training, in [0, 1)."""

import math
from collections.abc import Callable
from dataclasses import dataclass

Schedule = Callable[[float], float]


def cosine(progress: float) -> float:
    """Return the factor ½ (1 + cos π·progress): 1 at the start, 0 at the end of training.

    Source
    ------
    Loshchilov & Hutter 2017 (arXiv 1608.03983), equation 5, without restarts.
    """
    return (1 + math.cos(math.pi * progress)) / 2


def flat_then_cosine(progress: float) -> float:
    """Return 1 for the first half of training, then the cosine from 1 down to 0."""
    return 1.0 if progress < 0.5 else cosine(2 * progress - 1)


@dataclass(frozen=True)
class Ramp:
    """A schedule from one value to another; see `linear` and `geometric`."""

    start: float
    end: float
    kind: str

    def __call__(self, progress: float) -> float:
        """Return the value at progress t/steps in [0, 1]."""
        if self.kind == "linear":
            return self.start + (self.end - self.start) * progress
        return self.start * (self.end / self.start) ** progress


def linear(start: float, end: float = 0.0) -> Ramp:
    """Return the schedule start + (end - start) · progress.

    Parameters
    ----------
    start, end
        Values at the start and at the end of training, finite and at least 0.

    Raises
    ------
    ValueError
        If a value is negative or not finite.
    """
    for value in (start, end):
        if not 0 <= value < math.inf:
            raise ValueError(f"a linear schedule needs numbers of at least 0, got {value}")
    return Ramp(float(start), float(end), "linear")


def geometric(start: float, end: float) -> Ramp:
    """Return the schedule start · (end / start)^progress, which falls by equal factors.

    Parameters
    ----------
    start, end
        Values at the start and at the end of training, finite and positive.

    Raises
    ------
    ValueError
        If a value is not positive and finite.
    """
    for value in (start, end):
        if not 0 < value < math.inf:
            raise ValueError(f"a geometric schedule needs positive numbers, got {value}")
    return Ramp(float(start), float(end), "geometric")
