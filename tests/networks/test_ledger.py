"""Receptive fields against the gradient's support, and ledgers against the network itself."""

from __future__ import annotations

import pytest
import torch
from image_networks import DISCRIMINATORS, GENERATORS, SHAPE, size
from torch import Tensor, nn

from gan_tutorial import networks

SHAPES = [(1, 8, 8), (1, 16, 16), (1, 28, 28), (1, 32, 32)]
SEEING = {
    "DCGAN": lambda shape: networks.DCGANDiscriminator(shape, 1),
    "residual": lambda shape: networks.ResidualDiscriminator(shape, 1),
    "classifier": lambda shape: networks.Classifier(shape, width=1),
}
DRAWING = {
    "DCGAN": lambda shape: networks.DCGANGenerator(2, shape, 1),
    "kernel 3": lambda shape: networks.DCGANGenerator(2, shape, 1, kernel=3),
    "kernel 5": lambda shape: networks.DCGANGenerator(2, shape, 1, kernel=5),
    "upsampling": lambda shape: networks.UpsampleGenerator(2, shape, 1),
    "residual": lambda shape: networks.ResidualGenerator(2, shape, 1),
}


def positive(layers: list[nn.Module]) -> nn.Sequential:
    """Return the layers with all weights 1 / 100, so that nothing cancels; no norm, no ReLU."""
    kept = [layer for layer in layers if not isinstance(layer, (nn.BatchNorm2d, nn.ReLU, nn.Tanh))]
    model = nn.Sequential(*kept).double()
    with torch.no_grad():
        for weight in model.parameters():
            weight.fill_(0.01)
    return model


