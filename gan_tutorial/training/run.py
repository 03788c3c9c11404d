"""What training gives back: trained pairs, and what was written down on the way."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

import torch
from torch import Tensor

from gan_tutorial.checks import whole
from gan_tutorial.ensemble import Streams, block, member


@dataclass
class History:
    """What was written down while training, one column for each member.

    `d_loss`, `g_loss` and `penalty` have shape (steps, N); both losses are without their penalties,
    and `penalty` is D's. `observed` holds what `observe` returned, at the steps `observed_at`.
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
    def sample(
        self, n: int, *, seed: int, ema: bool = True, labels: Tensor | None = None
    ) -> Tensor:
        """Draw n samples from every member, shape (N, n, *data_shape): the same for the same seed.

        They come from the averaged generator if there is one, unless `ema` is false. A generator
        that was trained on labels needs `labels`, shape (n,) for all members or (N, n).

        Raises
        ------
        ValueError
            If n is not a positive integer, or the labels are not n for each member.
        """
        n, replicas = whole("n", n), len(self.streams)
        G = self._generators(ema)
        z = Streams(seed, self.streams.members).randn(n, G.noise_dim)
        weight = next(G.parameters())
        given: tuple[Tensor, ...] = ()
        if labels is not None:
            if labels.shape[:1] != (n,) and labels.shape[:2] != (replicas, n):
                raise ValueError(
                    f"labels must have shape ({n},) or ({replicas}, {n}), got {tuple(labels.shape)}"
                )
            shared = labels.shape[:2] != (replicas, n)
            each = labels.expand(replicas, *labels.shape) if shared else labels
            given = (each.to(weight) if each.is_floating_point() else each.to(weight.device),)
        mode = G.training
        x_fake = G.eval()(z.to(weight), *given)  # BatchNorm by its running statistics
        G.train(mode)
        return x_fake

    def generator(self, index: int = 0, *, ema: bool = True) -> Any:
        """Return one member's generator as an ordinary network, the averaged one if there is one.

        Raises
        ------
        IndexError
            If there is no such member.
        """
        return member(self._generators(ema), index)

    def blocks(self, k: int) -> "Iterator[Run]":
        """Return the run as k runs of N / k consecutive members each, one after the other.

        Each has copies of its members' weights, and is what training them apart would have given.

        Raises
        ------
        ValueError
            If N is not divisible by k.
        """
        replicas, k = len(self.streams), whole("k", k)
        if replicas % k:
            raise ValueError(f"{replicas} members cannot be split into {k} equal blocks")
        history, size = self.history, replicas // k
        for start in range(0, replicas, size):
            part = slice(start, start + size)
            yield Run(
                block(self.G, part),
                block(self.D, part),
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

    def _generators(self, ema: bool) -> Any:
        return self.ema_G if ema and self.ema_G is not None else self.G

    def observe(self, look: Callable[["Run"], Any]) -> None:
        """Keep what a function of the run so far returns, once for each step."""
        if self.history.observed_at[-1:] != [self.steps]:  # a resumed run may have seen this step
            self.history.observed.append(torch.as_tensor(look(self)).detach().clone())
            self.history.observed_at.append(self.steps)

    def write_down(self, d_loss: Tensor, g_loss: Tensor, penalty: Tensor) -> None:
        """Enter the losses of a step, each of shape (N,)."""
        history, step = self.history, self.steps
        history.d_loss[step], history.g_loss[step], history.penalty[step] = d_loss, g_loss, penalty
        self.steps += 1


class DivergedError(FloatingPointError):
    """A loss or a gradient is NaN or infinite. `run` holds the run up to the step before."""

    def __init__(self, message: str, run: Run) -> None:
        super().__init__(message)
        self.run = run
