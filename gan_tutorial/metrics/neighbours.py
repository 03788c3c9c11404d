"""Quality and variety, told apart by who has whom for a neighbour."""

from typing import NamedTuple

import torch
from torch import Tensor

from gan_tutorial.checks import whole
from gan_tutorial.metrics.samples import _check_pair, _distances, _each


class PrecisionRecall(NamedTuple):
    """The share of fakes that look real, and the share of the data that the fakes reach."""

    precision: Tensor
    recall: Tensor


class DensityCoverage(NamedTuple):
    """How closely fakes crowd around the data, and how much of the data has a fake beside it."""

    density: Tensor
    coverage: Tensor


def precision_recall(x_real: Tensor, x_fake: Tensor, *, neighbours: int = 5) -> PrecisionRecall:
    """Improved precision and recall: the share of fakes among the data, of data among the fakes.

    precision = share of fakes inside some ball of the data: ‖x_real_i - x_fake_j‖ < r_i
    recall = share of the data inside some ball of the fakes: ‖x_real_i - x_fake_j‖ < r_j

    Around each sample there is a ball that reaches to its k-th neighbour of the same kind,
    k = `neighbours`. Precision falls when fakes leave the data, recall when they miss a part of it.

    Neither reaches 1 for a perfect generator: the floor depends on n, m, k and the distribution, so
    measure it (for 1000 standard normals and k = 5, about .996 in the plane and .72 in 64
    dimensions). Both rise with k, and a single stray real sample has a ball that excuses many bad
    fakes.

    Parameters
    ----------
    x_real, x_fake
        Shapes (..., n, dim) and (..., m, dim); leading indices broadcast.
    neighbours
        Which neighbour a ball reaches to; the first papers use 3 and 5.

    Returns
    -------
    PrecisionRecall
        `precision` and `recall`, each of shape (...), between 0 and 1.

    Raises
    ------
    ValueError
        If a sample does not hold more points than `neighbours`, dimensions differ, or values are
        not finite.

    Source
    ------
    Kynkäänniemi et al. 2019 (arXiv 1904.06991), equations 1 and 2. The balls are open, as in the
    code of Naeem et al. 2020: k + 1 equal samples have a ball that holds nothing.
    """
    neighbours = whole("neighbours", neighbours)
    _check_pair(x_real=(x_real, neighbours + 1), x_fake=(x_fake, neighbours + 1))

    def one(real: Tensor, fake: Tensor) -> Tensor:
        gap = _distances(real, fake)
        among_data = (gap < _radii(real, neighbours)[:, None]).any(0)
        among_fakes = (gap < _radii(fake, neighbours)).any(1)
        return torch.stack([among_data.double().mean(), among_fakes.double().mean()])

    return PrecisionRecall(*_each(one, x_real, x_fake).unbind(-1))


def density_coverage(x_real: Tensor, x_fake: Tensor, *, neighbours: int = 5) -> DensityCoverage:
    """Density and coverage: precision and recall that a stray sample cannot fool.

    density = mean over fakes of the number of data balls around it, divided by k
    coverage = share of data balls that hold a fake: min_j ‖x_real_i - x_fake_j‖ < r_i

    A ball reaches from a real sample to its k-th neighbour among the data, k = `neighbours`. Fakes
    have no balls of their own, so they cannot widen what counts.

    Both have a floor that is the same for every distribution. For a perfect generator the mean
    density is 1 (single values may exceed 1). A ball is empty if the k nearest of the other
    n - 1 + m samples are all real, so with m = n the mean coverage is
    1 - (n-1)…(n-k) / ((2n-1)…(2n-k)), or nearly 1 - 2^-k: .969 for k = 5.

    Parameters
    ----------
    x_real, x_fake
        Shapes (..., n, dim) and (..., m, dim); leading indices broadcast.
    neighbours
        Which neighbour a ball reaches to.

    Returns
    -------
    DensityCoverage
        `density` and `coverage`, each of shape (...).

    Raises
    ------
    ValueError
        If `x_real` does not hold more points than `neighbours`, dimensions differ, or values are
        not finite.

    Source
    ------
    Naeem et al. 2020 (arXiv 2002.09797), section 3.
    """
    neighbours = whole("neighbours", neighbours)
    _check_pair(x_real=(x_real, neighbours + 1), x_fake=(x_fake, 1))

    def one(real: Tensor, fake: Tensor) -> Tensor:
        inside = _distances(real, fake) < _radii(real, neighbours)[:, None]
        density = inside.sum().double() / len(fake) / neighbours
        return torch.stack([density, inside.any(1).double().mean()])

    return DensityCoverage(*_each(one, x_real, x_fake).unbind(-1))


def _radii(x: Tensor, neighbours: int) -> Tensor:
    """Return how far each point's k-th neighbour is; the first is the point itself."""
    return _distances(x, x).topk(neighbours + 1, largest=False).values[:, -1]
