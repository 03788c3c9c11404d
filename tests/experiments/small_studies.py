"""Small studies that the tests share."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor, nn

from gan_tutorial import data, experiments, losses, metrics, networks, training

TARGET = data.gaussian(0.3, 0.15)
SEEDS, SEED = 4, 3


def generator(width: int = 8) -> nn.Module:
    return networks.MLPGenerator(3, 1, width).double()


def discriminator() -> nn.Module:
    return networks.MLPDiscriminator(1, 8, activation=nn.Tanh).double()


def w1(run: training.Run) -> Tensor:
    return metrics.wasserstein_distance(run.sample(50, seed=1), TARGET.quantiles(50).double())


def base(**changes) -> dict:
    options = {"G": generator(), "D": discriminator(), "target": TARGET, "steps": 60}
    return {**options, "loss": losses.nonsaturating, "batch_size": 16, "lr": 2e-3, **changes}


def study(variants: dict, **changes) -> experiments.Study:
    options = {"base": base(), "measure": w1, "seeds": SEEDS, "seed": SEED, **changes}
    return experiments.Study(variants=variants, **options)


def alone(**changes) -> Tensor:
    """Return what a variant gives when `train` is called for it by hand."""
    options = {"replicas": SEEDS, "seed": SEED, "on_nan": "freeze", "progress": False}
    return w1(training.train(**base(**changes), **options))


SHORT = {"base": base(steps=2)}


VARIANTS = {
    "lr": {"lr": 4e-3},
    "two rates": {"lr": (1e-3, 3e-3)},
    "rate of each seed": {"lr": torch.tensor([1e-3, 3e-3, 4e-3, 5e-3], dtype=torch.float64)},
    "saturating": {"loss": losses.saturating},
    "both": {"loss": losses.saturating, "lr": 1e-3},
}


def breaks(real_logits: Tensor, fake_logits: Tensor) -> Tensor:
    return losses.discriminator_loss(real_logits, fake_logits) * float("nan")


def breaks_in_half(real_logits: Tensor, fake_logits: Tensor) -> Tensor:
    loss = losses.discriminator_loss(real_logits, fake_logits)
    return loss.where(real_logits[:, 0, 0] <= 0, float("nan"))


broken = losses.Loss(breaks, losses.nonsaturating.g)


def result(points: dict[str, np.ndarray], seed: int = 0) -> experiments.Result:
    tensors = {name: torch.as_tensor(np.asarray(x, dtype=float)) for name, x in points.items()}
    return experiments.Result(tensors, dict.fromkeys(points, 0), seed)


def draws(*shape: int, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).normal(size=shape)
