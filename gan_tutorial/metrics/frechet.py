"""The Fréchet distance, of samples and of Gaussians."""

import torch
from torch import Tensor

from gan_tutorial.metrics.samples import _check_numbers, _check_pair, _leading


def frechet_distance(x: Tensor, y: Tensor) -> Tensor:
    """Fréchet distance of two samples: that of Gaussians with their means and covariances.

    FD = ‖m_x - m_y‖² + Tr(C_x + C_y - 2 (C_x C_y)^½)

    On the features of the Inception network it is the FID. It sees the first two moments, no more.
    Its bias is upward: for two standard normal samples of size n the mean is about
    (2 dim + dim (dim + 1) / 2) / n, which is its noise floor. So compare only equal n. Covariances
    may be singular, as they are when n ≤ dim.

    Parameters
    ----------
    x, y
        Shapes (..., n, dim) and (..., k, dim), n and k at least 2; leading indices broadcast.

    Returns
    -------
    Tensor
        Shape (...), in the squared units of x. Computed in float64.

    Raises
    ------
    ValueError
        If a sample has fewer than two points, dimensions differ, or values are not finite.

    Source
    ------
    Heusel et al. 2017 (arXiv 1706.08500), equation 6.
    """
    _check_pair(x=(x, 2), y=(y, 2))
    distance = frechet_distance_of_gaussians(*_moments(x), *_moments(y))
    return distance.to(torch.result_type(x, y))


def frechet_distance_of_gaussians(
    mean_x: Tensor, cov_x: Tensor, mean_y: Tensor, cov_y: Tensor
) -> Tensor:
    """Fréchet distance of two Gaussians: the squared 2-Wasserstein distance between them.

    FD = ‖m_x - m_y‖² + Tr(C_x + C_y - 2 (C_x C_y)^½)

    With C = A Aᵀ from the eigenvalues, Tr (C_x C_y)^½ is the sum of the singular values of
    A_xᵀ A_y. That needs no root of a matrix that is not symmetric, and no inverse: a singular C is
    a case like any other. No samples, so no noise floor.

    Parameters
    ----------
    mean_x, mean_y
        Shapes (..., dim); leading indices broadcast.
    cov_x, cov_y
        Shapes (..., dim, dim), symmetric, no eigenvalue negative.

    Returns
    -------
    Tensor
        Shape (...), in float64.

    Raises
    ------
    ValueError
        If shapes do not fit, values are not finite, or a `cov` is not a covariance.

    Source
    ------
    Dowson & Landau 1982, "The Fréchet distance between multivariate normal distributions".
    """
    if mean_x.dim() == 0 or not mean_x.numel():
        raise ValueError(f"mean_x must have shape (..., dim), got {tuple(mean_x.shape)}")
    dim = mean_x.shape[-1]
    values = {"mean_x": mean_x, "cov_x": cov_x, "mean_y": mean_y, "cov_y": cov_y}
    for name, value in values.items():
        shape = (dim,) if name.startswith("mean") else (dim, dim)
        if value.shape[-len(shape) :] != shape:
            wanted = ", ".join(map(str, shape))
            raise ValueError(f"{name} must have shape (..., {wanted}), got {tuple(value.shape)}")
        _check_numbers(name, value)
    _leading("the means", mean_x.shape[:-1], mean_y.shape[:-1])
    _leading("the covariances", cov_x.shape[:-2], cov_y.shape[:-2])
    factor_x, factor_y = _factor("cov_x", cov_x.double()), _factor("cov_y", cov_y.double())
    overlap = torch.linalg.svdvals(factor_x.mT @ factor_y).sum(-1)  # Tr (C_x C_y)^½
    traces = (cov_x.double() + cov_y.double()).diagonal(dim1=-2, dim2=-1).sum(-1)
    shift = (mean_x.double() - mean_y.double()).square().sum(-1)
    return shift + (traces - 2 * overlap).clamp_min(0)  # rounding may leave -1e-16


def _moments(x: Tensor) -> tuple[Tensor, Tensor]:
    """Return mean and covariance, without bias: (..., n, dim) -> (..., dim), (..., dim, dim)."""
    mean = x.double().mean(-2, keepdim=True)
    centred = x.double() - mean
    return mean[..., 0, :], centred.mT @ centred / (x.shape[-2] - 1)


def _factor(name: str, cov: Tensor) -> Tensor:
    """Return A with A Aᵀ = cov. What is zero up to rounding becomes zero, or its root would not."""
    tolerance = 1e-5 * cov.abs().amax((-2, -1), keepdim=True)
    if ((cov - cov.mT).abs() > tolerance).any():
        raise ValueError(f"{name} must be symmetric, got entries {(cov - cov.mT).max():.3g} apart")
    values, vectors = torch.linalg.eigh(cov)
    if (values < -tolerance[..., 0]).any():
        raise ValueError(f"{name} must have no negative eigenvalue, got {values.min():.3g}")
    rounding = cov.shape[-1] * torch.finfo(torch.float64).eps * values[..., -1:]
    return vectors * values.where(values > rounding, 0).sqrt()[..., None, :]
