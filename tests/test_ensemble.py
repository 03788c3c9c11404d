"""Replicas against the ordinary networks they stand for, one stream and one member at a time."""

from __future__ import annotations

import copy
import math
import platform
import re
import sys
from collections import Counter

import pytest
import torch
from torch import Tensor, nn

from gan_tutorial import ensemble, networks
from gan_tutorial.ensemble import EnsembleBatchNorm, EnsembleLinear, Streams, member_seed, replicate

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


# --- streams


def test_member_0_is_what_manual_seed_gives():
    with torch.random.fork_rng():
        torch.manual_seed(42)
        a, b, c = torch.randn(16, 3), torch.rand(5), torch.randn(7)
    streams = Streams(42, 3)
    assert torch.equal(streams.randn(16, 3)[0], a)
    assert torch.equal(streams.rand(5)[0], b)
    assert torch.equal(streams.randn(7)[0], c)


def test_member_i_is_what_its_own_seed_gives():
    together = Streams(42, 4)
    normal, flat = together.randn(16, 3), together.rand(16, 3)
    for i in range(4):
        alone = torch.Generator().manual_seed(member_seed(42, i))
        assert torch.equal(normal[i], torch.randn(16, 3, generator=alone))
        assert torch.equal(flat[i], torch.rand(16, 3, generator=alone))


def test_a_member_does_not_depend_on_how_many_there_are():
    few, many = Streams(5, 2), Streams(5, 64)
    for _ in range(3):
        assert torch.equal(few.randn(11), many.randn(11)[:2])
        assert torch.equal(few.rand(11), many.rand(11)[:2])


def test_members_are_independent():
    x = Streams(0, 16).randn(4000)
    correlation = torch.corrcoef(x) - torch.eye(16)
    assert correlation.abs().max() < 4.5 / math.sqrt(4000)
    flat = Streams(0, 16).rand(4000)
    assert ((flat >= 0) & (flat < 1)).all()
    assert flat.mean().item() == pytest.approx(0.5, abs=4.5 * math.sqrt(1 / 12 / 64_000))


def test_member_seed_by_hand():
    assert [member_seed(seed, 0) for seed in (0, 7, 2**32 - 1)] == [0, 7, 2**32 - 1]
    # the first output of SplitMix64 from state 0 is the finaliser of its increment
    increment = 0x9E3779B97F4A7C15
    seed, member = increment & 0xFFFFFFFF, increment >> 32
    assert member_seed(seed, member) == 0xE220A8397B1DCDAF & 0xFFFFFFFF
    assert all(0 <= member_seed(s, i) < 2**32 for s in (0, 1, 2**32 - 1) for i in range(1, 50))


def test_the_books_streams_do_not_meet():
    """Blocks b = 0 … 20 of seeds 1000 b + offset, as the records use them, 64 members each."""
    seeds = [(b, 1000 * b + offset) for b in range(21) for offset in range(100)]
    streams = {(b, s, i): member_seed(s, i) for b, s in seeds for i in range(64)}
    for block in range(21):  # never within one reading of the book
        inside = [stream for (b, _, _), stream in streams.items() if b == block]
        assert len(set(inside)) == len(inside) == 6400
    # over all of them a hash to 32 bits meets by chance n²/2³³ = 2.1 times
    repeated = [n for n in Counter(streams.values()).values() if n > 1]
    assert len(repeated) <= 6
    assert max(repeated, default=2) == 2


def test_state_and_restore():
    streams = Streams(3, 4)
    streams.randn(10)
    state = streams.state()
    assert len(state) == 4
    ahead = streams.randn(10), streams.rand(3)
    other = Streams(99, 4)
    other.restore(state)
    assert torch.equal(other.randn(10), ahead[0])
    assert torch.equal(other.rand(3), ahead[1])
    streams.restore(state)  # the state kept is a copy, not a view of where streams stand now
    assert torch.equal(streams.randn(10), ahead[0])


def test_restore_needs_as_many_streams():
    with pytest.raises(ValueError, match=r"zip\(\) argument 2 is shorter"):
        Streams(0, 3).restore(Streams(0, 2).state())


def test_streams_are_a_collection_of_generators():
    streams = Streams(9, 3)
    assert len(streams) == 3
    assert streams.seed == 9
    assert [g.initial_seed() for g in streams] == [member_seed(9, i) for i in range(3)]


def test_streams_of_chosen_members():
    everyone, some = Streams(9, 5).randn(7), Streams(9, [3, 0, 3])
    assert some.members == [3, 0, 3]
    assert torch.equal(some.randn(7), everyone[[3, 0, 3]])
    assert Streams(9, 3).members == [0, 1, 2]
    assert torch.equal(Streams(9, range(3)).randn(7), everyone[:3])


