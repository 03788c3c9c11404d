"""As few calls of train as possible: the options of a loop, and which variants go together."""

import dataclasses
import inspect
from collections.abc import Callable, Iterable
from typing import Any

import torch
from torch import Tensor

from gan_tutorial import training
from gan_tutorial.fingerprint import fingerprint

TOGETHER = ("lr", "loss")  # what members of one call of train may differ in
MISSING = inspect.Parameter.empty

Options = dict[str, Any]


def options_of(train: Callable[..., Any]) -> Options:
    """Return the options of a loop by name, each with its default, or `MISSING`.

    Where the loop takes further keywords, `**rules`, they are the fields of `training.Rules`.
    """
    parameters = inspect.signature(train).parameters.values()
    options = {
        p.name: p.default for p in parameters if p.kind not in (p.VAR_POSITIONAL, p.VAR_KEYWORD)
    }
    rules: Any = getattr(training, "Rules", None)
    if rules is not None and any(p.kind is p.VAR_KEYWORD for p in parameters):
        for field in dataclasses.fields(rules):
            known = field.default is not dataclasses.MISSING
            options[field.name] = field.default if known else MISSING
    return options


def groups(todo: dict[str, Options]) -> list[list[str]]:
    """Put together the variants that differ in lr and loss alone."""
    groups: dict[str, list[str]] = {}
    for key, options in todo.items():
        rest = {name: value for name, value in options.items() if name not in TOGETHER}
        groups.setdefault(fingerprint(rest), []).append(key)
    return list(groups.values())


def merge(variants: list[Options], seeds: int) -> Options:
    """Return the options of one call that trains k variants as k blocks of N members."""
    merged = {**variants[0], "replicas": seeds}
    if len(variants) > 1:
        merged["replicas"] = list(range(seeds)) * len(variants)
        if _differ(options.get("lr") for options in variants):
            rates = [_rates(options["lr"], seeds) for options in variants]
            merged["lr"] = tuple(torch.cat(player) for player in zip(*rates, strict=True))
        if _differ(options.get("loss") for options in variants):
            merged["loss"] = [options["loss"] for options in variants]
    return merged


def _differ(things: Iterable[Any]) -> bool:
    return len({fingerprint(thing) for thing in things}) > 1


def _rates(lr: Any, seeds: int) -> list[Tensor]:
    """Return lr_G and lr_D, each with a rate for each seed."""
    pair = lr if isinstance(lr, (tuple, list)) else (lr, lr)
    return [torch.as_tensor(rate, dtype=torch.float64).expand(seeds) for rate in pair]
