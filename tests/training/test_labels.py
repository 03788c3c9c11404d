"""Conditions: labels travel beside x and z, and every row keeps its own."""

from __future__ import annotations

import pytest
import torch
from small import distance, trained_alone, weights
from torch import Tensor, nn
from torch.nn.functional import one_hot

from gan_tutorial import losses, training

CLASSES = 3


class Clusters:
    """Three clusters on the line, x = label + noise, with the label of each sample."""

    def sample(self, n: int, *, generator) -> tuple[Tensor, Tensor]:
        labels = (CLASSES * generator.rand(n)).long()
        return labels[..., None] + 0.1 * generator.randn(n, 1), labels


class Conditional(nn.Module):
    """Two layers on a sample and its label; a generator, or a discriminator by `logits`."""

    noise_dim = 2

    def __init__(self, inputs: int) -> None:
        super().__init__()
        self.model = nn.Sequential(nn.Linear(inputs + CLASSES, 8), nn.Tanh(), nn.Linear(8, 1))

    def forward(self, x: Tensor, labels: Tensor) -> Tensor:
        return self.model(torch.cat([x, one_hot(labels, CLASSES).to(x)], dim=-1))

    logits = forward


def pair() -> tuple[nn.Module, nn.Module]:
    return Conditional(2).double(), Conditional(1).double()


@pytest.mark.no_cover
def test_a_labelled_run_is_the_loop_written_by_hand():
    run = training.train(
        *pair(), Clusters(), loss=losses.nonsaturating, penalty=losses.r1(0.2) + losses.r2(0.2),
        batch_size=16, lr=2e-3, steps=60, replicas=3, seed=5,
    )  # fmt: skip
    for i in (0, 2):
        G, D = trained_alone(pair, Clusters(), i, 60, seed=5, m=16, gamma=0.2)
        assert distance(weights(run.G, i), weights(G)) < 1e-12
        assert distance(weights(run.D, i), weights(D)) < 1e-12


@pytest.mark.no_cover
def test_a_generator_obeys_its_labels():
    run = training.train(
        *pair(), Clusters(), loss=losses.nonsaturating, penalty=losses.r1(0.1), betas=(0.0, 0.99),
        lr=1e-2, steps=400, replicas=4, seed=0, ema=0.99,
    )  # fmt: skip
    labels = torch.arange(CLASSES).repeat(50)
    x_fake = run.sample(150, seed=1, labels=labels)
    centres = torch.stack([x_fake[:, k::CLASSES].mean(dim=(1, 2)) for k in range(CLASSES)])
    # each class ends within .5 of its own cluster, for all 4 members; chance would be 1
    assert (centres - torch.arange(CLASSES)[:, None]).abs().max() < 0.5
    each = run.sample(150, seed=1, labels=labels.expand(4, 150))
    assert torch.equal(each, x_fake)
    others = run.sample(150, seed=1, labels=labels.flip(0))
    assert not torch.equal(others, x_fake)


def test_labels_of_a_wrong_shape_are_refused():
    run = training.train(
        *pair(), Clusters(), loss=losses.nonsaturating, steps=1, batch_size=4, replicas=2
    )
    with pytest.raises(ValueError, match=r"shape \(5,\) or \(2, 5\), got \(4,\)"):
        run.sample(5, seed=1, labels=torch.zeros(4, dtype=torch.long))
    with pytest.raises(ValueError, match=r"shape \(5,\) or \(2, 5\), got \(3, 5\)"):
        run.sample(5, seed=1, labels=torch.zeros(3, 5, dtype=torch.long))


def test_real_labels_come_before_fakes_in_ds_own_step_and_a_penalty_sees_them():
    seen = []

    class Watching(Conditional):
        def logits(self, x: Tensor, labels: Tensor) -> Tensor:
            seen.append(labels)
            return self(x, labels)

    training.train(
        Conditional(2), Watching(1), Clusters(), loss=losses.relativistic, steps=1, batch_size=4,
        replicas=2, penalty=losses.r1(1.0),
    )  # fmt: skip
    trial, *_, judged, slopes, real, fake = seen
    assert trial.shape == (4,)
    assert judged.shape == (2, 8)
    assert torch.equal(judged[:, :4], judged[:, 4:])
    for labels in (slopes, real, fake):
        assert torch.equal(labels, judged[:, :4])
