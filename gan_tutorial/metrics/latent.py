"""What the noise of a generator knows: where factors change, and how far pictures move on a way."""

from collections.abc import Callable

import torch
from torch import Tensor
from torch.nn.functional import normalize

from gan_tutorial.checks import real
from gan_tutorial.metrics.samples import _check_numbers, _leading


def directions(z: Tensor, factors: Tensor) -> Tensor:
    """Return the directions in z along which, by a linear fit, one factor changes and no other.

    B = argmin Σ_i ‖(f_i - f̄) - (z_i - z̄) B‖², u_k = row k of B⁺, divided by its length

    B⁺ B = I says that a step along row k of the pseudoinverse raises factor k by 1 and leaves the
    others. It is the shortest such step. A column of B is another direction, that of the steepest
    rise; the two agree only where the columns are orthogonal.

    Parameters
    ----------
    z
        Shape (..., n, noise_dim).
    factors
        What was read from the pictures G(z), shape (..., n, F); leading indices broadcast. There
        must be no more factors than noise variables, and more samples than these.

    Returns
    -------
    Tensor
        Shape (..., F, noise_dim), each row of length 1.

    Raises
    ------
    ValueError
        If shapes do not fit, there are too many factors or too few samples, or values are not
        finite.

    Source
    ------
    Shen et al. 2020 (arXiv 1907.10786), section 2, where B comes from a classifier and the other
    factors are projected away one at a time.
    """
    for name, value in (("z", z), ("factors", factors)):
        if value.dim() < 2 or not value.numel():
            raise ValueError(f"{name} must have shape (..., n, dim), got {tuple(value.shape)}")
        _check_numbers(name, value)
    leading = _leading("z and factors", z.shape[:-2], factors.shape[:-2])
    if z.shape[-2] != factors.shape[-2]:
        raise ValueError(
            f"z and factors must be equally many, got {z.shape[-2]} and {factors.shape[-2]}"
        )
    (n, dim), wanted = z.shape[-2:], factors.shape[-1]
    if wanted > dim:
        raise ValueError(
            f"there must be no more factors than noise variables, got {wanted} > {dim}"
        )
    if n <= dim:
        raise ValueError(f"{dim} noise variables need more than {dim} samples, got {n}")
    centred = (
        (each - each.mean(dim=-2, keepdim=True)).expand(*leading, n, -1) for each in (z, factors)
    )
    slopes = torch.linalg.lstsq(*centred).solution  # (..., noise_dim, F)
    return normalize(torch.linalg.pinv(slopes), dim=-1)


@torch.no_grad()
def path_length(
    G: Callable[[Tensor], Tensor],
    start: Tensor,
    end: Tensor,
    t: Tensor,
    *,
    spherical: bool = False,
    epsilon: float = 1e-3,
) -> Tensor:
    """Return how fast pictures change at one place of each way from one noise to another, squared.

    ‖G(z(t + ε)) - G(z(t))‖² / ε², z(t) = (1 - t) start + t end

    or, if `spherical`, z(t) = (sin((1 - t) ω) start + sin(t ω) end) / sin ω, ω the angle between
    the two. The norm runs over all pixels, in place of the features of a network that the paper
    compares by. Over pairs and uniform t, the mean is the perceptual path length. It has a long
    tail, but a median is small for a picture that stands still and then jumps. The mean over t
    along one way is no smaller than the squared distance between its ends.

    Parameters
    ----------
    G
        What makes pictures of noise: a generator, or the part of one that begins at w.
    start, end
        The two ends, shape (..., n, noise_dim).
    t
        Where on each way, from 0 to 1: shape (..., n, 1).
    spherical
        Go along the arc, in place of the straight line.
    epsilon
        The length of a step, as a share of the way; positive. In single precision 10⁻³ keeps three
        digits.

    Returns
    -------
    Tensor
        One value for each pair, shape (..., n), in squared units of x.

    Raises
    ------
    ValueError
        If shapes do not fit, epsilon is not positive, or values are not finite.

    Source
    ------
    Karras et al. 2019 (arXiv 1812.04948), section 4.1.
    """
    step = real("epsilon", epsilon)
    if not 0 < step < float("inf"):
        raise ValueError(f"epsilon must be positive and finite, got {epsilon!r}")
    if start.shape != end.shape or start.dim() < 2 or not start.numel():
        raise ValueError(
            "start and end must have one shape (..., n, noise_dim), "
            f"got {tuple(start.shape)} and {tuple(end.shape)}"
        )
    if t.shape != (*start.shape[:-1], 1):
        raise ValueError(f"t must have shape {(*start.shape[:-1], 1)}, got {tuple(t.shape)}")
    for name, value in (("start", start), ("end", end), ("t", t)):
        _check_numbers(name, value)
    way = _arc if spherical else _straight
    here, there = (G(way(start, end, at)) for at in (t, t + step))
    dims = tuple(range(start.dim() - 1, here.dim()))
    return (there - here).square().sum(dim=dims) / step**2


def _straight(start: Tensor, end: Tensor, t: Tensor) -> Tensor:
    return (1 - t) * start + t * end


def _arc(start: Tensor, end: Tensor, t: Tensor) -> Tensor:
    cosine = (normalize(start, dim=-1) * normalize(end, dim=-1)).sum(dim=-1, keepdim=True)
    angle = cosine.clamp(-1, 1).acos()
    # at an angle of 0 both ends point one way, and the arc is the line
    straight = angle < 1e-4
    sine = torch.where(straight, 1, angle.sin())
    arc = (torch.sin((1 - t) * angle) * start + torch.sin(t * angle) * end) / sine
    return torch.where(straight, _straight(start, end, t), arc)
