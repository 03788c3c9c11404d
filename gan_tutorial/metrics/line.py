"""Distances of samples, and of densities, on the line."""

import math
from collections.abc import Callable

import torch
from torch import Tensor

from gan_tutorial.checks import whole
from gan_tutorial.metrics.samples import _line, _sorted_line


def wasserstein_distance(x: Tensor, y: Tensor) -> Tensor:
    """1-Wasserstein distance of two samples on the line: the mean distance mass must travel.

    W₁ = ∫₀¹ |F_x⁻¹(u) - F_y⁻¹(u)| du

    Exact for the two samples, of any sizes. With n samples a side its noise floor falls as
    1/√n and its bias is upward: it is never negative, so it never averages to zero.

    Parameters
    ----------
    x, y
        Shapes (..., n, 1) and (..., k, 1); leading indices broadcast, so one y can serve all
        replicas. For a y without noise pass `target.quantiles(k)`.

    Returns
    -------
    Tensor
        Shape (...), in the units of x.

    Raises
    ------
    ValueError
        If a sample is empty, not one-dimensional, or holds a value that is not finite.
    """
    x, y = _sorted_line("x", x), _sorted_line("y", y)
    n, k = x.shape[-1], y.shape[-1]
    if n == k:
        return (x - y).abs().mean(-1)
    ends = torch.cat([torch.arange(1, n + 1) * k, torch.arange(1, k + 1) * n]).sort().values
    ends = ends.to(x.device)  # where either quantile function jumps, in units of 1 / (n k)
    share = torch.diff(ends, prepend=ends.new_zeros(1)).to(x.dtype) / (n * k)
    gap = x[..., (ends - 1) // k] - y[..., (ends - 1) // n]
    return (gap.abs() * share).sum(-1)


def js_divergence(
    x: Tensor, y: Tensor, *, bins: int = 50, low: float = -1.0, high: float = 1.0
) -> Tensor:
    """Jensen-Shannon divergence of two samples on the line, from their histograms, in nats.

    JSD = ½ KL(p ‖ m) + ½ KL(q ‖ m), m = (p + q) / 2, with p and q the shares in each bin

    It lies between 0 and log 2. Samples outside [low, high] count in the outermost bins. Its
    noise floor is about (bins - 1) / 8 · (1/n + 1/k) nats, and its bias is upward; bins that are
    wider than the features of a density hide them.

    Parameters
    ----------
    x, y
        Shapes (..., n, 1) and (..., k, 1); leading indices broadcast.
    bins, low, high
        Number of bins of equal width between `low` and `high`.

    Returns
    -------
    Tensor
        Shape (...), in nats.

    Raises
    ------
    ValueError
        If a sample is empty, not one-dimensional, not finite, or the bins make no sense.

    Source
    ------
    Lin 1991, "Divergence measures based on the Shannon entropy", equation 3.4.
    """
    bins = whole("bins", bins)
    if not -math.inf < low < high < math.inf:
        raise ValueError(f"bins need finite low < high, got low={low}, high={high}")
    p, q = (_shares(_line(name, s), bins, low, high) for name, s in (("x", x), ("y", y)))
    return _js(p, q).sum(-1)


def js_divergence_of_densities(
    p: Callable[[Tensor], Tensor],
    q: Callable[[Tensor], Tensor],
    *,
    low: float,
    high: float,
    points: int = 20_001,
) -> float:
    """Jensen-Shannon divergence of two known densities on the line, by quadrature, in nats.

    JSD = ½ ∫ p log(p / m) + ½ ∫ q log(q / m), m = (p + q) / 2

    Trapezoid rule in float64 on equally spaced points: for smooth densities that vanish at both
    ends its error falls faster than any power of the spacing. No samples, so no noise floor.

    Parameters
    ----------
    p, q
        Densities, such as `target.density`: shape (points, 1) to (points, 1).
    low, high
        Ends of the integral; both densities should vanish outside.
    points
        Number of points, at least 2.

    Raises
    ------
    ValueError
        If low is not below high, or there are fewer than two points.
    """
    if not low < high or points < 2:
        raise ValueError(f"quadrature needs low < high and 2 points, got {low}, {high}, {points}")
    x = torch.linspace(low, high, points, dtype=torch.float64)[:, None]
    return torch.trapezoid(_js(p(x), q(x))[:, 0], x[:, 0]).item()


def _js(p: Tensor, q: Tensor) -> Tensor:
    m = ((p + q) / 2).clamp_min(torch.finfo(p.dtype).tiny)  # where both are 0, 0 log 0 = 0
    return (torch.xlogy(p, p / m) + torch.xlogy(q, q / m)) / 2


def _shares(values: Tensor, bins: int, low: float, high: float) -> Tensor:
    """Return the share of values in each bin: (..., n) -> (..., bins)."""
    index = ((values - low) / (high - low) * bins).floor().clamp(0, bins - 1).long()
    counts = values.new_zeros(*values.shape[:-1], bins)
    return counts.scatter_add(-1, index, torch.ones_like(values)) / values.shape[-1]
