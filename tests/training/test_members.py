"""Members that differ, by rate, loss or stream, and blocks of them."""

from __future__ import annotations

import pytest
import torch
from small import BIASED, LOOPS, distance, same, train, weights

from gan_tutorial import losses, networks, training

# --- members that differ


@pytest.mark.no_cover
@pytest.mark.parametrize("name", ["plain", "all at once"])
@pytest.mark.parametrize("schedule", [None, training.cosine])
def test_a_rate_for_each_member(name, schedule):
    rates_G = torch.tensor([1e-3, 2e-3, 5e-3], dtype=torch.float64)
    rates_D = torch.tensor([4e-3, 2e-3, 1e-3], dtype=torch.float64)
    options = LOOPS[name][0] | {"steps": 100, "replicas": 3, "schedule": schedule}
    last = -1 if name in BIASED else None
    run = train(**(options | {"lr": (rates_G, rates_D)}))
    for i in range(3):
        pair = rates_G[i].item(), rates_D[i].item()
        alike = train(**(options | {"lr": pair}))  # PyTorch's Adam, all members at this rate
        assert distance(weights(run.G, i), weights(alike.G, i)) < 1e-12
        assert distance(weights(run.D, i)[:last], weights(alike.D, i)[:last]) < 1e-12
    mixed = train(**(options | {"lr": (rates_G, 2e-3)}))  # one player's rates, the other's rate
    alike = train(**(options | {"lr": (5e-3, 2e-3)}))
    assert distance(weights(mixed.G, 2), weights(alike.G, 2)) < 1e-12
    one = train(**(options | {"lr": rates_G}))
    assert same(weights(one.G), weights(train(**(options | {"lr": (rates_G, rates_G)})).G))


def test_rates_of_another_dtype_are_rounded_to_that_of_the_networks():
    G, D = networks.MLPGenerator(2, 1, 8), networks.MLPDiscriminator(1, 8)
    options = {"networks": (G, D), "replicas": 2}
    wide = torch.tensor([1e-3, 2e-3], dtype=torch.float64)
    run = train(lr=wide, **options)
    assert {weight.dtype for weight in weights(run.G)} == {torch.float32}
    assert same(weights(run.G), weights(train(lr=wide.float(), **options).G))
    run = train(lr=wide, schedule=training.cosine, **options)
    assert {weight.dtype for weight in weights(run.G)} == {torch.float32}


def test_a_loss_for_each_block_of_members():
    pairs = [losses.hinge, losses.relativistic, losses.smoothed(losses.nonsaturating)]
    run = train(loss=pairs, replicas=6, steps=100)
    for block, loss in enumerate(pairs):
        alike = train(loss=loss, replicas=6, steps=100)
        last = -1 if loss is losses.relativistic else None
        for i in (2 * block, 2 * block + 1):
            assert distance(weights(run.G, i), weights(alike.G, i)) < 1e-12
            assert distance(weights(run.D, i)[:last], weights(alike.D, i)[:last]) < 1e-12
            torch.testing.assert_close(
                run.history.g_loss[:, i], alike.history.g_loss[:, i], rtol=1e-6, atol=1e-7
            )
    assert same(weights(train(loss=[losses.hinge]).G), weights(train(loss=losses.hinge).G))


@pytest.mark.no_cover
@pytest.mark.parametrize("members", [[2, 0], (4, 4, 1), range(1, 3), [0, 1, 2] * 2])
def test_members_by_name(members):
    options = {"steps": 100, "penalty": losses.gradient_penalty(0.1), "ema": 0.9}
    run, everyone = train(replicas=members, **options), train(replicas=5, **options)
    sample, whole = run.sample(20, seed=2), everyone.sample(20, seed=2)
    for position, i in enumerate(members):
        for network in ("G", "D", "ema_G"):
            ours, theirs = getattr(run, network), getattr(everyone, network)
            assert distance(weights(ours, position), weights(theirs, i)) < 1e-12
        torch.testing.assert_close(sample[position], whole[i], rtol=0, atol=1e-12)
    assert run.history.d_loss.shape == (100, len(members))


def test_variants_on_paired_streams():
    # two recipes in one call, on the same streams: the first batch and the first loss are equal
    run = train(
        loss=[losses.nonsaturating, losses.saturating], replicas=[0, 1, 2] * 2, steps=50, lr=1e-2
    )
    first = run.history.d_loss[0]
    assert torch.equal(first[:3], first[3:])
    assert distance(weights(run.G, 0), weights(run.G, 3)) > 1e-3
    equal = train(loss=[losses.hinge] * 2, replicas=[0, 1, 2] * 2, steps=50)
    assert distance(weights(equal.G, 1), weights(equal.G, 4)) < 1e-12


# --- blocks of members


def test_blocks_are_runs_of_their_own():
    options = {"steps": 20, "ema": 0.9, "penalty": losses.r1(0.1), "on_nan": "freeze"}
    look = {"observe": lambda run: run.history.d_loss[run.steps - 1].clone(), "observe_every": 10}
    both = [losses.nonsaturating, losses.saturating]
    run = train(replicas=[0, 1, 2] * 2, loss=both, **options, **look)
    run.frozen = {1: 7, 4: 9}
    kept = weights(run.G)
    blocks = list(run.blocks(2))
    for j, (block, loss) in enumerate(zip(blocks, both, strict=True)):
        apart = train(replicas=3, loss=loss, **options, **look)
        for network in ("G", "D", "ema_G"):
            ours, theirs = getattr(block, network), getattr(apart, network)
            assert distance(weights(ours), weights(theirs)) < 1e-12
        samples = block.sample(5, seed=1)
        torch.testing.assert_close(samples, apart.sample(5, seed=1), rtol=0, atol=1e-12)
        assert torch.equal(samples, run.sample(5, seed=1)[3 * j : 3 * j + 3])
        for row in ("d_loss", "g_loss", "penalty"):
            ours, theirs = getattr(block.history, row), getattr(apart.history, row)
            torch.testing.assert_close(ours, theirs, rtol=1e-6, atol=1e-7)
        assert block.history.observed_at == apart.history.observed_at
        for ours, theirs in zip(block.history.observed, apart.history.observed, strict=True):
            torch.testing.assert_close(ours, theirs, rtol=1e-6, atol=1e-7)
        assert block.streams.members == [0, 1, 2]
        assert torch.equal(block.streams.state(), apart.streams.state())
        assert (block.steps, block.interrupted) == (20, False)
    assert [block.frozen for block in blocks] == [{1: 7}, {1: 9}]
    with torch.no_grad():
        next(blocks[0].G.parameters()).zero_()
    assert same(weights(run.G), kept)  # a block has copies


def test_blocks_without_an_average_and_of_an_interrupted_run():
    run = train(replicas=2, steps=1, observe=lambda run: torch.tensor(float(run.steps)))
    run.interrupted = True
    one, two = run.blocks(2)
    assert one.history.observed == two.history.observed == [0, 1]  # not one number a member
    assert one.ema_G is two.ema_G is None
    assert one.interrupted
    assert two.interrupted


@pytest.mark.parametrize(
    ("k", "words"),
    [
        (2, "3 members cannot be split into 2 equal blocks"),
        (0, "k must be an integer of at least 1, got 0"),
    ],
)
def test_blocks_are_equal(k, words):
    with pytest.raises(ValueError, match=words):
        list(train(replicas=3, steps=1).blocks(k))
