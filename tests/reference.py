"""The training loop a second time, one GAN at a time, in the plainest PyTorch there is.

Ordinary networks, torch's cross-entropy with labels, two backward passes for D, ordinary Adam:
nothing of the package is used but the seed of a member's stream.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.functional import binary_cross_entropy_with_logits, softplus

from gan_tutorial.ensemble import member_seed

MEAN, STD = 0.3, 0.15
NOISE_DIM = 3


def generator() -> nn.Sequential:
    layers = nn.Linear(NOISE_DIM, 8), nn.ReLU(), nn.Linear(8, 8), nn.ReLU(), nn.Linear(8, 1)
    return nn.Sequential(*layers).double()


def discriminator() -> nn.Sequential:
    layers = nn.Linear(1, 8), nn.Tanh(), nn.Linear(8, 8), nn.Tanh(), nn.Linear(8, 1)
    return nn.Sequential(*layers).double()


def labelled(logits: Tensor, label: float) -> Tensor:
    return binary_cross_entropy_with_logits(logits, torch.full_like(logits, label))


def train(
    seed: int,
    member: int,
    *,
    steps: int,
    batch_size: int = 16,
    lr_G: float = 2e-3,
    lr_D: float = 2e-3,
    betas: tuple[float, float] = (0.5, 0.999),
    game: str = "non-saturating",
    r1: float = 0.0,
    r2: float = 0.0,
    ema: float | None = None,
    schedule: Callable[[float], float] | None = None,
    d_steps: int = 1,
    fresh_z: bool = False,
    gp: tuple[float, float] | None = None,
    lazy: int = 1,
    fading: Callable[[float], float] = lambda progress: 1.0,
    clip: float | None = None,
    noise: Callable[[float], float] | None = None,
) -> Any:
    """Train one GAN from one stream; return its weights, their average and its losses."""
    with torch.random.fork_rng():
        G, D = generator(), discriminator()
        torch.manual_seed(member_seed(seed, member))
        for network in (G, D):  # draw the weights again, in float64
            for layer in network:
                if isinstance(layer, nn.Linear):
                    layer.reset_parameters()
        average = [weight.detach().clone() for weight in G.parameters()]
        g_optimizer = torch.optim.Adam(G.parameters(), lr=lr_G, betas=betas)
        d_optimizer = torch.optim.Adam(D.parameters(), lr=lr_D, betas=betas)
        d_losses, g_losses, penalties = [], [], []

        for t in range(steps):
            factor = 1.0 if schedule is None else schedule(t / steps)
            g_optimizer.param_groups[0]["lr"] = factor * lr_G
            d_optimizer.param_groups[0]["lr"] = factor * lr_D

            for _ in range(d_steps):
                x_real = (MEAN_32 + STD_32 * torch.randn(batch_size, 1)).double()
                if noise:
                    x_real += noise(t / steps) * torch.randn(batch_size, 1).double()
                z = torch.randn(batch_size, NOISE_DIM).double()
                shift = torch.zeros(batch_size, 1).double()
                if noise:
                    shift = noise(t / steps) * torch.randn(batch_size, 1).double()
                with torch.no_grad():
                    x_fake = G(z) + shift
                d_optimizer.zero_grad()
                if game == "relativistic":
                    real_loss = softplus(-(D(x_real) - D(x_fake))).mean()
                    fake_loss = torch.zeros(())
                    real_loss.backward()
                else:
                    real_loss = labelled(D(x_real), 1)
                    real_loss.backward()
                    fake_loss = labelled(D(x_fake), 0)
                    fake_loss.backward()
                penalty = 0.0
                for gamma, samples in ((r1, x_real), (r2, x_fake)):
                    if gamma and t % lazy == 0:
                        x = samples.clone().requires_grad_()
                        (slope,) = torch.autograd.grad(D(x).sum(), x, create_graph=True)
                        extra = gamma / 2 * slope.pow(2).sum(1).mean()
                        extra = lazy * fading(t / steps) * extra
                        extra.backward()
                        penalty += extra.item()
                if gp:
                    u = torch.rand(batch_size, 1).double()
                    x = (u * x_real + (1 - u) * x_fake).requires_grad_()
                    (slope,) = torch.autograd.grad(D(x).sum(), x, create_graph=True)
                    extra = gp[0] / 2 * (slope.pow(2).sum(1).sqrt() - gp[1]).pow(2).mean()
                    extra.backward()
                    penalty += extra.item()
                d_optimizer.step()
                if clip:
                    nn.utils.vector_to_parameters(
                        nn.utils.parameters_to_vector(D.parameters()).clip(-clip, clip),
                        D.parameters(),
                    )

            if fresh_z:
                z = torch.randn(batch_size, NOISE_DIM).double()
                if noise:
                    shift = noise(t / steps) * torch.randn(batch_size, 1).double()
            g_optimizer.zero_grad()
            fake_logits = D(G(z) + shift)
            if game == "non-saturating":
                g_loss = labelled(fake_logits, 1)
            elif game == "saturating":
                g_loss = -labelled(fake_logits, 0)
            else:
                g_loss = softplus(-(fake_logits - D(x_real).detach())).mean()
            g_loss.backward()
            g_optimizer.step()

            if ema is not None:
                decay = min(ema, (1 + t) / (10 + t))
                for k, weight in enumerate(G.parameters()):
                    average[k] = decay * average[k] + (1 - decay) * weight.detach()
            d_losses.append(real_loss.item() + fake_loss.item())
            g_losses.append(g_loss.item())
            penalties.append(penalty)
    return SimpleNamespace(
        G=[weight.detach() for weight in G.parameters()],
        D=[weight.detach() for weight in D.parameters()],
        average=average,
        d_loss=torch.tensor(d_losses),
        g_loss=torch.tensor(g_losses),
        penalty=torch.tensor(penalties),
    )


MEAN_32, STD_32 = torch.tensor(MEAN), torch.tensor(STD)


def cosine(progress: float) -> float:
    return 0.5 + 0.5 * math.cos(math.pi * progress)
