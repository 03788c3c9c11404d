"""The training loop: two optimisers that share a game.

`train` trains one GAN, or N of them at once on N independent streams: the code is the same.
Chapter 5 writes this loop out by hand, and checks that the weights are equal.
"""

import copy
import math
import os
import sys
import zipfile
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import torch
from torch import Tensor
from torch.optim.adam import adam as adam_step
from tqdm import tqdm

from gan_tutorial.ensemble import Streams, block, replicate

Schedule = Callable[[float], float]
FORMAT = "gan_tutorial checkpoint 2"


@dataclass
class History:
    """What was written down while training, one column for each member.

    `d_loss`, `g_loss` and `penalty` have shape (steps, N); `d_loss` is without the penalty.
    `observed` holds what `observe` returned, at the steps `observed_at`.
    """

    d_loss: Tensor
    g_loss: Tensor
    penalty: Tensor
    observed: list[Tensor] = field(default_factory=list)
    observed_at: list[int] = field(default_factory=list)

    def trim(self, steps: int) -> None:
        """Drop the rows of steps that were not done."""
        self.d_loss, self.g_loss = self.d_loss[:steps], self.g_loss[:steps]
        self.penalty = self.penalty[:steps]


@dataclass
class Run:
    """What `train` returns: N trained pairs, and how they came about.

    `G` and `D` hold the weights after the last step, `ema_G` their moving average, or None.
    `steps` were done. `frozen` maps a member to the step at which it met a NaN and stopped.
    `interrupted` is true if the run was stopped by hand: `claim` refuses to speak about it.
    """

    G: Any
    D: Any
    ema_G: Any  # noqa: N815
    history: History
    streams: Streams
    steps: int = 0
    frozen: dict[int, int] = field(default_factory=dict)
    interrupted: bool = False

    @torch.no_grad()
    def sample(self, n: int, *, seed: int, ema: bool = True) -> Tensor:
        """Draw n samples from every member, shape (N, n, data_dim): the same for the same seed.

        They come from the averaged generator if there is one, unless `ema` is false.

        Raises
        ------
        ValueError
            If n is not a positive integer.
        """
        _at_least_one("n", n)
        G = self.ema_G if ema and self.ema_G is not None else self.G
        z = Streams(seed, self.streams.members).randn(n, G.noise_dim)
        mode = G.training
        x_fake = G.eval()(z.to(next(G.parameters())))  # BatchNorm by its running statistics
        G.train(mode)
        return x_fake

    def blocks(self, k: int) -> "Iterator[Run]":
        """Return the run as k runs of N / k consecutive members each, one after the other.

        Each has copies of its members' weights, and is what training them apart would have given.

        Raises
        ------
        ValueError
            If N is not divisible by k.
        """
        replicas = len(self.streams)
        _at_least_one("k", k)
        if replicas % k:
            raise ValueError(f"{replicas} members cannot be split into {k} equal blocks")
        history, size = self.history, replicas // k
        for start in range(0, replicas, size):
            part = slice(start, start + size)
            G, D = block(self.G, part), block(self.D, part)
            yield Run(
                G,
                D,
                None if self.ema_G is None else block(self.ema_G, part),
                History(
                    history.d_loss[:, part],
                    history.g_loss[:, part],
                    history.penalty[:, part],
                    [
                        seen[part] if seen.shape[:1] == (replicas,) else seen
                        for seen in history.observed
                    ],
                    history.observed_at,
                ),
                self.streams[part],
                self.steps,
                {m - start: step for m, step in self.frozen.items() if start <= m < start + size},
                self.interrupted,
            )


class DivergedError(FloatingPointError):
    """A loss or a gradient is NaN or infinite. `run` holds the run up to the step before."""

    def __init__(self, message: str, run: Run) -> None:
        super().__init__(message)
        self.run = run


