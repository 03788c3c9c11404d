"""The networks: the seed's, layer by layer, and what the others promise about size and weights."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from gan_tutorial import networks

PAIRS = [
    (lambda: networks.Generator(8), 8, 1),
    (lambda: networks.MLPGenerator(3, 2, 16, 2), 3, 2),
    (lambda: networks.Discriminator(), 1, 1),
    (lambda: networks.MLPDiscriminator(2, 16, 3), 2, 1),
]


class SeedGenerator(nn.Module):
    """The tutorial's generator, written here a second time from its description."""

    def __init__(self, noise_dim: int) -> None:
        super().__init__()
        self.model = nn.Sequential(
            nn.Linear(noise_dim, 128),
            nn.ReLU(),
            nn.Linear(128, 256),
            nn.ReLU(),
            nn.Linear(256, 1),
            nn.Tanh(),
        )

    def forward(self, z: Tensor) -> Tensor:
        return self.model(z)


class SeedDiscriminator(nn.Module):
    """The tutorial's discriminator, likewise."""

    def __init__(self) -> None:
        super().__init__()
        self.model = nn.Sequential(
            nn.Linear(1, 256),
            nn.LeakyReLU(0.2),
            nn.Linear(256, 128),
            nn.LeakyReLU(0.2),
            nn.Linear(128, 1),
            nn.Sigmoid(),
        )

    def forward(self, x: Tensor) -> Tensor:
        return self.model(x)


def noise(*shape: int, seed: int = 0) -> Tensor:
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed))


def size(network: nn.Module) -> int:
    return sum(weight.numel() for weight in network.parameters())


@pytest.mark.parametrize(
    ("ours", "seeds", "inputs"),
    [
        (lambda: networks.Generator(8), lambda: SeedGenerator(8), 8),
        (networks.Discriminator, SeedDiscriminator, 1),
    ],
)
@pytest.mark.parametrize("direction", ["seed to ours", "ours to seed"])
def test_the_seeds_weights_fit_and_give_the_same_outputs(ours, seeds, inputs, direction):
    ours, seeds = ours(), seeds()
    if direction == "seed to ours":
        ours.load_state_dict(seeds.state_dict(), strict=True)
    else:
        seeds.load_state_dict(ours.state_dict(), strict=True)
    x = 3 * noise(257, inputs)
    assert torch.equal(ours(x), seeds(x))
    assert torch.equal(ours.model(x), seeds.model(x))  # the layers alone, the last one too


@pytest.mark.parametrize(
    ("ours", "seeds"),
    [(lambda: networks.Generator(8), lambda: SeedGenerator(8)), (networks.Discriminator,
                                                                 SeedDiscriminator)],
)  # fmt: skip
def test_the_seeds_weights_come_from_the_same_draws(ours, seeds):
    with torch.random.fork_rng():
        torch.manual_seed(4)
        a = ours()
        torch.manual_seed(4)
        b = seeds()
    for (name, ours), theirs in zip(a.state_dict().items(), b.state_dict().values(), strict=True):
        assert torch.equal(ours, theirs), name


def test_parameter_counts():
    # each layer has (inputs + 1) x outputs numbers
    assert size(networks.Generator(8)) == 9 * 128 + 129 * 256 + 257 * 1 == 34_433
    assert size(networks.Discriminator()) == 2 * 256 + 257 * 128 + 129 * 1 == 33_537
    assert size(networks.MLPGenerator(3, 2, 7, 4)) == 4 * 7 + 3 * 8 * 7 + 8 * 2
    assert size(networks.MLPDiscriminator(5, 7, 1)) == 6 * 7 + 8 * 1


def test_the_generator_stays_within_the_open_interval_of_tanh():
    x = networks.Generator(4)(100 * noise(500, 4))
    assert x.shape == (500, 1)
    assert x.abs().max() <= 1
    assert x.min() < -0.1  # both signs occur, so it is not a sigmoid
    assert x.max() > 0.1


@pytest.mark.parametrize("make", [networks.Discriminator, networks.MLPDiscriminator])
def test_probability_is_the_sigmoid_of_the_logit(make):
    D, x = make().double(), 5 * noise(100, 1).double()
    logits = D.logits(x)
    assert torch.allclose(D(x), 1 / (1 + torch.exp(-logits)), rtol=0, atol=1e-15)
    p = D(x)
    assert torch.allclose(logits, p.log() - (1 - p).log(), rtol=0, atol=1e-12)


