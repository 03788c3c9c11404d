"""Shapes against sums over many points inside the outline, and discs against what is read."""

from __future__ import annotations

import colorsys
import math

import numpy as np
import pytest
import torch

from gan_tutorial import data

ALL_KINDS = ("disc", "square", "triangle")
TURNED = data.shapes(16, ALL_KINDS, colour=False, rotated=True)


def inside(kind, x, y, radius):
    """Whether points lie inside, by corners: to the left of every edge of the polygon."""
    if kind == "disc":
        return x**2 + y**2 <= radius**2
    corners = {"square": 4, "triangle": 3}[kind]
    # a regular polygon of n corners at distance R has area n/2 · R² sin 2π/n
    reach = radius * math.sqrt(math.pi / (corners / 2 * math.sin(2 * math.pi / corners)))
    start = math.pi / 4 if kind == "square" else math.pi / 2  # a triangle stands on its side
    angles = start + 2 * math.pi * np.arange(corners) / corners
    px, py = reach * np.cos(angles), reach * np.sin(angles)
    edges = zip(px, py, np.roll(px, -1), np.roll(py, -1), strict=True)
    return np.all([(bx - ax) * (y - ay) > (by - ay) * (x - ax) for ax, ay, bx, by in edges], axis=0)


@pytest.mark.parametrize("kind", range(3))
def test_a_pixel_is_as_light_as_the_share_of_it_that_is_covered(kind):
    finer = 24  # points a side, in each pixel
    place = (np.arange(16 * finer) + 0.5) / (8 * finer) - 1
    for number, (x, y, radius, angle) in enumerate(
        [(0.0, 0.0, 0.3, 0.0), (0.31, -0.22, 0.38, 0.07), (-0.4, 0.4, 0.25, 0.6)]
    ):
        f = torch.tensor([kind, x, y, radius, angle], dtype=torch.float64)
        ours = (TURNED.render(f)[0] + 1) / 2
        right, up = place[None, :] - x, -place[:, None] - y
        turn = 2 * math.pi * angle
        along = math.cos(turn) * right + math.sin(turn) * up
        across = math.cos(turn) * up - math.sin(turn) * right
        covered = inside(ALL_KINDS[kind], along, across, radius)
        truth = covered.reshape(16, finer, 16, finer).mean((1, 3))
        off = np.abs(ours.numpy() - truth)
        # the ramp is exact along an upright edge, and errs at corners: the more, the sharper
        assert off.max() < (0.1, 0.25, 0.4)[kind], number
        assert off.mean() < 0.004, number


def test_every_kind_has_the_area_of_the_disc():
    f = torch.tensor([[k, 0.05, -0.1, 0.37, 0.1] for k in range(3)], dtype=torch.float64)
    areas = data.shapes(256, ALL_KINDS, colour=False, rotated=True).render(f).add(1).div(2).sum(
        (1, 2, 3)
    ) * (2 / 256) ** 2  # fmt: skip
    # a pixel of 1/128 at an outline of length 3 or so, averaged over the ramp
    assert areas.tolist() == pytest.approx([math.pi * 0.37**2] * 3, rel=1e-3)


def test_no_shape_is_cut_off_wherever_it_stands():
    large = data.shapes(256, ALL_KINDS, colour=False, rotated=True)  # whose ramp is thin
    _, x, y, radius, _ = (factor.high for factor in large.ranges)
    ends = [[k, x, y, radius, a / 24] for k in range(3) for a in range(24)]
    x = large.render(torch.tensor(ends))
    assert x.amax((1, 2, 3)).tolist() == [1] * 72
    assert x[..., 0, :].max() == x[..., -1].max() == -1


def test_right_is_right_up_is_up_and_a_turn_goes_against_the_clock():
    f = torch.tensor([0.4, 0.0, 0.2]), torch.tensor([0.0, 0.4, 0.2])
    discs = data.shapes(colour=False)
    right, top = (discs.render(each)[0] + 1 for each in f)
    assert right[:, 8:].sum() > 100 * right[:, :8].sum()
    assert top[:8].sum() > 100 * top[8:].sum()
    upright, turned = (
        TURNED.render(torch.tensor([2.0, 0.0, 0.0, 0.38, angle]))[0] + 1 for angle in (0, 0.25)
    )
    assert upright[5].sum() < upright[9].sum() / 2  # the corner is on top, the side below
    assert torch.allclose(turned, upright.rot90(1), atol=1e-5)


def test_hues_are_those_of_the_colour_circle():
    hues = torch.linspace(0, 1, 25)
    f = torch.stack([0 * hues, 0 * hues, 0 * hues + 0.38, hues], -1)
    middle = (data.shapes().render(f)[:, :, 8, 8] + 1) / 2
    expected = [colorsys.hsv_to_rgb(hue, 1, 1) for hue in hues.tolist()]
    np.testing.assert_allclose(middle.numpy(), expected, atol=1e-5)


@pytest.mark.parametrize(("size", "error"), [(16, 0.002), (32, 0.0006)])
def test_discs_are_read_from_their_pictures(size, error):
    target = data.shapes(size)
    f = target.draw_factors(2000, seed=6)
    read = target.read(target.render(f))
    assert 0 <= read[:, 3].min() < read[:, 3].max() < 1
    off = (read - f).abs()
    off[:, 3] = torch.minimum(off[:, 3], 1 - off[:, 3])  # hues close a circle
    mean, worst = off.mean(0), off.amax(0)
    assert mean[:3].max().item() < error
    assert mean[:2].min().item() > error / 20  # the ramp is not the share itself: it is no identity
    assert worst[:3].max().item() < 5 * error
    assert worst[3].item() < 1e-5


def test_reading_keeps_leading_indices_and_reads_white_discs():
    target = data.shapes(colour=False)
    f = target.draw_factors(12, seed=1)
    read = target.read(target.render(f).reshape(3, 4, 1, 16, 16))
    assert read.shape == (3, 4, 3)
    assert torch.equal(read.reshape(12, 3), target.read(target.render(f)))
    assert (read.reshape(12, 3) - f).abs().max().item() < 0.01


def test_a_black_picture_is_read_without_a_nan():
    read = data.shapes().read(torch.full((1, 3, 16, 16), -1.0))
    assert read.tolist() == [[0, 0, 0, 0]]


def test_only_what_varies_is_a_factor():
    names = {
        ("x", "y", "radius", "hue"): data.shapes(),
        ("x", "y", "radius"): data.shapes(colour=False),
        ("x", "y", "radius", "hue", "angle"): data.shapes(kinds="square", rotated=True),
        ("kind", "x", "y", "radius", "hue"): data.shapes(kinds=["disc", "square"]),
        ("kind", "x", "y", "radius", "angle"): TURNED,
    }
    for wanted, target in names.items():
        assert target.factors == wanted
    assert data.shapes(24).shape == (3, 24, 24)
    assert TURNED.shape == (1, 16, 16)


def test_kinds_are_numbered_as_they_are_named():
    square = data.shapes(kinds=("square", "disc")).render(torch.tensor([0, 0.1, 0, 0.3, 0.5]))
    alone = data.shapes(kinds="square").render(torch.tensor([0.1, 0, 0.3, 0.5]))
    assert torch.equal(square, alone)