@pytest.mark.parametrize("bad", [[], [-1], [0, 1.0], ["1"], [2**32], (True,)])
def test_members_out_of_range_are_refused(bad):
    words = re.escape(repr(bad[-1] if bad else bad))
    with pytest.raises(ValueError, match=f"must be .* of at least [01], got {words}$"):
        Streams(0, bad)


@pytest.mark.parametrize("bad", [-1, 2**32, 1.0, "1", True, None])
def test_a_seed_out_of_range_is_refused(bad):
    with pytest.raises(ValueError, match=f"from 0 to 4294967295, got {bad!r}$"):
        Streams(bad, 1)


@pytest.mark.parametrize("bad", [0, -1, 2.0, "2", True, None])
def test_a_number_of_replicas_out_of_range_is_refused(bad):
    with pytest.raises(ValueError, match=f"replicas must be .* at least 1, got {bad!r}$"):
        Streams(0, bad)


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


# --- BatchNorm: every member has statistics of its own


def test_batch_norm_is_that_of_every_member_in_training_and_after():
    plain = nn.BatchNorm1d(5, eps=1e-3, momentum=0.2).double()
    nn.init.normal_(plain.weight, generator=torch.Generator().manual_seed(0))
    nn.init.normal_(plain.bias, generator=torch.Generator().manual_seed(1))
    ours = EnsembleBatchNorm(plain, 3)
    apart = [copy.deepcopy(plain) for _ in range(3)]
    for batch in range(20):
        x = (noise(3, 16, 5, seed=batch) * torch.tensor([1, 3, 0.1])[:, None, None]).double() + 1
        x.requires_grad_()
        y = ours(x)
        y.pow(3).sum().backward()
        for i, layer in enumerate(apart):
            alone = x[i].detach().requires_grad_()
            z = layer(alone)
            z.pow(3).sum().backward()
            torch.testing.assert_close(y[i], z, rtol=0, atol=1e-12)
            torch.testing.assert_close(x.grad[i], alone.grad, rtol=1e-12, atol=1e-10)
    for layer, i in zip(apart, range(3), strict=True):
        for name in ("running_mean", "running_var"):
            mine, theirs = getattr(ours, name)[i, 0], getattr(layer, name)
            torch.testing.assert_close(mine, theirs, rtol=1e-12, atol=1e-12)
        for name in ("weight", "bias"):
            mine, theirs = getattr(ours, name).grad[i, 0], getattr(layer, name).grad
            torch.testing.assert_close(mine, theirs, rtol=1e-11, atol=1e-11)
    assert (ours.running_mean[0] - ours.running_mean[1]).abs().min() > 1e-3
    x, kept = noise(3, 4, 5, seed=99).double(), ours.running_mean.clone()
    y = ours.eval()(x)
    assert torch.equal(ours.running_mean, kept)
    for i, layer in enumerate(apart):
        torch.testing.assert_close(y[i], layer.eval()(x[i]), rtol=0, atol=1e-12)
    by_hand = (x - kept) / (ours.running_var + 1e-3).sqrt() * ours.weight + ours.bias
    torch.testing.assert_close(y, by_hand, rtol=0, atol=1e-12)


def test_statistics_start_afresh_and_are_kept_by_a_member():
    network = networks.MLPGenerator(3, 2, 8, norm=nn.BatchNorm1d).double()
    for _ in range(5):
        network(10 * noise(20, 3).double())  # it has seen other data
    ours = replicate(network, Streams(0, 3))
    assert (ours.model[1].running_mean == 0).all()
    assert (ours.model[1].running_var == 1).all()
    ours(noise(3, 20, 3).double())
    ours.eval()
    x = noise(3, 20, 3, seed=1).double()
    for i in range(3):
        alone = ensemble.member(ours, i)
        assert type(alone.model[1]) is nn.BatchNorm1d
        assert not alone.model[1].training
        torch.testing.assert_close(alone(x[i]), ours(x)[i], rtol=0, atol=1e-14)


def test_replicas_are_in_the_mode_of_the_network():
    network = networks.MLPGenerator(3, norm=nn.BatchNorm1d)
    assert replicate(network, Streams(0, 2)).model[1].training
    assert not replicate(network.eval(), Streams(0, 2)).model[1].training


# --- spectral norm: every member has its own power iteration


def singular_values(weight: Tensor) -> Tensor:
    return torch.linalg.svdvals(weight.detach())


def test_spectral_norm_against_the_singular_values():
    D = networks.spectral(networks.MLPDiscriminator(2, 12)).double()
    ours, x = replicate(D, Streams(4, 3)), noise(3, 8, 2).double()
    with torch.no_grad():
        for _ in range(3000):
            ours.logits(x)
    for layer in list(ours.eval().model)[:-1:2]:
        values = singular_values(layer.parametrizations.weight.original)
        assert (values[0] - values[1]).abs().max() > 0.01  # members differ
        expected = layer.parametrizations.weight.original / values[:, :1, None]
        torch.testing.assert_close(layer.weight, expected, rtol=0, atol=1e-9)
        assert (singular_values(layer.weight)[:, 0] - 1).abs().max() < 1e-9


