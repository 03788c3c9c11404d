"""At which frequencies pictures have their power: what upsampling leaves behind shows there."""

import torch
from torch import Tensor

from gan_tutorial.metrics.samples import _images


def spectrum(x: Tensor) -> Tensor:
    """Mean power of square images at each distance from frequency 0.

    S(r) = mean of |Σ_hw x_hw e^(-2πi (k h + l w) / H)|² / H² over √(k² + l²) ≈ r, images, channels

    r counts periods across the image and is rounded to 0, 1, …, H / √2; from H / 2 on, only the
    corners of the square are left. White noise of variance σ² has S(r) = σ² at every r. Natural
    pictures fall as about 1 / r². With n images of C channels, white noise of p frequencies in a
    ring is known to within √(2 / n C p) of its value: its noise floor.

    Parameters
    ----------
    x
        Shape (..., n, C, H, H).

    Returns
    -------
    Tensor
        Shape (..., rings), one for each r from 0.

    Raises
    ------
    ValueError
        If x has another shape, is empty, or holds values that are not finite.

    Source
    ------
    Durall et al. 2020 (arXiv 2003.01826), section 3.
    """
    power, k, l = _power(x)  # noqa: E741
    if power.shape[-2] != power.shape[-1]:
        raise ValueError(f"rings need square images, got {power.shape[-2]} × {power.shape[-1]}")
    ring = (k.square() + l.square()).sqrt().round().long().flatten()
    counts = torch.bincount(ring).to(power)
    total = power.new_zeros(*power.shape[:-2], len(counts))
    return total.index_add(-1, ring, power.flatten(-2)) / counts


def checkerboard(x: Tensor) -> Tensor:
    """Share of the power that has a period of two pixels along a row or a column.

    Σ of the power at |k| = H / 2 or |l| = W / 2, over that at all frequencies but 0

    Layers that double the side, such as transposed convolutions, treat odd and even pixels
    differently and leave a pattern of this period. A checkerboard has 1, as do stripes one pixel
    wide. White noise has (H + W - 1) / (H W - 1), .24 for 8 × 8 and .12 for 16 × 16; pictures that
    are smooth have nearly 0. So compare with the data, not with 0.

    Parameters
    ----------
    x
        Shape (..., n, C, H, W), H and W even.

    Returns
    -------
    Tensor
        Shape (...), between 0 and 1; NaN if every image is of one colour.

    Raises
    ------
    ValueError
        If a side is odd, x has another shape, is empty, or holds values that are not finite.

    Source
    ------
    Odena et al. 2016, "Deconvolution and checkerboard artifacts" (doi 10.23915/distill.00003).
    """
    power, k, l = _power(x)  # noqa: E741
    H, W = power.shape[-2:]
    if H % 2 or W % 2:
        raise ValueError(f"a period of two pixels needs even sides, got {H} × {W}")
    of_two = (k.abs() == H / 2) | (l.abs() == W / 2)
    all_of_it = power.sum((-2, -1)) - power[..., 0, 0]
    return (power * of_two).sum((-2, -1)) / all_of_it


def _power(x: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """Return the mean power at each frequency, (..., H, W), and the frequencies, (H, 1), (1, W)."""
    H, W = _images("x", x).shape[-2:]
    power = torch.fft.fft2(x, norm="ortho").abs().square().mean((-4, -3))
    k, l = (torch.fft.fftfreq(size, 1 / size, device=x.device) for size in (H, W))  # noqa: E741
    return power, k[:, None], l[None]
