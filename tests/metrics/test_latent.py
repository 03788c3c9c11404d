"""Directions and path lengths, against linear generators, hand loops and the angle of an arc."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch
from clouds import points

from gan_tutorial import metrics

# --- directions


def test_directions_of_a_straight_reading_are_the_rows_of_its_pseudoinverse():
    z, slopes = points(2, 60, 5, seed=1), points(2, 5, 3, seed=2)
    slopes[..., 1] += 2 * slopes[..., 0]  # far from orthogonal
    u = metrics.directions(z + 3, z @ slopes + torch.tensor([1.0, -2.0, 5.0]))
    assert u.shape == (2, 3, 5)
    for i in range(2):
        rows = np.linalg.pinv(slopes[i].numpy())
        rows /= np.linalg.norm(rows, axis=1, keepdims=True)
        np.testing.assert_allclose(u[i].numpy(), rows, rtol=0, atol=1e-9)
    moved = u @ slopes  # one factor each, upwards
    assert (moved.diagonal(dim1=1, dim2=2) > 0.01).all()
    off = moved - torch.diag_embed(moved.diagonal(dim1=1, dim2=2))
    assert off.abs().max() < 1e-9


def test_directions_are_found_in_noise():
    z, slopes = points(4000, 4, seed=3), points(4, 2, seed=4)
    noisy = metrics.directions(z, z @ slopes + 0.5 * points(4000, 2, seed=5))
    clean = metrics.directions(z, z @ slopes)
    # each slope is known to 0.5 / sqrt(4000) = 0.008
    assert 1e-6 < (noisy - clean).abs().max() < 0.08


def test_one_noise_serves_the_factors_of_several():
    z, factors = points(30, 4, seed=6), points(3, 30, 2, seed=7)
    u = metrics.directions(z.expand(3, -1, -1), factors)
    for i in range(3):
        torch.testing.assert_close(u[i], metrics.directions(z, factors[i]), rtol=0, atol=1e-9)
    torch.testing.assert_close(metrics.directions(z, factors), u, rtol=0, atol=1e-9)


@pytest.mark.parametrize(
    ("z", "factors", "words"),
    [
        (torch.zeros(5), torch.zeros(5, 1), r"^z must have shape \(..., n, dim\), got \(5,\)"),
        (torch.zeros(5, 2), torch.zeros(0, 1), r"^factors must have .* got \(0, 1\)"),
        (torch.zeros(5, 2), torch.zeros(6, 1), "must be equally many, got 5 and 6"),
        (torch.zeros(5, 2), torch.zeros(5, 3), "no more factors than noise variables, got 3 > 2"),
        (torch.zeros(4, 4), torch.zeros(4, 2), "4 noise variables need more than 4 .* got 4"),
        (torch.full((5, 2), math.nan), torch.zeros(5, 1), "^z holds 10 values"),
        (torch.zeros(5, 2), torch.zeros(5, 1).long(), "^factors must hold floating-point"),
        (torch.zeros(2, 5, 2), torch.zeros(3, 5, 1), r"do not fit: \(2,\) and \(3,\)"),
    ],
)
def test_what_has_no_directions_is_refused(z, factors, words):
    with pytest.raises(ValueError, match=words):
        metrics.directions(z, factors)


# --- path lengths

START, END = points(2, 40, 6, seed=8), points(2, 40, 6, seed=9)
PLACES = torch.rand(2, 40, 1, generator=torch.Generator().manual_seed(10), dtype=torch.float64)


def picture(z):
    """Make images of noise, by a map that is not straight."""
    pixels = torch.stack([torch.sin(z.sum(-1)), z[..., 0] * z[..., 1], z.square().sum(-1)], dim=-1)
    return pixels.unflatten(-1, (3, 1, 1))


def test_on_a_line_a_linear_generator_moves_by_the_distance_of_the_ends():
    W = points(7, 6, seed=11)
    found = metrics.path_length(lambda z: z @ W.T, START, END, PLACES)
    exact = ((END - START) @ W.T).square().sum(-1)
    assert found.shape == (2, 40)
    torch.testing.assert_close(found, exact, rtol=1e-9, atol=0)
    many = metrics.path_length(
        lambda z: z @ W.T,
        points(40000, 6, seed=12),
        points(40000, 6, seed=13),
        torch.full((40000, 1), 0.3, dtype=torch.float64),
    )
    # the mean over independent noises is 2 ‖W‖²; 40000 pairs know it to 1 %
    assert many.mean().item() == pytest.approx(2 * W.square().sum().item(), rel=0.03)


def test_the_mean_along_a_way_is_at_least_the_squared_distance_of_its_ends():
    one, two = START[0, :1].expand(2000, -1), END[0, :1].expand(2000, -1)
    at = (torch.arange(2000, dtype=torch.float64)[:, None] + 0.5) / 2000
    ends = (picture(two[0]) - picture(one[0])).square().sum().item()
    for spherical in (False, True):
        found = metrics.path_length(picture, one, two, at, spherical=spherical, epsilon=1e-5)
        assert found.mean().item() > ends


@pytest.mark.parametrize("spherical", [False, True])
def test_a_path_length_by_hand(spherical):
    epsilon = 1e-4
    found = metrics.path_length(picture, START, END, PLACES, spherical=spherical, epsilon=epsilon)
    for i, j in ((0, 0), (1, 17), (1, 39)):
        one, two, t = START[i, j].tolist(), END[i, j].tolist(), PLACES[i, j].item()
        lengths = math.hypot(*one), math.hypot(*two)
        inner = sum(a * b for a, b in zip(one, two, strict=True))
        omega = math.acos(inner / lengths[0] / lengths[1])
        sine, pixels = math.sin(omega), []
        for at in (t, t + epsilon):
            shares = (
                (math.sin((1 - at) * omega) / sine, math.sin(at * omega) / sine)
                if spherical
                else (1 - at, at)
            )
            z = [shares[0] * a + shares[1] * b for a, b in zip(one, two, strict=True)]
            pixels.append((math.sin(sum(z)), z[0] * z[1], sum(a * a for a in z)))
        expected = math.dist(*pixels) ** 2 / epsilon**2
        assert found[i, j].item() == pytest.approx(expected, rel=1e-6)


def test_an_arc_between_equal_lengths_has_the_speed_of_its_angle():
    start, end = START / START.norm(dim=-1, keepdim=True), END / END.norm(dim=-1, keepdim=True)
    found = metrics.path_length(lambda z: 3 * z, start, end, PLACES, spherical=True, epsilon=1e-5)
    angle = (start * end).sum(-1).acos()
    torch.testing.assert_close(found, 9 * angle.square(), rtol=1e-5, atol=0)


def test_an_arc_of_no_angle_is_the_line():
    found = [
        metrics.path_length(picture, START, 2 * START, PLACES, spherical=way)
        for way in (False, True)
    ]
    torch.testing.assert_close(found[1], found[0], rtol=1e-12, atol=0)
    still = metrics.path_length(picture, START, START, PLACES, spherical=True)
    assert still.isfinite().all()
    assert still.abs().max() < 1e-12


def test_epsilon_hardly_matters_and_no_gradient_is_kept():
    W = points(7, 6, seed=11).requires_grad_()
    found = [
        metrics.path_length(lambda z: torch.tanh(z @ W.T), START, END, PLACES, epsilon=e)
        for e in (1e-3, 1e-5)
    ]
    assert not found[0].requires_grad
    assert (found[0] / found[1] - 1).abs().median() < 2e-3
    single = metrics.path_length(
        lambda z: torch.tanh(z @ W.float().T), START.float(), END.float(), PLACES.float()
    )
    assert (single.double() / found[0] - 1).abs().median() < 2e-3


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"epsilon": 0}, "epsilon must be positive and finite, got 0"),
        ({"epsilon": math.inf}, "epsilon must be positive and finite, got inf"),
        ({"epsilon": "small"}, "epsilon must be a number, got 'small'"),
        ({"end": END[:, :5]}, r"one shape .* got \(2, 40, 6\) and \(2, 5, 6\)"),
        ({"t": PLACES[..., 0]}, r"t must have shape \(2, 40, 1\), got \(2, 40\)"),
        ({"start": START / 0}, "start holds .* values that are not finite"),
        ({"t": (PLACES > 0).long()}, "t must hold floating-point numbers"),
    ],
)
def test_what_has_no_path_length_is_refused(change, words):
    arguments = {"start": START, "end": END, "t": PLACES} | change
    with pytest.raises(ValueError, match=words):
        metrics.path_length(picture, **arguments)