@pytest.mark.parametrize("iterations", [1, 3])
def test_spectral_norm_is_pytorchs_for_every_member(iterations):
    plain = nn.Sequential(
        nn.utils.parametrizations.spectral_norm(
            nn.Linear(4, 5), n_power_iterations=iterations, eps=1e-6
        ),
        nn.Tanh(),
        nn.Linear(5, 2),
    ).double()
    ours = replicate(plain, Streams(4, 3))
    apart = [ensemble.member(ours, i) for i in range(3)]
    for batch in range(10):
        x = noise(3, 7, 4, seed=batch).double()
        with torch.no_grad():  # the weights move on, the iteration follows
            change = noise(3, 5, 4, seed=100 + batch).double()
            ours[0].parametrizations.weight.original += change
            for i, network in enumerate(apart):
                network[0].parametrizations.weight.original += change[i]
        ours.zero_grad()
        y = ours(x)
        y.square().sum().backward()
        for i, network in enumerate(apart):
            network.zero_grad()
            z = network(x[i])
            z.square().sum().backward()
            torch.testing.assert_close(y[i], z, rtol=0, atol=1e-13)
            mine = ours[0].parametrizations.weight.original.grad[i]
            theirs = network[0].parametrizations.weight.original.grad
            torch.testing.assert_close(mine, theirs, rtol=1e-11, atol=1e-12)
            norm = network[0].parametrizations.weight[0]
            assert (norm.n_power_iterations, norm.eps) == (iterations, 1e-6)
            torch.testing.assert_close(
                ours[0].parametrizations.weight[0].u[i, :, 0], norm._u, rtol=0, atol=1e-12
            )
    kept = ours[0].parametrizations.weight[0].v.clone()
    y = ours.eval()(x)
    assert torch.equal(ours[0].parametrizations.weight[0].v, kept)
    for i, network in enumerate(apart):  # now by the vectors that each of them holds
        for alone in (network.eval(), ensemble.member(ours, i)):
            torch.testing.assert_close(y[i], alone(x[i]), rtol=0, atol=1e-13)


def test_spectral_norm_draws_nothing_and_weights_are_each_members_own():
    D, streams = networks.MLPDiscriminator(2, 12), Streams(4, 3)
    ours, other = replicate(networks.spectral(D), streams), Streams(4, 3)
    plain = replicate(D, other)
    assert torch.equal(streams.state(), other.state())
    for mine, theirs in zip(list(ours.model)[:-1:2], list(plain.model)[:-1:2], strict=True):
        assert torch.equal(mine.parametrizations.weight.original, theirs.weight)
        assert mine.parametrizations.weight.original.stride() == theirs.weight.stride()
    torch.manual_seed(1)
    before = torch.get_rng_state()
    alone = ensemble.member(replicate(networks.spectral(D), streams), 1)
    assert torch.equal(torch.get_rng_state(), before)
    assert all(nn.utils.parametrize.is_parametrized(layer) for layer in alone.linears())


# --- what replicate refuses


def hooked(layer: nn.Module) -> nn.Module:
    layer.register_forward_pre_hook(lambda layer, inputs: None)
    return layer


@pytest.mark.parametrize(
    ("network", "words"),
    [
        (nn.Sequential(nn.Linear(2, 2), nn.BatchNorm2d(2)), "layer '1', a BatchNorm2d"),
        *(
            (nn.BatchNorm1d(2, **{option: value}), "layer '', a BatchNorm1d without .*momentum")
            for option, value in (
                ("affine", False),
                ("track_running_stats", False),
                ("momentum", None),
            )
        ),
        (
            nn.utils.parametrizations.weight_norm(nn.Linear(2, 2)),
            "layer 'parametrizations.weight.0', a _WeightNorm",
        ),
        (
            nn.utils.parametrizations.orthogonal(
                nn.utils.parametrizations.spectral_norm(nn.Linear(2, 2))
            ),
            "layer 'parametrizations.weight.0', a _SpectralNorm",
        ),
        (hooked(nn.Linear(2, 2)), "layer '', a Linear with a hook"),
        (nn.Sequential(nn.Sequential(nn.Conv1d(1, 1, 1))), "layer '0.0', a Conv1d"),
        (nn.Sequential(nn.Linear(2, 2), nn.Dropout()), "layer '1', a Dropout"),
        (nn.Sequential(nn.Linear(2, 2), nn.PReLU()), "layer '1', a PReLU"),
        (nn.Linear(2, 2, bias=False), "layer '', a Linear without bias"),
        (nn.Sequential(nn.Tanh(), nn.Linear(2, 1, bias=False)), "layer '1', a Linear without bias"),
    ],
)
def test_layers_that_cannot_be_replicated_are_named(network, words):
    with pytest.raises(ValueError, match=f"cannot replicate {words}$"):
        replicate(network, Streams(0, 2))


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
