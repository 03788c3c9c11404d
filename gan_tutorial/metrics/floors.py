"""What a metric gives for two samples of the same distribution."""

from collections.abc import Callable
from typing import Any, TypeVar

import torch
from torch import Tensor

from gan_tutorial.checks import whole

Result = TypeVar("Result")


def noise_floor(
    metric: Callable[[Tensor, Tensor], Result],
    target: Any,
    n: int,
    *,
    repeats: int = 64,
    seed: int = 0,
) -> Result:
    """Measure a metric between two samples of the same distribution.

    Below this, the metric cannot tell a generator from the data with n samples; another may.
    It has chance on both sides: to judge one sample against exact quantiles, measure the floor so.

    Parameters
    ----------
    metric
        A function of two samples, such as `wasserstein_distance`; or, of one,
        `lambda x_real, x_fake: mode_coverage(x_fake, target.means, target.stds)`.
    target
        Anything with `sample(n, seed=…)`.
    n
        Size of each of the two samples.
    repeats
        How many pairs to draw.
    seed
        The pairs use the seeds from 2 · repeats · seed on, so other seeds draw other pairs.

    Returns
    -------
    Tensor
        Shape (repeats,): take its median, or its 95 % quantile. Several tensors of this shape
        if the metric gives several.

    Raises
    ------
    ValueError
        If `repeats` is not a positive integer.
    """
    repeats = whole("repeats", repeats)
    first = 2 * repeats * seed
    draws = torch.stack([target.sample(n, seed=first + i) for i in range(2 * repeats)])
    return metric(draws[0::2], draws[1::2])