def test_logits_survive_where_the_probability_is_one():
    D = networks.MLPDiscriminator(1, 1, 1)
    with torch.no_grad():
        for weight in D.parameters():
            weight.fill_(1.0)
    x = torch.tensor([[10_000.0]])
    assert D(x).item() == 1.0
    assert D.logits(x).item() == 10_002.0  # 1 · lrelu(1 · 10 000 + 1) + 1


@pytest.mark.parametrize(("make", "inputs", "outputs"), PAIRS)
@pytest.mark.parametrize("lead", [(), (5,), (2, 5), (3, 2, 5)])
def test_leading_dimensions_are_kept(make, inputs, outputs, lead):
    network, x = make(), noise(*lead, inputs)
    y = network(x)
    assert y.shape == (*lead, outputs)
    flat = network(x.reshape(-1, inputs)).reshape(*lead, outputs)
    assert torch.allclose(y, flat, rtol=0, atol=1e-6)  # the last bits may differ with the batch
    if hasattr(network, "logits"):
        assert network.logits(x).shape == (*lead, 1)


@pytest.mark.parametrize(("make", "inputs", "outputs"), PAIRS)
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_dtype_is_kept(make, inputs, outputs, dtype):
    assert make().to(dtype)(noise(4, inputs).to(dtype)).dtype == dtype


@pytest.mark.parametrize("depth", [1, 2, 5])
@pytest.mark.parametrize("width", [1, 9])
def test_depth_and_width_are_what_was_asked_for(depth, width):
    G = networks.MLPGenerator(3, 2, width, depth)
    D = networks.MLPDiscriminator(2, width, depth)
    for network, inputs, outputs in ((G, 3, 2), (D, 2, 1)):
        shapes = [tuple(linear.weight.shape) for linear in network.linears()]
        hidden = [(width, inputs)] + [(width, width)] * (depth - 1)
        assert shapes == [*hidden, (outputs, width)]


def test_an_mlp_computes_what_its_equation_says():
    G = networks.MLPGenerator(3, 2, 4, 2, activation=nn.SiLU, output=nn.Tanh).double()
    (w1, b1, w2, b2, w3, b3), z = G.parameters(), noise(6, 3).double()
    h = z @ w1.T + b1
    h = h * torch.sigmoid(h)
    h = h @ w2.T + b2
    h = h * torch.sigmoid(h)
    assert torch.allclose(G(z), torch.tanh(h @ w3.T + b3), rtol=0, atol=1e-14)

    D = networks.MLPDiscriminator(3, 4, 1).double()
    w1, b1, w2, b2 = D.parameters()
    h = z @ w1.T + b1
    h = torch.maximum(h, 0.2 * h)
    assert torch.allclose(D.logits(z), h @ w2.T + b2, rtol=0, atol=1e-14)


def test_activation_and_output_can_be_chosen():
    G = networks.MLPGenerator(2, activation=nn.Tanh)
    assert [type(layer) for layer in G.model[1::2]] == [nn.Tanh, nn.Tanh, nn.Identity]
    assert type(networks.MLPGenerator(2).model[1]) is nn.ReLU
    D = networks.MLPDiscriminator(activation=nn.ELU)
    assert [type(layer) for layer in D.model[1::2]] == [nn.ELU, nn.ELU, nn.Sigmoid]
    slopes = {layer.negative_slope for layer in networks.MLPDiscriminator().model[1:-1:2]}
    assert slopes == {0.2}
    a = torch.tensor([-3.0, 0.0, 2.0])
    assert torch.allclose(networks.leaky_relu()(a), torch.tensor([-0.6, 0.0, 2.0]))


def test_norm_stands_between_linear_layer_and_activation():
    G = networks.MLPGenerator(3, 2, 7, 2, norm=nn.BatchNorm1d)
    kinds = [nn.Linear, nn.BatchNorm1d, nn.ReLU] * 2 + [nn.Linear, nn.Identity]
    assert [type(layer) for layer in G.model] == kinds
    assert {layer.num_features for layer in G.model if isinstance(layer, nn.BatchNorm1d)} == {7}
    D = networks.MLPDiscriminator(2, 7, 1, norm=nn.LayerNorm, group=3)
    kinds = [nn.Linear, nn.LayerNorm, nn.LeakyReLU, networks.MinibatchStd, nn.Linear, nn.Sigmoid]
    assert [type(layer) for layer in D.model] == kinds
    assert D.linears()[-1].in_features == 8
    with torch.no_grad():
        G.model[1].weight.fill_(3.0)
    G(noise(9, 3))
    G.reset_parameters()
    assert (G.model[1].weight == 1).all()
    assert (G.model[1].running_mean == 0).all()