def extent(support: Tensor) -> tuple[int, int]:
    """Return height and width of the part of a slope that is not zero."""
    found = support.squeeze().nonzero()
    height, width = (found.max(dim=0).values - found.min(dim=0).values + 1).tolist()
    return height, width


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("name", SEEING)
def test_what_a_pixel_sees_is_the_support_of_its_slope(name, shape):
    network = SEEING[name](shape)
    layers = list(network.body)
    at = next(k for k, layer in enumerate(layers) if isinstance(layer, nn.Flatten))
    x = torch.ones(1, 1, 160, 160).double().requires_grad_()  # no edge is near
    y = positive(layers[:at])(x)[0].sum(dim=0)
    (slope,) = torch.autograd.grad(y[y.shape[0] // 2, y.shape[1] // 2], x)
    r = networks.receptive_field(network)
    assert extent(slope.abs().sum(dim=1)) == (r, r)


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("name", DRAWING)
def test_what_a_pixel_reaches_is_the_support_of_its_slope(name, shape):
    network = DRAWING[name](shape)
    layers = list(network.model)
    at = next(k for k, layer in enumerate(layers) if isinstance(layer, nn.Unflatten))
    channels = layers[at].unflattened_size[0]
    model = positive(layers[at + 1 :])
    small = torch.zeros(1, channels, 15, 15).double()
    small[..., 7, 7] = 1
    reached = model(small) - model(torch.zeros_like(small))
    r = networks.receptive_field(network)
    assert extent(reached.abs().sum(dim=1)) == (r, r)


def test_receptive_fields_by_hand():
    # 4, then 4 + 3 · 2, then 4 + 3 · 2 + 3 · 4
    fields = [networks.receptive_field(SEEING["DCGAN"](shape)) for shape in SHAPES]
    assert fields == [10, 10, 10, 22]  # a side of 8 is halved twice, too
    # 1 → 4 → 10 → 22, the same way back
    fields = [networks.receptive_field(DRAWING["DCGAN"](shape)) for shape in SHAPES]
    assert fields == [4, 10, 10, 22]
    fields = [networks.receptive_field(DRAWING["upsampling"](shape)) for shape in SHAPES]
    assert fields == [4, 10, 10, 22]  # 2 r + 2, as before
    dilated = nn.Sequential(nn.Conv2d(1, 1, 3, dilation=2), nn.MaxPool2d(2), nn.Conv2d(1, 1, 3))
    assert networks.receptive_field(dilated) == 5 + 1 + 2 * 2
    wrapped = networks.ProjectionDiscriminator(SEEING["DCGAN"]((1, 16, 16)), 3)
    assert networks.receptive_field(wrapped) == 10
    labelled = networks.Labelled(networks.DCGANGenerator(9, (1, 16, 16), 1), 3)
    assert networks.receptive_field(labelled) == 10
    style = networks.StyleGenerator(3, (1, 16, 16), 2)
    assert networks.receptive_field(style) == ((1 + 2) * 2 + 2) * 2 + 2


@pytest.mark.parametrize(("network", "why"), [
    (nn.Linear(2, 1), "Linear has no convolutions"),
    (networks.PixelGenerator(2, SHAPE), "PixelGenerator has no convolutions"),
    (nn.Sequential(nn.Conv2d(1, 1, 3), nn.Upsample(scale_factor=2)), "differs from pixel to pixel"),
    (nn.Sequential(nn.Unflatten(1, (1, 4, 4)), nn.Conv2d(1, 1, 3, stride=2)), "differs from pixel"),
    (
        nn.Sequential(
            nn.Unflatten(1, (1, 4, 4)), nn.Upsample(scale_factor=2, mode="bilinear"),
            nn.Conv2d(1, 1, 3),
        ),
        "differs from pixel",
    ),
])  # fmt: skip
def test_where_there_is_none_it_is_said(network, why):
    with pytest.raises(ValueError, match=f"{why}.*: there is no receptive field$"):
        networks.receptive_field(network)


def test_a_ledger_by_hand():
    rows = networks.ledger(networks.DCGANDiscriminator((1, 16, 16), 2), torch.zeros(3, 1, 16, 16))
    assert rows == [
        ("body.0 Conv2d", (2, 8, 8), 34, 4),
        ("body.1 LeakyReLU", (2, 8, 8), 0, 4),
        ("body.2 Conv2d", (4, 4, 4), 128, 10),
        ("body.3 BatchNorm2d", (4, 4, 4), 8, 10),
        ("body.4 LeakyReLU", (4, 4, 4), 0, 10),
        ("body.5 Flatten", (64,), 0, None),
        ("head Linear", (1,), 65, None),
    ]
    rows = networks.ledger(networks.UpsampleGenerator(3, (1, 8, 8), 2), torch.zeros(1, 3))
    assert rows == [
        ("model.0 Linear", (32,), 128, None),
        ("model.1 Unflatten", (2, 4, 4), 0, 1),
        ("model.2 ReLU", (2, 4, 4), 0, 1),
        ("model.3 Upsample", (2, 8, 8), 0, 2),
        ("model.4 Conv2d", (1, 8, 8), 19, 4),
        ("model.5 Tanh", (1, 8, 8), 0, 4),
    ]


@pytest.mark.parametrize(("network", "inputs"), [
    *[(make(), (torch.zeros(2, 3),)) for make in GENERATORS.values()],
    *[(make(), (torch.zeros(2, *SHAPE),)) for make in DISCRIMINATORS.values()],
    (networks.StyleGenerator(3, SHAPE, 2), (torch.zeros(2, 3),)),
    (networks.MLPDiscriminator(2, 8), (torch.zeros(2, 2),)),
    (networks.Labelled(networks.PixelGenerator(9, SHAPE), 3),
     (torch.zeros(2, 1), torch.zeros(2, dtype=torch.long))),
    (networks.AuxiliaryDiscriminator(DISCRIMINATORS["pixels"](), 3), (torch.zeros(2, *SHAPE),)),
])  # fmt: skip
def test_a_ledger_adds_up_to_the_network_and_leaves_it_as_it_was(network, inputs):
    before = {name: tensor.clone() for name, tensor in network.state_dict().items()}
    rows = networks.ledger(network, *inputs)
    assert sum(row.parameters for row in rows) == size(network)
    assert network.training
    assert all(torch.equal(before[name], now) for name, now in network.state_dict().items())
    assert not [hook for layer in network.modules() for hook in layer._forward_hooks]


def test_a_layer_met_twice_counts_once_and_one_not_met_has_no_shape():
    class Twice(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.layer, self.idle = nn.Linear(2, 2), nn.Linear(2, 3)

        def forward(self, x: Tensor) -> Tensor:
            return self.layer(self.layer(x))

    assert networks.ledger(Twice(), torch.zeros(4, 2)) == [
        ("layer Linear", (2,), 6, None),
        ("layer Linear", (2,), 0, None),
        ("idle Linear", None, 9, None),
    ]