def train(
    G: Any,
    D: Any,
    target: Any,
    *,
    loss: Any,
    penalty: Callable[..., Tensor] | None = None,
    penalty_every: int = 1,
    penalty_schedule: Schedule | None = None,
    constrain: Callable[[Any], None] | None = None,
    instance_noise: Schedule | None = None,
    ema: float | None = None,
    schedule: Schedule | None = None,
    batch_size: int = 64,
    lr: float | Tensor | tuple[float | Tensor, float | Tensor] = 1e-3,
    betas: tuple[float, float] = (0.5, 0.999),
    d_steps: int = 1,
    fresh_z: bool = False,
    steps: int = 1500,
    replicas: int | Sequence[int] = 1,
    seed: int = 0,
    on_nan: str = "raise",
    observe: Callable[[Run], Tensor] | None = None,
    observe_every: int = 100,
    checkpoint: str | Path | None = None,
    checkpoint_every: int = 500,
    resume: bool = False,
    progress: bool = True,
) -> Run:
    """Train N independent GANs by alternating Adam steps on L_D and L_G.

    D ← D - Adam(∇_D [L_D(x_real, G(z)) + penalty]), then G ← G - Adam(∇_G L_G(G(z)))

    Member i draws, from its own stream: G's weights, D's weights, then at each step
    x_real and z. It does not depend on how many members there are. The weights of the
    networks you pass are not used; only their shape and their way of drawing weights.

    Parameters
    ----------
    G, D
        A generator with `noise_dim`, and a discriminator or critic with `logits`. In
        its own step D sees one batch: m real samples, then m fakes.
    target
        What to learn: has `dim` and `sample(m, generator=…)`; see `gan_tutorial.data`.
    loss
        A pair `loss.d`, `loss.g` of functions of (real_logits, fake_logits); or a list
        of pairs: members fall into as many equal blocks, and block j plays by loss[j].
    penalty
        A function of (D, x_real, x_fake, generator), added to L_D.
    penalty_every, penalty_schedule
        Take the penalty only every so many steps, but as many times as strong; and
        multiply it by a function of the progress, such as `geometric(1, 0.01)`.
    constrain
        Called with D after each of its updates, such as `losses.clipping(0.01)`.
    instance_noise
        Standard deviation of the normal noise added to all samples that D sees, as a
        function of the progress, such as `linear(0.5, 0)`.
    ema
        Decay of the moving average of G's weights, in [0, 1), or None for no average.
        It warms up: at step t the decay is min(ema, (1 + t) / (10 + t)).
    schedule
        Multiplies the learning rates at progress t/steps in [0, 1); see `cosine`.
    batch_size
        Samples of each kind in a step, m.
    lr
        Adam's learning rate, or a pair (lr_G, lr_D). Each may be a tensor of N rates,
        one for each member.
    betas
        Adam's decay rates, each in [0, 1).
    d_steps
        Updates of D for each one of G, k.
    fresh_z
        Draw new noise for G's update, in place of the noise of D's last one.
    steps, replicas, seed
        Updates of G; number of members N, or which members: `replicas=[0, 1, 0, 1]`
        trains members 0 and 1 twice, on the same streams; seed of all randomness.
    on_nan
        "raise" stops at the first NaN; "freeze" leaves that member at its last finite
        weights and goes on with the others.
    observe, observe_every
        A function of the run so far, called before the first step, every so many steps
        and after the last; what it returns is kept in the history.
    checkpoint, checkpoint_every, resume
        A file to write the whole state to, every so many steps and at the end; with
        `resume` the run continues from it and ends with bitwise the weights of one
        never stopped.
    progress
        Show a bar on long runs.

    Returns
    -------
    Run
        The trained pairs and their history. If you press Ctrl-C, the run so far, marked
        `interrupted`.

    Raises
    ------
    ValueError
        If an option makes no sense, networks and data do not fit, or a checkpoint is
        not of this run.
    DivergedError
        If a loss or gradient of some member is not finite and `on_nan` is "raise".

    Source
    ------
    Goodfellow et al. 2014 (arXiv 1406.2661), algorithm 1; the moving average: Yazıcı et
    al. 2018 (arXiv 1806.04498); instance noise: Sønderby et al. 2017 (arXiv
    1610.04490); a penalty at some steps only: Karras et al. 2020 (arXiv 1912.04958).
    """
    streams = Streams(seed, replicas)
    N = len(streams)
    lr_G, lr_D = _rates(lr, N)
    options = {
        "batch_size": batch_size, "lr_G": _plain(lr_G), "lr_D": _plain(lr_D),
        "betas": betas, "ema": ema, "d_steps": d_steps, "fresh_z": fresh_z,
        "replicas": replicas if isinstance(replicas, int) else streams.members,
        "seed": seed, "on_nan": on_nan, "loss": _name(loss), "penalty": _name(penalty),
        "penalty_every": penalty_every, "penalty_schedule": _name(penalty_schedule),
        "constrain": _name(constrain), "instance_noise": _name(instance_noise),
        "schedule": _name(schedule), "steps": steps,
    }  # fmt: skip
    _check_options(options, observe_every, checkpoint, checkpoint_every, resume)
    options["x_real"] = _check_fit(G, D, target, batch_size)
    loss = _check_loss(loss, N)

    G, D = replicate(G, streams), replicate(D, streams)
    ema_G = None if ema is None else copy.deepcopy(G).requires_grad_(False)
    g_weights, d_weights = list(G.parameters()), list(D.parameters())
    w_G, w_D = _flatten(G), _flatten(D)  # (N, P): the same numbers as one tensor
    w_ema: Any = None if ema_G is None else _flatten(ema_G)
    g_adam, d_adam = _Adam(w_G, lr_G, betas), _Adam(w_D, lr_D, betas)
    run = Run(G, D, ema_G, History(*torch.zeros(3, steps, N)), streams)
    if resume:
        _load(checkpoint, run, g_adam, d_adam, options)
    none = w_G.new_zeros(N)
    remembers = next(G.buffers(), None) is not None  # such as BatchNorm's statistics
    strength, std = float(penalty_every), 0.0
    # once freed, glibc keeps what else every step would ask for anew
    torch.empty(31 * 2**18)

    def new_z() -> Tensor:
        return streams.randn(batch_size, G.noise_dim).to(w_G)  # (N, m, noise_dim)

    def seen(x: Tensor) -> Tensor:  # by D, through instance noise
        return x + std * streams.randn(*x.shape[1:]).to(w_G) if std else x

    try:
        for step in _bar(run.steps, steps, progress):
            if observe is not None and step % observe_every == 0:
                _observe(run, observe)
            if schedule is not None:
                g_adam.factor = d_adam.factor = schedule(step / steps)
            if penalty_schedule is not None:
                strength = penalty_every * penalty_schedule(step / steps)
            if instance_noise is not None:
                std = instance_noise(step / steps)

            for _ in range(d_steps):
                x_real = target.sample(batch_size, generator=streams).to(w_G)
                x_real, x_fake = seen(x_real), seen(G(new_z()))  # (N, m, data_dim)
                held = x_fake.detach()  # G is held fixed while D learns
                both_logits = D.logits(torch.cat([x_real, held], dim=1))
                real_logits, fake_logits = both_logits.chunk(2, dim=1)
                d_loss, extra = loss.d(real_logits, fake_logits), none  # (N,)
                if penalty is not None and step % penalty_every == 0:
                    extra = strength * penalty(D, x_real, held, streams)
                d_total = d_loss + extra
                d_grad = _gradient(d_total, d_weights)  # (N, P)
                _update(d_adam, d_grad, d_total, run, on_nan, "discriminator")
                if constrain is not None:
                    constrain(D)

            if fresh_z:
                x_fake = seen(G(new_z()))
            if getattr(loss, "g_uses_real", False):
                real_logits = D.logits(x_real)
            g_loss = loss.g(real_logits.detach(), D.logits(x_fake))  # (N,)
            g_grad = _gradient(g_loss, g_weights)  # D is held fixed while G learns
            _update(g_adam, g_grad, g_loss, run, on_nan, "generator")

            if ema is not None:
                w_ema.lerp_(w_G, 1 - min(ema, (1 + step) / (10 + step)))
                if remembers:
                    _copy_buffers(G, ema_G)
            _write_down(run, d_loss.detach(), g_loss.detach(), extra.detach())
            if checkpoint is not None and run.steps % checkpoint_every == 0:
                _save(checkpoint, run, g_adam, d_adam, options)
    except KeyboardInterrupt:
        run.interrupted = True
        print(f"interrupted after {run.steps} of {steps} steps", file=sys.stderr)
    finally:
        run.history.trim(run.steps)
    if not run.interrupted:
        if observe is not None:
            _observe(run, observe)
        if checkpoint is not None:
            _save(checkpoint, run, g_adam, d_adam, options)
    return run


