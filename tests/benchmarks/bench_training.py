"""How fast is the loop, against the same GAN written in the usual way? Run by `make bench`.

Every ratio is one of CPU times of one run on one thread. The two sides run in turns, so that
a busy machine slows both; each is timed over stretches of ten steps and keeps its best one. What
comes before the first step, such as making networks and data loaders, is not counted on either.

The last cases are in CPU-seconds: a whole study, and the recipes of chapter 12, one run by itself.
They are the time of a step, from the best stretch of twenty again, times the number of steps.
The seconds wanted were set on a machine whose thread multiplies matrices at YARDSTICK GFLOP/s. The
rate of this machine is measured before and after, and its seconds are turned into those.
"""

import csv
import itertools
import platform
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor, nn
from torch.utils.data import DataLoader, TensorDataset

from devices import seed_pair
from experiments import studies
from gan_tutorial import data, experiments, losses, networks, training
from parts.chapters import chapters

TABLE = Path(__file__).parents[2] / "book" / "records" / "benchmark.csv"
BATCH = 64
STEPS = 60
ROUNDS = 20
STRETCH = 10
SEEDS = 32
STUDY_STEPS = 4000
WHOLE_STRETCH, WHOLE_MEASURED = 20, 200  # steps; the first stretch is not timed
WHOLE_ROUNDS = 8
YARDSTICK = 164.0
STUDY_SECONDS = 90.0
STUDY = f"one ablation: 3 losses × {SEEDS} seeds, ring, 64-wide, {STUDY_STEPS} steps"
TARGET = data.gaussian(0.3, 0.15)
PICTURES = {size: data.empirical(data.digits(size)[0].x) for size in (8, 16)}
Pair = Callable[[], tuple[nn.Module, nn.Module]]
Loop = Callable[[], list[float]]  # returns the CPU time at the start of every stretch


def small_pair() -> tuple[nn.Module, nn.Module]:
    return networks.MLPGenerator(8, 1, 32, output=nn.Tanh), networks.MLPDiscriminator(1, 32)


def dcgan_pair() -> tuple[nn.Module, nn.Module]:
    shape = (1, 16, 16)
    return networks.DCGANGenerator(100, shape, 16), networks.DCGANDiscriminator(shape, 16)


def small_picture_pair() -> tuple[nn.Module, nn.Module]:
    shape = (1, 8, 8)
    D = networks.DCGANDiscriminator(shape, 16, norm=False)
    return networks.UpsampleGenerator(32, shape, 16), D


def usual_loop(pair: Pair, target: Any) -> list[float]:
    """Train one GAN as most tutorials do, the DCGAN of PyTorch's examples among them."""
    G, D = pair()
    loader = DataLoader(
        TensorDataset(target.sample(BATCH * STEPS, seed=0)), batch_size=BATCH, shuffle=True
    )
    bce = nn.BCELoss()
    g_optimizer = torch.optim.Adam(G.parameters(), lr=1e-3, betas=(0.5, 0.999))
    d_optimizer = torch.optim.Adam(D.parameters(), lr=1e-3, betas=(0.5, 0.999))
    d_losses, g_losses, clock = [], [], []
    x_real: Tensor
    for step, (x_real,) in enumerate(loader):
        if step % STRETCH == 0:
            clock.append(time.process_time())
        ones, zeros = torch.ones(BATCH, 1), torch.zeros(BATCH, 1)
        d_optimizer.zero_grad()
        real_loss = bce(D(x_real), ones)
        real_loss.backward()
        x_fake = G(torch.randn(BATCH, G.noise_dim))
        fake_loss = bce(D(x_fake.detach()), zeros)
        fake_loss.backward()
        d_optimizer.step()
        g_optimizer.zero_grad()
        g_loss = bce(D(x_fake), ones)
        g_loss.backward()
        g_optimizer.step()
        d_losses.append(real_loss.item() + fake_loss.item())
        g_losses.append(g_loss.item())
    return clock


