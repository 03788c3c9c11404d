"""Numbers that people pass, checked: what is meant is taken, what is not is named."""

import operator
from typing import Any


def whole(name: str, value: Any, least: int = 1) -> int:
    """Return a whole number of at least `least`, NumPy's and PyTorch's too, as Python's int.

    Raises
    ------
    ValueError
        If `value` is a truth value, not a whole number, or too small.
    """
    try:
        number = None if type(value).__name__ in ("bool", "bool_") else operator.index(value)
    except TypeError:
        number = None
    if number is None or number < least:
        raise ValueError(f"{name} must be an integer of at least {least}, got {value!r}")
    return number


def real(name: str, value: Any) -> float:
    """Return a number as Python's float: an int, a NumPy scalar, a tensor of one number.

    Raises
    ------
    ValueError
        If `value` is a truth value, a text, or no number.
    """
    try:
        if isinstance(value, (bool, str, bytes)):
            raise TypeError
        return float(value)
    except (TypeError, ValueError, RuntimeError):
        raise ValueError(f"{name} must be a number, got {value!r}") from None
