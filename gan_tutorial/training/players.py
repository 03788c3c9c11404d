"""A player: a network of N members, all its weights in one row each, and its Adam."""

import math
from typing import Any

import torch
from torch import Tensor
from torch.optim.adam import adam as adam_step

from gan_tutorial.training.run import DivergedError, Run


class Adam:
    """Adam on the P weights of N members, w of shape (N, P); `lr` is one rate or N of them.

    a ← β₁ a + (1 - β₁) g, b ← β₂ b + (1 - β₂) g², with the bias of both corrected;
    w ← w - factor · lr a / (√b + ε)

    Source
    ------
    Kingma & Ba 2015 (arXiv 1412.6980), algorithm 1.
    """

    def __init__(self, w: Tensor, lr: Any, betas: tuple[float, float]) -> None:
        self.w, self.lr, self.betas, self.eps, self.factor = w, lr, betas, 1e-8, 1.0
        self.a, self.b = torch.zeros(2, *w.shape, device=w.device, dtype=w.dtype)
        self.t = torch.zeros((), device=w.device, dtype=torch.float32)

    def step(self, g: Tensor) -> None:
        """Move every weight by its gradient."""
        beta1, beta2 = self.betas
        if not isinstance(self.lr, Tensor):
            adam_step(
                [self.w], [g], [self.a], [self.b], [], [self.t], fused=True, amsgrad=False,
                beta1=beta1, beta2=beta2, lr=self.factor * self.lr, weight_decay=0.0, eps=self.eps,
                maximize=False,
            )  # fmt: skip
            return
        self.t += 1
        t = int(self.t)
        self.a.lerp_(g, 1 - beta1)
        self.b.lerp_(g.square(), 1 - beta2)
        root = (self.b / (1 - beta2**t)).sqrt_().add_(self.eps)
        lr = self.factor * self.lr.to(g)[:, None]
        self.w -= lr / (1 - beta1**t) * self.a / root

    def state(self) -> list[Tensor]:
        """Return what a checkpoint must hold."""
        return [self.a, self.b, self.t]


class Player:
    """One side of the game: `network` of N members, and what moves its weights and no others.

    Parameters
    ----------
    role
        "generator" or "discriminator", for messages.
    network
        N members as one network. Its weights become views of one tensor, `w` of shape (N, P).
    lr, betas
        Adam's rates.
    run, on_nan
        Where a frozen member is written down, and whether there may be one.
    """

    def __init__(
        self, role: str, network: Any, lr: Any, betas: tuple[float, float], run: Run, on_nan: str
    ) -> None:
        self.role, self.run, self.on_nan = role, run, on_nan
        self.weights, self.w = list(network.parameters()), flatten(network)
        self.adam = Adam(self.w, lr, betas)

    def move(self, loss: Tensor) -> None:
        """Take one step of Adam down the loss, of shape (N,): this player's weights alone move.

        A member whose loss or gradient is not finite stays where it is, from then on.

        Raises
        ------
        DivergedError
            At the first such member, if `on_nan` is "raise".
        """
        g = self.gradient(loss)
        if not self.run.frozen and math.isfinite((g.sum() + loss.detach().sum()).item()):
            self.adam.step(g)
            return
        self._freeze(loss, g)
        still = list(self.run.frozen)
        before = self.w[still]
        self.adam.step(g)
        self.w[still] = before

    def gradient(self, loss: Tensor) -> Tensor:
        """Return the gradient of every member's loss in its own weights, shape (N, P).

        No member's loss depends on another's weights: one gradient, that of the sum, holds all.
        """
        parts = torch.autograd.grad(loss.sum(), self.weights, materialize_grads=True)
        return torch.cat([_row(part) for part in parts], dim=1)

    def _freeze(self, loss: Tensor, g: Tensor) -> None:
        finite = loss.isfinite() & g.isfinite().all(dim=1)
        for member in (~finite).nonzero().flatten().tolist():
            step = self.run.steps + 1
            if self.on_nan == "raise":
                raise DivergedError(
                    f"training stopped at step {step}: the {self.role}'s loss of member {member} "
                    f"is {loss[member].item()} and its gradient is not all finite; try a smaller "
                    f'lr, or go on with the other members by on_nan="freeze"',
                    self.run,
                )
            self.run.frozen.setdefault(member, step)


def flatten(network: Any) -> Tensor:
    """Move all P weights of every member into one tensor (N, P), and make the network's its views.

    One operation of Adam, or of the average, on all of them costs less than one on each layer.
    """
    weights = list(network.parameters())
    flat = torch.cat([_row(weight.detach()) for weight in weights], dim=1)
    sizes = [weight[0].numel() for weight in weights]
    for weight, part in zip(weights, flat.split(sizes, dim=1), strict=True):
        if weight.dim() == 3:
            weight.data = part.unflatten(1, weight.mT.shape[1:]).mT
        else:
            weight.data = part.unflatten(1, weight.shape[1:])
    return flat


def _row(weight: Tensor) -> Tensor:
    """Return weights (N, ...) as (N, P): matrices by columns, as an EnsembleLinear keeps them."""
    return (weight.mT if weight.dim() == 3 else weight).flatten(1)
