"""A picture told to G and D: down and up by hand, what a patch sees, N at once, training."""

from __future__ import annotations

import pytest
import torch
from image_networks import check_members, noise, replicated, seeded, size
from torch import Tensor
from torch.nn.functional import conv2d, conv_transpose2d, leaky_relu

from gan_tutorial import losses, networks, training

SHAPE = (2, 8, 8)


def unet(**options):
    return networks.UNet(3, SHAPE, 2, **options)


def patches(depth: int = 2):
    return networks.PatchDiscriminator(SHAPE, 2, depth)


class Pairs:
    """A picture of one brightness a channel, and its negative, the condition."""

    def sample(self, n: int, *, generator) -> tuple[Tensor, Tensor]:
        x = generator.randn(n, SHAPE[0], 1, 1).expand(-1, -1, -1, *SHAPE[1:])
        return x, -x


@pytest.mark.parametrize("skips", [True, False])
def test_the_way_down_and_up_by_hand(skips: bool):
    G = seeded(lambda: unet(skips=skips)).double()
    z, y = noise(5, 3), noise(5, *SHAPE)
    weights = iter(G.parameters())

    def layer(step, x: Tensor) -> Tensor:
        return step(x, next(weights), next(weights), stride=2, padding=1)

    a = leaky_relu(layer(conv2d, y), 0.2)  # (2, 4, 4)
    b = leaky_relu(layer(conv2d, a), 0.2)  # (4, 2, 2)
    c = leaky_relu(layer(conv2d, b), 0.2)  # (8, 1, 1)
    x = layer(conv_transpose2d, torch.cat([c, z[..., None, None]], dim=1)).relu()
    x = layer(conv_transpose2d, torch.cat([x, b], dim=1) if skips else x).relu()
    x = layer(conv_transpose2d, torch.cat([x, a], dim=1) if skips else x).tanh()
    torch.testing.assert_close(G(z, y), x, rtol=0, atol=1e-12)
    assert next(weights, None) is None


def test_sixteen_pixels_have_the_channels_that_the_docstring_names():
    G = networks.UNet(4, (1, 16, 16), 16)
    rows = networks.ledger(G, noise(2, 4).float(), noise(2, 1, 16, 16).float())
    shapes = [row.shape for row in rows]
    for channels, side in ((16, 8), (32, 4), (64, 2), (64, 1)):
        assert (channels, side, side) in shapes
    without = networks.UNet(4, (1, 16, 16), 16, skips=False)
    assert size(G) - size(without) == 16 * (64 * 32 + 32 * 16 + 16 * 1)  # kernels of the skips


def test_a_patch_sees_ten_pixels_a_side():
    D = networks.PatchDiscriminator((1, 16, 16), 4)
    assert networks.receptive_field(D) == 10
    assert [networks.receptive_field(patches(depth)) for depth in (1, 3)] == [4, 22]
    x, y = noise(1, 1, 16, 16).float().requires_grad_(), noise(1, 1, 16, 16, seed=1).float()
    logits = D.logits(x, y)
    assert logits.shape == (D.logits_per_sample, 1) == (16, 1)
    (slope,) = torch.autograd.grad(logits[5], x)  # the patch at row 1, column 1 of 4 × 4
    seen = slope[0, 0] != 0
    assert seen[1:11, 1:11].all()
    assert seen.sum() == 100


def test_logits_stand_sample_after_sample():
    D = patches().double()
    x, y = noise(3, *SHAPE), noise(3, *SHAPE, seed=1)
    alone = torch.cat([D.logits(x[i : i + 1], y[i : i + 1]) for i in range(3)])
    torch.testing.assert_close(D.logits(x, y), alone, rtol=0, atol=1e-12)
    assert torch.equal(D(x, y), D.logits(x, y).sigmoid())
    assert not torch.equal(D.logits(x, y), D.logits(x, -y))


@pytest.mark.parametrize("skips", [True, False])
def test_members_of_a_translator_are_what_they_are_alone(skips: bool):
    ensemble, alone = replicated(lambda: unet(skips=skips, init=networks.he_normal))
    check_members(ensemble, alone, noise(3, 4, 3), noise(3, 4, *SHAPE, seed=1))


def test_members_of_a_patch_discriminator_are_what_they_are_alone():
    ensemble, alone = replicated(patches)
    x, y = noise(3, 4, *SHAPE), noise(3, 4, *SHAPE, seed=1)
    check_members(ensemble, alone, x, y, name="logits")


def test_a_pair_trains_on_pictures_and_their_negatives():
    run = training.train(
        unet(output=torch.nn.Identity, init=networks.he_normal), patches(), Pairs(),
        loss=losses.relativistic, penalty=losses.r1(0.1), g_penalty=losses.reconstruction(30),
        replicas=2, steps=200, batch_size=16, lr=5e-3, progress=False,
    )  # fmt: skip
    y = noise(50, SHAPE[0], 1, 1).float().expand(-1, *SHAPE)
    x_fake = run.sample(50, seed=1, labels=y)
    # a picture left as it is differs by E|2 x| = 1.6, a grey one by .8
    assert (x_fake + y).abs().mean() < 0.4


def test_what_does_not_fit_is_refused():
    with pytest.raises(ValueError, match=r"power of 2 as side, at least 4, got \(1, 28, 28\)"):
        networks.UNet(3, (1, 28, 28))
    with pytest.raises(ValueError, match=r"power of 2 as side, at least 4, got \(1, 8, 16\)"):
        networks.UNet(3, (1, 8, 16))
    with pytest.raises(ValueError, match=r"2\^depth must divide .*\(2, 8, 8\), got depth 4"):
        patches(4)
    with pytest.raises(ValueError, match=r"z must have shape \(\.\.\., noise_dim\)"):
        unet()(torch.zeros(4, 2), torch.zeros(4, *SHAPE))
    with pytest.raises(ValueError, match=r"x must have shape \(\.\.\., m, C, H, W\)"):
        patches().logits(torch.zeros(4, 1, 8, 8), torch.zeros(4, *SHAPE))
