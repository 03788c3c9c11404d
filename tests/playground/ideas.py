"""Addresses that nobody would type, for the playground and the explorer alike."""

from __future__ import annotations

import random
from collections.abc import Sequence

ODD = ["toString", "", "=", "__proto__"]


def bad_idea(chance: random.Random, name: str, keys: Sequence[str], values: Sequence[str]) -> str:
    """Return a random address of an element: sensible, absurd or broken."""
    pairs = [
        chance.choice([*keys, *ODD])
        + chance.choice(["=", "=", "=", "", "=="])
        + chance.choice(values)
        for _ in range(chance.randrange(5))
    ]
    beginning = chance.choice([f"#{name}?", f"#{name}?", "#", "?", ""])
    return beginning + chance.choice(["&", "&", "&&", ";"]).join(pairs)
