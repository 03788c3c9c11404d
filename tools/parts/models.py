"""Train a stored model again, as far as that can be compared, and say what is another."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import torch

from gan_tutorial.experiments import weights
from gan_tutorial.experiments.files import cost_and_versions

MOST = 20.0  # CPU-seconds of a training that is done again
NEARLY = 1e-3  # of a norm, on another machine: tests/notebooks/test_models.py says why


def differs(old: dict[str, str], new: dict[str, float], exact: bool) -> str:
    """Say how the norms of a sample differ from those that are kept, or nothing."""
    if old.keys() != new.keys():
        return f"stored are {', '.join(old)}, and the network has {', '.join(new)}"
    for name, norm in new.items():
        kept, written = float(old[name]), f"{norm:.9g}"
        same = written == old[name] if exact else abs(norm - kept) <= NEARLY * kept + 1e-6
        if not same:
            return f"{name} has the norm {written} after the first steps, and {old[name]} is kept"
    return ""


def again(model: Any, file: Path, arithmetic: str) -> str:
    """Train the first steps again, and all of a short training; say what is another, or nothing.

    ``arithmetic`` is what this machine's is known by.
    """
    stored, about = weights.read(file)
    exact = about["arithmetic"] == arithmetic
    exact = exact and about["versions"] == cost_and_versions(0)["versions"]
    if words := differs(json.loads(about["sample"]), model.sample(), exact):
        return words
    if exact and float(about["cost"].split()[0]) <= MOST:
        trained = weights.weights_of(model.run(), model.dtype)
        other = [name for name in stored if not torch.equal(stored[name], trained[name])]
        if other:
            return f"trained again, {', '.join(other)} end elsewhere"
    return ""
