"""Pairs of images: shapes, sizes by hand, first weights, N at once, and what they refuse."""

from __future__ import annotations

import math

import pytest
import torch
from image_networks import (
    DISCRIMINATORS,
    GENERATORS,
    SHAPE,
    check_members,
    noise,
    replicated,
    seeded,
    size,
)
from torch import Tensor, nn

from gan_tutorial import losses, networks, training

NETWORKS = [*GENERATORS.values(), *DISCRIMINATORS.values()]
SIDES = (8, 16, 28, 32)


class Dots:
    """Images with one bright pixel each, and noise."""

    def sample(self, n: int, *, generator) -> Tensor:
        C, H, W = SHAPE
        bright = torch.arange(C * H * W) == (C * H * W * generator.rand(n, 1)).long()
        return bright.unflatten(-1, SHAPE) + 0.1 * generator.randn(n, *SHAPE)


@pytest.mark.parametrize("side", SIDES)
@pytest.mark.parametrize("name", GENERATORS)
def test_a_generator_draws_images_of_every_side(name, side):
    x = GENERATORS[name]((3, side, side))(noise(2, 3).float())
    assert x.shape == (2, 3, side, side)
    assert x.abs().max() <= 1


@pytest.mark.parametrize("side", SIDES)
@pytest.mark.parametrize("name", DISCRIMINATORS)
def test_a_discriminator_judges_images_of_every_side(name, side):
    D, x = DISCRIMINATORS[name]((1, side, side)).eval().double(), noise(2, 1, side, side)
    logits = D.logits(x)
    assert logits.shape == (2, 1)
    torch.testing.assert_close(D(x), 1 / (1 + torch.exp(-logits)), rtol=0, atol=1e-15)
    torch.testing.assert_close(logits, D.head(D.features(x)), rtol=0, atol=0)
    assert D.features(x).shape == (2, D.head.in_features)


def test_parameter_counts_by_hand():
    z, w, shape = 5, 3, (2, 16, 16)
    # project to 2w channels of 4 × 4, then w at 8 × 8, then the image; (in · k² + 1) · out each
    project = (z + 1) * 2 * w * 16
    assert size(networks.DCGANGenerator(z, shape, w, norm=False)) == (
        project + (2 * w * 16 + 0) * w + w + w * 16 * 2 + 2
    )
    # without biases before BatchNorm, which has two numbers a channel
    assert size(networks.DCGANGenerator(z, shape, w)) == (
        z * 2 * w * 16 + 2 * 2 * w + 2 * w * 16 * w + 2 * w + (w * 16 * 2 + 2)
    )
    assert size(networks.UpsampleGenerator(z, shape, w)) == (
        project + (2 * w * 9 + 1) * w + (w * 9 + 1) * 2
    )
    logit = 2 * w * 16 + 1
    assert size(networks.DCGANDiscriminator(shape, w, norm=False)) == (
        (2 * 16 + 1) * w + (w * 16 + 1) * 2 * w + logit
    )
    assert size(networks.DCGANDiscriminator(shape, w)) == (
        (2 * 16 + 1) * w + w * 16 * 2 * w + 2 * 2 * w + logit
    )

    def block(channels: int) -> int:
        return 2 * (channels * 9 + 1) * channels

    blocks = block(2 * w) + block(w) + block(w) + (2 * w + 1) * w + (w + 1) * w
    assert size(networks.ResidualGenerator(z, shape, w)) == project + blocks + (w * 9 + 1) * 2
    blocks = block(w) + block(w) + block(2 * w) + (w + 1) * w + (w + 1) * 2 * w
    assert size(networks.ResidualDiscriminator(shape, w)) == (2 * 9 + 1) * w + blocks + logit
    pixels = 2 * 16 * 16
    assert size(networks.PixelGenerator(z, shape, 7)) == (z + 1) * 7 + 8 * 7 + 8 * pixels
    assert size(networks.PixelDiscriminator(shape, 7)) == (pixels + 1) * 7 + 8 * 7 + 8