def cosine(progress: float) -> float:
    """Return the factor ½ (1 + cos π·progress): 1 at the start, 0 at the end of training.

    Source
    ------
    Loshchilov & Hutter 2017 (arXiv 1608.03983), equation 5, without restarts.
    """
    return (1 + math.cos(math.pi * progress)) / 2


def flat_then_cosine(progress: float) -> float:
    """Return 1 for the first half of training, then the cosine from 1 down to 0."""
    return 1.0 if progress < 0.5 else cosine(2 * progress - 1)


@dataclass(frozen=True)
class Ramp:
    """A schedule from one value to another; see `linear` and `geometric`."""

    start: float
    end: float
    kind: str

    def __call__(self, progress: float) -> float:
        """Return the value at progress t/steps in [0, 1]."""
        if self.kind == "linear":
            return self.start + (self.end - self.start) * progress
        return self.start * (self.end / self.start) ** progress


def linear(start: float, end: float = 0.0) -> Ramp:
    """Return the schedule start + (end - start) · progress.

    Parameters
    ----------
    start, end
        Values at the start and at the end of training, finite and at least 0.

    Raises
    ------
    ValueError
        If a value is negative or not finite.
    """
    for value in (start, end):
        if not 0 <= value < math.inf:
            raise ValueError(f"a linear schedule needs numbers of at least 0, got {value}")
    return Ramp(float(start), float(end), "linear")


