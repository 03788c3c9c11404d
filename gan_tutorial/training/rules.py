"""The rules of a game: all options of `train` that say what a step does."""

import dataclasses
import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from torch import Tensor

from gan_tutorial.checks import real, whole
from gan_tutorial.training.schedules import Schedule


@dataclass(frozen=True, kw_only=True)
class Rules:
    """What both players do in a step. `train` takes each of these by its name.

    Parameters
    ----------
    loss
        A pair `loss.d`, `loss.g` of functions of (real_logits, fake_logits); or a list
        of pairs: members fall into as many equal blocks, and block j plays by loss[j].
    penalty
        A function of (D, x_real, x_fake, generator), added to L_D.
    g_penalty
        The same kind of function, added to L_G. Its x_fake has a graph, so that G learns
        from it; its D knows the labels. The history's `g_loss` is without it.
    penalty_every, penalty_schedule
        Take the penalty only every so many steps, but as many times as strong; and
        multiply it by a function of the progress, such as `geometric(1, 0.01)`. `g_penalty`
        is taken at every step as it is.
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
    apart
        In its own step D sees the real samples and the fakes as two batches, not as one.
        A D with BatchNorm needs it: else it judges a sample by who else is in the batch.

    Raises
    ------
    ValueError
        If an option makes no sense.

    Source
    ------
    The moving average: Yazıcı et al. 2018 (arXiv 1806.04498); instance noise: Sønderby et
    al. 2017 (arXiv 1610.04490); a penalty at some steps only: Karras et al. 2020 (arXiv
    1912.04958).
    """

    loss: Any
    penalty: Callable[..., Tensor] | None = None
    g_penalty: Callable[..., Tensor] | None = None
    penalty_every: int = 1
    penalty_schedule: Schedule | None = None
    constrain: Callable[[Any], None] | None = None
    instance_noise: Schedule | None = None
    ema: float | None = None
    schedule: Schedule | None = None
    batch_size: int = 64
    lr: Any = 1e-3
    betas: tuple[float, float] = (0.5, 0.999)
    d_steps: int = 1
    fresh_z: bool = False
    apart: bool = False

    def __post_init__(self) -> None:
        for name in ("batch_size", "d_steps", "penalty_every"):
            self._set(name, whole(name, getattr(self, name)))
        self._set("betas", _betas(self.betas))
        self._set("lr", _rates(self.lr))
        if self.ema is not None:
            self._set("ema", real("ema", self.ema))
            if not 0 <= self.ema < 1:
                raise ValueError(f"ema must be in [0, 1), or None, got {self.ema}")
        for name in (
            "penalty", "g_penalty", "penalty_schedule", "constrain", "instance_noise", "schedule",
        ):  # fmt: skip
            part = getattr(self, name)
            if part is not None and not callable(part):
                raise ValueError(f"{name} must be a function, or None, got {part!r}")

    def rates(self, replicas: int) -> tuple[Any, Any]:
        """Return lr_G and lr_D, each one number or a tensor of N.

        Raises
        ------
        ValueError
            If a tensor does not hold one rate for each member.
        """
        for name, rate in zip(("lr_G", "lr_D"), self.lr, strict=True):
            if isinstance(rate, Tensor) and rate.shape != (replicas,):
                raise ValueError(
                    f"{name} must be a number or a tensor of {replicas} rates, one for each "
                    f"member, got shape {tuple(rate.shape)}"
                )
        return self.lr

    def _set(self, name: str, value: Any) -> None:
        object.__setattr__(self, name, value)  # frozen for all others


def rules_of(options: dict[str, Any]) -> Rules:
    """Return the rules that keywords of `train` stand for.

    Raises
    ------
    TypeError
        If there is no such option, or no loss.
    ValueError
        If an option makes no sense.
    """
    known = [field.name for field in dataclasses.fields(Rules)]
    for name in options:
        if name not in known:
            raise TypeError(f"train has no option {name!r}; those of a step are {', '.join(known)}")
    if "loss" not in options:
        raise TypeError("train needs a loss, such as loss=losses.nonsaturating")
    return Rules(**options)


def _betas(betas: Any) -> tuple[float, float]:
    try:
        pair = tuple(real("betas", beta) for beta in betas)
    except (TypeError, ValueError):
        pair = ()
    if len(pair) != 2 or not all(0 <= beta < 1 for beta in pair):
        raise ValueError(f"betas must be two numbers in [0, 1), got {betas}")
    return pair


def _rates(lr: Any) -> tuple[Any, Any]:
    """Return lr_G and lr_D, each a number or a tensor of N."""
    pair = tuple(lr) if isinstance(lr, (tuple, list)) else (lr, lr)
    if len(pair) != 2:
        raise ValueError(f"lr must be a number or a pair (lr_G, lr_D), got {lr}")
    named = list(zip(("lr_G", "lr_D"), pair, strict=True))
    pair = tuple(rate if isinstance(rate, Tensor) else real(name, rate) for name, rate in named)
    for name, rate in zip(("lr_G", "lr_D"), pair, strict=True):
        for value in rate.flatten().tolist() if isinstance(rate, Tensor) else [rate]:
            if not 0 < value < math.inf:
                raise ValueError(f"{name} must be positive and finite, got {value}")
    return pair
