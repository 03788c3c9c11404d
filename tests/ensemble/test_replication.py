"""Replicas against the ordinary networks they stand for, one stream and one member at a time."""

from __future__ import annotations

import copy
import platform
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor

import pytest
import torch
from torch import Tensor, nn

from gan_tutorial import ensemble, networks
from gan_tutorial.ensemble import EnsembleLinear, Streams, member_seed, replicate

NETWORKS = {
    "seed G": (lambda: networks.Generator(8), 8),
    "seed D": (networks.Discriminator, 1),
    "MLP G": (lambda: networks.MLPGenerator(3, 2, 16, 3), 3),
    "MLP D, He": (lambda: networks.MLPDiscriminator(2, 16, 1, init=networks.he_normal), 2),
    "plain": (lambda: nn.Sequential(nn.Linear(4, 5), nn.Tanh(), nn.Linear(5, 2)), 4),
    "nested": (
        lambda: nn.Sequential(nn.Sequential(nn.Linear(4, 5), nn.SiLU()), nn.Linear(5, 2)),
        4,
    ),
    "BatchNorm G": (lambda: networks.MLPGenerator(3, 2, 16, norm=nn.BatchNorm1d), 3),
    "BatchNorm first": (lambda: nn.Sequential(nn.BatchNorm1d(4), nn.Linear(4, 2)), 4),
    "minibatch D": (lambda: networks.MLPDiscriminator(2, 16, group=4), 2),
    "packed D": (lambda: networks.Packed(networks.MLPDiscriminator(8, 16), 4), 2),
}


def noise(*shape: int, seed: int = 0) -> Tensor:
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed))


def drawn_from(seed: int, make) -> nn.Module:
    """Construct a network as PyTorch does after torch.manual_seed(seed)."""
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        return make()


# --- replicas


@pytest.mark.skipif(
    platform.machine() != "x86_64" or sys.platform != "linux",
    reason="other systems' linear algebra may round the two products in other ways",
)
@pytest.mark.parametrize("name", ["seed G", "seed D"])
def test_one_replica_of_the_seeds_networks_is_bit_for_bit_the_network(name):
    make, inputs = NETWORKS[name]
    ours, plain = replicate(make(), Streams(6, 1)), drawn_from(6, make)
    for batch in (32, 64, 128):
        x = noise(batch, inputs, seed=batch)
        assert torch.equal(ours(x[None])[0], plain(x))


@pytest.mark.parametrize("name", NETWORKS)
def test_every_member_is_the_network_made_under_its_stream(name):
    make, inputs = NETWORKS[name]
    ours, x = replicate(make(), Streams(6, 5)), noise(5, 32, inputs)
    y = ours(x)
    for i in range(5):
        plain = drawn_from(member_seed(6, i), make)
        for mine, theirs in zip(
            ensemble.member(ours, i).parameters(), plain.parameters(), strict=True
        ):
            assert torch.equal(mine, theirs)
        torch.testing.assert_close(y[i], plain(x[i]), rtol=0, atol=2e-6)


@pytest.mark.parametrize("name", ["seed G", "plain"])
def test_members_agree_with_plain_networks_in_float64(name):
    make, inputs = NETWORKS[name]
    ours, x = replicate(make().double(), Streams(6, 3)), noise(3, 32, inputs).double()
    y = ours(x)
    assert y.dtype == torch.float64
    for i in range(3):
        alone = ensemble.member(ours, i)
        torch.testing.assert_close(y[i], alone(x[i]), rtol=0, atol=1e-14)


def test_the_gradient_of_a_member_is_that_of_the_plain_network():
    make = NETWORKS["MLP G"][0]
    ours, x = replicate(make().double(), Streams(6, 3)), noise(3, 32, 3).double()
    ours(x).square().sum().backward()
    for i in range(3):
        alone = ensemble.member(ours, i)
        alone(x[i]).square().sum().backward()
        for all_of_them, one in zip(ours.parameters(), alone.parameters(), strict=True):
            mine = all_of_them.grad[i].reshape(one.shape)
            torch.testing.assert_close(mine, one.grad, rtol=1e-12, atol=1e-12)


@pytest.mark.gpu
@pytest.mark.parametrize("name", NETWORKS)
def test_on_a_gpu_the_members_weights_are_those_of_the_cpu(name):
    make, inputs = NETWORKS[name]
    here, x = replicate(make().double(), Streams(6, 3)), noise(3, 32, inputs).double()
    torch.cuda.manual_seed(8)
    before = torch.cuda.get_rng_state()
    there = replicate(make().double().cuda(), Streams(6, 3))
    assert torch.equal(torch.cuda.get_rng_state(), before)
    for theirs, ours in zip(there.parameters(), here.parameters(), strict=True):
        assert theirs.is_cuda
        assert torch.equal(theirs.cpu(), ours)
    torch.testing.assert_close(there(x.cuda()).cpu(), here(x), rtol=0, atol=1e-12)


