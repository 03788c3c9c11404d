"""Whole and real numbers of every kind are taken; what is none is named with its value."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from gan_tutorial.checks import real, whole


@pytest.mark.parametrize("value", [3, np.int64(3), np.uint8(3), torch.tensor(3)])
def test_a_whole_number_of_any_library_becomes_pythons(value):
    assert whole("n", value) == 3
    assert type(whole("n", value)) is int


@pytest.mark.parametrize(
    "value", [0, -1, 2.0, True, np.True_, np.float64(3), "3", None, [3], torch.tensor([1, 2])]
)
def test_what_is_no_whole_number_or_too_small_is_named(value):
    with pytest.raises(ValueError, match="n must be an integer of at least 1, got ") as error:
        whole("n", value)
    assert repr(value) in str(error.value)
    assert whole("n", 0, least=0) == 0


@pytest.mark.parametrize("value", [0.5, np.float32(0.5), np.array(0.5), torch.tensor(0.5)])
def test_a_number_of_any_library_becomes_pythons(value):
    assert real("lr", value) == 0.5
    assert type(real("lr", value)) is float
    assert type(real("lr", 1)) is float


@pytest.mark.parametrize("value", ["1e-3", True, None, [1.0, 2.0], torch.ones(2), object])
def test_what_is_no_number_is_named(value):
    with pytest.raises(ValueError, match="lr must be a number, got ") as error:
        real("lr", value)
    assert repr(value) in str(error.value)