# --- layers that look at several samples


def test_minibatch_std_by_hand():
    layer, x = networks.MinibatchStd(3), noise(6, 2).double()
    y = layer(x)
    assert y.shape == (6, 3)
    assert torch.equal(y[:, :2], x)
    for group in (0, 1):
        rows = x[3 * group : 3 * group + 3].tolist()
        spread = 0.0
        for feature in zip(*rows, strict=True):
            mean = sum(feature) / 3
            spread += math.sqrt(sum((a - mean) ** 2 for a in feature) / 3 + 1e-8) / 2
        for row in range(3):
            assert y[3 * group + row, 2].item() == pytest.approx(spread, abs=1e-12)
    batches = noise(4, 6, 2).double()
    assert torch.equal(layer(batches)[2], layer(batches[2]))


def test_minibatch_std_sees_collapse_and_stays_differentiable():
    x = torch.ones(8, 2, dtype=torch.float64).requires_grad_()
    y = networks.MinibatchStd(4)(x)
    torch.testing.assert_close(y[:, 2], torch.full_like(y[:, 2], 1e-4))  # √(0 + 10⁻⁸)
    y.sum().backward()
    assert x.grad.isfinite().all()
    assert networks.MinibatchStd(4)(noise(8, 2))[:, 2].min() > 0.1


def test_a_pack_is_one_row_of_its_samples():
    D = networks.MLPDiscriminator(6, 8).double()
    packed, x = networks.Packed(D, 3), noise(12, 2).double()
    assert packed.data_dim == 2
    logits = packed.logits(x)
    assert logits.shape == (4, 1)
    for j in range(4):
        row = torch.cat([x[3 * j], x[3 * j + 1], x[3 * j + 2]])
        torch.testing.assert_close(logits[j], D.logits(row), rtol=0, atol=1e-14)
    assert torch.equal(packed(x), torch.sigmoid(logits))
    assert packed.logits(noise(5, 12, 2).double()).shape == (5, 4, 1)
    one = networks.Packed(networks.MLPDiscriminator(2, 8), 1)
    assert torch.equal(one.logits(noise(4, 2)), one.D.logits(noise(4, 2)))


@pytest.mark.parametrize(
    "D",
    [
        networks.Packed(networks.MLPDiscriminator(4, 8), 2),
        networks.MLPDiscriminator(2, 8, group=4),
        networks.Packed(networks.MLPDiscriminator(4, 8, group=2), 2),
    ],
)
def test_real_and_fake_samples_do_not_meet_in_one_group(D):
    real, fake = noise(8, 2, seed=1), noise(8, 2, seed=2)
    together = D.logits(torch.cat([real, fake])).chunk(2)
    torch.testing.assert_close(together[0], D.logits(real), rtol=0, atol=1e-6)
    torch.testing.assert_close(together[1], D.logits(fake), rtol=0, atol=1e-6)


def test_packed_draws_the_weights_of_its_discriminator():
    with torch.random.fork_rng():
        torch.manual_seed(3)
        D = networks.MLPDiscriminator(4, 8)
        packed = networks.Packed(networks.MLPDiscriminator(4, 8), 2)
        torch.manual_seed(3)
        packed.reset_parameters()
    assert all(map(torch.equal, D.parameters(), packed.parameters()))


def test_groups_that_do_not_fit_are_refused():
    with pytest.raises(ValueError, match=r"come in groups of 4, got shape \(6, 2\)$"):
        networks.MinibatchStd(4)(noise(6, 2))
    with pytest.raises(ValueError, match=r"come in groups of 4, got shape \(4,\)$"):
        networks.MinibatchStd(4)(noise(4))
    packed = networks.Packed(networks.MLPDiscriminator(6), 3)
    with pytest.raises(ValueError, match=r"come in groups of 3, got shape \(4, 2\)$"):
        packed.logits(noise(4, 2))
    with pytest.raises(ValueError, match=r"x must .* data_dim = 2, got \(3, 6\)"):
        packed(noise(3, 6))
    with pytest.raises(ValueError, match="D takes 6 numbers, which are not packs of 4 samples"):
        networks.Packed(networks.MLPDiscriminator(6), 4)


