"""The loop around the step: schedules, average, history, checkpoints, and what ends it."""

import contextlib
import copy
import signal
import sys
import threading
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import torch
from torch import Tensor
from tqdm import tqdm

from gan_tutorial.checks import whole
from gan_tutorial.ensemble import Streams, replicate
from gan_tutorial.ensemble.streams import lend
from gan_tutorial.training.checkpoints import Checkpoint, Keeper, as_checkpoint
from gan_tutorial.training.fit import (
    check_members,
    check_networks,
    check_penalty,
    no_other_randomness,
)
from gan_tutorial.training.game import Game
from gan_tutorial.training.rules import Rules, rules_of
from gan_tutorial.training.run import History, Run
from gan_tutorial.training.step import play


def train(
    G: Any,
    D: Any,
    target: Any,
    *,
    steps: int = 1500,
    replicas: int | Sequence[int] = 1,
    seed: int = 0,
    on_nan: str = "raise",
    observe: Callable[[Run], Tensor] | None = None,
    observe_every: int = 100,
    checkpoint: Checkpoint | str | Path | None = None,
    progress: bool = True,
    **rules: Any,
) -> Run:
    """Train N independent GANs by alternating Adam steps on L_D and L_G.

    D ← D - Adam(∇_D [L_D(x_real, G(z)) + penalty]), then
    G ← G - Adam(∇_G [L_G(G(z)) + g_penalty])

    Member i draws, from its own stream: G's weights, D's weights, then at each step
    x_real and z. It does not depend on how many members there are. The weights of the
    networks you pass are not used; only their shape and their way of drawing weights.

    Parameters
    ----------
    G, D
        A generator with `noise_dim`, and a discriminator or critic with `logits`. In
        its own step D sees one batch: m real samples, then m fakes.
    target
        What to learn: has `sample(m, generator=…)`, which for the streams of N members
        returns samples of shape (N, m, *data_shape); see `gan_tutorial.data`. If it
        returns a pair, samples and labels, both networks get the labels as their second
        argument: G(z, labels) and D.logits(x, labels).
    steps, replicas, seed
        Updates of G; number of members N, or which members: `replicas=[0, 1, 0, 1]`
        trains members 0 and 1 twice, on the same streams; seed of all randomness.
    on_nan
        "raise" stops at the first NaN; "freeze" leaves that member at its last finite
        weights and goes on with the others.
    observe, observe_every
        A function of the run so far, called before the first step, every so many steps
        and after the last; what it returns is kept in the history.
    checkpoint
        A `Checkpoint`, or a path, to write the whole state to. It is tried before the
        first step. A run that is stopped by Ctrl-C is written, too.
    progress
        Show a bar on long runs.
    **rules
        What a step does: `loss`, `penalty`, `ema`, `batch_size`, `lr`, `betas` and the
        other fields of `Rules`, by their names.

    Returns
    -------
    Run
        The trained pairs and their history. If you press Ctrl-C, the run after the step
        that was being done, marked `interrupted`.

    Raises
    ------
    TypeError
        If there is no option of such a name.
    ValueError
        If an option makes no sense, networks and data do not fit, or a checkpoint is
        not of this run.
    DivergedError
        If a loss or gradient of some member is not finite and `on_nan` is "raise".
    SaveError
        If a checkpoint cannot be written. The run is in the error.

    Source
    ------
    Goodfellow et al. 2014 (arXiv 1406.2661), algorithm 1.
    """
    said = rules_of(rules)
    steps, observe_every = whole("steps", steps), whole("observe_every", observe_every)
    if on_nan not in ("raise", "freeze"):
        raise ValueError(f'on_nan must be "raise" or "freeze", got {on_nan!r}')
    streams = Streams(seed, replicas)
    for name, penalty in (("the penalty", said.penalty), ("g_penalty", said.g_penalty)):
        if penalty is not None:
            check_penalty(name, penalty)
    with lend(torch.Generator("cpu")):  # no_other_randomness will say it, if it is needed
        mark = check_networks(G, D, target, said.batch_size)
    with _own_modes(next(G.parameters()).device.type):
        game = Game(new_run(G, D, streams, steps, said), target, said, on_nan)
        run, state = game.run, game.tensors()
        check_members(run, target, said.batch_size)
        members = streams.members
        keeper = Keeper(as_checkpoint(checkpoint), said, {
            "replicas": members if members != list(range(len(members))) else len(members),
            "seed": streams.seed, "on_nan": on_nan, "steps": steps, "x_real": mark,
        })  # fmt: skip
        keeper.load(run, state)
        game.begun = run.steps
        # once freed, glibc keeps what else every step would ask for anew
        torch.empty(31 * 2**18, device="cpu")
        try:
            with _patience() as pressed:
                try:
                    _steps(game, keeper, steps, observe, observe_every, progress, pressed)
                except KeyboardInterrupt:
                    run.interrupted = True
                    print(f"interrupted after {run.steps} of {steps} steps", file=sys.stderr)
                if game.begun == run.steps:  # half a step cannot be resumed
                    keeper.save(run, state)
        except KeyboardInterrupt:  # again, while the file was being written
            run.interrupted = True
        finally:
            run.history.trim(run.steps)
    return run