def geometric(start: float, end: float) -> Ramp:
    """Return the schedule start · (end / start)^progress, which falls by equal factors.

    Parameters
    ----------
    start, end
        Values at the start and at the end of training, finite and positive.

    Raises
    ------
    ValueError
        If a value is not positive and finite.
    """
    for value in (start, end):
        if not 0 < value < math.inf:
            raise ValueError(f"a geometric schedule needs positive numbers, got {value}")
    return Ramp(float(start), float(end), "geometric")


class _Adam:
    """Adam on the P weights of N members, w of shape (N, P); `lr` is one rate or N of them.

    a ← β₁ a + (1 - β₁) g, b ← β₂ b + (1 - β₂) g², with the bias of both corrected;
    w ← w - factor · lr a / (√b + ε)
    """

    def __init__(self, w: Tensor, lr: Any, betas: tuple[float, float]) -> None:
        self.w, self.lr, self.betas, self.eps, self.factor = w, lr, betas, 1e-8, 1.0
        self.a, self.b = torch.zeros(2, *w.shape).to(w)
        self.t = torch.zeros((), device=w.device)

    def step(self, g: Tensor) -> None:
        """Move every weight by its gradient."""
        beta1, beta2 = self.betas
        if not isinstance(self.lr, Tensor):
            adam_step(
                [self.w], [g], [self.a], [self.b], [], [self.t], fused=True, amsgrad=False,
                beta1=beta1, beta2=beta2, lr=self.factor * self.lr, weight_decay=0.0, eps=self.eps,
                maximize=False,
            )  # fmt: skip
            return
        self.t += 1
        t = int(self.t)
        self.a.lerp_(g, 1 - beta1)
        self.b.lerp_(g.square(), 1 - beta2)
        root = (self.b / (1 - beta2**t)).sqrt_().add_(self.eps)
        lr = self.factor * self.lr.to(g)[:, None]
        self.w -= lr / (1 - beta1**t) * self.a / root

    def state(self) -> list[Tensor]:
        """Return what a checkpoint must hold."""
        return [self.a, self.b, self.t]


