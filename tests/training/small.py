"""Small GANs that train in a moment, and what all tests of training ask of them."""

from __future__ import annotations

import reference
import torch
from torch import Tensor, nn

from gan_tutorial import data, losses, networks, training
from gan_tutorial.ensemble import Streams, member, replicate

TARGET = data.gaussian(reference.MEAN, reference.STD)


def pair(width: int = 8, data_dim: int = 1) -> tuple[nn.Module, nn.Module]:
    G = networks.MLPGenerator(reference.NOISE_DIM, data_dim, width)
    D = networks.MLPDiscriminator(data_dim, width, activation=nn.Tanh)
    return G.double(), D.double()


def train(**options) -> training.Run:
    """Train the reference's networks: 16 samples a step, lr 2e-3, unless told otherwise."""
    G, D = options.pop("networks", None) or pair()
    settings = {"loss": losses.nonsaturating, "batch_size": 16, "lr": 2e-3, "steps": 10}
    settings |= {"seed": 3, "progress": False}
    return training.train(G, D, options.pop("target", TARGET), **(settings | options))


def weights(network: nn.Module, index: int | None = None) -> list[Tensor]:
    """Return copies of all weights, of every member or of one, as a plain network has them."""
    network = network if index is None else member(network, index)
    return [weight.detach().clone() for weight in network.parameters()]


def distance(ours: list[Tensor], theirs: list[Tensor]) -> float:
    return max((a - b).abs().max().item() for a, b in zip(ours, theirs, strict=True))


def same(ours: list[Tensor], theirs: list[Tensor]) -> bool:
    return all(torch.equal(a, b) for a, b in zip(ours, theirs, strict=True))


# name: (options of train, options of the loop written by hand)
LOOPS = {
    "plain": ({}, {}),
    "saturating": ({"loss": losses.saturating}, {"game": "saturating"}),
    "relativistic": ({"loss": losses.relativistic}, {"game": "relativistic"}),
    "R1": ({"penalty": losses.r1(0.5)}, {"r1": 0.5}),
    "R2": ({"penalty": losses.r2(0.5)}, {"r2": 0.5}),
    "EMA": ({"ema": 0.9}, {"ema": 0.9}),
    "cosine": ({"schedule": training.cosine}, {"schedule": reference.cosine}),
    "two steps of D": ({"d_steps": 2}, {"d_steps": 2}),
    "fresh z": ({"fresh_z": True}, {"fresh_z": True}),
    "two rates": ({"lr": (1e-3, 4e-3)}, {"lr_G": 1e-3, "lr_D": 4e-3}),
    "betas": ({"betas": (0.0, 0.9)}, {"betas": (0.0, 0.9)}),
    "gradient penalty": ({"penalty": losses.gradient_penalty(2.0, 0.5)}, {"gp": (2.0, 0.5)}),
    "lazy penalty": ({"penalty": losses.r1(0.5), "penalty_every": 4}, {"r1": 0.5, "lazy": 4}),
    "fading penalty": (
        {
            "penalty": losses.r1(0.5),
            "penalty_every": 3,
            "penalty_schedule": training.geometric(1, 0.01),
        },
        {"r1": 0.5, "lazy": 3, "fading": lambda progress: 10 ** (-2 * progress)},
    ),
    "clipping": ({"constrain": losses.clipping(0.2)}, {"clip": 0.2}),
    "instance noise": (
        {"instance_noise": training.linear(0.4, 0.1), "fresh_z": True},
        {"noise": lambda progress: 0.4 - 0.3 * progress, "fresh_z": True},
    ),
    "all at once": (
        {
            "loss": losses.relativistic,
            "penalty": losses.r1(0.3) + losses.r2(0.2),
            "ema": 0.95,
            "schedule": training.cosine,
            "d_steps": 2,
            "fresh_z": True,
            "lr": (1e-3, 3e-3),
            "betas": (0.1, 0.99),
            "batch_size": 9,
            "penalty_every": 2,
            "instance_noise": training.linear(0.2),
        },
        {
            "game": "relativistic",
            "r1": 0.3,
            "r2": 0.2,
            "ema": 0.95,
            "schedule": reference.cosine,
            "d_steps": 2,
            "fresh_z": True,
            "lr_G": 1e-3,
            "lr_D": 3e-3,
            "betas": (0.1, 0.99),
            "batch_size": 9,
            "lazy": 2,
            "noise": lambda progress: 0.2 * (1 - progress),
        },
    ),
}


# In a relativistic game D's last bias cancels: its gradient is rounding noise, magnified by Adam.
BIASED = {"relativistic", "all at once"}


def trained_alone(make, target, i: int, steps: int, *, seed: int, m: int, gamma: float):
    """Train member i as an ordinary pair, by hand: R1 + R2 over all of a sample, labels if any."""
    streams = Streams(seed, [i])
    G, D = (member(replicate(network, streams), 0) for network in make())
    (stream,) = streams

    class One:
        rand = staticmethod(lambda *shape: torch.rand(*shape, generator=stream))
        randn = staticmethod(lambda *shape: torch.randn(*shape, generator=stream))

    g_optimizer = torch.optim.Adam(G.parameters(), lr=2e-3, betas=(0.5, 0.999))
    d_optimizer = torch.optim.Adam(D.parameters(), lr=2e-3, betas=(0.5, 0.999))
    for _ in range(steps):
        sample = target.sample(m, generator=One)
        x_real, *labels = sample if isinstance(sample, tuple) else (sample,)
        x_real = x_real.double()
        x_fake = G(One.randn(m, G.noise_dim).double(), *labels)
        d_loss = losses.nonsaturating.d(
            D.logits(x_real, *labels), D.logits(x_fake.detach(), *labels)
        )
        for x in (x_real, x_fake):
            x = x.detach().requires_grad_()
            (slope,) = torch.autograd.grad(D.logits(x, *labels).sum(), x, create_graph=True)
            d_loss = d_loss + gamma / 2 * slope.flatten(1).square().sum(dim=1).mean()
        d_optimizer.zero_grad()
        d_loss.backward()
        d_optimizer.step()
        g_optimizer.zero_grad()
        losses.nonsaturating.g(None, D.logits(x_fake, *labels)).backward()
        g_optimizer.step()
    return G, D
