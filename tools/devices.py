"""Time a step of training on one thread of the CPU and on the GPU; keep the table.

    python tools/devices.py

Prints as it goes and writes `book/records/devices.csv`, which the page "How to use this book"
shows. It needs a GPU that PyTorch sees. The two devices run in turns, and each case keeps its best
stretch of steps.
"""

from __future__ import annotations

import csv
import itertools
import platform
import sys
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from gan_tutorial import data, losses, networks, training

TABLE = Path(__file__).parents[1] / "book" / "records" / "devices.csv"
STEPS, STRETCH, ROUNDS = 100, 20, 2


def seed_pair() -> tuple[Any, Any]:
    return networks.Generator(8), networks.Discriminator()


def small_pair() -> tuple[Any, Any]:
    return networks.MLPGenerator(8, 1, 32), networks.MLPDiscriminator(1, 32)


def recipe_pair() -> tuple[Any, Any]:
    G = networks.MLPGenerator(2, 2, width=128, depth=3)
    return G, networks.MLPDiscriminator(2, width=128, depth=2)


LINE = {"target": data.gaussian(0.3, 0.15), "loss": losses.nonsaturating, "batch_size": 64}
PLANE = {
    "target": data.ring(),
    "loss": losses.relativistic,
    "penalty": losses.r1(0.01) + losses.r2(0.01),
    "penalty_every": 4,
    "ema": 0.995,
    "batch_size": 128,
}
CASES: dict[str, tuple[Callable[[], tuple[Any, Any]], dict[str, Any], int]] = {
    "the seed's networks, one run": (seed_pair, LINE, 1),
    "the seed's networks, 64 runs": (seed_pair, LINE, 64),
    "32-wide networks, 64 runs": (small_pair, LINE, 64),
    "32-wide networks, 1024 runs": (small_pair, LINE, 1024),
    "recipe of chapter 12, one run": (recipe_pair, PLANE, 1),
    "recipe of chapter 12, 16 runs": (recipe_pair, PLANE, 16),
    "recipe of chapter 12, 64 runs": (recipe_pair, PLANE, 64),
}


def milliseconds(device: str, pair: Any, options: dict[str, Any], replicas: int) -> float:
    """Return the least wall time of a step of all runs, over stretches of steps."""
    clock: list[float] = []

    def look(run: training.Run) -> Tensor:
        if device == "cuda":
            torch.cuda.synchronize()
        clock.append(time.perf_counter())
        return torch.zeros(0)

    G, D = (network.to(device) for network in pair())
    training.train(
        G, D, **options, steps=STEPS, replicas=replicas, observe=look, observe_every=STRETCH
    )
    return 1e3 * min(end - start for start, end in itertools.pairwise(clock)) / STRETCH


def main() -> int:
    """Time every case and write the table."""
    if not torch.cuda.is_available():
        print("PyTorch sees no GPU here: there is nothing to compare", file=sys.stderr)
        return 1
    torch.set_num_threads(1)
    rows = []
    for name, (pair, options, replicas) in CASES.items():
        best = {"cpu": float("inf"), "cuda": float("inf")}
        for _, device in itertools.product(range(ROUNDS), best):
            taken = milliseconds(device, pair, options, replicas)
            best[device] = min(best[device], taken)
        row = {"case": name, **{device: f"{value:.2f}" for device, value in best.items()}}
        rows.append(row | {"ratio": f"{best['cpu'] / best['cuda']:.2f}"})
        print(", ".join(rows[-1].values()), flush=True)
    with TABLE.open("w", newline="", encoding="utf-8") as file:
        file.write("# command: python tools/devices.py\n")
        file.write(f"# date: {datetime.now(UTC):%Y-%m-%d}\n")
        file.write(f"# versions: python {platform.python_version()}, torch {torch.__version__}\n")
        file.write(f"# gpu: {torch.cuda.get_device_name()}\n")
        file.write(f"# milliseconds of a step of all runs, best stretch of {STRETCH} steps\n")
        writer = csv.DictWriter(file, rows[0].keys(), lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