def test_groups_of_images_are_refused():
    images = noise(8, 3, 4, 4)  # whose height is a multiple of the group
    words = r"flatten images before, got shape \(8, 3, 4, 4\)$"
    with pytest.raises(ValueError, match=words):
        networks.MinibatchStd(4)(images)
    with pytest.raises(ValueError, match=words):
        networks.Packed(networks.MLPDiscriminator(8), 2).logits(images)
    assert networks.MinibatchStd(4)(images.flatten(1)).shape == (8, 49)
    with pytest.raises(ValueError, match="packs are of vectors, and Conv2d has no data_dim"):
        networks.Packed(nn.Conv2d(3, 1, 4), 2)


# --- spectral norm


def test_spectral_bounds_the_slope_of_the_logit():
    torch.manual_seed(2)
    before = torch.get_rng_state()
    D = networks.MLPDiscriminator(2, 16, 3, init=networks.he_normal).double()
    state = torch.get_rng_state()
    bounded = networks.spectral(D)
    assert torch.equal(torch.get_rng_state(), state)
    assert not torch.equal(before, state)
    assert not nn.utils.parametrize.is_parametrized(D.model[0])  # a copy
    for _ in range(500):
        bounded.logits(noise(1, 2).double())
    for ours, plain in zip(bounded.eval().linears(), D.linears(), strict=True):
        largest = torch.linalg.svdvals(plain.weight)[0]
        torch.testing.assert_close(ours.weight, plain.weight / largest, rtol=0, atol=1e-8)
    x = (3 * noise(500, 2).double()).requires_grad_()
    for network, steep in ((bounded, False), (D, True)):
        (slope,) = torch.autograd.grad(network.logits(x).sum(), x)
        assert (slope.norm(dim=1).max() > 1 + 1e-7) == steep


def test_weights_under_spectral_norm_cannot_be_drawn_again():
    with pytest.raises(ValueError, match="under spectral norm cannot be drawn again"):
        networks.spectral(networks.MLPDiscriminator()).reset_parameters()


def test_sizes_are_remembered():
    G, D = networks.MLPGenerator(3, 2), networks.MLPDiscriminator(2)
    assert (G.noise_dim, G.data_dim, D.data_dim) == (3, 2, 2)
    assert (networks.Generator(8).noise_dim, networks.Generator(8).data_dim) == (8, 1)
    assert networks.Discriminator().data_dim == 1


def test_he_normal_has_variance_two_over_fan_in():
    fan_in, fan_out = 50, 4000
    linear = nn.Linear(fan_in, fan_out)
    with torch.random.fork_rng():
        torch.manual_seed(0)
        networks.he_normal(linear)
    weights = linear.weight.detach().double()
    n = weights.numel()
    # the variance of n normal draws has relative spread sqrt(2 / n) = .0032; allow five of them
    assert weights.var().item() == pytest.approx(2 / fan_in, rel=5 * math.sqrt(2 / n))
    assert abs(weights.mean().item()) < 5 * math.sqrt(2 / fan_in / n)
    kurtosis = (weights**4).mean() / weights.var() ** 2
    assert kurtosis.item() == pytest.approx(3, abs=0.06)  # 1.8 if uniform
    assert torch.equal(linear.bias, torch.zeros(fan_out))


def test_he_normal_keeps_the_size_of_the_signal():
    def spread(init) -> float:
        with torch.random.fork_rng():
            torch.manual_seed(1)
            G = networks.MLPGenerator(256, 256, 256, 6, init=init)
        return G.model[:-2](noise(200, 256)).square().mean().item()

    assert 0.5 < spread(networks.he_normal) < 2  # E[relu(a)²] = 1 is kept from layer to layer
    assert spread(None) < 0.05  # the known failure: PyTorch's default shrinks it


@pytest.mark.parametrize(
    "make",
    [
        lambda init: networks.Generator(2, init=init),
        lambda init: networks.Discriminator(init=init),
        lambda init: networks.MLPGenerator(2, init=init),
        lambda init: networks.MLPDiscriminator(init=init),
    ],
)
def test_init_is_applied_to_every_linear_layer_after_pytorchs_own(make):
    met = []

    def init(linear: nn.Linear) -> None:
        met.append(linear)
        assert linear.weight.std() > 0  # drawn already
        nn.init.constant_(linear.weight, 0.25)

    network = make(init)
    assert met == network.linears()
    assert all((linear.weight == 0.25).all() for linear in network.linears())
    assert any((linear.bias != 0).any() for linear in network.linears())