@pytest.mark.parametrize("side", SIDES)
def test_channels_double_where_the_side_is_halved(side):
    D = networks.DCGANDiscriminator((1, side, side), 3)
    channels = [layer.out_channels for layer in D.body if isinstance(layer, nn.Conv2d)]
    stages = {8: 2, 16: 2, 28: 2, 32: 3}[side]
    assert channels == [3, 6, 12][:stages]
    x, sides = torch.zeros(2, 1, side, side), [side]
    for layer in D.body:
        x = layer(x)
        sides += [x.shape[-1]] if isinstance(layer, nn.Conv2d) else []
    assert sides == [side // 2**k for k in range(stages + 1)]
    first = {8: (3, 4, 4), 16: (6, 4, 4), 28: (6, 7, 7), 32: (12, 4, 4)}[side]
    assert networks.DCGANGenerator(4, (1, side, side), 3).model[1].unflattened_size == first


def test_pixels_are_those_of_an_mlp():
    G, D = networks.PixelGenerator(3, SHAPE, 5).double(), networks.PixelDiscriminator(SHAPE, 5)
    flat = networks.MLPGenerator(3, math.prod(SHAPE), 5, output=nn.Tanh).double()
    flat.load_state_dict({
        name.replace("model.6", "model.5"): weight for name, weight in G.state_dict().items()
    })  # fmt: skip
    z = noise(4, 3)
    assert torch.equal(G(z).flatten(1), flat(z))
    x, D = noise(4, *SHAPE), D.double()
    w1, b1, w2, b2, w3, b3 = D.parameters()
    h = nn.functional.leaky_relu(x.flatten(1) @ w1.T + b1, 0.2)
    h = nn.functional.leaky_relu(h @ w2.T + b2, 0.2)
    torch.testing.assert_close(D.features(x), h, rtol=0, atol=1e-13)
    torch.testing.assert_close(D.logits(x), h @ w3.T + b3, rtol=0, atol=1e-13)


def test_dcgan_has_batch_norm_everywhere_but_at_gs_output_and_ds_input():
    G, D = networks.DCGANGenerator(3, (1, 16, 16)), networks.DCGANDiscriminator((1, 16, 16))
    norm, relu, up = nn.BatchNorm2d, nn.ReLU, nn.ConvTranspose2d
    assert [type(layer) for layer in G.model] == [
        nn.Linear, nn.Unflatten, norm, relu, up, norm, relu, up, nn.Tanh
    ]  # fmt: skip
    assert [type(layer) for layer in D.body] == [
        nn.Conv2d, nn.LeakyReLU, nn.Conv2d, norm, nn.LeakyReLU, nn.Flatten
    ]  # fmt: skip
    assert {layer.negative_slope for layer in D.body if isinstance(layer, nn.LeakyReLU)} == {0.2}
    plain = networks.DCGANGenerator(3, (1, 16, 16), norm=False, output=nn.Identity)
    assert not [layer for layer in plain.modules() if isinstance(layer, norm)]
    assert type(plain.model[-1]) is nn.Identity


@pytest.mark.parametrize("kernel", [2, 3, 4, 5, 6])
def test_only_a_kernel_that_stride_2_divides_covers_all_pixels_equally(kernel):
    G = networks.DCGANGenerator(3, (1, 16, 16), 1, norm=False, kernel=kernel, init=None)
    up = G.model[-2]
    assert up.kernel_size == (kernel, kernel)
    with torch.no_grad():
        up.weight.fill_(1.0)
        covered = up.double()(torch.ones(1, 1, 8, 8).double()) - up.bias
    inside = covered[0, 0, 4:-4, 4:-4]  # how many kernels cover a pixel away from the edge
    # along a row, even and odd pixels get ⌈k/2⌉ and ⌊k/2⌋
    counts = {a * b for a in _halves(kernel) for b in _halves(kernel)}
    assert set(inside.round(decimals=9).flatten().tolist()) == counts
    assert (len(counts) == 1) == (kernel % 2 == 0)


def _halves(kernel: int) -> tuple[int, int]:
    return math.ceil(kernel / 2), kernel // 2


def test_upsampling_covers_all_pixels_equally():
    G = networks.UpsampleGenerator(3, (1, 16, 16), 1)
    double, convolve = G.model[-3:-1]
    with torch.no_grad():
        convolve.weight.fill_(1.0)
        covered = convolve(double(torch.ones(1, 1, 8, 8))) - convolve.bias
    assert covered.shape == (1, 1, 16, 16)
    torch.testing.assert_close(covered[0, 0, 1:-1, 1:-1], torch.full((14, 14), 9.0))
    assert type(double) is nn.Upsample
    x = torch.tensor([[[[1.0, 2.0]]]])
    assert torch.equal(double(x), torch.tensor([[[[1.0, 1, 2, 2], [1, 1, 2, 2]]]]))


def test_a_transposed_convolution_is_the_transpose_of_a_convolution():
    up = networks.DCGANGenerator(3, (1, 16, 16), 2, norm=False).double().model[3]
    x, y = noise(1, up.in_channels, 4, 4), noise(1, up.out_channels, 8, 8)
    down = nn.functional.conv2d(y, up.weight, stride=2, padding=1)
    there = up(x) - up.bias[:, None, None]
    torch.testing.assert_close((there * y).sum(), (x * down).sum(), rtol=1e-12, atol=0)


# --- first weights


def test_dcgan_draws_its_weights_with_spread_002():
    G = seeded(lambda: networks.DCGANGenerator(64, (1, 16, 16), 32))
    D = seeded(lambda: networks.DCGANDiscriminator((1, 32, 32), 32))
    for network in (G, D):
        for layer in network.modules():
            if isinstance(layer, (nn.Linear, nn.Conv2d, nn.ConvTranspose2d)):
                n = layer.weight.numel()
                # the spread of n normal draws has relative error 1 / √(2n): five of them
                assert layer.weight.std().item() == pytest.approx(0.02, rel=5 / math.sqrt(2 * n))
                assert abs(layer.weight.mean().item()) < 5 * 0.02 / math.sqrt(n)
                assert layer.bias is None or (layer.bias == 0).all()
            if isinstance(layer, nn.BatchNorm2d):
                n = layer.weight.numel()
                assert layer.weight.mean().item() == pytest.approx(1, abs=5 * 0.02 / math.sqrt(n))
                assert layer.weight.std().item() == pytest.approx(0.02, rel=5 / math.sqrt(2 * n))
                assert (layer.bias == 0).all()


@pytest.mark.parametrize(
    ("layer", "fan_in"),
    [
        (nn.Linear(30, 600), 30),
        (nn.Conv2d(10, 300, 3), 90),
        (nn.ConvTranspose2d(60, 30, 4, stride=2), 240),  # 60 · 16 / 4
        (nn.ConvTranspose2d(60, 30, 3, bias=False), 540),
    ],
)
def test_he_normal_knows_the_fan_in_of_every_layer(layer, fan_in):
    seeded(lambda: networks.he_normal(layer))
    weight = layer.weight.detach().double()
    relative = 5 * math.sqrt(2 / weight.numel())  # five spreads of the variance of n draws
    assert weight.var().item() == pytest.approx(2 / fan_in, rel=relative)
    assert layer.bias is None or (layer.bias == 0).all()
    if not isinstance(layer, nn.ConvTranspose2d):  # there PyTorch has another fan
        ours, theirs = weight.float(), torch.empty_like(layer.weight)
        seeded(lambda: nn.init.kaiming_normal_(theirs))
        assert torch.equal(ours, theirs)  # bit for bit


def test_he_normal_keeps_the_size_of_the_signal_through_a_transposed_convolution():
    up = nn.ConvTranspose2d(64, 64, 4, 2, 1).double()
    seeded(lambda: networks.he_normal(up))
    x = noise(20, 64, 8, 8)
    y = up(x.relu())[..., 2:-2, 2:-2]  # away from the edge
    # 64 weights a pixel and channel: the mean of squares scatters by some percent
    assert y.square().mean().item() == pytest.approx(x.square().mean().item(), rel=0.15)


def test_he_normal_leaves_a_normalisation_as_it_is():
    norm = nn.BatchNorm2d(4)
    networks.he_normal(norm)
    assert (norm.weight == 1).all()
    G = networks.DCGANGenerator(3, SHAPE, 4, init=networks.he_normal)
    assert (G.model[2].weight == 1).all()


@pytest.mark.parametrize("init", [None, networks.he_normal, networks.dcgan_normal])
@pytest.mark.parametrize("make", [
    lambda init: networks.ResidualGenerator(3, (1, 16, 16), 4, init=init),
    lambda init: networks.ResidualDiscriminator((1, 16, 16), 4, init=init),
])  # fmt: skip
def test_residual_blocks_begin_as_the_identity(make, init):
    network = make(init).double()
    network.reset_parameters()
    blocks = [layer for layer in network.modules() if isinstance(layer, networks.Residual)]
    assert len(blocks) == 3
    for block in blocks:
        x = noise(2, block.branch[1].in_channels, 4, 4).requires_grad_()
        assert torch.equal(block(x), x)
        assert (block.branch[1].weight != 0).all()
        gradient = torch.autograd.grad(block(x).square().sum(), block.branch[3].weight)
        assert gradient[0].abs().min() > 0  # it can open


def test_a_residual_block_by_hand():
    block = networks.Residual(2).double()
    with torch.no_grad():
        block.branch[3].weight.copy_(noise(2, 2, 3, 3))
        block.branch[3].bias.copy_(noise(2))
    x = noise(3, 2, 4, 4)
    conv, lrelu = nn.functional.conv2d, nn.functional.leaky_relu
    (w1, b1), (w2, b2) = (
        (layer.weight, layer.bias) for layer in (block.branch[1], block.branch[3])
    )
    y = conv(lrelu(conv(lrelu(x, 0.2), w1, b1, padding=1), 0.2), w2, b2, padding=1)
    torch.testing.assert_close(block(x), x + y, rtol=0, atol=1e-13)


@pytest.mark.parametrize("make", NETWORKS)
def test_reset_parameters_draws_what_the_constructor_drew(make):
    with torch.random.fork_rng():
        torch.manual_seed(11)
        fresh, other = make(), make()
        torch.manual_seed(11)
        other.reset_parameters()
    for ours, theirs in zip(fresh.parameters(), other.parameters(), strict=True):
        assert torch.equal(ours, theirs)


# --- N at once


@pytest.mark.parametrize("name", GENERATORS)
def test_three_generators_at_once_are_three(name):
    check_members(*replicated(GENERATORS[name]), noise(3, 4, 3))


@pytest.mark.parametrize("name", DISCRIMINATORS)
def test_three_discriminators_at_once_are_three(name):
    ensemble, alone = replicated(DISCRIMINATORS[name])
    check_members(ensemble, alone, noise(3, 4, *SHAPE), name="logits")
    check_members(ensemble, alone, noise(3, 4, *SHAPE), name="features")


@pytest.mark.parametrize("d_name", DISCRIMINATORS)
@pytest.mark.parametrize("g_name", ["pixels", "DCGAN", "upsampling", "residual"])
def test_every_pair_trains(g_name, d_name):
    run = training.train(
        GENERATORS[g_name](), DISCRIMINATORS[d_name](), Dots(), loss=losses.nonsaturating,
        penalty=losses.r1(0.5), steps=2, replicas=2, batch_size=4, ema=0.9, progress=False,
    )  # fmt: skip
    assert run.steps == 2
    assert run.history.penalty.isfinite().all()
    assert run.sample(3, seed=1).shape == (2, 3, *SHAPE)


# --- what they refuse


@pytest.mark.parametrize("make", [
    networks.DCGANDiscriminator, networks.ResidualDiscriminator,
    lambda shape: networks.DCGANGenerator(2, shape),
    lambda shape: networks.UpsampleGenerator(2, shape),
    lambda shape: networks.ResidualGenerator(2, shape),
])  # fmt: skip
@pytest.mark.parametrize("shape", [(1, 10, 10), (1, 8, 16), (1, 4, 4)])
def test_sides_that_do_not_halve_are_refused(make, shape):
    with pytest.raises(ValueError, match=r"a side of 8, 16, 28, 32, got shape \(1, "):
        make(shape)
    networks.PixelDiscriminator(shape)  # a vector may have any length


@pytest.mark.parametrize("make", [
    networks.PixelDiscriminator, networks.DCGANDiscriminator, networks.Classifier,
    lambda shape: networks.PixelGenerator(2, shape),
])  # fmt: skip
def test_a_shape_is_three_sizes(make):
    with pytest.raises(ValueError, match=r"^shape must be \(C, H, W\), got \(8, 8\)$"):
        make((8, 8))
    with pytest.raises(ValueError, match=r"^C must be an integer of at least 1, got 0$"):
        make((0, 8, 8))


@pytest.mark.parametrize("make", [*DISCRIMINATORS.values(), lambda: networks.Classifier(SHAPE)])
def test_other_images_are_refused(make):
    network = make()
    for shape in ((3, 2, 8, 9), (3, 128), SHAPE):
        with pytest.raises(ValueError, match=r"\(C, H, W\) = \(2, 8, 8\), got \("):
            network(torch.zeros(shape))
    with pytest.raises(ValueError, match=r"x must hold floating-point numbers, got torch\.uint8"):
        network(torch.zeros(3, *SHAPE, dtype=torch.uint8))


def test_a_kernel_smaller_than_the_stride_is_refused():
    with pytest.raises(ValueError, match="kernel must be an integer of at least 2, got 1"):
        networks.DCGANGenerator(2, SHAPE, kernel=1)


# --- the judge


@pytest.mark.parametrize("side", [8, 9, 14, 16, 28])
def test_the_classifier_by_hand(side):
    judge = networks.Classifier((1, side, side), 4, width=3, features=5).double()
    quarter = math.ceil(side / 4)
    assert size(judge) == 10 * 3 + 28 * 6 + 55 * 6 + (6 * quarter**2 + 1) * 5 + 6 * 4
    x = noise(2, 1, side, side)
    w1, b1, w2, b2, w3, b3, w4, b4, w5, b5 = judge.parameters()
    h = nn.functional.conv2d(x, w1, b1, padding=1).relu()
    h = nn.functional.conv2d(h, w2, b2, stride=2, padding=1).relu()
    h = nn.functional.conv2d(h, w3, b3, stride=2, padding=1).relu()
    h = (h.flatten(1) @ w4.T + b4).relu()
    torch.testing.assert_close(judge.features(x), h, rtol=0, atol=1e-13)
    torch.testing.assert_close(judge(x), h @ w5.T + b5, rtol=0, atol=1e-13)
    assert torch.equal(judge(x), judge.class_logits(x))


def test_three_classifiers_at_once_are_three():
    check_members(*replicated(lambda: networks.Classifier(SHAPE, 3, 2, 4)), noise(3, 4, *SHAPE))
