"""What an ensemble refuses, and in which words."""

from __future__ import annotations

import re

import pytest
import torch
from torch import nn
from torch.nn.utils import parametrizations, parametrize

from gan_tutorial.ensemble import TABLE, EnsembleLinear, Streams, replicate


def hooked(layer: nn.Module) -> nn.Module:
    layer.register_forward_pre_hook(lambda layer, inputs: None)
    return layer


def spied(layer: nn.Module) -> nn.Module:
    layer.register_forward_hook(lambda layer, inputs, output: 2 * output)
    return layer


class Scaled(nn.Module):
    """A layer with a weight of its own, in the path of ordinary ones."""

    def __init__(self) -> None:
        super().__init__()
        self.linear = nn.Linear(2, 2)
        self.scale = nn.Parameter(torch.ones(2))

    def forward(self, x):
        return self.scale * self.linear(x)


class Masked(nn.Linear):
    """A Linear that is none."""

    def forward(self, x):
        return super().forward(x) ** 2


class Wider(nn.Linear):
    """A Linear by its forward, with a weight more."""

    def __init__(self) -> None:
        super().__init__(2, 2)
        self.more = nn.Parameter(torch.ones(2))


class Own(nn.Module):
    """A leaf that does not say whether members stay apart."""

    per_member: bool

    def forward(self, x):
        return x


class OwnWithWeight(Own):
    per_member = True

    def __init__(self) -> None:
        super().__init__()
        self.gain = nn.Parameter(torch.ones(()))


def tied() -> nn.Module:
    network = nn.Sequential(nn.Linear(3, 3), nn.Tanh(), nn.Linear(3, 3))
    network[2].weight = network[0].weight
    return network


def bias_under_a_parametrization() -> nn.Module:
    layer = nn.Linear(2, 2)
    parametrize.register_parametrization(layer, "bias", nn.Tanh())
    return layer


@pytest.mark.parametrize(
    ("network", "words"),
    [
        *(
            (norm(2, **{option: value}), f"layer '', a {norm.__name__} without .*momentum")
            for norm in (nn.BatchNorm1d, nn.BatchNorm2d)
            for option, value in (
                ("affine", False),
                ("track_running_stats", False),
                ("momentum", None),
            )
        ),
        (
            parametrizations.orthogonal(nn.Linear(2, 2)),
            "layer '', a Linear with weight under Orthogonal",
        ),
        (
            parametrizations.orthogonal(parametrizations.spectral_norm(nn.Linear(2, 2))),
            "layer '', a Linear with weight under SpectralNorm and Orthogonal",
        ),
        (
            parametrizations.weight_norm(nn.Conv2d(2, 2, 1), dim=None),
            "layer '', a Conv2d with one norm for all of its weight",
        ),
        (bias_under_a_parametrization(), "layer '', a Linear with bias under Tanh"),
        (hooked(nn.Linear(2, 2)), r"layer '', a Linear with a hook \(use torch.*utils.param.*\)"),
        (spied(nn.Conv2d(2, 2, 1)), "layer '', a Conv2d with a hook .*"),
        (nn.utils.spectral_norm(nn.Linear(2, 2)), "layer '', a Linear with a hook .*"),
        (nn.Sequential(nn.Sequential(nn.Conv1d(1, 1, 1))), "layer '0.0', a Conv1d"),
        (nn.Sequential(nn.Linear(2, 2), nn.Dropout2d()), "layer '1', a Dropout2d"),
        (nn.Sequential(nn.Linear(2, 2), nn.PReLU()), "layer '1', a PReLU"),
        (nn.Sequential(nn.Linear(2, 2), Own()), "layer '1', an Own"),
        (
            nn.Sequential(nn.Tanh(), Masked(2, 1)),
            "'1.weight', a Parameter of a Masked's own, outside the layers",
        ),
        (Wider(), "layer '', a Wider with a Parameter of its own, 'more'"),
        (
            nn.Sequential(nn.Linear(2, 2), Scaled()),
            "'1.scale', a Parameter of a Scaled's own, outside the layers",
        ),
        (OwnWithWeight(), "'gain', a Parameter of an OwnWithWeight's own, outside the layers"),
        (
            nn.Sequential(nn.ParameterList([nn.Parameter(torch.ones(2))])),
            "layer '0', a ParameterList",
        ),
        (tied(), "layer '2', a Linear that shares a weight with layer '0'"),
        (nn.Conv2d(4, 4, 1, groups=2), "layer '', a Conv2d with groups = 2"),
        (
            nn.Conv2d(4, 4, 3, groups=2, padding_mode="reflect"),
            "layer '', a Conv2d with groups = 2 and with padding_mode = 'reflect'",
        ),
        (nn.ConvTranspose2d(4, 4, 3, groups=4), "layer '', a ConvTranspose2d with groups = 4"),
        (nn.Embedding(4, 2, padding_idx=0), "layer '', an Embedding with padding_idx = 0"),
        (nn.Embedding(4, 2, max_norm=1.0), "layer '', an Embedding with max_norm = 1.0"),
        (nn.Embedding(4, 2, sparse=True), "layer '', an Embedding with sparse = True"),
        (
            nn.Embedding(4, 2, scale_grad_by_freq=True),
            "layer '', an Embedding with scale_grad_by_freq = True",
        ),
        (nn.GroupNorm(2, 4, affine=False), "layer '', a GroupNorm with affine = False"),
        (nn.Flatten(0), "layer '', a Flatten with start_dim = 0"),
        (nn.Flatten(1, 2), "layer '', a Flatten with end_dim = 2"),
        (nn.Unflatten(0, (2, 2)), "layer '', an Unflatten with dim = 0"),
        (nn.MaxPool2d(2, return_indices=True), "layer '', a MaxPool2d with return_indices = True"),
    ],
)
def test_what_cannot_be_replicated_is_named_and_what_can_is_listed(network, words):
    with pytest.raises(ValueError, match=rf"^cannot replicate {words}\. An ensemble can hold") as e:
        replicate(network, Streams(0, 2))
    assert "Linear, Conv2d, " in str(e.value)
    assert all(re.search(rf"\b{kind.__name__}\b", str(e.value)) for kind in TABLE)
    assert "spectral_norm and weight_norm" in str(e.value)


