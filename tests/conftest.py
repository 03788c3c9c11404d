"""Settings of every test: one thread, no window, no progress bar, a seed, nobody's private one."""

import os

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
import torch  # noqa: E402

torch.set_num_threads(1)


@pytest.fixture(autouse=True)
def seed() -> None:
    """Draw the same weights whichever tests the process ran before."""
    torch.manual_seed(0)
