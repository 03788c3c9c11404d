"""How weights are drawn, and how they are bounded."""

import copy

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


def he_normal(linear: nn.Linear) -> None:
    """Draw a layer's weights from N(0, 2 / fan_in) and set its biases to zero.

    Keeps the size of the signal from one ReLU layer to the next; PyTorch's default shrinks it.

    Source
    ------
    He et al. 2015 (arXiv 1502.01852), equation 10.
    """
    nn.init.kaiming_normal_(linear.weight)
    nn.init.zeros_(linear.bias)
