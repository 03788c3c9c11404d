"""Kernels, and the distance of two samples that each of them gives."""

import math
from collections.abc import Callable

import torch
from torch import Tensor

from gan_tutorial.metrics.samples import _check_pair, _distances, _each

Kernel = Callable[[Tensor, Tensor], Tensor]


def cubic_kernel(x: Tensor, y: Tensor) -> Tensor:
    """Return k(x, y) = (xᵀy / dim + 1)³, shapes (n, dim) and (k, dim) to (n, k)."""
    return (x @ y.mT / x.shape[-1] + 1) ** 3


def gaussian_kernel(width: float) -> Kernel:
    """Return the kernel k(x, y) = exp(-‖x - y‖² / 2 width²).

    Raises
    ------
    ValueError
        If `width` is not positive and finite.
    """
    if not 0 < width < math.inf:
        raise ValueError(f"width must be positive and finite, got {width}")
    return lambda x, y: torch.exp(-_distances(x, y).square() / (2 * width**2))


def kernel_distance(x: Tensor, y: Tensor, kernel: Kernel = cubic_kernel) -> Tensor:
    """Squared maximum mean discrepancy of two samples, without bias.

    MMD² = mean of k(x_i, x_j), i ≠ j + mean of k(y_i, y_j), i ≠ j - 2 · mean of k(x_i, y_j)

    With the cubic kernel, on the features of a network, this is the kernel Inception distance
    (KID), here from all pairs at once. The cubic kernel compares moments up to the third, no more:
    on the line, MMD² = 3 (Δ E[x])² + 3 (Δ E[x²])² + (Δ E[x³])². A Gaussian kernel sees every
    difference, best those as large as its width.

    The bias is zero, so two samples of the same distribution give 0 on average, and a negative
    number about every second time. The noise floor is the spread around 0, which falls as 1/n.

    Parameters
    ----------
    x, y
        Shapes (..., n, dim) and (..., k, dim), n and k at least 2; leading indices broadcast.
    kernel
        From (n, dim) and (k, dim) to (n, k), such as `gaussian_kernel(width)`.

    Returns
    -------
    Tensor
        Shape (...).

    Raises
    ------
    ValueError
        If a sample has fewer than two points, dimensions differ, or values are not finite.

    Source
    ------
    Gretton et al. 2012, "A kernel two-sample test", equation 3; Bińkowski et al. 2018
    (arXiv 1801.01401) for the cubic kernel.
    """
    _check_pair(x=(x, 2), y=(y, 2))

    def one(x: Tensor, y: Tensor) -> Tensor:
        within_x = _kernel_mean(kernel, x, x, but_diagonal=True)
        within_y = _kernel_mean(kernel, y, y, but_diagonal=True)
        return within_x + within_y - 2 * _kernel_mean(kernel, x, y)

    return _each(one, x, y)


def _kernel_mean(kernel: Kernel, x: Tensor, y: Tensor, *, but_diagonal: bool = False) -> Tensor:
    """Return the mean of k(x_i, y_j), over all pairs or over those with i ≠ j."""
    total, pairs = x.new_zeros(()), len(x) * (len(y) - but_diagonal)
    for start in range(0, len(x), 128):  # few rows at a time: they fit the processor's cache
        table = kernel(x[start : start + 128], y)
        total = total + table.sum() - (table.diagonal(start).sum() if but_diagonal else 0)
    return total / pairs
