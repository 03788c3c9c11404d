"""BatchNorm and spectral norm: every member has statistics and a power iteration of its own."""

from __future__ import annotations

import copy

import pytest
import torch
from torch import Tensor, nn

from gan_tutorial import ensemble, networks
from gan_tutorial.ensemble import EnsembleBatchNorm, Streams, replicate


def noise(*shape: int, seed: int = 0) -> Tensor:
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed))


# --- BatchNorm


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


# --- spectral norm


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
