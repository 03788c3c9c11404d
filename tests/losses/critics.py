"""Samples, streams, and discriminators whose slopes are known."""

from __future__ import annotations

import torch
from torch import Tensor, nn


def draws(*shape: int, seed: int = 0) -> Tensor:
    generator = torch.Generator().manual_seed(seed)
    return 3 * torch.randn(*shape, generator=generator, dtype=torch.float64)


def stream(seed: int = 3) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


class Linear(nn.Module):
    """A critic whose slope is w wherever one looks: logits(x) = x · w + b."""

    def __init__(self, w: Tensor) -> None:
        super().__init__()
        self.w = nn.Parameter(w.clone())
        self.b = nn.Parameter(torch.ones((), dtype=w.dtype))

    def logits(self, x: Tensor) -> Tensor:
        return (x * self.w).sum(-1, keepdim=True) + self.b


def square() -> type:
    """A critic with another slope at every point: logits(x) = ½ Σ a_j x_j², slope a_j x_j."""

    class Square(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.a = nn.Parameter(torch.tensor([1.0, -2.0], dtype=torch.float64))

        def logits(self, x: Tensor) -> Tensor:
            return (self.a * x.square()).sum(-1, keepdim=True) / 2

    return Square()
