"""Labels: each way of telling D by hand, N at once, training, and what is refused."""

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

K = 3
WIDER = (SHAPE[0] + K, *SHAPE[1:])
WAYS = {
    "early": lambda: networks.ConcatDiscriminator(networks.DCGANDiscriminator(WIDER, 2), K),
    "late": lambda: networks.ConcatDiscriminator(DISCRIMINATORS["residual"](), K, late=True),
    "projection": lambda: networks.ProjectionDiscriminator(DISCRIMINATORS["pixels"](), K),
    "auxiliary": lambda: networks.AuxiliaryDiscriminator(DISCRIMINATORS["DCGAN"](), K),
}
VECTORS = {
    "early": lambda: networks.ConcatDiscriminator(networks.MLPDiscriminator(2 + K, 6), K),
    "late": lambda: networks.ConcatDiscriminator(networks.MLPDiscriminator(2, 6), K, late=True),
    "projection": lambda: networks.ProjectionDiscriminator(networks.MLPDiscriminator(2, 6), K),
    "auxiliary": lambda: networks.AuxiliaryDiscriminator(networks.MLPDiscriminator(2, 6), K),
}


def generator(shape=SHAPE) -> nn.Module:
    return networks.Labelled(networks.UpsampleGenerator(5, shape, 2), K, dim=2)


def labels(*shape: int, seed: int = 3) -> Tensor:
    return torch.randint(K, shape, generator=torch.Generator().manual_seed(seed))


class Classes:
    """Images, or vectors, around a level for each class, with their labels."""

    def __init__(self, shape: tuple[int, ...] = SHAPE) -> None:
        self.shape = shape

    def sample(self, n: int, *, generator) -> tuple[Tensor, Tensor]:
        y = (K * generator.rand(n)).long()
        level = (y - 1.0).reshape(*y.shape, *[1] * len(self.shape))
        return level + 0.1 * generator.randn(n, *self.shape), y


def test_a_labelled_generator_sees_noise_and_the_labels_own_vector():
    G, z, y = generator().double(), noise(6, 3), labels(6)
    assert G.noise_dim == 3
    by_hand = torch.stack([torch.cat([z[j], G.embed.weight[y[j]]]) for j in range(6)])
    assert torch.equal(G(z, y), G.G(by_hand))
    assert not torch.equal(G(z, y), G(z, (y + 1) % K))
    assert size(G) == size(G.G) + K * 2


def test_early_labels_are_planes_beside_the_image():
    D = WAYS["early"]().double().eval()
    x, y = noise(4, *SHAPE), labels(4)
    planes = torch.zeros(4, K, *SHAPE[1:]).double()
    for j in range(4):
        planes[j, y[j]] = 1
    assert torch.equal(D.logits(x, y), D.D.logits(torch.cat([x, planes], dim=1)))


def test_early_labels_are_coordinates_beside_a_vector():
    D = VECTORS["early"]().double()
    x, y = noise(4, 2), labels(4)
    assert torch.equal(D.logits(x, y), D.D.logits(torch.cat([x, torch.eye(K)[y]], dim=1)))


@pytest.mark.parametrize("make", [WAYS["late"], VECTORS["late"]])
def test_late_labels_are_a_linear_layer_on_features_and_label_and_shift_every_sample_alike(make):
    D = make().double().eval()
    x, y = noise(5, *(SHAPE if D.data_dims == 3 else (2,))), labels(5)
    W = torch.cat([D.D.head.weight, D.shift.weight], dim=1)
    seen = torch.cat([D.D.features(x), torch.eye(K)[y].double()], dim=1)
    logits = D.logits(x, y)
    torch.testing.assert_close(logits, seen @ W.T + D.D.head.bias, rtol=0, atol=1e-12)
    # why it is ignored: another label moves all logits by one number, and no slope at all
    moved = D.logits(x, torch.ones_like(y)) - D.logits(x, torch.zeros_like(y))
    assert moved.std().item() < 1e-12
    x = x.requires_grad_()
    slopes = [torch.autograd.grad(D.logits(x, torch.full_like(y, k)).sum(), x)[0] for k in range(K)]
    assert torch.equal(slopes[0], slopes[1])


@pytest.mark.parametrize("make", [WAYS["projection"], VECTORS["projection"]])
def test_the_projection_by_hand(make):
    D = make().double()
    x, y = noise(5, *(SHAPE if D.data_dims == 3 else (2,))), labels(5)
    f = D.D.features(x)
    for j in range(5):
        inner = sum((D.embed.weight[y[j], i] * f[j, i]).item() for i in range(f.shape[1]))
        by_hand = D.D.logits(x)[j].item() + inner
        assert D.logits(x, y)[j].item() == pytest.approx(by_hand, abs=1e-12)
    torch.testing.assert_close(D(x, y), torch.sigmoid(D.logits(x, y)))


def test_the_projections_directions_are_drawn_as_a_linear_layers_weights():
    make = lambda: networks.ProjectionDiscriminator(  # noqa: E731
        networks.PixelDiscriminator(SHAPE, 50), 400
    )
    D = seeded(make)
    bound = 1 / math.sqrt(50)
    # 20 000 uniform draws: their largest comes within a thousandth of the bound
    assert 0.999 * bound < D.embed.weight.abs().max().item() <= bound
    other = seeded(make, seed=1)
    with torch.random.fork_rng():
        torch.manual_seed(7)
        D.reset_parameters()
        torch.manual_seed(7)
        other.reset_parameters()
    for ours, theirs in zip(D.parameters(), other.parameters(), strict=True):
        assert torch.equal(ours, theirs)
    assert 0.999 * bound < D.embed.weight.abs().max().item() <= bound


