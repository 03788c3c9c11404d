"""What all metrics do with samples: check them, measure between them, take one pair at a time."""

from collections.abc import Callable

import torch
from torch import Tensor


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


def _line(name: str, sample: Tensor) -> Tensor:
    """Check a one-dimensional sample and drop its last index: (..., n, 1) -> (..., n)."""
    if sample.dim() < 2 or sample.shape[-1] != 1 or sample.shape[-2] == 0:
        raise ValueError(
            f"{name} must have shape (..., n, 1) with n > 0, got {tuple(sample.shape)}"
        )
    _check_numbers(name, sample)
    return sample[..., 0]


def _sorted_line(name: str, sample: Tensor) -> Tensor:
    return _line(name, sample).sort(dim=-1).values


def _images(name: str, x: Tensor) -> Tensor:
    """Return images, (..., n, C, H, W), if they are some."""
    if x.dim() < 4 or not x.numel():
        raise ValueError(
            f"{name} must have shape (..., n, C, H, W) with n > 0, got {tuple(x.shape)}"
        )
    _check_numbers(name, x)
    return x


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
