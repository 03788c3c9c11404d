"""The Wasserstein distance in any dimension."""

import torch
from torch import Tensor

from gan_tutorial.metrics.samples import _check_pair, _distances, _each


def transport_distance(x: Tensor, y: Tensor) -> Tensor:
    """1-Wasserstein distance of two equally large samples in any dimension, exactly.

    W₁ = min over pairings s of 1/n Σᵢ ‖x_i - y_s(i)‖

    The best pairing solves the assignment problem, which takes up to n³ steps. The bias is upward,
    and the noise floor falls slowly: as 1/√n on the line, as √(log n / n) in the plane, and only as
    n^(-1/dim) above.

    Parameters
    ----------
    x, y
        Shape (..., n, dim) each; leading indices broadcast.

    Returns
    -------
    Tensor
        Shape (...), in the units of x. Gradients flow along the best pairing.

    Raises
    ------
    ValueError
        If the samples differ in size or dimension, are empty, or are not finite.

    Source
    ------
    Peyré & Cuturi 2019, "Computational Optimal Transport", section 2.2.
    """
    from scipy.optimize import linear_sum_assignment  # slow to load, and used only here

    _check_pair(x=(x, 1), y=(y, 1))
    if x.shape[-2] != y.shape[-2]:
        raise ValueError(
            f"a pairing needs as many samples in x as in y, got {x.shape[-2]} and {y.shape[-2]}"
        )

    def one(x: Tensor, y: Tensor) -> Tensor:
        gap = _distances(x, y)
        pairing = linear_sum_assignment(gap.detach().cpu().numpy())
        return gap[tuple(torch.as_tensor(index) for index in pairing)].mean()

    return _each(one, x, y)
