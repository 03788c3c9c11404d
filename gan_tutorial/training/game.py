"""What a step needs, each in a word: real samples, fakes, D's verdict, the penalty."""

from typing import Any

import torch
from torch import Tensor

from gan_tutorial.training.fit import Pairs, per_member, tried, with_labels
from gan_tutorial.training.players import Player, flatten
from gan_tutorial.training.rules import Rules
from gan_tutorial.training.run import Run


class Game:
    """All that a step reads and moves: two players, the data, the streams and the rules.

    `play` is the step; the methods are the words that it is written in.
    """

    def __init__(self, run: Run, target: Any, rules: Rules, on_nan: str) -> None:
        self.G, self.D, self.streams, self.run = run.G, run.D, run.streams, run
        self.target, self.rules, N = target, rules, len(run.streams)
        self.loss = Pairs(rules.loss, N)
        lr_G, lr_D = rules.rates(N)
        self.g_player = Player("generator", run.G, lr_G, rules.betas, run, on_nan)
        self.d_player = Player("discriminator", run.D, lr_D, rules.betas, run, on_nan)
        self.w_ema = None if run.ema_G is None else flatten(run.ema_G)
        self.remembers = next(run.G.buffers(), None) is not None  # such as BatchNorm's statistics
        self.zeros = self.g_player.w.new_zeros(N)
        self.std, self.strength = 0.0, float(rules.penalty_every)
        self.begun = run.steps  # one more than were done while a step is being done

    def real(self) -> tuple[Tensor, tuple[Tensor, ...]]:
        """Draw m real samples for every member, and their labels, if the data has any."""
        x_real, labels = with_labels(
            self.target.sample(self.rules.batch_size, generator=self.streams), self.g_player.w
        )
        return self.noisy(x_real), labels

    def fake(self, labels: tuple[Tensor, ...]) -> Tensor:
        """Draw noise and return m fakes of every member, with their graph."""
        z = self.streams.randn(self.rules.batch_size, self.G.noise_dim)  # (N, m, noise_dim)
        return self.noisy(self.G(z.to(self.g_player.w), *labels))

    def noisy(self, x: Tensor) -> Tensor:
        """Return samples as D sees them, through instance noise."""
        return x + self.std * self.streams.randn(*x.shape[1:]).to(x) if self.std else x

    def judge(self, x_real: Tensor, x_fake: Tensor, labels: tuple[Tensor, ...]) -> Any:
        """Return D's logits of both batches, (N, m, 1) each: D sees them as one, or apart."""
        if self.rules.apart:
            return self.D.logits(x_real, *labels), self.D.logits(x_fake, *labels)
        twice = (torch.cat([label, label], dim=1) for label in labels)
        return self.D.logits(torch.cat([x_real, x_fake], dim=1), *twice).chunk(2, dim=1)

    def penalty(self, x_real: Tensor, x_fake: Tensor, labels: tuple[Tensor, ...]) -> Tensor:
        """Return the penalty of D, (N,): 0 without one, and in the steps between two."""
        penalty = self.rules.penalty
        if penalty is None or self.run.steps % self.rules.penalty_every:
            return self.zeros
        return self.strength * self._told("the penalty", penalty, x_real, x_fake, labels)

    def g_penalty(self, x_real: Tensor, x_fake: Tensor, labels: tuple[Tensor, ...]) -> Tensor:
        """Return what is added to L_G, (N,): 0 without a term. The fakes have their graph."""
        term = self.rules.g_penalty
        return self.zeros if term is None else self._told("g_penalty", term, x_real, x_fake, labels)

    def _told(self, name: str, part: Any, x_real: Any, x_fake: Any, labels: Any) -> Tensor:
        """Ask a penalty, whose D knows the labels."""
        D = Given(self.D, labels) if labels else self.D
        value = tried(name, part, D, x_real, x_fake, self.streams)
        return per_member(name, value, len(self.streams))

    def turn_to(self, step: int, steps: int) -> None:
        """Set what depends on the progress: rates, the penalty's strength, instance noise."""
        rules, progress = self.rules, step / steps
        if rules.schedule is not None:
            self.g_player.adam.factor = self.d_player.adam.factor = rules.schedule(progress)
        if rules.penalty_schedule is not None:
            self.strength = rules.penalty_every * rules.penalty_schedule(progress)
        if rules.instance_noise is not None:
            self.std = rules.instance_noise(progress)

    def average(self, step: int) -> None:
        """Move the averaged generator towards G: w_ema ← λ w_ema + (1 - λ) w_G.

        λ = min(ema, (1 + t) / (10 + t)) at step t: a short memory first, so that it forgets the
        weights before training.
        """
        if self.w_ema is None:
            return
        decay = min(self.rules.ema or 0.0, (1 + step) / (10 + step))
        self.w_ema.lerp_(self.g_player.w, 1 - decay)
        if self.remembers:
            for ours, theirs in zip(self.run.ema_G.buffers(), self.G.buffers(), strict=True):
                ours.copy_(theirs)

    def tensors(self) -> list[Tensor]:
        """Return what a checkpoint must hold besides the networks."""
        return self.g_player.adam.state() + self.d_player.adam.state()


class Given:
    """D with labels already handed over, for penalties; more rows than labels repeat them.

    `labels` are there for a penalty that asks, and what else D has, such as `class_logits`.
    """

    def __init__(self, D: Any, labels: tuple[Tensor, ...]) -> None:
        self.D, self.labels = D, labels

    def logits(self, x: Tensor) -> Tensor:
        """Return D.logits(x, labels), shape (N, rows, 1)."""
        return self.D.logits(x, *self._repeated(x))

    def __call__(self, x: Tensor) -> Tensor:
        """Return D(x, labels)."""
        return self.D(x, *self._repeated(x))

    def __getattr__(self, name: str) -> Any:
        return getattr(self.D, name)

    def _repeated(self, x: Tensor) -> list[Tensor]:
        times = x.shape[1] // self.labels[0].shape[1]
        return [torch.cat([label] * times, dim=1) for label in self.labels]