def test_the_documentation_of_replicate_lists_the_table():
    for kind in TABLE:
        assert re.search(rf"\b{kind.__name__}\b", replicate.__doc__)


def test_a_subclass_that_computes_the_same_is_the_layer():
    class Eager(nn.Linear):
        def reset_parameters(self) -> None:
            nn.init.constant_(self.weight, 7.0)
            nn.init.zeros_(self.bias)

    assert (replicate(Eager(2, 3), Streams(0, 2)).weight == 7).all()


@pytest.mark.parametrize(
    ("x", "got"),
    [
        (torch.zeros(2, 5, 3), r"got \(2, 5, 3\) in torch.float32"),
        (torch.zeros(4, 5, 2), r"got \(4, 5, 2\) in torch.float32"),
        (torch.zeros(4, 5, 3, dtype=torch.float64), r"got \(4, 5, 3\) in torch.float64"),
        (torch.zeros(5, 2), r"got \(4, 5, 2\) in torch.float32"),
        (torch.zeros(4, 5, 3, device="meta"), r"got \(4, 5, 3\) in torch.float32 on meta"),
    ],
)
def test_a_batch_that_does_not_fit_is_refused(x, got):
    layer = EnsembleLinear(nn.Linear(3, 2), 4)
    with pytest.raises(ValueError, match=rf"of 4 .* \(4, m, 3\) in torch.float32 on cpu, {got}"):
        layer(x)


@pytest.mark.parametrize(
    ("layer", "wanted"),
    [
        (nn.Conv2d(3, 2, 1), "3, H, W"),
        (nn.ConvTranspose2d(3, 2, 1), "3, H, W"),
        (nn.BatchNorm2d(3), "3, H, W"),
        (nn.BatchNorm1d(3), "3"),
        (nn.GroupNorm(1, 3), r"3, \.\.\."),
        (nn.LayerNorm(3), "3"),
    ],
)
@pytest.mark.parametrize(
    "x",
    [
        torch.zeros(2, 5, 3, 4, 4),
        torch.zeros(4, 5, 2, 4, 4),
        torch.zeros(4, 5, 3, 4, 4, dtype=torch.float64),
        torch.zeros(2, 5, 3),
        torch.zeros(4, 5, 2),
        torch.zeros(4, 5, 3, dtype=torch.float64),
        torch.zeros(3),
    ],
)
def test_every_layer_with_weights_refuses_what_does_not_fit(layer, wanted, x):
    ours = replicate(layer, Streams(0, 4))
    with pytest.raises(ValueError, match=rf"of 4 .* \(4, m, {wanted}\) .*float32 on cpu, got \("):
        ours(x)


@pytest.mark.parametrize(
    ("label", "words"),
    [
        (torch.tensor([[0, 1], [2, 5]]), "a label must be from 0 to 4, got 5"),
        (torch.tensor([0, -1]), "a label must be from 0 to 4, got -1"),
        (torch.zeros(2, 3), r"whole numbers of shape \(2, m\), got \(2, 3\) in torch.float32"),
        (torch.zeros(3, 2, dtype=torch.long), r"shape \(2, m\), got \(3, 2\) in torch.int64"),
        (torch.zeros(2, 3, 1, dtype=torch.long), r"\(2, m\), got \(2, 3, 1\) in torch.int64"),
    ],
)
def test_labels_that_do_not_fit_are_refused(label, words):
    with pytest.raises(ValueError, match=words):
        replicate(nn.Embedding(5, 3), Streams(0, 2))(label)


@pytest.mark.parametrize("layer", [nn.MaxPool2d(2), nn.Upsample(scale_factor=2), nn.Flatten()])
@pytest.mark.parametrize("shape", [(4,), (2, 2, 2, 2, 2, 2)])
def test_what_is_no_image_is_refused(layer, shape):
    kind = type(layer).__name__
    with pytest.raises(ValueError, match=rf"{kind} takes images \(N, m, C, H, W\) .* got \("):
        replicate(layer, Streams(0, 2))(torch.zeros(shape))
