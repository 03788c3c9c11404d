"""Styles: the mapping, modulation as its paper writes it, demodulation, and N at once."""

from __future__ import annotations

import pytest
import torch
from image_networks import SHAPE, check_members, noise, replicated, seeded, size
from torch.nn.functional import conv2d, leaky_relu

from gan_tutorial import losses, networks, training
from gan_tutorial.ensemble import Streams, member, replicate


def generator(shape=SHAPE):
    return networks.StyleGenerator(3, shape, 2, style_dim=5)


def test_the_mapping_sees_the_direction_of_z_alone():
    mapping, z = networks.Mapping(3, 4, 2).double(), noise(5, 3)
    w1, b1, w2, b2 = mapping.parameters()
    unit = z * (3**0.5 / z.norm(dim=1, keepdim=True))
    h = leaky_relu(leaky_relu(unit @ w1.T + b1, 0.2) @ w2.T + b2, 0.2)
    # 10⁻⁸ beside the second moment, which is .1 or more here
    torch.testing.assert_close(mapping(z), h, rtol=0, atol=1e-6)
    torch.testing.assert_close(mapping(100 * z), mapping(z), rtol=0, atol=1e-6)
    assert not torch.allclose(mapping(-z), mapping(z), rtol=0, atol=1e-2)


def test_modulation_is_that_of_the_weights():
    layer = networks.ModulatedConv(3, 4, 5).double()
    x, w = noise(2, 3, 6, 6), noise(2, 5, seed=1)
    y = layer(x, w)
    for j in range(2):  # each sample has a kernel of its own, as the paper writes it
        s = layer.style.weight @ w[j] + layer.style.bias + 1
        kernel = layer.conv.weight * s[None, :, None, None]
        kernel = kernel / (kernel.square().sum(dim=(1, 2, 3), keepdim=True) + 1e-8).sqrt()
        by_hand = conv2d(x[j : j + 1], kernel, layer.conv.bias, padding=1)
        torch.testing.assert_close(y[j : j + 1], by_hand, rtol=0, atol=1e-12)


def test_without_demodulation_the_style_scales_the_input():
    layer = networks.ModulatedConv(3, 4, 5, kernel=1, demodulate=False).double()
    x, w = noise(2, 3, 6, 6), noise(2, 5, seed=1)
    s = w @ layer.style.weight.T + layer.style.bias + 1
    by_hand = conv2d(x * s[:, :, None, None], layer.conv.weight, layer.conv.bias)
    torch.testing.assert_close(layer(x, w), by_hand, rtol=0, atol=1e-12)


def test_white_input_leaves_with_unit_variance_whatever_the_style():
    layer = seeded(lambda: networks.ModulatedConv(8, 4, 5)).double()
    x = noise(400, 8, 10, 10)
    for scale in (0.1, 30.0):
        w = scale * noise(1, 5).expand(400, 5)
        y = layer(x, w)[..., 1:-1, 1:-1] - layer.conv.bias[:, None, None]  # away from the edge
        # 25 600 values a channel, neighbours share pixels: some percent of scatter
        torch.testing.assert_close(y.var(dim=(0, 2, 3)), torch.ones(4).double(), rtol=0, atol=0.06)
    plain = networks.ModulatedConv(8, 4, 5, demodulate=False).double()
    assert plain(x, 30 * noise(1, 5).expand(400, 5)).var() > 5  # the known failure


@pytest.mark.parametrize("side", [8, 16, 28, 32])
def test_the_generator_is_its_mapping_and_its_synthesis(side):
    G = generator((2, side, side)).double()
    z = noise(4, 3)
    w = G.mapping(z)
    assert w.shape == (4, 5)
    x = G(z)
    assert x.shape == (4, 2, side, side)
    assert x.abs().max() <= 1
    assert torch.equal(x, G.synthesis(w))
    assert torch.equal(x, G.synthesis([w] * G.styles))
    convs = [layer for layer in G.modules() if isinstance(layer, networks.ModulatedConv)]
    assert G.styles == len(convs)


def test_each_layer_may_have_a_style_of_its_own():
    G = generator().double()
    one, other = G.mapping(noise(4, 3)), G.mapping(noise(4, 3, seed=1))
    images = [G.synthesis([one] * G.styles)]
    for k in range(G.styles):
        images.append(G.synthesis([one] * k + [other] + [one] * (G.styles - k - 1)))
    for k, image in enumerate(images[1:]):
        assert not torch.allclose(image, images[0], rtol=0, atol=1e-4), k
    with pytest.raises(ValueError, match=r"^styles must be one w, or a list of 3, got a list of 2"):
        G.synthesis([one, other])


def test_the_canvas_is_the_same_for_all_and_learned():
    G = generator().double()
    seen = []
    G.layers[0].register_forward_hook(lambda layer, given, y: seen.append(given[0]))
    G(noise(3, 3)).square().sum().backward()
    (canvas,) = seen
    assert torch.equal(canvas[0], canvas[1])
    assert torch.equal(canvas[0].flatten(), G.canvas.weight[0])
    assert G.canvas.weight.grad.abs().min() > 0


def test_parameter_counts():
    w, channels = 5, 2

    def conv(inputs: int, outputs: int, k: int = 3) -> int:
        return (w + 1) * inputs + (inputs * k * k + 1) * outputs

    mapping, canvas = 4 * w + 6 * w, channels * 16
    assert size(generator()) == mapping + canvas + conv(2, 2) + conv(2, 2) + conv(2, 2, 1)


def test_three_at_once_are_three():
    ensemble, alone = replicated(generator)
    check_members(ensemble, alone, noise(3, 4, 3))
    w = noise(3, 4, 5)
    check_members(ensemble, alone, w, name="synthesis")
    canvases = [member(replicate(generator(), Streams(5, 2)), i).canvas.weight for i in (0, 1)]
    assert not torch.equal(*canvases)


def test_the_pair_trains():
    class Flat:
        def sample(self, n, *, generator):
            return generator.rand(n, 1, 1, 1) + 0.1 * generator.randn(n, *SHAPE)

    run = training.train(
        generator(), networks.DCGANDiscriminator(SHAPE, 2, norm=False), Flat(), steps=2,
        loss=losses.nonsaturating, penalty=losses.r1(1.0), replicas=2, batch_size=4, ema=0.9,
        progress=False,
    )  # fmt: skip
    assert run.sample(3, seed=1).shape == (2, 3, *SHAPE)


def test_an_even_kernel_is_refused():
    with pytest.raises(ValueError, match=r"^kernel must be odd, .*, got 4$"):
        networks.ModulatedConv(2, 2, 3, kernel=4)
