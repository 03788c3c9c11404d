"""Settings of every test: one thread, no window, no progress bar, nobody's private seed."""

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

import torch  # noqa: E402  (the variables above must be set before it loads)

torch.set_num_threads(1)
