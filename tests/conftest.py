"""Settings of every test: one thread, no window, no progress bar, a seed, nobody's private one."""

from __future__ import annotations

import os
from collections.abc import Iterator
from typing import TYPE_CHECKING

for name in list(os.environ):
    if name.startswith("GAN_TUTORIAL_"):
        del os.environ[name]
os.environ |= {
    "OMP_NUM_THREADS": "1",
    "MKL_NUM_THREADS": "1",
    "TQDM_DISABLE": "1",
    "MPLBACKEND": "Agg",
}

import pytest  # noqa: E402  (the variables above must be set before torch loads)

if TYPE_CHECKING:
    from playwright.sync_api import Browser

# torch is loaded where a test runs: the process that only hands out tests need not wait for it


def pytest_runtest_setup(item: pytest.Item) -> None:
    """Skip what compares a GPU with the CPU where there is no GPU."""
    if item.get_closest_marker("gpu"):
        import torch

        if not torch.cuda.is_available():
            pytest.skip("PyTorch sees no GPU here")


@pytest.fixture(autouse=True)
def seed() -> None:
    """Compute on one thread, and draw the same weights whichever tests ran before."""
    import torch

    torch.set_num_threads(1)
    torch.manual_seed(0)


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """The Chromium of this system, one for all the tests of a process."""
    from browsers import launch
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright, launch(playwright) as running:
        yield running
