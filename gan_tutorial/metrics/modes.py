"""Which modes of a known mixture the fakes reach."""

from typing import NamedTuple

import torch
from torch import Tensor

from gan_tutorial.metrics.samples import _check_pair, _distances


class ModeCoverage(NamedTuple):
    """What `mode_coverage` counts, each of shape (...)."""

    captured: Tensor
    captured_20: Tensor
    high_quality: Tensor
    spread: Tensor
    reverse_kl: Tensor


def mode_coverage(x_fake: Tensor, centres: Tensor, std: Tensor | float) -> ModeCoverage:
    """Which modes of a mixture of round Gaussians the fakes reach, and how well.

    A fake is of *high quality* if it lies within 3 σ of the nearest mode. With q_k the share of
    mode k among the high-quality fakes, and K modes of equal weight:

    - `captured`: modes with at least 1 high-quality fake
    - `captured_20`: modes with at least 20
    - `high_quality`: share of fakes of high quality
    - `spread`: width of the modes, 1 if right: the root of the mean squared deviation of
      high-quality fakes from the mean of those in the same mode, over that of p_data
    - `reverse_kl`: KL(q ‖ p_data) = Σ_k q_k log(K q_k), in nats, between 0 and log K. Only
      high-quality fakes are binned, as PacGAN does; texts that bin all samples report other numbers

    The published protocol takes 2500 fakes. A perfect generator has `high_quality`
    1 - exp(-4.5) = 98.9 % in the plane (more means that fakes are too close to the centres), and a
    mean `reverse_kl` of (K - 1) / 2n, an upward bias. `captured` is generous: one lucky sample in
    2500 counts. Where a number is not defined (no fake of high quality, or for `spread` no two in
    a mode), it is NaN.

    Parameters
    ----------
    x_fake
        Shape (..., n, dim).
    centres
        Shape (K, dim), such as `target.means`.
    std
        σ of every mode, or one for each, shape (K,), such as `target.stds`. The nearest mode is
        the one that is the fewest σ away.

    Returns
    -------
    ModeCoverage
        Five tensors of shape (...).

    Raises
    ------
    ValueError
        If shapes do not fit, values are not finite, or `std` is not positive.

    Source
    ------
    Srivastava et al. 2017, VEEGAN (arXiv 1705.07761), for what captured and high quality mean; Lin
    et al. 2018, PacGAN (arXiv 1712.04086), for the reverse divergence.
    """
    _check_pair(x_fake=(x_fake, 1), centres=(centres, 1))
    x, mean, modes, dim = x_fake.double(), centres.to(x_fake.device).double(), *centres.shape[-2:]
    sigma = torch.as_tensor(std, dtype=torch.float64, device=x.device)
    if centres.dim() != 2 or sigma.shape not in ((), (modes,)):
        raise ValueError(
            "centres must have shape (K, dim), and std be a number or have shape (K,), "
            f"got {tuple(centres.shape)} and {tuple(sigma.shape)}"
        )
    if not (sigma.isfinite() & (sigma > 0)).all():
        raise ValueError(f"std must be positive and finite, got {sigma.tolist()}")
    sigma = sigma.expand(modes)

    away, nearest = (_distances(x, mean) / sigma).min(-1)  # (..., n), in standard deviations
    good = away <= 3
    member = (nearest[..., None] == torch.arange(modes, device=x.device)) & good[..., None]
    member = member.double().mT  # (..., K, n): 1 for a high-quality fake of this mode
    counts = member.sum(-1)  # (..., K)
    q = counts / counts.sum(-1, keepdim=True)

    deviation = (x - mean[nearest]) / sigma[nearest][..., None]
    own_mean = member @ deviation / counts.clamp_min(1)[..., None]  # (..., K, dim)
    within = (deviation - member.mT @ own_mean).square().sum(-1) * good
    freedom = dim * (counts - 1).clamp_min(0).sum(-1)
    # a standard normal cut off at 3 σ has variance P(χ²_{dim + 2} < 9) / P(χ²_dim < 9)
    half = torch.tensor([dim / 2 + 1, dim / 2], dtype=torch.float64, device=x.device)
    longer, shorter = torch.special.gammainc(half, torch.full_like(half, 9 / 2))
    values = ModeCoverage(
        captured=(counts >= 1).sum(-1),
        captured_20=(counts >= 20).sum(-1),
        high_quality=good.double().mean(-1),
        spread=(within.sum(-1) / freedom / (longer / shorter)).sqrt(),
        reverse_kl=torch.xlogy(q, modes * q).sum(-1),
    )
    return ModeCoverage(*(value.to(x_fake.dtype) for value in values))