def _flatten(network: Any) -> Tensor:
    """Move all P weights of every member into one tensor (N, P), and make the network's its views.

    One operation of Adam, or of the average, on all of them costs less than one on each layer.
    """
    weights = list(network.parameters())
    flat = torch.cat([weight.detach().mT.flatten(1) for weight in weights], dim=1)
    sizes = [weight[0].numel() for weight in weights]
    for weight, part in zip(weights, flat.split(sizes, dim=1), strict=True):
        weight.data = part.unflatten(1, weight.mT.shape[1:]).mT  # an EnsembleLinear's order
    return flat


def _gradient(loss: Tensor, weights: list[Tensor]) -> Tensor:
    """Return the gradient of every member's loss in its own weights, shape (N, P).

    No member's loss depends on another's weights: one gradient, that of the sum, holds them all.
    """
    parts = torch.autograd.grad(loss.sum(), weights, materialize_grads=True)
    return torch.cat([part.mT.flatten(1) for part in parts], dim=1)


def _update(adam: _Adam, g: Tensor, loss: Tensor, run: Run, on_nan: str, player: str) -> None:
    """Step the members whose loss and gradient are finite, and see to the others."""
    if not run.frozen and math.isfinite((g.sum() + loss.detach().sum()).item()):
        adam.step(g)
        return
    _freeze(g, loss, run, on_nan, player)
    still = list(run.frozen)
    before = adam.w[still]
    adam.step(g)
    adam.w[still] = before


def _freeze(g: Tensor, loss: Tensor, run: Run, on_nan: str, player: str) -> None:
    """Find the members whose loss or gradient is not finite; freeze them, or stop training."""
    finite = loss.isfinite() & g.isfinite().all(dim=1)
    for member in (~finite).nonzero().flatten().tolist():
        if on_nan == "raise":
            raise DivergedError(
                f"training stopped at step {run.steps + 1}: the {player}'s loss of member {member} "
                f"is {loss[member].item()} and its gradient is not all finite; try a smaller lr, "
                f'or go on with the other members by on_nan="freeze"',
                run,
            )
        run.frozen.setdefault(member, run.steps + 1)


def _copy_buffers(network: Any, average: Any) -> None:
    for ours, theirs in zip(average.buffers(), network.buffers(), strict=True):
        ours.copy_(theirs)


def _observe(run: Run, observe: Callable[[Run], Tensor]) -> None:
    if run.history.observed_at[-1:] != [run.steps]:  # a resumed run may have seen this step
        run.history.observed.append(torch.as_tensor(observe(run)).detach().clone())
        run.history.observed_at.append(run.steps)


def _write_down(run: Run, d_loss: Tensor, g_loss: Tensor, penalty: Tensor) -> None:
    history, step = run.history, run.steps
    history.d_loss[step], history.g_loss[step], history.penalty[step] = d_loss, g_loss, penalty
    run.steps += 1


def _bar(first: int, steps: int, progress: bool) -> tqdm:
    hidden = {} if progress else {"disable": True}  # else the environment decides: TQDM_DISABLE
    return tqdm(range(first, steps), initial=first, total=steps, delay=2, leave=False, **hidden)


# --- checkpoints: written whole or not at all, and read without running what is in them


def _state(run: Run, g_adam: _Adam, d_adam: _Adam, options: dict[str, Any]) -> dict[str, Any]:
    history = run.history
    return {
        "format": FORMAT,
        "options": options,
        "steps": run.steps,
        "frozen": run.frozen,
        "streams": run.streams.state(),
        "G": run.G.state_dict(),
        "D": run.D.state_dict(),
        "ema_G": None if run.ema_G is None else run.ema_G.state_dict(),
        "g_adam": g_adam.state(),
        "d_adam": d_adam.state(),
        "losses": [history.d_loss[: run.steps], history.g_loss[: run.steps],
                   history.penalty[: run.steps]],
        "observed": history.observed,
        "observed_at": history.observed_at,
    }  # fmt: skip


def _save(path: str | Path, run: Run, g_adam: _Adam, d_adam: _Adam, options: Any) -> None:
    """Write a checkpoint beside the old one, then put it in its place in one step."""
    partial = Path(f"{path}.partial")
    with partial.open("wb") as file:
        torch.save(_state(run, g_adam, d_adam, options), file)
        file.flush()
        os.fsync(file.fileno())
    os.replace(partial, path)


