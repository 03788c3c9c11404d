"""N normalisations side by side, each by its own member's statistics."""

from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.functional import batch_norm, group_norm, layer_norm

from gan_tutorial.ensemble.images import fold, unfold
from gan_tutorial.ensemble.layer import EnsembleLayer, check_batch, unlike, with_members


class EnsembleBatchNorm(EnsembleLayer):
    """N batch normalisations side by side, each by the statistics of its own member's batch.

    y[i] = (x[i] - mean[i]) / √(var[i] + eps) · weight[i] + bias[i]

    In training mode mean and var are those of x[i], and running averages of them are kept. In
    evaluation mode they are the running averages. Both are as in `nn.BatchNorm1d` for vectors and
    as in `nn.BatchNorm2d` for images, where a channel's pixels are averaged, too.

    Shapes
    ------
    weight, bias, running_mean, running_var (N, 1, features); x (N, m, features) or
    (N, m, features, H, W) -> the same
    """

    running_mean: Tensor
    running_var: Tensor

    def __init__(self, layer: Any, replicas: int) -> None:
        super().__init__(layer)
        self.eps, self.momentum = layer.eps, layer.momentum
        self.pixels = ", H, W" if isinstance(layer, nn.BatchNorm2d) else ""
        self.repeat("weight", layer.weight, replicas)
        self.repeat("bias", layer.bias, replicas)
        self.register_buffer("running_mean", torch.zeros_like(self.weight).detach())
        self.register_buffer("running_var", torch.ones_like(self.weight).detach())

    @staticmethod
    def cannot(layer: Any) -> str:
        """Say which option of the layer stands in the way."""
        if layer.affine and layer.track_running_stats and layer.momentum is not None:
            return ""
        return "without weights, running statistics or momentum"

    def forward(self, x: Tensor) -> Tensor:
        """Return the N normalised batches."""
        replicas, _, features = self.weight.shape
        x = with_members(x, replicas)
        fits = x.dim() == (5 if self.pixels else 3) and x.shape[::2][:2] == (replicas, features)
        check_batch(x, self.weight, f"{features}{self.pixels}", fits)
        y = batch_norm(
            fold(x),  # (m, N · features): each member's feature is a channel
            self.running_mean.view(-1),
            self.running_var.view(-1),
            self.weight.flatten(),
            self.bias.flatten(),
            self.training,
            self.momentum,
            self.eps,
        )
        return unfold(y, replicas)


class EnsembleGroupNorm(EnsembleLayer):
    """N group normalisations side by side: each sample by the mean and variance of its groups.

    y[i] = (x[i] - mean) / √(var + eps) · weight[i] + bias[i]

    Shapes
    ------
    weight, bias (N, 1, C); x (N, m, C) or (N, m, C, H, W) -> the same
    """

    def __init__(self, layer: nn.GroupNorm, replicas: int) -> None:
        super().__init__(layer)
        self.groups, self.eps = layer.num_groups, layer.eps
        self.repeat("weight", layer.weight, replicas)
        self.repeat("bias", layer.bias, replicas)

    @staticmethod
    def cannot(layer: Any) -> str:
        """Say which option of the layer stands in the way."""
        return unlike(layer, affine=True)

    def forward(self, x: Tensor) -> Tensor:
        """Return the N normalised batches."""
        replicas, _, channels = self.weight.shape
        x = with_members(x, replicas)
        fits = x.dim() in (3, 5) and x.shape[::2][:2] == (replicas, channels)
        check_batch(x, self.weight, f"{channels}, ...", fits)
        weight, bias = self.weight.flatten(), self.bias.flatten()
        return unfold(group_norm(fold(x), replicas * self.groups, weight, bias, self.eps), replicas)


class EnsembleLayerNorm(EnsembleLayer):
    """N layer normalisations side by side: each sample by its own mean and variance.

    y[i] = (x[i] - mean) / √(var + eps) · weight[i] + bias[i]

    Shapes
    ------
    weight, bias (N, 1, *shape), or None; x (N, m, ..., *shape) -> the same
    """

    def __init__(self, layer: nn.LayerNorm, replicas: int) -> None:
        super().__init__(layer)
        self.shape, self.eps = layer.normalized_shape, layer.eps
        for name in ("weight", "bias"):
            weight = getattr(layer, name)
            self.repeat(name, None if weight is None else weight[None], replicas)

    def forward(self, x: Tensor) -> Tensor:
        """Return the N normalised batches."""
        weight, bias = self.weight, self.bias
        if weight is not None:
            x = with_members(x, len(weight))
            fits = x.shape[:1] + x.shape[-len(self.shape) :] == (len(weight), *self.shape)
            check_batch(x, weight, ", ".join(map(str, self.shape)), fits and x.dim() in (3, 5))
        y = layer_norm(x, self.shape, eps=self.eps)
        ones = (1,) * (x.dim() - 1 - len(self.shape))
        if weight is not None:
            y = y * weight.reshape(len(weight), *ones, *self.shape)
        return y if bias is None else y + bias.reshape(len(bias), *ones, *self.shape)
