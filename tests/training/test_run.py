"""What a run tells, is asked for, and is when it was stopped by hand."""

from __future__ import annotations

import pytest
import reference
import torch
from small import TARGET, pair, same, train, weights
from torch import Tensor

from gan_tutorial import losses, training
from gan_tutorial.ensemble import Streams, replicate
from gan_tutorial.training import loop

# --- what a run tells


def test_the_first_row_of_the_history():
    run = train(replicas=3, steps=2, penalty=losses.r1(0.5))
    streams = Streams(3, 3)
    G, D = (replicate(network, streams) for network in pair())
    x_real = TARGET.sample(16, generator=streams).double()
    x_fake = G(streams.randn(16, reference.NOISE_DIM).double()).detach()
    d_loss = losses.discriminator_loss(D.logits(x_real), D.logits(x_fake))
    penalty = losses.r1(0.5)(D, x_real, x_fake)
    history = run.history
    for row in (history.d_loss, history.g_loss, history.penalty):
        assert row.shape == (2, 3)
    torch.testing.assert_close(history.d_loss[0], d_loss.detach().float(), rtol=1e-6, atol=0)
    torch.testing.assert_close(history.penalty[0], penalty.detach().float(), rtol=1e-6, atol=0)
    assert (train(steps=2).history.penalty == 0).all()


def test_the_penalty_is_called_with_real_before_held_fakes_and_the_streams():
    calls = []

    def penalty(D, x_real, x_fake, generator):
        calls.append((x_real, x_fake, generator))
        return losses.r1(0.1)(D, x_real, x_fake)

    run = train(replicas=2, steps=1, batch_size=400, penalty=penalty)
    ((x_real, x_fake, generator),) = calls
    assert x_real.shape == x_fake.shape == (2, 400, 1)
    assert x_real.mean().item() == pytest.approx(reference.MEAN, abs=0.03)
    assert x_real.std().item() == pytest.approx(reference.STD, rel=0.15)
    assert not x_fake.requires_grad
    assert generator is run.streams


@pytest.mark.parametrize(
    ("steps", "every", "expected"),
    [(10, 4, [0, 4, 8, 10]), (8, 4, [0, 4, 8]), (3, 100, [0, 3]), (3, 1, [0, 1, 2, 3])],
)
def test_observe_is_called_at_the_documented_steps(steps, every, expected):
    called = []

    def look(run: training.Run) -> Tensor:
        called.append(run.steps)
        return next(run.G.parameters())

    run = train(steps=steps, observe=look, observe_every=every)
    assert called == run.history.observed_at == expected
    for observed, done in zip(run.history.observed, expected, strict=True):
        # what was seen after so many steps is where a run of that length ends; it is a copy
        shorter = train(steps=done).G if done else replicate(pair()[0], Streams(3, 1))
        assert torch.equal(observed, next(shorter.parameters()))
        assert not observed.requires_grad


def test_observe_may_return_a_number_and_is_not_part_of_the_randomness():
    noisy = train(observe=lambda run: run.sample(5, seed=9).mean().item(), observe_every=2)
    assert same(weights(noisy.G), weights(train().G))
    assert [value.shape for value in noisy.history.observed] == [()] * 6
    assert train().history.observed == []


def test_sample():
    run = train(replicas=3, steps=20, ema=0.9)
    x = run.sample(50, seed=7)
    assert x.shape == (3, 50, 1)
    assert not x.requires_grad
    assert torch.equal(x, run.sample(50, seed=7))
    assert not torch.equal(x, run.sample(50, seed=8))
    z = Streams(7, 3).randn(50, reference.NOISE_DIM).double()
    assert torch.equal(x, run.ema_G(z))
    assert torch.equal(run.sample(50, seed=7, ema=False), run.G(z))
    assert not run.sample(50, seed=7, ema=False).requires_grad  # though G's weights do
    assert not torch.equal(x, run.G(z))
    plain = train(replicas=3, steps=20)
    assert torch.equal(plain.sample(50, seed=7), plain.G(z))  # no average to sample from


def test_one_generator_of_a_run():
    run, plain = train(replicas=3, steps=20, ema=0.9), train(replicas=3, steps=20)
    z = torch.randn(50, reference.NOISE_DIM, generator=torch.Generator().manual_seed(1)).double()
    for found, expected in (
        (run.generator(2), run.ema_G),
        (run.generator(2, ema=False), run.G),
        (plain.generator(2), plain.G),
    ):
        # one matrix is multiplied where there were three, which rounds otherwise
        torch.testing.assert_close(found(z), expected(z)[2], rtol=1e-12, atol=1e-14)
    assert not torch.equal(run.generator()(z), run.generator(1)(z))
    with pytest.raises(IndexError, match="members 0 to 2, got 3"):
        run.generator(3)


@pytest.mark.parametrize("n", [0, -1, 2.0, True])
def test_a_sample_has_at_least_one_row(n):
    with pytest.raises(ValueError, match=f"n must be an integer of at least 1, got {n}"):
        train(steps=1).sample(n, seed=0)


def test_a_run_says_what_was_done():
    run = train(steps=7, replicas=2)
    assert (run.steps, run.interrupted, run.frozen) == (7, False, {})
    assert len(run.streams) == 2


# --- stopping by hand


def interrupt_at(step: int):
    def look(run: training.Run) -> Tensor:
        if run.steps == step:
            raise KeyboardInterrupt
        return torch.zeros(0)

    return {"observe": look, "observe_every": 1}


@pytest.mark.parametrize("step", [0, 1, 6])
def test_an_interrupted_run_is_marked_trimmed_and_usable(step, capsys):
    run = train(steps=20, replicas=2, ema=0.9, **interrupt_at(step))
    assert run.interrupted
    assert run.steps == step
    for row in (run.history.d_loss, run.history.g_loss, run.history.penalty):
        assert row.shape == (step, 2)
    assert f"interrupted after {step} of 20 steps" in capsys.readouterr().err
    assert run.sample(4, seed=0).isfinite().all()
    if step:
        done = train(steps=step, replicas=2, ema=0.9)
        assert same(weights(run.G), weights(done.G))
        assert torch.equal(run.history.d_loss, done.history.d_loss)


# --- the progress bar


@pytest.mark.parametrize("progress", [True, False])
def test_the_bar_is_quiet_under_test(progress, capfd, monkeypatch):
    made = []

    def eager(*args, **options):
        made.append(options)
        return original(*args, **(options | {"delay": 0, "mininterval": 0}))

    original = loop.tqdm
    monkeypatch.setattr(loop, "tqdm", eager)
    train(progress=progress, steps=5)
    captured = capfd.readouterr()
    assert captured.out == captured.err == ""
    # without progress it is off; with it, it is the environment that decides: TQDM_DISABLE
    assert made[0].get("disable", False) is not progress
    assert ("disable" in made[0]) is not progress
    assert made[0]["delay"] > 0  # short runs show none