@pytest.mark.parametrize("init", [None, networks.he_normal])
@pytest.mark.parametrize(
    "make",
    [
        lambda init: networks.Generator(3, init=init),
        lambda init: networks.Discriminator(init=init),
        lambda init: networks.MLPGenerator(3, 2, 8, 3, init=init),
        lambda init: networks.MLPDiscriminator(2, 8, 3, init=init),
    ],
)
def test_reset_parameters_draws_what_the_constructor_drew(make, init):
    with torch.random.fork_rng():
        torch.manual_seed(11)
        fresh = make(init)
        other = make(init)
        torch.manual_seed(11)
        other.reset_parameters()
    for a, b in zip(fresh.parameters(), other.parameters(), strict=True):
        assert torch.equal(a, b)
    if init is None:
        assert all((weight != 0).all() for weight in other.parameters())


# --- what networks refuse


@pytest.mark.parametrize("bad", [0, -3, 2.0, "8", True, None])
@pytest.mark.parametrize(
    ("name", "make"),
    [
        ("noise_dim", lambda bad: networks.Generator(bad)),
        ("noise_dim", lambda bad: networks.MLPGenerator(bad)),
        ("data_dim", lambda bad: networks.MLPGenerator(2, bad)),
        ("width", lambda bad: networks.MLPGenerator(2, 1, bad)),
        ("depth", lambda bad: networks.MLPGenerator(2, 1, 8, bad)),
        ("data_dim", lambda bad: networks.MLPDiscriminator(bad)),
        ("width", lambda bad: networks.MLPDiscriminator(1, bad)),
        ("depth", lambda bad: networks.MLPDiscriminator(1, 8, bad)),
        ("group", lambda bad: networks.MinibatchStd(bad)),
        ("size", lambda bad: networks.Packed(networks.MLPDiscriminator(), bad)),
    ],
)
def test_a_size_must_be_a_positive_whole_number(name, make, bad):
    with pytest.raises(ValueError, match=f"^{name} must be an integer of at least 1, got {bad!r}$"):
        make(bad)


def test_sizes_may_be_numpys_integers():
    two, three = np.int64(2), np.int32(3)
    for ours, plain in (
        (networks.Generator(two), networks.Generator(2)),
        (networks.MLPGenerator(two, three, two, three), networks.MLPGenerator(2, 3, 2, 3)),
        (networks.MLPDiscriminator(two, three), networks.MLPDiscriminator(2, 3)),
        (networks.MLPDiscriminator(2, group=two), networks.MLPDiscriminator(2, group=2)),
        (
            networks.Packed(networks.MLPDiscriminator(4), two),
            networks.Packed(networks.MLPDiscriminator(4), 2),
        ),
    ):
        assert [w.shape for w in ours.parameters()] == [w.shape for w in plain.parameters()]
        for name in ("noise_dim", "data_dim", "samples_per_logit"):
            assert type(getattr(ours, name, 1)) is int, name
            assert getattr(ours, name, 1) == getattr(plain, name, 1), name


def test_a_wrong_last_dimension_is_named():
    with pytest.raises(ValueError, match=r"z must .* noise_dim = 8, got \(5, 3\)"):
        networks.Generator(8)(torch.zeros(5, 3))
    for D in (networks.Discriminator(), networks.MLPDiscriminator(1)):
        for call in (D, D.logits):
            with pytest.raises(ValueError, match=r"x must .* data_dim = 1, got \(5, 3\)"):
                call(torch.zeros(5, 3))
    with pytest.raises(ValueError, match=r"got \(\)"):
        networks.Generator(8)(torch.tensor(0.0))


def test_whole_numbers_are_refused():
    with pytest.raises(ValueError, match=r"z must hold floating-point numbers, got torch.int64"):
        networks.Generator(2)(torch.zeros(5, 2, dtype=torch.int64))
    with pytest.raises(ValueError, match=r"x must hold floating-point numbers, got torch.int32"):
        networks.Discriminator()(torch.zeros(5, 1, dtype=torch.int32))
