"""How fast is the loop, against the same GAN written in the usual way? Run by `make bench`.

Every figure is a ratio of CPU times of one run on one thread. The two sides are timed in turns, so
that a busy machine slows both, and each side keeps its best round.
"""

import csv
import platform
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest
import torch
from torch import Tensor, nn
from torch.utils.data import DataLoader, TensorDataset

from gan_tutorial import data, losses, networks, training

TABLE = Path(__file__).parents[2] / "book" / "records" / "benchmark.csv"
BATCH = 64
ROUNDS = 15
TARGET = data.gaussian(0.3, 0.15)
Pair = Callable[[], tuple[nn.Module, nn.Module]]


def seed_pair() -> tuple[nn.Module, nn.Module]:
    return networks.Generator(8), networks.Discriminator()


def small_pair() -> tuple[nn.Module, nn.Module]:
    return networks.MLPGenerator(8, 1, 32, output=nn.Tanh), networks.MLPDiscriminator(1, 32)


def usual_loop(pair: Pair, steps: int) -> None:
    """Train one GAN as most tutorials do."""
    G, D = pair()
    loader = DataLoader(
        TensorDataset(TARGET.sample(BATCH * steps, seed=0)), batch_size=BATCH, shuffle=True
    )
    bce = nn.BCELoss()
    g_optimizer = torch.optim.Adam(G.parameters(), lr=1e-3, betas=(0.5, 0.999))
    d_optimizer = torch.optim.Adam(D.parameters(), lr=1e-3, betas=(0.5, 0.999))
    d_losses, g_losses = [], []
    x_real: Tensor
    for (x_real,) in loader:
        ones, zeros = torch.ones(BATCH, 1), torch.zeros(BATCH, 1)
        d_optimizer.zero_grad()
        real_loss = bce(D(x_real), ones)
        real_loss.backward()
        x_fake = G(torch.randn(BATCH, 8))
        fake_loss = bce(D(x_fake.detach()), zeros)
        fake_loss.backward()
        d_optimizer.step()
        g_optimizer.zero_grad()
        g_loss = bce(D(x_fake), ones)
        g_loss.backward()
        g_optimizer.step()
        d_losses.append(real_loss.item() + fake_loss.item())
        g_losses.append(g_loss.item())


def our_loop(pair: Pair, steps: int, replicas: int) -> None:
    """Train the same GAN, or several at once, by `train`."""
    training.train(
        *pair(), TARGET, loss=losses.nonsaturating, batch_size=BATCH, steps=steps, replicas=replicas
    )


def usual(pair: Pair, steps: int = 150) -> tuple[Callable[[], None], int]:
    return lambda: usual_loop(pair, steps), steps


def ours(pair: Pair, replicas: int = 1, steps: int = 150) -> tuple[Callable[[], None], int]:
    return lambda: our_loop(pair, steps, replicas), steps * replicas


# name, the slower side, the faster side, unit of the ratio, least and hoped-for ratio
CASES = {
    "one run, the seed's networks": (usual(seed_pair), ours(seed_pair), 1.4, 1.5),
    "64 replicas, 32-wide networks": (usual(small_pair), ours(small_pair, 64), 15, 20),
    "16 replicas for the price of 3": (ours(small_pair), ours(small_pair, 16), 16 / 3, 8),
}


@pytest.mark.parametrize("name", CASES)
def bench_ratio(name: str, benchmark) -> None:
    (slow, slow_steps), (fast, fast_steps), least, hoped = CASES[name]
    slow_times = []

    def slow_side() -> None:
        start = time.process_time()
        slow()
        slow_times.append(time.process_time() - start)

    benchmark.pedantic(fast, setup=slow_side, rounds=ROUNDS, warmup_rounds=1)
    fast_time = benchmark.stats.stats.min / fast_steps
    slow_time = min(slow_times) / slow_steps
    ratio = slow_time / fast_time
    row = {
        "case": name,
        "reference_us": f"{1e6 * slow_time:.0f}",
        "train_us": f"{1e6 * fast_time:.0f}",
        "ratio": f"{ratio:.2f}",
        "least": f"{least:.2f}",
    }
    benchmark.extra_info.update(row)
    ROWS.append(row)
    print(f"\n{name}: {ratio:.2f}× in CPU time for a GAN-step (least {least:.2f}×, hoped {hoped}×)")
    assert ratio >= least


ROWS: list[dict[str, str]] = []


@pytest.fixture(scope="session", autouse=True)
def one_thread():
    torch.set_num_threads(1)
    yield
    if len(ROWS) == len(CASES):
        TABLE.parent.mkdir(exist_ok=True)
        with TABLE.open("w", newline="", encoding="utf-8") as file:
            file.write("# command: make bench\n")
            file.write(f"# date: {datetime.now(UTC):%Y-%m-%d}\n")
            file.write(
                f"# versions: python {platform.python_version()}, torch {torch.__version__}\n"
            )
            file.write(f"# machine: {platform.system()} {platform.machine()}, one thread\n")
            file.write(f"# best of {ROUNDS} rounds in turns, CPU microseconds for a GAN-step\n")
            writer = csv.DictWriter(file, ROWS[0].keys(), lineterminator="\n")
            writer.writeheader()
            writer.writerows(ROWS)
