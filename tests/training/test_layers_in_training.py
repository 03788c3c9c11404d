"""Networks whose layers remember or look at several samples: each member has its own."""

from __future__ import annotations

import itertools

import pytest
import reference
import torch
from small import train
from torch import nn

from gan_tutorial import data, losses, networks
from gan_tutorial.ensemble import Streams, member, replicate

# --- networks whose layers remember, or look at several samples: every member has its own

RING = data.ring()


def on_every_second():
    """Norm the second hidden layer: by the first, D in G's step could not see where fakes are."""
    kinds = itertools.cycle([nn.Identity, nn.BatchNorm1d])
    return lambda width: next(kinds)(width)


LAYERS = {
    "BatchNorm in G": ({"norm": nn.BatchNorm1d}, lambda D: D, {}),
    "BatchNorm in both": ({"norm": nn.BatchNorm1d}, lambda D: D, {"norm": on_every_second()}),
    "spectral norm": ({}, networks.spectral, {}),
    "minibatch statistics": ({}, lambda D: D, {"group": 4}),
    "packing": ({}, lambda D: networks.Packed(D, 2), {"data_dim": 4}),
}


def pair_of(name: str) -> tuple[nn.Module, nn.Module]:
    g_options, wrap, d_options = LAYERS[name]
    G = networks.MLPGenerator(reference.NOISE_DIM, 2, 8, **g_options)
    D = networks.MLPDiscriminator(**({"data_dim": 2} | d_options), width=8, activation=nn.Tanh)
    return G.double(), wrap(D.double())


def by_hand(
    G: nn.Module, D: nn.Module, i: int, steps: int, apart: bool = False
) -> tuple[nn.Module, nn.Module]:
    """Train member i alone: PyTorch's own layers and Adam, and D's step in one pass or in two."""
    streams = Streams(3, [i])
    G, D = (member(replicate(network, streams), 0) for network in (G, D))
    (stream,) = streams
    g_optimizer = torch.optim.Adam(G.parameters(), lr=2e-3, betas=(0.5, 0.999))
    d_optimizer = torch.optim.Adam(D.parameters(), lr=2e-3, betas=(0.5, 0.999))
    for _ in range(steps):
        x_real = RING.sample(16, generator=stream).double()
        x_fake = G(torch.randn(16, reference.NOISE_DIM, generator=stream).double())
        if apart:
            logits = torch.cat([D.logits(x_real), D.logits(x_fake.detach())])
        else:
            logits = D.logits(torch.cat([x_real, x_fake.detach()]))
        half = len(logits) // 2
        d_optimizer.zero_grad()
        losses.nonsaturating.d(logits[:half], logits[half:]).backward()
        d_optimizer.step()
        g_optimizer.zero_grad()
        losses.nonsaturating.g(logits[:half], D.logits(x_fake)).backward()
        g_optimizer.step()
    return G, D


def assert_equal_memory(ours: nn.Module, theirs: nn.Module) -> None:
    """Compare weights, running statistics, singular vectors, and what the networks make of them.

    A bias before BatchNorm cancels. Its gradient is rounding noise, which Adam divides by 10⁻⁸
    and the running mean follows: 100 steps of 10⁻¹⁵ / 10⁻⁸ · lr are 2·10⁻⁸.
    """
    a, b = ours.state_dict(), theirs.state_dict()
    assert a.keys() == b.keys()
    normed = any(isinstance(layer, nn.BatchNorm1d) for layer in ours.modules())
    for key in a:
        if not key.endswith("tracked"):
            loose = normed and key.endswith(("bias", "running_mean"))
            atol = 1e-7 if loose else 1e-12
            torch.testing.assert_close(a[key], b[key], rtol=0, atol=atol, msg=key)
    z = Streams(0, 1).randn(8, getattr(ours, "noise_dim", ours.data_dim))[0].double()
    torch.testing.assert_close(ours(z), theirs(z), rtol=0, atol=1e-12)


@pytest.mark.no_cover
@pytest.mark.parametrize("name", LAYERS)
def test_members_with_such_layers_equal_pytorchs_own(name):
    run = train(target=RING, networks=pair_of(name), replicas=3, steps=100)
    for i in (0, 2):
        for network, plain in zip((run.G, run.D), by_hand(*pair_of(name), i, 100), strict=True):
            assert_equal_memory(member(network, i), plain)


@pytest.mark.no_cover
def test_d_may_see_real_and_fake_apart():
    """With BatchNorm that is another game; without, the same one but for rounding."""
    options = {"target": RING, "replicas": 3, "steps": 100}
    name = "BatchNorm in both"
    run = train(networks=pair_of(name), apart=True, **options)
    for i in (0, 2):
        plain = by_hand(*pair_of(name), i, 100, apart=True)
        for network, alone in zip((run.G, run.D), plain, strict=True):
            assert_equal_memory(member(network, i), alone)
    one_batch = train(networks=pair_of(name), **options)
    assert (run.history.d_loss - one_batch.history.d_loss).abs().max() > 0.01
    apart, together = (
        train(networks=pair_of("BatchNorm in G"), apart=apart, **options) for apart in (True, False)
    )
    for i in (0, 2):
        assert_equal_memory(member(apart.G, i), member(together.G, i))


@pytest.mark.no_cover
@pytest.mark.parametrize("name", LAYERS)
def test_a_member_with_such_layers_does_not_depend_on_how_many_there_are(name):
    options = {"steps": 100, "ema": 0.9, "penalty": losses.r1(0.1)}
    alone = train(target=RING, networks=pair_of(name), replicas=[2], **options)
    many = train(target=RING, networks=pair_of(name), replicas=4, **options)
    for network in ("G", "D", "ema_G"):
        assert_equal_memory(member(getattr(many, network), 2), member(getattr(alone, network), 0))
        others = [member(getattr(many, network), i).state_dict().values() for i in (1, 3)]
        assert all((a != b).any() for a, b in zip(*others, strict=True) if a.is_floating_point())


def test_samples_are_drawn_by_running_statistics_and_change_nothing():
    run = train(target=RING, networks=pair_of("BatchNorm in G"), replicas=2, ema=0.9, steps=20)
    kept = {key: value.clone() for key, value in run.G.state_dict().items()}
    for ema, G in ((True, run.ema_G), (False, run.G)):
        x = run.sample(50, seed=1, ema=ema)
        torch.testing.assert_close(x[:, :7], run.sample(50, seed=1, ema=ema)[:, :7])
        z = Streams(1, 2).randn(50, reference.NOISE_DIM).double()
        alone = member(G, 1).eval()
        torch.testing.assert_close(x[1], alone(z[1]), rtol=0, atol=1e-12)
        torch.testing.assert_close(x[1, 3], alone(z[1, 3:4])[0], rtol=0, atol=1e-12)  # row by row
    assert run.G.training
    assert all(torch.equal(value, kept[key]) for key, value in run.G.state_dict().items())
    for key, buffer in run.G.named_buffers():  # an average of weights, not of statistics
        assert torch.equal(run.ema_G.get_buffer(key), buffer)


def test_training_leaves_the_statistics_of_the_networks_handed_in_alone():
    G, D = pair_of("BatchNorm in both")
    train(target=RING, networks=(G, D), steps=2)
    for norm in (G.model[1], D.model[4]):
        assert (norm.running_mean == 0).all()
        assert norm.num_batches_tracked == 0
