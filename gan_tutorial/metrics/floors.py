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
        Anything with `sample(n, seed=…)`. Of pairs, samples and labels, the samples are taken.
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
    drawn = [target.sample(n, seed=first + i) for i in range(2 * repeats)]
    draws = torch.stack([each[0] if isinstance(each, tuple) else each for each in drawn])
    return metric(draws[0::2], draws[1::2])


def held_out_floor(
    metric: Callable[[Tensor, Tensor], Result],
    x_train: Tensor,
    x_held: Tensor,
    n: int,
    *,
    repeats: int = 64,
    seed: int = 0,
) -> Result:
    """Measure a metric between n training samples and n that were held out.

    It is what a generator would reach that gives new samples of p_data, where you have no p_data
    but two fixed sets. Rows are drawn without replacement, since a row that is drawn twice makes a
    sample narrower than p_data. Where n is a large part of a set, the pairs overlap: their spread
    is then too small, and the median is what to take. Features of a network that was trained on
    `x_train` can tell the two sets apart; that is part of what is measured.

    Parameters
    ----------
    metric
        A function of two samples, such as `frechet_distance`.
    x_train, x_held
        Shapes (rows, *shape), each with at least n rows: samples, or their features.
    n
        Size of each of the two samples: that of the fakes you will compare.
    repeats
        How many pairs to draw.
    seed
        Of the draws.

    Returns
    -------
    Tensor
        Shape (repeats,). Several tensors of this shape if the metric gives several.

    Raises
    ------
    ValueError
        If `repeats` or n is not a positive integer, or a set has fewer than n rows.
    """
    repeats, n = whole("repeats", repeats), whole("n", n)
    generator = torch.Generator("cpu").manual_seed(whole("seed", seed, 0))

    def draws(name: str, x: Tensor) -> Tensor:
        if len(x) < n:
            raise ValueError(f"{name} must have at least n = {n} rows, got {len(x)}")
        # (repeats, n): the rows with the n smallest of random numbers
        rows = torch.rand(repeats, len(x), generator=generator, device="cpu").argsort(-1)[:, :n]
        return x[rows.to(x.device)]

    return metric(draws("x_train", x_train), draws("x_held", x_held))