def test_streams_move_on_by_what_the_weights_need():
    streams = Streams(6, 2)
    replicate(networks.MLPGenerator(3), streams)
    replicate(networks.MLPDiscriminator(1), streams)
    after = streams.randn(4)
    for i in range(2):
        with torch.random.fork_rng():
            torch.manual_seed(member_seed(6, i))
            networks.MLPGenerator(3)
            networks.MLPDiscriminator(1)
            assert torch.equal(after[i], torch.randn(4))


def test_the_global_stream_and_the_network_stay_as_they_were():
    network = networks.MLPGenerator(3)
    kept = {name: weight.clone() for name, weight in network.state_dict().items()}
    torch.manual_seed(8)
    before = torch.get_rng_state()
    replicate(network, Streams(0, 3))
    assert torch.equal(torch.get_rng_state(), before)
    assert all(torch.equal(kept[name], weight) for name, weight in network.state_dict().items())
    assert type(network.model[0]) is nn.Linear


def test_weights_have_the_members_in_front_and_are_trainable():
    ours = replicate(networks.MLPGenerator(3, 2, 16, 1), Streams(0, 5))
    assert [tuple(p.shape) for p in ours.parameters()] == [
        (5, 16, 3), (5, 1, 16), (5, 2, 16), (5, 1, 2)
    ]  # fmt: skip
    assert all(p.requires_grad and p.is_leaf for p in ours.parameters())
    assert isinstance(ours, networks.MLPGenerator)
    assert (ours.noise_dim, ours.data_dim) == (3, 2)


def test_a_batch_without_members_is_given_to_every_member():
    ours, x = replicate(networks.MLPGenerator(3), Streams(0, 4)), noise(10, 3)
    assert torch.equal(ours(x), ours(x.expand(4, -1, -1)))


def test_an_ensemble_layer_starts_from_the_layer_it_copies():
    linear = nn.Linear(3, 2)
    ours, x = EnsembleLinear(linear, 4), noise(6, 3)
    for y in ours(x):
        torch.testing.assert_close(y, linear(x), rtol=0, atol=1e-6)


class WithReset(nn.Module):
    """A network whose own way of drawing weights must be used, not its layers'."""

    def __init__(self) -> None:
        super().__init__()
        self.layer = nn.Linear(2, 2)

    def reset_parameters(self) -> None:
        nn.init.normal_(self.layer.weight, std=5.0)
        nn.init.constant_(self.layer.bias, 3.0)

    def forward(self, x: Tensor) -> Tensor:
        return self.layer(x)


def test_a_networks_own_reset_is_used():
    ours = replicate(WithReset(), Streams(1, 2))
    assert (ours.layer.bias == 3).all()
    with torch.random.fork_rng():
        torch.manual_seed(1)
        expected = torch.empty(2, 2).normal_(std=5.0)
    assert torch.equal(ours.layer.weight[0], expected)


@pytest.mark.parametrize("layer", ensemble.ELEMENTWISE)
def test_every_elementwise_layer_is_kept(layer):
    network = nn.Sequential(nn.Linear(2, 3), layer(), nn.Linear(3, 1)).double()
    ours, x = replicate(network, Streams(0, 2)), noise(2, 5, 2).double()
    assert type(ours[1]) is layer
    alone = ensemble.member(ours, 1)(x[1])
    torch.testing.assert_close(ours(x)[1], alone, rtol=0, atol=1e-14)


# --- one member


@pytest.mark.parametrize("index", [0, 2, -1, -3])
def test_a_member_is_an_ordinary_network(index):
    ours, x = replicate(networks.MLPGenerator(3, 2), Streams(6, 3)), noise(10, 3)
    alone = ensemble.member(ours, index)
    plain = drawn_from(member_seed(6, index % 3), lambda: networks.MLPGenerator(3, 2))
    plain.load_state_dict(alone.state_dict(), strict=True)
    assert torch.equal(alone(x), plain(x))
    assert all(type(layer) is nn.Linear for layer in alone.linears())
    torch.testing.assert_close(alone(x), ours(x)[index], rtol=0, atol=2e-6)


def test_a_member_is_a_copy():
    ours = replicate(networks.MLPGenerator(3), Streams(6, 2))
    kept = [weight.detach().clone() for weight in ours.parameters()]
    alone = ensemble.member(ours, 0)
    with torch.no_grad():
        for weight in alone.parameters():
            weight.zero_()
    assert all(torch.equal(a, b) for a, b in zip(kept, ours.parameters(), strict=True))
    assert isinstance(ours.model[0], EnsembleLinear)


