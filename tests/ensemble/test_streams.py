"""Random streams: one for each member, as PyTorch's own seeds would give."""

from __future__ import annotations

import copy
import math
import re
from collections import Counter

import numpy as np
import pytest
import torch

from gan_tutorial.ensemble import Streams, member_seed


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
    with pytest.raises(ValueError, match=f"must be .* (from 0|at least 1).*, got {words}$"):
        Streams(0, bad)


@pytest.mark.parametrize("bad", [-1, 2**32, 1.0, "1", True, None])
def test_a_seed_out_of_range_is_refused(bad):
    with pytest.raises(ValueError, match=f"from 0 to 4294967295, got {bad!r}$"):
        Streams(bad, 1)


@pytest.mark.parametrize("bad", [0, -1, 2.0, "2", True, None])
def test_a_number_of_replicas_out_of_range_is_refused(bad):
    with pytest.raises(ValueError, match=f"replicas must be .* at least 1, got {bad!r}$"):
        Streams(0, bad)


def test_numbers_of_numpy_and_pytorch_are_taken():
    expected = Streams(9, [3, 0]).randn(7)
    for bare in (
        Streams(np.int64(9), np.array([3, 0])),
        Streams(np.uint8(9), torch.tensor([3, 0])),
        Streams(torch.tensor(9), [np.int32(3), np.int64(0)]),
    ):
        assert torch.equal(bare.randn(7), expected)
        assert (bare.seed, bare.members) == (9, [3, 0])
        assert {type(number) for number in (bare.seed, *bare.members)} == {int}
    assert Streams(0, np.int64(2)).members == [0, 1]
    assert member_seed(np.int64(2**32 - 1), np.int32(5)) == member_seed(2**32 - 1, 5)


def test_streams_are_the_cpus_whatever_the_default_device_is():
    expected = Streams(3, 2)
    expected = expected.rand(4), expected.randn(4), expected.bernoulli(0.5, 4)
    torch.set_default_device("meta")
    try:
        ours = Streams(3, 2)
        ours = ours.rand(4), ours.randn(4), ours.bernoulli(0.5, 4)
    finally:
        torch.set_default_device(None)
    assert all(torch.equal(a, b) for a, b in zip(ours, expected, strict=True))


def test_bernoulli_is_pytorchs_under_the_members_seed():
    ours = Streams(42, 3).bernoulli(0.3, 50, 20)
    for i in range(3):
        alone = torch.Generator().manual_seed(member_seed(42, i))
        assert torch.equal(ours[i], torch.empty(50, 20).bernoulli_(0.3, generator=alone))
    assert set(ours.unique().tolist()) == {0.0, 1.0}
    assert ours.mean().item() == pytest.approx(0.3, abs=4.5 * math.sqrt(0.21 / 3000))


def test_a_deep_copy_of_streams_is_the_streams():
    streams = Streams(3, 2)
    assert copy.deepcopy({"here": [streams]})["here"][0] is streams
