"""Schedules, and who follows them."""

from __future__ import annotations

import math

import pytest
import torch
from small import same, train, weights
from torch import Tensor

from gan_tutorial import training

# --- schedules


def test_cosine():
    values = {0.0: 1.0, 0.25: (1 + math.sqrt(0.5)) / 2, 0.5: 0.5, 0.75: (1 - math.sqrt(0.5)) / 2}
    for progress, factor in values.items():
        assert training.cosine(progress) == pytest.approx(factor, abs=1e-15)
    assert training.cosine(1.0) == pytest.approx(0, abs=1e-15)


def test_flat_then_cosine():
    for progress in (0.0, 0.2, 0.499):
        assert training.flat_then_cosine(progress) == 1
    for progress, factor in {0.5: 1, 0.625: training.cosine(0.25), 0.75: 0.5, 1.0: 0}.items():
        assert training.flat_then_cosine(progress) == pytest.approx(factor, abs=1e-15)


def test_ramps():
    fade, fall = training.linear(0.5), training.geometric(1e-3, 1e-5)
    for progress, a, b in ((0.0, 0.5, 1e-3), (0.25, 0.375, 10**-3.5), (1.0, 0.0, 1e-5)):
        assert fade(progress) == pytest.approx(a, abs=1e-15)
        assert fall(progress) == pytest.approx(b, rel=1e-13)
    assert training.linear(1, 3)(0.5) == 2
    assert repr(fade) == "Ramp(start=0.5, end=0.0, kind='linear')"  # checkpoints compare it
    for bad in (-0.1, math.inf, math.nan):
        with pytest.raises(ValueError, match=f"linear schedule needs .* got {bad}"):
            training.linear(1, bad)
    for bad in (0, -0.1, math.inf, math.nan):
        with pytest.raises(ValueError, match=f"geometric schedule needs .* got {bad}"):
            training.geometric(bad, 1)


def test_a_schedule_sees_the_progress_and_moves_both_players():
    seen = []

    def off_after_half(progress: float) -> float:
        seen.append(progress)
        return 1.0 if progress < 0.5 else 0.0

    kept = []

    def look(run: training.Run) -> Tensor:
        kept.append((weights(run.G), weights(run.D)))
        return torch.zeros(0)

    train(schedule=off_after_half, steps=8, observe=look, observe_every=4)
    assert sorted(set(seen)) == [step / 8 for step in range(8)]
    start, half, end = kept
    for player in (0, 1):
        assert not same(start[player], half[player])
        assert same(half[player], end[player])
