"""How weights are drawn, and how they are bounded."""

import copy
import math
from typing import Any

import torch
from torch import nn
from torch.nn.utils import parametrizations


def spectral(network: nn.Module) -> nn.Module:
    """Return a copy of a network in which every linear layer has spectral norm 1.

    W ↦ W / s(W), s the largest singular value, found by PyTorch's `spectral_norm`

    With activations whose slope is at most 1, no slope of the network's logits is above 1.

    Source
    ------
    Miyato et al. 2018 (arXiv 1802.05957), section 2.1.
    """
    network = copy.deepcopy(network)
    with torch.random.fork_rng(devices=[]):  # the power iteration starts at random
        for layer in list(network.modules()):
            if isinstance(layer, nn.Linear):
                parametrizations.spectral_norm(layer)
    return network


def he_normal(layer: Any) -> None:
    """Draw a layer's weights from N(0, 2 / fan_in) and set its biases to zero.

    Keeps the size of the signal from one ReLU layer to the next; PyTorch's default shrinks it.
    The fan_in of a convolution is the number of pixels that one output pixel is made of; under a
    transposed one of stride s, that is in · k² / s² on average. A normalisation stays as it is.

    Source
    ------
    He et al. 2015 (arXiv 1502.01852), equation 10.
    """
    if isinstance(layer, nn.BatchNorm2d):
        return
    fan_in: float = layer.weight[0].numel()
    if isinstance(layer, nn.ConvTranspose2d):  # its weight is (in, out, k, k)
        fan_in = layer.weight[:, 0].numel() / math.prod(layer.stride)
    nn.init.normal_(layer.weight, std=math.sqrt(2) / math.sqrt(fan_in))
    if layer.bias is not None:
        nn.init.zeros_(layer.bias)


def dcgan_normal(layer: Any) -> None:
    """Draw a layer's weights from N(0, 0.02²), a normalisation's from N(1, 0.02²); biases are zero.

    Source
    ------
    Radford et al. 2016 (arXiv 1511.06434), section 4; the normalisation: the authors' code.
    """
    nn.init.normal_(layer.weight, mean=float(isinstance(layer, nn.BatchNorm2d)), std=0.02)
    if layer.bias is not None:
        nn.init.zeros_(layer.bias)