def our_loop(pair: Pair, replicas: int, target: Any, apart: bool) -> list[float]:
    """Train the same GAN, or several at once, by `train`."""
    clock = []

    def look(run: training.Run) -> Tensor:
        clock.append(time.process_time())
        return torch.zeros(0)

    training.train(
        *pair(),
        target,
        loss=losses.nonsaturating,
        apart=apart,
        batch_size=BATCH,
        steps=STEPS,
        replicas=replicas,
        observe=look,
        observe_every=STRETCH,
    )
    return clock


def usual(pair: Pair, target: Any = TARGET) -> tuple[Loop, int]:
    return lambda: usual_loop(pair, target), 1


def ours(
    pair: Pair, replicas: int = 1, target: Any = TARGET, apart: bool = False
) -> tuple[Loop, int]:
    return lambda: our_loop(pair, replicas, target, apart), replicas


# name: the reference, train, and the least ratio of their times for one step of one GAN
CASES = {
    "one run, the seed's networks": (usual(seed_pair), ours(seed_pair), 1.4),
    "64 replicas, 32-wide networks": (usual(small_pair), ours(small_pair, 64), 15.0),
    "16 replicas against one, 32-wide": (ours(small_pair), ours(small_pair, 16), 16 / 3),
    "one DCGAN, 16 × 16 pixels, 16-wide": (
        usual(dcgan_pair, PICTURES[16]),
        ours(dcgan_pair, target=PICTURES[16], apart=True),  # BatchNorm in D, as the usual loop
        1.0,  # convolutions, the same on both sides, are two thirds of a step
    ),
    "8 convolutional replicas against one, 8 × 8 pixels, 16-wide": (
        ours(small_picture_pair, target=PICTURES[8]),
        ours(small_picture_pair, 8, target=PICTURES[8]),
        1.6,
    ),
}


def product_rate() -> float:
    """Return the best rate of a matrix product of the size that chapter 12 uses, in GFLOP/s."""
    x, weight, clock = torch.randn(256, 128), torch.randn(128, 128), []
    for _ in range(101):
        clock.append(time.process_time())
        for _ in range(10):
            x @ weight
    least = min(end - start for start, end in itertools.pairwise(clock)) / 10
    return 2 * 256 * 128 * 128 / least / 1e9


def best_stretch(clock: list[float]) -> float:
    """Return the least CPU time of a step in microseconds."""
    return 1e6 * min(end - start for start, end in itertools.pairwise(clock)) / STRETCH


@pytest.mark.parametrize("name", CASES)
def bench_ratio(name: str, benchmark) -> None:
    (reference, _), (fast, replicas), least = CASES[name]
    reference_clocks, clocks = [], []
    benchmark.pedantic(
        lambda: clocks.append(fast()),
        setup=lambda: reference_clocks.append(reference()),
        rounds=ROUNDS,
        warmup_rounds=1,
    )
    reference_us = min(map(best_stretch, reference_clocks))
    train_us = min(map(best_stretch, clocks)) / replicas
    ratio = reference_us / train_us
    row = {
        "case": name,
        "reference_us": f"{reference_us:.0f}",
        "train_us": f"{train_us:.0f}",
        "ratio": f"{ratio:.2f}",
        "least": f"{least:.2f}",
        "seconds": "",
        "gflops": "",
        "seconds_at_yardstick": "",
        "most": "",
    }
    benchmark.extra_info.update(row)
    ROWS.append(row)
    print(f"\n{name}: {ratio:.2f}x in CPU time for a step of one GAN (at least {least:.2f}x)")
    assert ratio >= least


