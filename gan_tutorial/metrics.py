"""How far the generator's samples are from the data, one number per replica.

Samples have shape (..., n, dim), and leading indices broadcast: one `x_real` of shape (n, dim)
serves N replicas of shape (N, n, dim). Arguments are called `x, y` where their order does not
matter, and `x_real, x_fake` where it does.

Every distance between finite samples has a *noise floor*: what it gives for two samples of the
same distribution. A result means nothing without it; `noise_floor` measures it.
"""

import math
from collections.abc import Callable
from typing import Any, NamedTuple, TypeVar

import torch
from torch import Tensor

Kernel = Callable[[Tensor, Tensor], Tensor]
Result = TypeVar("Result")


class PrecisionRecall(NamedTuple):
    """The share of fakes that look real, and the share of the data that the fakes reach."""

    precision: Tensor
    recall: Tensor


class DensityCoverage(NamedTuple):
    """How closely fakes crowd around the data, and how much of the data has a fake beside it."""

    density: Tensor
    coverage: Tensor


class ModeCoverage(NamedTuple):
    """What `mode_coverage` counts, each of shape (...)."""

    captured: Tensor
    captured_20: Tensor
    high_quality: Tensor
    spread: Tensor
    reverse_kl: Tensor


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
    _positive("bins", bins)
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
    _positive("neighbours", neighbours)
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
    _positive("neighbours", neighbours)
    _check_pair(x_real=(x_real, neighbours + 1), x_fake=(x_fake, 1))

    def one(real: Tensor, fake: Tensor) -> Tensor:
        inside = _distances(real, fake) < _radii(real, neighbours)[:, None]
        density = inside.sum().double() / len(fake) / neighbours
        return torch.stack([density, inside.any(1).double().mean()])

    return DensityCoverage(*_each(one, x_real, x_fake).unbind(-1))


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


def noise_floor(
    metric: Callable[[Tensor, Tensor], Result],
    target: Any,
    n: int,
    *,
    repeats: int = 64,
    seed: int = 0,
) -> Result:
    """Measure a metric between two samples of the same distribution.

    No generator, however good, can be told from the data below this.

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
    _positive("repeats", repeats)
    first = 2 * repeats * seed
    draws = torch.stack([target.sample(n, seed=first + i) for i in range(2 * repeats)])
    return metric(draws[0::2], draws[1::2])


def _each(metric: Callable[[Tensor, Tensor], Tensor], x: Tensor, y: Tensor) -> Tensor:
    """Apply a metric to one pair of samples after another: memory holds one (n, k) table at a time.

    It computes in float64; (..., n, dim) and (..., k, dim) -> (..., what the metric returns).
    """
    leading = torch.broadcast_shapes(x.shape[:-2], y.shape[:-2])
    pairs = zip(
        *(s.expand(*leading, *s.shape[-2:]).reshape(-1, *s.shape[-2:]) for s in (x, y)), strict=True
    )
    values = torch.stack([metric(a.double(), b.double()) for a, b in pairs])
    return values.reshape(leading + values.shape[1:]).to(torch.result_type(x, y))


def _distances(x: Tensor, y: Tensor) -> Tensor:
    """Return ‖x_i - y_j‖, by differences: products of matrices lose the digits of close points."""
    return torch.cdist(x, y, compute_mode="donot_use_mm_for_euclid_dist")


def _radii(x: Tensor, neighbours: int) -> Tensor:
    """Return how far each point's k-th neighbour is; the first is the point itself."""
    return _distances(x, x).topk(neighbours + 1, largest=False).values[:, -1]


def _kernel_mean(kernel: Kernel, x: Tensor, y: Tensor, *, but_diagonal: bool = False) -> Tensor:
    """Return the mean of k(x_i, y_j), over all pairs or over those with i ≠ j."""
    total, pairs = x.new_zeros(()), len(x) * (len(y) - but_diagonal)
    for start in range(0, len(x), 128):  # few rows at a time: they fit the processor's cache
        table = kernel(x[start : start + 128], y)
        total = total + table.sum() - (table.diagonal(start).sum() if but_diagonal else 0)
    return total / pairs


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


def _js(p: Tensor, q: Tensor) -> Tensor:
    m = ((p + q) / 2).clamp_min(torch.finfo(p.dtype).tiny)  # where both are 0, 0 log 0 = 0
    return (torch.xlogy(p, p / m) + torch.xlogy(q, q / m)) / 2


def _shares(values: Tensor, bins: int, low: float, high: float) -> Tensor:
    """Return the share of values in each bin: (..., n) -> (..., bins)."""
    index = ((values - low) / (high - low) * bins).floor().clamp(0, bins - 1).long()
    counts = values.new_zeros(*values.shape[:-1], bins)
    return counts.scatter_add(-1, index, torch.ones_like(values)) / values.shape[-1]


def _sorted_line(name: str, sample: Tensor) -> Tensor:
    return _line(name, sample).sort(dim=-1).values


def _line(name: str, sample: Tensor) -> Tensor:
    """Check a one-dimensional sample and drop its last index: (..., n, 1) -> (..., n)."""
    if sample.dim() < 2 or sample.shape[-1] != 1 or sample.shape[-2] == 0:
        raise ValueError(
            f"{name} must have shape (..., n, 1) with n > 0, got {tuple(sample.shape)}"
        )
    _check_numbers(name, sample)
    return sample[..., 0]


def _check_pair(**samples: tuple[Tensor, int]) -> None:
    """Check two samples, each given with the number of points that it must hold at least."""
    for name, (sample, least) in samples.items():
        if sample.dim() < 2 or not sample.numel() or sample.shape[-2] < least:
            raise ValueError(
                f"{name} must have shape (..., n, dim) with n at least {least}, "
                f"got {tuple(sample.shape)}"
            )
        _check_numbers(name, sample)
    names, (x, y) = " and ".join(samples), (sample for sample, _ in samples.values())
    if x.shape[-1] != y.shape[-1]:
        raise ValueError(
            f"{names} must have the same dimension, got {x.shape[-1]} and {y.shape[-1]}"
        )
    _leading(names, x.shape[:-2], y.shape[:-2])


def _leading(names: str, *shapes: torch.Size) -> torch.Size:
    """Return the leading indices that several tensors have together."""
    try:
        return torch.broadcast_shapes(*shapes)
    except RuntimeError as error:
        got = " and ".join(str(tuple(shape)) for shape in shapes)
        raise ValueError(f"the leading indices of {names} do not fit: {got}") from error


def _check_numbers(name: str, values: Tensor) -> None:
    if not values.is_floating_point():
        raise ValueError(f"{name} must hold floating-point numbers, got {values.dtype}")
    if not values.isfinite().all():
        raise ValueError(
            f"{name} holds {int((~values.isfinite()).sum())} values that are not finite"
        )


def _positive(name: str, value: int) -> None:
    if not isinstance(value, int) or value < 1:
        raise ValueError(f"{name} must be an integer of at least 1, got {value!r}")