def _load(path: Any, run: Run, g_adam: _Adam, d_adam: _Adam, options: Any) -> None:
    """Bring a new run to where a checkpoint was taken."""
    if not Path(path).is_file():
        raise FileNotFoundError(f"there is no checkpoint at {str(path)!r} to resume from")
    try:
        with zipfile.ZipFile(path) as archive:
            if archive.testzip() is not None:  # torch.load does not compare checksums
                raise ValueError("a checksum is wrong")
        state = torch.load(path, weights_only=True)
    except Exception as error:  # whatever a reader of strange bytes stumbles over
        raise ValueError(
            f"{str(path)!r} is not a whole checkpoint: it is cut short, damaged, or another kind "
            f"of file ({Path(path).stat().st_size} bytes)"
        ) from error
    if not isinstance(state, dict) or state.get("format") != FORMAT:
        raise ValueError(
            f"{str(path)!r} was not written by this version of train: its mark is not {FORMAT!r}"
        )
    for name, ours in options.items():
        theirs = state["options"].get(name)
        if name == "steps" and options["schedule"] == "None" and ours >= state["steps"]:
            continue  # without a schedule a run may be made longer
        if not (torch.equal(ours, theirs) if isinstance(ours, Tensor) else ours == theirs):
            raise ValueError(
                f"{str(path)!r} is a checkpoint of another run: it has {name} = {theirs}, "
                f"this run has {name} = {ours}"
            )
    try:
        run.G.load_state_dict(state["G"])
        run.D.load_state_dict(state["D"])
    except RuntimeError as error:
        raise ValueError(f"{str(path)!r} holds other networks than this run's: {error}") from error
    if run.ema_G is not None:
        run.ema_G.load_state_dict(state["ema_G"])
    for ours, theirs in zip(
        g_adam.state() + d_adam.state(), state["g_adam"] + state["d_adam"], strict=True
    ):
        ours.copy_(theirs)
    run.streams.restore(state["streams"])
    run.steps, run.frozen = state["steps"], state["frozen"]
    history = run.history
    history.observed, history.observed_at = state["observed"], state["observed_at"]
    for ours, theirs in zip(
        (history.d_loss, history.g_loss, history.penalty), state["losses"], strict=True
    ):
        ours[: run.steps] = theirs


# --- what train refuses


def _check_options(
    options: dict[str, Any],
    observe_every: int,
    checkpoint: Any,
    checkpoint_every: int,
    resume: bool,
) -> None:
    counts = {name: options[name] for name in ("batch_size", "d_steps", "steps", "penalty_every")}
    counts |= {"observe_every": observe_every, "checkpoint_every": checkpoint_every}
    for name, value in counts.items():
        _at_least_one(name, value)
    if len(options["betas"]) != 2 or not all(0 <= beta < 1 for beta in options["betas"]):
        raise ValueError(f"betas must be two numbers in [0, 1), got {options['betas']}")
    if options["ema"] is not None and not 0 <= options["ema"] < 1:
        raise ValueError(f"ema must be in [0, 1), or None, got {options['ema']}")
    if options["on_nan"] not in ("raise", "freeze"):
        raise ValueError(f'on_nan must be "raise" or "freeze", got {options["on_nan"]!r}')
    if resume and checkpoint is None:
        raise ValueError("resume=True needs the path of a checkpoint, got checkpoint=None")


def _rates(lr: Any, replicas: int) -> tuple[Any, Any]:
    pair = tuple(lr) if isinstance(lr, (tuple, list)) else (lr, lr)
    if len(pair) != 2:
        raise ValueError(f"lr must be a number or a pair (lr_G, lr_D), got {lr}")
    for name, rate in zip(("lr_G", "lr_D"), pair, strict=True):
        if isinstance(rate, Tensor) and rate.shape != (replicas,):
            raise ValueError(
                f"{name} must be a number or a tensor of {replicas} rates, one for each member, "
                f"got shape {tuple(rate.shape)}"
            )
        for value in rate.tolist() if isinstance(rate, Tensor) else [rate]:
            if not 0 < value < math.inf:
                raise ValueError(f"{name} must be positive and finite, got {value}")
    return pair


