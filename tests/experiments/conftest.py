"""What the tests of studies share."""

from __future__ import annotations

import functools

import pytest

from gan_tutorial import training


@pytest.fixture
def calls(monkeypatch) -> list[dict]:
    """Return the calls of `train`, which goes on as it is."""
    made: list[dict] = []
    real = training.train

    @functools.wraps(real)
    def train(*arguments, **options):
        made.append(options)
        return real(*arguments, **options)

    monkeypatch.setattr(training, "train", train)
    return made
