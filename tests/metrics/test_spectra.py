"""Spectra against a sum by hand, waves whose frequency is known, white noise and Parseval."""

from __future__ import annotations

import cmath
import math

import pytest
import torch
from clouds import near, points
from torch import Tensor

from gan_tutorial import metrics


def noise(*shape: int, side: int = 8, seed: int = 0) -> Tensor:
    return points(*shape, 2 * side * side, seed=seed).unflatten(-1, (2, side, side))


def wave(k: int, l: int, H: int = 8, W: int = 8) -> Tensor:  # noqa: E741
    """Return an image with k periods from top to bottom and l from left to right."""
    h, w = torch.arange(H).double()[:, None] / H, torch.arange(W).double() / W
    return torch.cos(2 * math.pi * (k * h + l * w))[None, None]


def test_a_spectrum_is_a_sum_by_hand():
    x, side = noise(3, side=4), 4
    rings: dict[int, list[float]] = {}
    for k in range(-2, 2):
        for l in range(-2, 2):  # noqa: E741
            powers = [
                abs(
                    sum(
                        value * cmath.exp(-2j * math.pi * (k * h + l * w) / side)
                        for h, row in enumerate(channel)
                        for w, value in enumerate(row)
                    )
                )
                ** 2
                / side**2
                for image in x.tolist()
                for channel in image
            ]
            rings.setdefault(round(math.hypot(k, l)), []).append(sum(powers) / len(powers))
    expected = [sum(rings[r]) / len(rings[r]) for r in sorted(rings)]
    assert sorted(rings) == [0, 1, 2, 3]
    assert metrics.spectrum(x).tolist() == pytest.approx(expected, rel=1e-12)


def counts(side: int) -> Tensor:
    """Return how many frequencies lie in each ring."""
    half = [k - side if k >= side / 2 else k for k in range(side)]
    found = [round(math.hypot(k, l)) for k in half for l in half]  # noqa: E741
    return torch.tensor([found.count(r) for r in range(max(found) + 1)]).double()


@pytest.mark.parametrize("side", [8, 7])
def test_the_power_of_all_rings_is_that_of_the_pixels(side):
    x = noise(2, 5, side=side, seed=1)
    total = (metrics.spectrum(x) * counts(side)).sum(-1)
    expected = x.square().sum((-2, -1)).mean((-2, -1))
    torch.testing.assert_close(total, expected, rtol=1e-12, atol=0)


@pytest.mark.parametrize(
    ("k", "l", "ring"), [(0, 0, 0), (0, 3, 3), (2, 0, 2), (3, 4, 5), (4, 4, 6)]
)
def test_a_wave_has_all_its_power_in_its_ring(k, l, ring):  # noqa: E741
    found = metrics.spectrum(wave(k, l))
    assert found.argmax() == ring
    assert found[ring] > 1e20 * (found.sum() - found[ring])


def test_white_noise_is_flat():
    found = metrics.spectrum(noise(400, 6, seed=2))
    for ring in found.unbind(-1):
        near(ring, 1)
    near(metrics.spectrum(3 * noise(400, 6, seed=3))[:, 2], 9)


@pytest.mark.parametrize(
    ("image", "share"),
    [
        (wave(4, 4), 1),  # a checkerboard
        (wave(0, 4) + 5, 1),  # stripes; the mean does not count
        (wave(4, 1), 1),
        (wave(3, 3), 0),
        (wave(4, 0) + wave(0, 1), 2 / 3),  # a wave of period two has its cosine alone
        (wave(2, 3, 4, 6), 1),
        (wave(1, 2, 4, 6), 0),
    ],
)
def test_the_share_of_a_period_of_two_pixels(image, share):
    assert metrics.checkerboard(image).item() == pytest.approx(share, abs=1e-12)


@pytest.mark.parametrize(("side", "share"), [(8, 0.24), (16, 0.12)])
def test_the_share_of_white_noise_is_what_its_docstring_says(side, share):
    expected = (2 * side - 1) / (side**2 - 1)
    assert expected == pytest.approx(share, abs=0.005)
    found = metrics.checkerboard(noise(100, 20, side=side, seed=4))
    # a ratio of sums of 40 images, whose bias is below its error
    near(found, expected)


def test_upsampling_of_the_nearest_pixel_and_a_blur():
    small = noise(200, side=4, seed=5)
    large = torch.nn.functional.interpolate(small, scale_factor=2)
    odd = large.clone()
    odd[..., ::2] *= 1.3  # as a transposed convolution may treat odd and even columns
    blurred = (large + large.roll(1, -1) + large.roll(1, -2) + large.roll((1, 1), (-2, -1))) / 4
    shares = [metrics.checkerboard(image).item() for image in (blurred, large, odd)]
    assert shares[0] == pytest.approx(0, abs=1e-12)  # a mean of two neighbours has no such period
    assert shares[1] == pytest.approx(0, abs=1e-12)  # and pairs of equal pixels have none
    # odd and even columns differ by ±e from their mean: of the waves with l = 0, a quarter of the
    # power, a share of e² is moved to l = 4; a 16th of all is at frequency 0. Known to 5 %
    e = 0.3 / 2.3
    assert shares[2] == pytest.approx(e**2 / 4 / (1 + e**2 - 1 / 16), rel=0.15)


def test_replicas_have_spectra_of_their_own():
    x = noise(2, 3, 5, seed=6)
    for metric in (metrics.spectrum, metrics.checkerboard):
        found = metric(x)
        assert found.shape[:2] == (2, 3)
        torch.testing.assert_close(found[1, 2], metric(x[1, 2]), rtol=1e-12, atol=0)
    assert metrics.checkerboard(torch.ones(2, 1, 4, 4)).isnan()


def test_images_of_other_sides_are_refused():
    with pytest.raises(ValueError, match="square images, got 4 × 6"):
        metrics.spectrum(torch.zeros(2, 1, 4, 6))
    with pytest.raises(ValueError, match="needs even sides, got 4 × 5"):
        metrics.checkerboard(torch.zeros(2, 1, 4, 5))
    for metric in (metrics.spectrum, metrics.checkerboard):
        with pytest.raises(ValueError, match=r"\(..., n, C, H, W\) .*, got \(8, 8\)"):
            metric(torch.zeros(8, 8))