def _plain(rate: Any) -> Any:
    return rate.tolist() if isinstance(rate, Tensor) else rate


class _Blocks:
    """A loss for each block of members: the pair that `train` sees in place of a list of pairs."""

    def __init__(self, pairs: list[Any]) -> None:
        self.pairs = pairs
        self.g_uses_real = any(getattr(pair, "g_uses_real", False) for pair in pairs)

    def d(self, real_logits: Tensor, fake_logits: Tensor) -> Tensor:
        return self._each("d", real_logits, fake_logits)

    def g(self, real_logits: Tensor, fake_logits: Tensor) -> Tensor:
        return self._each("g", real_logits, fake_logits)

    def _each(self, player: str, real_logits: Tensor, fake_logits: Tensor) -> Tensor:
        blocks = (logits.chunk(len(self.pairs)) for logits in (real_logits, fake_logits))
        losses = zip(self.pairs, *blocks, strict=True)
        return torch.cat([getattr(pair, player)(real, fake) for pair, real, fake in losses])


def _check_loss(loss: Any, replicas: int) -> Any:
    """Return the loss as one pair."""
    pairs = loss if isinstance(loss, list) else [loss]
    for pair in pairs:
        if not all(callable(getattr(pair, player, None)) for player in "dg"):
            raise ValueError(
                f"loss must be a pair of functions, loss.d and loss.g, got {_name(pair)}"
            )
    if not pairs or replicas % len(pairs):
        raise ValueError(
            f"{replicas} members cannot be split into equal blocks for {len(pairs)} losses"
        )
    return _Blocks(pairs) if isinstance(loss, list) else loss


def _check_fit(G: Any, D: Any, target: Any, batch_size: int) -> Tensor:
    """Try one batch through everything; return some real samples, as a mark of the target."""
    places = {(p.device, p.dtype) for network in (G, D) for p in network.parameters()}
    if len(places) != 1:
        found = ", ".join(sorted(f"{device} {dtype}" for device, dtype in places))
        raise ValueError(f"G and D must share one device and one dtype, got {found}")
    ((device, dtype),) = places
    if device.type == "meta" or not dtype.is_floating_point:
        raise ValueError(f"G and D must hold floating-point weights, got {dtype} on {device}")
    for network, name in ((G, "noise_dim"), (D, "logits")):
        if not hasattr(network, name):
            raise ValueError(f"{type(network).__name__} needs .{name}, which train uses")
    x_real = target.sample(min(batch_size, 16), generator=Streams(0, 1))
    if not x_real.is_floating_point():
        raise ValueError(f"the target's samples must be floating-point numbers, got {x_real.dtype}")
    if not x_real.isfinite().all():
        raise ValueError(
            f"the target's samples must be finite, got {x_real[~x_real.isfinite()][0].item()}"
        )
    G, D = copy.deepcopy((G, D))  # a forward pass moves the statistics of BatchNorm
    with torch.no_grad():
        x_fake = G(torch.zeros(batch_size, G.noise_dim, device=device, dtype=dtype))
        if x_fake.shape[-1] != x_real.shape[-1]:
            raise ValueError(
                f"G makes samples with {x_fake.shape[-1]} coordinates, "
                f"the target's have {x_real.shape[-1]}"
            )
        logits = D.logits(x_fake)
    if logits.shape != (batch_size // getattr(D, "samples_per_logit", 1), 1):
        raise ValueError(
            f"D.logits must return shape (m, 1), got {tuple(logits.shape)} for m = {batch_size}"
        )
    return x_real


def _at_least_one(name: str, value: int) -> None:
    if not isinstance(value, int) or isinstance(value, bool) or value < 1:
        raise ValueError(f"{name} must be an integer of at least 1, got {value!r}")


def _name(part: Any) -> str:
    """Name a loss, penalty or schedule in a way that is the same in the next process."""
    if isinstance(part, (tuple, list)):
        return ", ".join(_name(each) for each in part)
    return getattr(part, "__qualname__", None) or repr(part)
