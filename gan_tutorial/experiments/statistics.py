"""Statistics of n paired differences, and of runs that are lost."""

import math
from typing import Any

import numpy as np
import torch
from torch import Tensor

RESAMPLES = 9999


def numbers(values: Any) -> Tensor:
    """Return numbers as float64."""
    return torch.as_tensor(values, dtype=torch.float64).detach()


def median(values: Tensor) -> float:
    """Return the median, NaN of no numbers."""
    return values.quantile(0.5).item() if len(values) else math.nan


def interval(d: Tensor, level: float, seed: int) -> tuple[float, float]:
    """Return the bootstrap interval of the mean of d; of fewer than two numbers, everything.

    Source
    ------
    BCa: Efron 1987, "Better bootstrap confidence intervals"; its level is widened as Student's t
    is wider than the normal: Hesterberg 2015 (arXiv 1411.5279).
    """
    from scipy import stats  # slow to load

    if len(d) < 2:
        return -math.inf, math.inf
    if d.max() - d.min() <= 1e-12 * d.abs().max():
        return d[0].item(), d[0].item()  # nothing varies but rounding: BCa would divide by zero
    n = len(d)
    z = stats.t.isf((1 - level) / 2, n - 1) * math.sqrt(n / (n - 1))
    wide = 1 - 2 * stats.norm.sf(min(z, 4))  # beyond 4 the resamples have no more to tell
    low, high = stats.bootstrap(
        (d.numpy(),),
        np.mean,
        confidence_level=wide,
        n_resamples=RESAMPLES,
        method="BCa",
        rng=seed,
    ).confidence_interval
    return float(low), float(high)


def sign_flip(d: Tensor, seed: int) -> float:
    """Return the two-sided p of "d is as likely as -d", by the mean; of fewer than two, 1."""
    from scipy import stats

    if len(d) < 2:
        return 1.0
    test = stats.permutation_test(
        (d.numpy(),),
        np.mean,
        permutation_type="samples",  # with one sample: flip the sign of each number
        n_resamples=RESAMPLES,
        rng=seed,
    )
    return float(test.pvalue)


def holm(p: list[float]) -> list[float]:
    """Return p corrected for their number.

    Source
    ------
    Holm 1979, "A simple sequentially rejective multiple test procedure".
    """
    from statsmodels.stats.multitest import multipletests  # slow to load

    return multipletests(p, method="holm")[1].tolist()


def verdict(
    n: int, family: tuple[float, float], p_holm: float, margin: float | None, alpha: float
) -> str:
    """Return what can be said of a difference: that it matters, that there is none, or nothing."""
    low, high = family
    if 2 / 2**n <= alpha:  # the smallest p that n signs can give
        if margin is not None and -margin < low and high < margin:
            return f"no difference above {margin:g}"
        if (low > 0 or high < 0) and p_holm <= alpha:
            return "matters"
    return "unknown at this size"


def share(count: int, n: int, level: float) -> tuple[float, float]:
    """Return the interval of a probability of which `count` of n independent runs are known.

    Source
    ------
    Clopper & Pearson 1934, "The use of confidence or fiducial limits": never below its level.
    """
    from scipy import stats

    found = stats.binomtest(count, n).proportion_ci(level, "exact")
    return float(found.low), float(found.high)