@pytest.mark.parametrize("make", [WAYS["auxiliary"], VECTORS["auxiliary"]])
def test_the_auxiliary_guess_is_linear_in_the_features_and_the_logits_ignore_labels(make):
    D = make().double().eval()
    x, y = noise(5, *(SHAPE if D.data_dims == 3 else (2,))), labels(5)
    guess = D.class_logits(x)
    assert guess.shape == (5, K)
    by_hand = D.D.features(x) @ D.guess.weight.T + D.guess.bias
    torch.testing.assert_close(guess, by_hand, rtol=0, atol=1e-12)
    assert torch.equal(D.logits(x, y), D.D.logits(x))
    assert torch.equal(D.logits(x), D.D.logits(x))
    assert torch.equal(D(x), torch.sigmoid(D.D.logits(x)))


def test_parameter_counts():
    f = networks.PixelDiscriminator(SHAPE, 6).head.in_features
    assert f == 6
    assert size(WAYS["projection"]()) == size(DISCRIMINATORS["pixels"]()) + K * f
    assert size(WAYS["late"]()) == size(DISCRIMINATORS["residual"]()) + K
    assert size(WAYS["early"]()) == size(DISCRIMINATORS["DCGAN"]()) + K * 16 * 2
    f = DISCRIMINATORS["DCGAN"]().head.in_features
    assert size(WAYS["auxiliary"]()) == size(DISCRIMINATORS["DCGAN"]()) + (f + 1) * K


# --- N at once


def test_three_labelled_generators_at_once_are_three():
    ensemble, alone = replicated(generator)
    check_members(ensemble, alone, noise(3, 4, 3), labels(3, 4))
    shared = ensemble(noise(4, 3), labels(4))
    torch.testing.assert_close(shared[1], alone[1](noise(4, 3), labels(4)), rtol=0, atol=1e-12)


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("kind", ["images", "vectors"])
def test_three_conditional_discriminators_at_once_are_three(kind, way):
    make, shape = (WAYS[way], SHAPE) if kind == "images" else (VECTORS[way], (2,))
    ensemble, alone = replicated(make)
    check_members(ensemble, alone, noise(3, 4, *shape), labels(3, 4), name="logits")
    check_members(ensemble, alone, noise(3, 4, *shape), labels(3, 4))
    if way == "auxiliary":
        check_members(ensemble, alone, noise(3, 4, *shape), name="class_logits")


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("kind", ["images", "vectors"])
def test_every_way_trains(kind, way):
    if kind == "images":
        G, D, shape = generator(), WAYS[way](), SHAPE
    else:
        G = networks.Labelled(networks.MLPGenerator(4, 2, 6), K, 2)
        D, shape = VECTORS[way](), (2,)
    run = training.train(
        G, D, Classes(shape), loss=losses.relativistic, penalty=losses.r1(0.5) + losses.r2(0.5),
        steps=2, replicas=2, batch_size=4, progress=False,
    )  # fmt: skip
    assert run.history.penalty.isfinite().all()
    assert run.sample(K, seed=1, labels=torch.arange(K)).shape == (2, K, *shape)


# --- what they refuse


def test_a_label_that_is_no_class_is_named():
    for make in (*WAYS.values(), *VECTORS.values()):
        D = make()
        if isinstance(D, networks.AuxiliaryDiscriminator):
            continue  # which does not look at labels
        x = torch.zeros(2, *(SHAPE if D.data_dims == 3 else (2,)))
        with pytest.raises(ValueError, match=r"^labels must be between 0 and 2, got 3$"):
            D.logits(x, torch.tensor([0, 3]))
        with pytest.raises(ValueError, match=r"^labels must be between 0 and 2, got -1$"):
            D.logits(x, torch.tensor([-1, 1]))
    with pytest.raises(ValueError, match=r"^labels must be whole numbers, got torch\.float32$"):
        generator()(torch.zeros(2, 3), torch.zeros(2))
    with pytest.raises(ValueError, match=r"^labels must be between 0 and 2, got 5$"):
        generator()(torch.zeros(1, 3), torch.tensor([5]))


def test_labels_must_leave_room():
    with pytest.raises(ValueError, match="G takes 3 numbers, and 3 of them are the label's"):
        networks.Labelled(GENERATORS["pixels"](), K, 3)
    with pytest.raises(ValueError, match="D takes 2 channels, and 3 of them are the label's"):
        networks.ConcatDiscriminator(DISCRIMINATORS["pixels"](), K)
    with pytest.raises(ValueError, match="D takes 3 numbers, and 3 of them are the label's"):
        networks.ConcatDiscriminator(networks.MLPDiscriminator(3), K)
    with pytest.raises(ValueError, match="classes must be an integer of at least 1, got 0"):
        WAYS["projection"]().__class__(DISCRIMINATORS["pixels"](), 0)


@pytest.mark.parametrize(
    "make", [networks.ProjectionDiscriminator, networks.AuxiliaryDiscriminator]
)
def test_a_discriminator_without_features_is_named(make):
    with pytest.raises(ValueError, match=r"needs D\.features, which Linear lacks"):
        make(nn.Linear(2, 1), K)
