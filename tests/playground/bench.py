"""What a step costs in the playground and in PyTorch: python tests/playground/bench.py.

The tutorial's networks at batch 128, one thread, CPU time, in turns on the same machine.
"""

import json
import statistics
import subprocess
import time
from pathlib import Path

import torch

from gan_tutorial import data, losses, networks, training


def pytorch(steps: int) -> float:
    """Return CPU milliseconds a step."""
    before = time.process_time()
    training.train(
        networks.Generator(noise_dim=8), networks.Discriminator(), data.gaussian(0.3, 0.15),
        loss=losses.nonsaturating, batch_size=128, lr=2e-3, steps=steps, progress=False,
    )  # fmt: skip
    return (time.process_time() - before) / steps * 1000


torch.set_num_threads(1)
pytorch(20)
rounds = []
for _ in range(5):
    done = subprocess.run(
        ["node", Path(__file__).with_name("bench.mjs")], capture_output=True, text=True, check=True
    )
    rounds.append({"PyTorch": pytorch(150), **json.loads(done.stdout)})
torch_ms, simd, plain = (
    statistics.median(r[name] for r in rounds) for name in ("PyTorch", "simd", "plain")
)
print(f"a step at batch 128: PyTorch {torch_ms:.1f} ms, SIMD {simd:.1f} ms, plain {plain:.1f} ms")
print(f"SIMD takes {simd / torch_ms:.2f} of PyTorch's time (at most 3 wanted)")
print(f"the plain loop takes {plain / simd:.1f} times that of SIMD (at least 4 wanted)")
