"""N linear layers, and N tables of vectors."""

from typing import Any

import torch
from torch import Tensor, nn

from gan_tutorial.ensemble.layer import EnsembleLayer, check_batch, unlike, with_members


class EnsembleLinear(EnsembleLayer):
    """N linear layers side by side.

    y[i] = x[i] W[i]ᵀ + b[i]

    Shapes
    ------
    weight (N, out, in), bias (N, 1, out) or None; x (N, m, in) -> (N, m, out). An x of shape
    (m, in) is given to every member.
    """

    def __init__(self, layer: nn.Linear, replicas: int) -> None:
        super().__init__(layer)
        transposed = layer.weight.detach().T.repeat(replicas, 1, 1)  # in memory; saves a copy
        self.weight = nn.Parameter(transposed.transpose(1, 2))  # of each gradient
        self.repeat("bias", layer.bias, replicas)

    def forward(self, x: Tensor) -> Tensor:
        """Return the N outputs for the N batches x."""
        weight, bias = self.weight, self.bias
        replicas, outputs, inputs = weight.shape
        x = with_members(x, replicas)
        check_batch(x, weight, inputs, x.shape[:1] + x.shape[2:] == (replicas, inputs))
        if replicas > 1 and outputs == 1:  # many products with one column each are slow
            y = (x * weight).sum(dim=-1, keepdim=True)
            return y if bias is None else y + bias
        if bias is None:
            return torch.bmm(x, weight.transpose(1, 2))
        return torch.baddbmm(bias, x, weight.transpose(1, 2))


class EnsembleEmbedding(EnsembleLayer):
    """N tables with a vector for each label.

    y[i, j] = W[i][label[i, j]]

    Shapes
    ------
    weight (N, labels, d); label (N, m), whole numbers -> (N, m, d). A label of shape (m,) is given
    to every member.
    """

    def __init__(self, layer: nn.Embedding, replicas: int) -> None:
        super().__init__(layer)
        self.repeat("weight", layer.weight, replicas)

    @staticmethod
    def cannot(layer: Any) -> str:
        """Say which option of the layer stands in the way."""
        return unlike(
            layer, padding_idx=None, max_norm=None, scale_grad_by_freq=False, sparse=False
        )

    def forward(self, label: Tensor) -> Tensor:
        """Return the vectors of the labels."""
        weight = self.weight
        replicas, labels, d = weight.shape
        if label.dim() == 1:
            label = label.expand(replicas, -1)
        if label.is_floating_point() or label.dim() != 2 or len(label) != replicas:
            raise ValueError(
                f"an ensemble of {replicas} takes labels for each member, whole numbers of shape "
                f"({replicas}, m), got {tuple(label.shape)} in {label.dtype}"
            )
        for bad in label[(label < 0) | (label >= labels)][:1].tolist():
            raise ValueError(f"a label must be from 0 to {labels - 1}, got {bad}")
        return weight.gather(1, label.long()[..., None].expand(-1, -1, d))