@pytest.mark.parametrize("index", [3, -4, 100])
def test_a_member_that_is_not_there(index):
    ours = replicate(networks.MLPGenerator(3), Streams(6, 3))
    with pytest.raises(IndexError, match=f"members 0 to 2, got {index}"):
        ensemble.member(ours, index)


# --- what is replicated with care


@pytest.mark.parametrize(
    "layer",
    [nn.ReLU(True), nn.LeakyReLU(0.2, True), nn.ELU(inplace=True), nn.SiLU(True),
     nn.Dropout(0.3, True)],
    ids=lambda layer: type(layer).__name__,
)  # fmt: skip
def test_a_gradient_penalty_goes_through_what_worked_in_place(layer):
    network = nn.Sequential(nn.Linear(3, 5), nn.Tanh(), layer, nn.Linear(5, 1))
    ours, x = replicate(network, Streams(0, 2)), noise(2, 4, 3).requires_grad_()
    (slope,) = torch.autograd.grad(ours(x).square().sum(), x, create_graph=True)
    slope.square().sum().backward()
    assert all(weight.grad.isfinite().all() for weight in ours.parameters())
    assert not ensemble.member(ours, 0)[2].inplace
    assert layer.inplace  # the network passed stays as it was


def test_a_copy_of_an_ensemble_draws_from_the_same_streams():
    streams = Streams(0, 2)
    ours = replicate(nn.Sequential(nn.Linear(3, 5), nn.Dropout()), streams)
    average = copy.deepcopy(ours)
    assert average[1].streams is ours[1].streams is streams
    x, state = noise(2, 4, 3), streams.state()
    y = ours(x)
    assert not torch.equal(y, average(x))  # it draws on
    streams.restore(state)
    assert torch.equal(y, average(x))
    assert torch.equal(average.eval()(x), ours.eval()(x))
    first = ensemble.block(ours, slice(1, 2))[1].streams
    assert [*first] == [streams.generators[1]]


def test_the_default_device_is_not_asked():
    network = nn.Sequential(
        nn.utils.parametrizations.spectral_norm(nn.Conv2d(1, 2, 3)), nn.BatchNorm2d(2),
        nn.Flatten(), nn.Dropout(), nn.utils.parametrizations.weight_norm(nn.Linear(8, 3)),
    )  # fmt: skip
    expected, x = replicate(network, Streams(0, 2)), noise(2, 5, 1, 4, 4)
    torch.set_default_device("meta")
    try:
        ours = replicate(network, Streams(0, 2))
        alone, part = ensemble.member(ours, 1), ensemble.block(ours, slice(0, 1))
        y = ours(x)
    finally:
        torch.set_default_device(None)
    assert torch.equal(y, expected(x))
    for tensor in (*alone.state_dict().values(), *part.state_dict().values()):
        assert tensor.device.type == "cpu"


def test_threads_draw_their_own_networks_weights():
    def weights(seed: int) -> Tensor:
        return replicate(networks.MLPGenerator(3), Streams(seed, 8)).model[0].weight

    expected = [weights(seed) for seed in range(24)]
    with ThreadPoolExecutor(8) as pool:
        for mine, theirs in zip(pool.map(weights, range(24)), expected, strict=True):
            assert torch.equal(mine, theirs)


def test_the_parts_of_a_networks_own_reset_are_drawn_under_a_norm_too():
    network = WithReset()
    nn.utils.parametrizations.spectral_norm(network.layer)
    ours, plain = replicate(network, Streams(1, 2)), replicate(WithReset(), Streams(1, 2))
    assert torch.equal(ours.layer.parametrizations.weight.original, plain.layer.weight)
    network.layer(torch.zeros(1, 2))  # the network passed still works
    assert network.layer.weight.shape == (2, 2)


def test_an_ensemble_without_weights_has_members_too():
    ours = replicate(nn.Sequential(nn.AvgPool2d(2), nn.Flatten()), Streams(0, 3))
    x = noise(3, 4, 2, 4, 4)
    assert torch.equal(ensemble.member(ours, 2)(x[2]), ours(x)[2])
    with pytest.raises(IndexError, match="members 0 to 2, got 3"):
        ensemble.member(replicate(nn.Dropout(), Streams(0, 3)), 3)


def test_neither_replicas_nor_training_load_pytorchs_compiler():
    """A mode of PyTorch's would load it, which takes two seconds of every process."""
    code = """
import sys
from gan_tutorial import data, losses, networks, training
training.train(networks.Generator(2), networks.spectral(networks.Discriminator()),
    data.gaussian(0, 1), loss=losses.nonsaturating, steps=1, replicas=2)
sys.exit("torch._dynamo" in sys.modules)
"""
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