def study_clock() -> list[float]:
    """Run the first steps of a study of three losses on 32 paired seeds of the ring."""
    clock = []

    def look(run: training.Run) -> Tensor:
        clock.append(time.process_time())
        return torch.zeros(0)

    experiments.Study(
        base={
            "G": networks.MLPGenerator(8, 2, 64),
            "D": networks.MLPDiscriminator(2, 64),
            "target": data.ring(),
            "loss": losses.nonsaturating,
            "batch_size": BATCH,
            "steps": WHOLE_STRETCH + WHOLE_MEASURED,
            "observe": look,
            "observe_every": WHOLE_STRETCH,
        },
        variants={"hinge": {"loss": losses.hinge}, "Wasserstein": {"loss": losses.wasserstein}},
        measure=lambda run: run.history.d_loss[-1],
        seeds=SEEDS,
    ).run()
    return clock


def recipe_clock(name: str) -> list[float]:
    """Run the first steps of one seed by the recipe of chapter 12."""
    clock = []

    def look(run: training.Run) -> Tensor:
        clock.append(time.process_time())
        return torch.zeros(0)

    (path,) = chapters("12")
    study, _ = studies(path)[f"results/12_{name}.csv"]
    steps = {"steps": WHOLE_STRETCH + WHOLE_MEASURED, "observe_every": WHOLE_STRETCH}
    training.train(**{**study.base, **steps}, observe=look)
    return clock


# name: what runs its first steps, how many it has, how many GANs, and the most CPU-seconds for all
WHOLE = {
    STUDY: (study_clock, STUDY_STEPS, 3 * SEEDS, STUDY_SECONDS),
    "chapter 12, ring, one seed, 9000 steps": (lambda: recipe_clock("ring"), 9000, 1, 20.0),
    "chapter 12, grid, one seed, 24000 steps": (lambda: recipe_clock("grid"), 24_000, 1, 60.0),
}


@pytest.mark.parametrize("name", WHOLE)
def bench_whole(name: str, benchmark) -> None:
    first_steps, steps, gans, most = WHOLE[name]
    rates = [product_rate()]
    clocks: list[list[float]] = []
    benchmark.pedantic(lambda: clocks.append(first_steps()), rounds=WHOLE_ROUNDS)
    rates.append(product_rate())
    stretches = [b - a for clock in clocks for a, b in itertools.pairwise(clock[1:])]
    here = min(stretches) / WHOLE_STRETCH * steps
    seconds = here * max(rates) / YARDSTICK
    row = {
        "case": name,
        "reference_us": "",
        "train_us": f"{1e6 * here / steps / gans:.0f}",
        "ratio": "",
        "least": "",
        "seconds": f"{here:.0f}",
        "gflops": f"{max(rates):.0f}",
        "seconds_at_yardstick": f"{seconds:.0f}",
        "most": f"{most:.0f}",
    }
    benchmark.extra_info.update(row)
    ROWS.append(row)
    print(
        f"\n{name}: {here:.0f} CPU-seconds at {max(rates):.0f} GFLOP/s, "
        f"or {seconds:.0f} at {YARDSTICK:.0f} (at most {most:.0f})"
    )
    assert seconds <= most


ROWS: list[dict[str, str]] = []


@pytest.fixture(scope="session", autouse=True)
def one_thread():
    torch.set_num_threads(1)
    yield
    if len(ROWS) == len(CASES) + len(WHOLE):
        TABLE.parent.mkdir(exist_ok=True)
        with TABLE.open("w", newline="", encoding="utf-8") as file:
            file.write("# command: make bench\n")
            file.write(f"# date: {datetime.now(UTC):%Y-%m-%d}\n")
            file.write(
                f"# versions: python {platform.python_version()}, torch {torch.__version__}\n"
            )
            file.write(f"# machine: {platform.system()} {platform.machine()}, one thread\n")
            file.write(
                f"# CPU microseconds for a step of one GAN, best stretch of {STRETCH} steps; "
                f"or of {WHOLE_STRETCH} for cases in seconds, which are for all of them\n"
            )
            file.write(f"# yardstick: seconds are wanted at {YARDSTICK:.0f} GFLOP/s in products\n")
            writer = csv.DictWriter(file, ROWS[0].keys(), lineterminator="\n")
            writer.writeheader()
            writer.writerows(ROWS)