def _steps(
    game: Game,
    keeper: Keeper,
    steps: int,
    observe: Callable[[Run], Tensor] | None,
    observe_every: int,
    progress: bool,
    pressed: Callable[[], bool],
) -> None:
    """Do the steps that are left, and what stands around them."""
    run, first = game.run, game.run.steps
    for step in _bar(first, steps, progress):
        if observe is not None and step % observe_every == 0:
            run.observe(observe)
        game.turn_to(step, steps)
        game.begun = step + 1
        with no_other_randomness() if step == first else contextlib.nullcontext():
            losses = play(game)
        game.average(step)
        run.write_down(*losses)
        keeper.save_if_due(run, game.tensors())
        if pressed():
            raise KeyboardInterrupt
    if observe is not None:
        run.observe(observe)


def new_run(G: Any, D: Any, streams: Streams, steps: int, rules: Rules) -> Run:
    """Return a run before its first step: weights drawn, nothing written down."""
    G, D = replicate(G, streams).train(), replicate(D, streams).train()
    ema_G = None if rules.ema is None else copy.deepcopy(G).requires_grad_(False)
    history = History(*torch.zeros(3, steps, len(streams), device="cpu", dtype=torch.float32))
    return Run(G, D, ema_G, history, streams)


@contextlib.contextmanager
def _own_modes(device: str) -> Iterator[None]:
    """Train as always, whatever stands around: no_grad, inference_mode, autocast."""
    with torch.inference_mode(False), torch.autocast(device, enabled=False):  # with gradients
        yield


@contextlib.contextmanager
def _patience() -> Iterator[Callable[[], bool]]:
    """Let a step end before Ctrl-C ends the run; a second Ctrl-C does not wait.

    Half a step cannot be resumed: D would have moved, and G not.
    """
    presses = 0

    def handler(number: int, frame: Any) -> None:
        nonlocal presses
        presses += 1
        if presses > 1:
            raise KeyboardInterrupt

    ours = (
        threading.current_thread() is threading.main_thread()
        and signal.getsignal(signal.SIGINT) is signal.default_int_handler
    )
    if ours:
        signal.signal(signal.SIGINT, handler)
    try:
        yield lambda: presses > 0
    finally:
        if ours:
            signal.signal(signal.SIGINT, signal.default_int_handler)


def _bar(first: int, steps: int, progress: bool) -> tqdm:
    hidden = {} if progress else {"disable": True}  # else the environment decides: TQDM_DISABLE
    return tqdm(range(first, steps), initial=first, total=steps, delay=2, leave=False, **hidden)
