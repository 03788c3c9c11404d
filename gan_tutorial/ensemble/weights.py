"""What PyTorch calls parametrizations: each member's weights are a function of others."""

from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.functional import normalize
from torch.nn.utils import parametrizations

from gan_tutorial.ensemble.streams import lend


class EnsembleSpectralNorm(nn.Module):
    """Divide the weights of each of N layers by their largest singular value.

    W[i] / s[i], s[i] = u[i]ᵀ W[i] v[i], after u ← W v / ‖W v‖, v ← Wᵀ u / ‖Wᵀ u‖

    W[i] is a layer's weight as a matrix with a row for each output. Each use in training mode does
    one more such step of power iteration, as PyTorch's `spectral_norm` does. The first v is
    constant, so that no random numbers are needed.

    Shapes
    ------
    W (N, out, in) or (N, out, in, kh, kw), where the matrix is (N, out, in · kh · kw);
    u (N, rows, 1), v (N, columns, 1)
    """

    title = "spectral_norm"
    u: Tensor
    v: Tensor

    def __init__(self, norm: Any, weight: Tensor) -> None:
        super().__init__()
        self.iterations, self.eps, self.dim = norm.n_power_iterations, norm.eps, norm.dim
        matrix = self._matrix(weight)
        self.register_buffer("u", None)
        self.register_buffer("v", torch.ones_like(matrix[:, :1]).detach().mT)
        self._improve(matrix, 15)

    @staticmethod
    def cannot(norm: Any, weight: Tensor) -> str:
        """Say which option of the norm stands in the way, or ""."""
        return "" if weight.dim() > 1 else "with a spectral norm of a vector"

    def _matrix(self, weight: Tensor) -> Tensor:
        return weight.movedim(self.dim + 1, 1).flatten(2)

    @torch.no_grad()
    def _improve(self, matrix: Tensor, iterations: int) -> None:
        for _ in range(iterations):
            self.u = normalize(matrix @ self.v, dim=1, eps=self.eps)
            self.v = normalize(matrix.mT @ self.u, dim=1, eps=self.eps)

    def forward(self, weight: Tensor) -> Tensor:
        """Return the N weights, each with largest singular value 1."""
        matrix = self._matrix(weight)
        if self.training:
            self._improve(matrix, self.iterations)
        s = self.u.mT @ matrix @ self.v  # (N, 1, 1)
        return weight / s.reshape(-1, *[1] * (weight.dim() - 1))

    def put_on(self, layer: nn.Module, index: int) -> None:
        """Put one member's norm on its layer, as PyTorch's."""
        with lend(torch.Generator("cpu")):  # PyTorch draws vectors of its own
            parametrizations.spectral_norm(
                layer, n_power_iterations=self.iterations, eps=self.eps, dim=self.dim
            )
        (theirs,) = layer.parametrizations.weight  # type: ignore[union-attr, misc]
        theirs._u.copy_(self.u[index, :, 0])
        theirs._v.copy_(self.v[index, :, 0])


class EnsembleWeightNorm(nn.Module):
    """Learn length and direction of each of N layers' weights apart.

    W[i] = g[i] · V[i] / ‖V[i]‖, a norm for each index of the dimension `dim` of the layer's weight

    Shapes
    ------
    V as the weight, (N, out, in) or (N, out, in, kh, kw); g the same, with 1 in place of all
    dimensions but N and one
    """

    title = "weight_norm"

    def __init__(self, norm: Any, weight: Tensor) -> None:
        super().__init__()
        self.dim = norm.dim
        self.others = [dim for dim in range(1, weight.dim()) if dim != norm.dim + 1]

    @staticmethod
    def cannot(norm: Any, weight: Tensor) -> str:
        """Say which option of the norm stands in the way, or ""."""
        return "" if 0 <= norm.dim < weight.dim() > 1 else "with one norm for all of its weight"

    def _norm(self, V: Tensor) -> Tensor:
        return torch.linalg.vector_norm(V, dim=self.others, keepdim=True)

    def forward(self, g: Tensor, V: Tensor) -> Tensor:
        """Return the N weights."""
        return V * (g / self._norm(V))

    def right_inverse(self, weight: Tensor) -> tuple[Tensor, Tensor]:
        """Return g and V that give this weight."""
        return self._norm(weight), weight

    def put_on(self, layer: Any, index: int) -> None:
        """Put PyTorch's norm on a member's layer; its g is the caller's to copy, as V is."""
        parametrizations.weight_norm(layer, dim=self.dim)
