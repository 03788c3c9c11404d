"""Samples of any shape: a small convolutional GAN against the same one trained alone."""

from __future__ import annotations

import pytest
import torch
from small import distance, trained_alone, weights
from torch import Tensor, nn

from gan_tutorial import losses, training

SHAPE = (1, 4, 4)


class Stripes:
    """Images of 4 x 4 pixels: a bright column and noise."""

    def sample(self, n: int, *, generator) -> Tensor:
        columns = torch.arange(4) == (4 * generator.rand(n, 1)).long()
        return columns[..., None, None, :] + 0.1 * generator.randn(n, *SHAPE)


class Draws(nn.Module):
    noise_dim = 3

    def __init__(self) -> None:
        super().__init__()
        self.model = nn.Sequential(
            nn.Linear(3, 8), nn.Unflatten(1, (2, 2, 2)), nn.BatchNorm2d(2), nn.ReLU(inplace=True),
            nn.Upsample(scale_factor=2), nn.Conv2d(2, 1, 3, padding=1),
        )  # fmt: skip

    def forward(self, z: Tensor) -> Tensor:
        return self.model(z)


class Judges(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.model = nn.Sequential(
            nn.Conv2d(1, 2, 4, stride=2, padding=1), nn.Tanh(), nn.Flatten(), nn.Linear(8, 1)
        )

    def logits(self, x: Tensor) -> Tensor:
        return self.model(x)


def pair() -> tuple[nn.Module, nn.Module]:
    return Draws().double(), Judges().double()


OPTIONS = {"loss": losses.nonsaturating, "batch_size": 8, "lr": 2e-3, "seed": 4}


def train(**options) -> training.Run:
    return training.train(*pair(), Stripes(), **(OPTIONS | options))


@pytest.mark.no_cover
def test_a_run_of_images_is_the_loop_written_by_hand():
    run = train(penalty=losses.r1(0.3) + losses.r2(0.3), replicas=3, steps=40, ema=0.9)
    for i in (0, 2):
        G, D = trained_alone(pair, Stripes(), i, 40, seed=4, m=8, gamma=0.3)
        # the bias before BatchNorm cancels: its gradient is rounding noise, magnified by Adam
        assert distance(weights(run.G, i), weights(G)) < 1e-7
        assert distance(weights(run.D, i), weights(D)) < 1e-9
    assert run.sample(5, seed=1).shape == (3, 5, *SHAPE)
    assert run.sample(5, seed=1, ema=False).isfinite().all()


@pytest.mark.no_cover
def test_an_image_run_does_not_depend_on_how_many_there_are_and_goes_on(tmp_path):
    options = {"penalty": losses.gradient_penalty(0.5), "ema": 0.9, "steps": 20}
    many, alone = train(replicas=3, **options), train(replicas=[1], **options)
    assert distance(weights(many.D, 1), weights(alone.D, 0)) < 1e-9
    file = tmp_path / "run.pt"
    train(replicas=3, **options | {"steps": 12}, checkpoint=file)
    go_on = training.Checkpoint(file, resume=True)
    resumed = train(replicas=3, **options, checkpoint=go_on)
    for ours, theirs in zip(weights(many.ema_G), weights(resumed.ema_G), strict=True):
        assert torch.equal(ours, theirs)
    first, second, third = many.blocks(3)
    ours, theirs = second.sample(4, seed=2)[0], many.sample(4, seed=2)[1]
    torch.testing.assert_close(ours, theirs, rtol=0, atol=1e-12)
    assert first.D is not third.D
