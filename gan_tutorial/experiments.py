"""Which choices matter? These variants, these seeds, paired.

A `Study` trains every variant on the same streams of random numbers. Where rates, losses or
penalties differ, seed i starts at the same weights and sees the same data and noise in every
variant, and what the seed does to both cancels in their difference. Networks of another size, or
another batch size, take other amounts from the stream: their differences are as honest, with less
to cancel.

You say what to train, what to change and what to measure::

    from gan_tutorial import data, experiments, losses, metrics, networks, plotting

    target = data.gaussian(mean=0.3, std=0.15)
    base = dict(
        G=networks.MLPGenerator(4, width=32), D=networks.MLPDiscriminator(width=32),
        target=target, loss=losses.nonsaturating, steps=1000,
    )

    def w1(run):
        return metrics.wasserstein_distance(run.sample(2000, seed=1), target.quantiles(2000))

    study = experiments.Study(
        base=base,
        variants={
            "saturating": {"loss": losses.saturating},
            "lr × 2": {"lr": 2e-3},
            "width 16": {"G": networks.MLPGenerator(4, width=16)},
        },
        measure=w1, seeds=32, seed=0,
    )
    result = study.run(cache="w1")      # finished parts stay in this folder
    rows = result.table(margin=0.01)    # what a difference must exceed for you to care
    print(rows)
    plotting.forest(rows, ax)
    result.differences("lr × 2")        # 32 numbers, one for each seed

Variants that change nothing but `lr` and `loss` are trained together, in one batched computation;
here the base, "saturating" and "lr × 2" are one call of `train` with 96 members.
"""

import csv
import functools
import hashlib
import inspect
import json
import math
import os
import platform
import sys
import time
from collections.abc import Callable, Iterable
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor
from tqdm import tqdm

from gan_tutorial import training
from gan_tutorial.fingerprint import describe, digest, fingerprint

BASE = "base"
FORMAT = "gan_tutorial part 2"
RESAMPLES = 9999
OURS = {"replicas", "seed", "progress", "checkpoint", "checkpoint_every", "resume"}

Options = dict[str, Any]
Measure = Callable[[training.Run], Any]


@dataclass(frozen=True, kw_only=True)
class Study:
    """Variants of one training run, each on the same N seeds.

    d_i = measure(variant, seed i) - measure(base, seed i),  i = 0 … N - 1

    Parameters
    ----------
    base
        Options of `train`, by name: at least G, D, target and loss. Here `on_nan` is "freeze"
        unless you say otherwise, so that one lost seed does not end the study.
    variants
        Name -> the options that differ from the base. None at all: the base over N seeds.
    measure
        A function of a run of N members that returns N numbers, shape (N,), or a dict of such
        outcomes. A member's number must depend on that member alone.
    seeds
        How many seeds N, at least 2. Fewer than 6 can never give a verdict.
    seed
        Where all randomness starts; member i uses stream (seed, i) in every variant.
    train
        The loop, if it is not `training.train`: a function that takes options by name, and
        `replicas`, `seed` and `progress`, and returns a `Run`.

    Raises
    ------
    ValueError
        If an option is unknown, missing, or the study's own, or a variant is called "base".
    """

    base: Options
    variants: dict[str, Options]
    measure: Measure
    seeds: int = 32
    seed: int = 0
    train: Callable[..., training.Run] | None = None

    def __post_init__(self) -> None:
        if not isinstance(self.seeds, int) or isinstance(self.seeds, bool) or self.seeds < 2:
            raise ValueError(f"seeds must be an integer of at least 2, got {self.seeds!r}")
        if BASE in self.variants:
            raise ValueError(f'"{BASE}" is the base: no variant may be called that')
        known = inspect.signature(self.train or training.train).parameters
        for name, changes in {BASE: self.base, **self.variants}.items():
            for option in changes:
                if option in OURS:
                    raise ValueError(f"{option} is set by the study: take it out of {name!r}")
                if option not in known:
                    raise ValueError(f"{name!r} has the option {option!r}, which train lacks")
        for name, options in self._all_options().items():
            missing = [
                option for option, value in options.items() if value is inspect.Parameter.empty
            ]
            if missing:
                raise ValueError(f"{name!r} does not say {', '.join(missing)}")
            if isinstance(options["loss"], list):
                raise ValueError(f"{name!r} has a list of losses: make each one a variant")

    def run(
        self, *, cache: str | Path | None = None, progress: bool = True
    ) -> "Result | dict[str, Result]":
        """Train and measure whatever is not in the cache yet.

        Parameters
        ----------
        cache
            A folder. Each variant that has been measured is a small file there, written whole or
            not at all, so a study that was killed goes on where it was. A file is named by a hash
            of everything that determines what is in it: options, networks, the code of your
            functions and what they refer to, this package and the version of torch. Change one of
            them, and that variant is computed afresh.
        progress
            Show a bar on long runs.

        Returns
        -------
        Result
            One result; or, if `measure` returns a dict, one for each outcome, by name.

        Raises
        ------
        ValueError
            If `measure` does not return N finite numbers.
        KeyboardInterrupt
            If you press Ctrl-C. Finished variants stay in the cache.
        """
        return self._results(self._parts(None if cache is None else Path(cache), progress))

    def stored(self, path: str | Path) -> "Result | dict[str, Result]":
        """Return the result that is kept in a file, for a study too long to run in a chapter.

        `make experiments` writes the file: it runs the chapter with GAN_TUTORIAL_EXPERIMENTS set
        to a folder, and then this method runs the study, with that folder as its cache.

        Parameters
        ----------
        path
            A small CSV file: after lines of provenance, a line for each variant and seed.

        Raises
        ------
        ValueError
            If the file is missing, damaged, or of another study.
        """
        path, cache = Path(path), os.environ.get("GAN_TUTORIAL_EXPERIMENTS")
        if cache:
            _write(path, self, self._parts(Path(cache)))
        return self._results(_read(path, self))

    def _parts(self, folder: Path | None, progress: bool = True) -> "dict[str, _Part]":
        """Return every variant measured: read from the folder, or trained and kept there."""
        options, keys = self._all_options(), self._keys()
        parts = {key: part for key in keys.values() if (part := _load(folder, key))}
        todo: dict[str, str] = {}
        for name, key in keys.items():
            if key not in parts:
                todo.setdefault(key, name)  # equal variants are trained once
        hidden = {} if progress else {"disable": True}
        with tqdm(total=len(todo), unit="variant", delay=2, leave=False, **hidden) as bar:
            for group in _groups({key: options[name] for key, name in todo.items()}):
                begun = time.process_time()
                run = (self.train or training.train)(
                    **_merge([options[todo[key]] for key in group], self.seeds),
                    seed=self.seed,
                    progress=progress,
                )
                if run.interrupted:
                    raise KeyboardInterrupt(f"{len(parts)} of {len(set(keys.values()))} are done")
                share = (time.process_time() - begun) / len(group)
                for key, block in zip(group, run.blocks(len(group)), strict=True):
                    points = self._measure(todo[key], block)
                    parts[key] = _Part(points, len(block.frozen), share)
                    _save(folder, key, parts[key])
                    bar.update()
        return {name: parts[key] for name, key in keys.items()}

    def _keys(self) -> dict[str, str]:
        """Return for each variant what its part is known by."""
        ours = [describe(self.measure), describe(self.train)]
        about = [_package(), torch.__version__, self.seeds, self.seed, *ours]
        return {name: digest([*about, describe(o)]) for name, o in self._all_options().items()}

    def _all_options(self) -> dict[str, Options]:
        """Return all options of `train` for every variant, the defaults included."""
        parameters = inspect.signature(self.train or training.train).parameters
        defaults = {name: p.default for name, p in parameters.items() if name not in OURS}
        if "on_nan" in defaults:
            defaults["on_nan"] = "freeze"
        common = {**defaults, **self.base}
        return {name: {**common, **self.variants.get(name, {})} for name in (BASE, *self.variants)}

    def _measure(self, name: str, run: training.Run) -> dict[str, list[float]]:
        outcomes = self.measure(run)
        if not isinstance(outcomes, dict):
            outcomes = {"": outcomes}
        points = {}
        for outcome, values in outcomes.items():
            values = _numbers(values)
            if values.shape != (self.seeds,) or not values.isfinite().all():
                raise ValueError(
                    f"measure must return {self.seeds} finite numbers, one for each seed; "
                    f"for {name!r} it returned {outcome or 'a tensor'} of shape "
                    f"{tuple(values.shape)} with {int((~values.isfinite()).sum())} that are not"
                )
            points[outcome] = values.tolist()
        return points

    def _results(self, parts: dict[str, "_Part"]) -> "Result | dict[str, Result]":
        frozen = {name: part.frozen for name, part in parts.items()}
        results = {
            outcome: Result(
                {name: _numbers(part.points[outcome]) for name, part in parts.items()},
                frozen,
                self.seed,
            )
            for outcome in parts[BASE].points
        }
        return results.get("", results)


@dataclass(frozen=True)
class Comparison:
    """One variant against the base: a row of `Result.table`.

    `median` is that of the variant's own points; `difference` is the mean of the paired
    `differences`. `interval` holds it with 95 % confidence if this were the only comparison,
    `family_interval` if it is one of several. `p` is corrected to `p_holm`. `frozen` of the n
    seeds met a NaN and were measured where they stopped.
    """

    variant: str
    n: int
    median: float
    difference: float
    interval: tuple[float, float]
    family_interval: tuple[float, float]
    p: float
    p_holm: float
    verdict: str
    frozen: int
    differences: Tensor = field(repr=False)


class Table(list[Comparison]):
    """Rows that print as a table."""

    def __repr__(self) -> str:
        """Return the rows as text, a line for each."""
        head = ("variant", "n", "median", "difference", "interval", "in the family", "p (Holm)", "")
        lines: list[tuple[str, ...]] = [head]
        for row in self:
            numbers = [f"{row.median:.4g}", f"{row.difference:+.4g}"]
            numbers += [
                f"[{low:+.4g}, {high:+.4g}]" for low, high in (row.interval, row.family_interval)
            ]
            frozen = f", {row.frozen} frozen" if row.frozen else ""
            lines.append(
                (row.variant, str(row.n), *numbers, f"{row.p_holm:.2g}", row.verdict + frozen)
            )
        widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
        padded = [[cell.ljust(w) for cell, w in zip(line, widths, strict=True)] for line in lines]
        return "\n".join("  ".join(cells).rstrip() for cells in padded)

    __str__ = __repr__


@dataclass(frozen=True)
class Result:
    """What a study found: for every variant one number for each seed, float64, shape (N,).

    `points` has the base too, under "base". `frozen` counts the seeds of a variant that met a NaN.
    """

    points: dict[str, Tensor]
    frozen: dict[str, int]
    seed: int = 0

    def differences(self, variant: str) -> Tensor:
        """Return variant minus base, seed by seed, shape (N,).

        Raises
        ------
        ValueError
            If there is no such variant.
        """
        if variant not in self.points:
            raise ValueError(f"variant must be one of {', '.join(self.points)}, got {variant!r}")
        return self.points[variant] - self.points[BASE]

    def table(self, *, margin: float | None = None, level: float = 0.95) -> Table:
        """Compare every variant with the base, minding that there are K comparisons.

        family level = 1 - (1 - level) / K

        - The intervals are for the mean difference, by bootstrap over seeds: BCa, its level
          widened as Student's t is wider than the normal, without which it would cover too little
          at 16 or 32 seeds. All K family intervals hold at once with probability `level`
          (Bonferroni).
        - p is that of the sign-flip test: how often is the mean as far from 0 when each
          difference gets a sign by chance? Exact up to 13 seeds, else from 9999 flips, so never
          below 0.0002. `p_holm` is Holm's correction for the K tests.
        - The verdict is "no difference above X" if the family interval lies within ±margin, which
          is two one-sided tests; else "matters" if it excludes 0 and p_holm ≤ 1 - level; else
          "unknown at this size". Without a margin nothing can be called equal: that a difference
          was not seen does not mean that there is none. So few seeds that no test could reject
          (5, for 95 %) give "unknown at this size", whatever they show.

        Each outcome of a study is a family of its own. Say which one you judge by before you look.

        Parameters
        ----------
        margin
            The largest difference that you would call none, in units of the outcome.
        level
            Confidence, in (0, 1).

        Raises
        ------
        ValueError
            If `margin` is not positive, or `level` is not in (0, 1).

        Source
        ------
        BCa: Efron 1987, "Better bootstrap confidence intervals"; the widening: Hesterberg 2015
        (arXiv 1411.5279); Holm 1979, "A simple sequentially rejective multiple test procedure".
        """
        from statsmodels.stats.multitest import multipletests  # slow to load, as is scipy.stats

        if margin is not None and not 0 < margin < math.inf:
            raise ValueError(f"margin must be positive and finite, or None, got {margin}")
        if not 0 < level < 1:
            raise ValueError(f"level must be in (0, 1), got {level}")
        variants = [name for name in self.points if name != BASE]
        if not variants:
            return Table()
        family_level = 1 - (1 - level) / len(variants)
        p = [_sign_flip(self.differences(name), self.seed) for name in variants]
        p_holm = multipletests(p, method="holm")[1].tolist()
        rows = Table()
        for k, name in enumerate(variants):
            d = self.differences(name)
            family = _interval(d, family_level, self.seed)
            rows.append(
                Comparison(
                    variant=name,
                    n=len(d),
                    median=self.points[name].quantile(0.5).item(),
                    difference=d.mean().item(),
                    interval=_interval(d, level, self.seed),
                    family_interval=family,
                    p=p[k],
                    p_holm=p_holm[k],
                    verdict=_verdict(len(d), family, p_holm[k], margin, 1 - level),
                    frozen=self.frozen[name],
                    differences=d,
                )
            )
        return rows


# --- statistics of n paired differences


def _numbers(values: Any) -> Tensor:
    return torch.as_tensor(values, dtype=torch.float64).detach()


def _interval(d: Tensor, level: float, seed: int) -> tuple[float, float]:
    """Return the bootstrap interval of the mean of d."""
    from scipy import stats

    if d.max() - d.min() <= 1e-12 * d.abs().max():
        return d[0].item(), d[0].item()  # nothing varies but rounding: BCa would divide by zero
    n = len(d)
    z = stats.t.isf((1 - level) / 2, n - 1) * math.sqrt(n / (n - 1))
    wide = 1 - 2 * stats.norm.sf(min(z, 4))  # beyond 4 the resamples have no more to tell
    low, high = stats.bootstrap(
        (d.numpy(),),
        np.mean,
        confidence_level=wide,
        n_resamples=RESAMPLES,
        method="BCa",
        rng=seed,
    ).confidence_interval
    return float(low), float(high)


def _sign_flip(d: Tensor, seed: int) -> float:
    """Return the two-sided p of "d is as likely as -d", by the mean."""
    from scipy import stats

    test = stats.permutation_test(
        (d.numpy(),),
        np.mean,
        permutation_type="samples",  # with one sample: flip the sign of each number
        n_resamples=RESAMPLES,
        rng=seed,
    )
    return float(test.pvalue)


def _verdict(
    n: int, family: tuple[float, float], p_holm: float, margin: float | None, alpha: float
) -> str:
    low, high = family
    if 2 / 2**n <= alpha:  # the smallest p that n signs can give
        if margin is not None and -margin < low and high < margin:
            return f"no difference above {margin:g}"
        if (low > 0 or high < 0) and p_holm <= alpha:
            return "matters"
    return "unknown at this size"


# --- as few calls of train as possible


def _groups(todo: dict[str, Options]) -> list[list[str]]:
    """Put together the variants that differ in lr and loss alone."""
    groups: dict[str, list[str]] = {}
    for key, options in todo.items():
        rest = {name: value for name, value in options.items() if name not in ("lr", "loss")}
        groups.setdefault(fingerprint(rest), []).append(key)
    return list(groups.values())


def _merge(variants: list[Options], seeds: int) -> Options:
    """Return the options of one call that trains k variants as k blocks of N members."""
    merged = {**variants[0], "replicas": seeds}
    if len(variants) > 1:
        merged["replicas"] = list(range(seeds)) * len(variants)
        if _differ(options["lr"] for options in variants):
            rates = [_rates(options["lr"], seeds) for options in variants]
            merged["lr"] = tuple(torch.cat(player) for player in zip(*rates, strict=True))
        if _differ(options["loss"] for options in variants):
            merged["loss"] = [options["loss"] for options in variants]
    return merged


def _differ(things: Iterable[Any]) -> bool:
    return len({fingerprint(thing) for thing in things}) > 1


def _rates(lr: Any, seeds: int) -> list[Tensor]:
    """Return lr_G and lr_D, each with a rate for each seed."""
    pair = lr if isinstance(lr, (tuple, list)) else (lr, lr)
    return [torch.as_tensor(rate, dtype=torch.float64).expand(seeds) for rate in pair]


# --- finished parts on disk: written whole or not at all, read as text


@dataclass(frozen=True)
class _Part:
    """One variant, measured: outcome -> N numbers, how many members were frozen, CPU-seconds."""

    points: dict[str, list[float]]
    frozen: int
    seconds: float


def _save(folder: Path | None, key: str, part: _Part) -> None:
    if folder is None:
        return
    folder.mkdir(parents=True, exist_ok=True)
    content = asdict(part)
    partial = folder / f"{key}.{os.getpid()}.partial"
    with partial.open("w", encoding="utf-8") as file:
        json.dump({"format": FORMAT, "part": content, "checksum": digest([key, content])}, file)
        file.flush()
        os.fsync(file.fileno())
    os.replace(partial, folder / f"{key}.json")


def _load(folder: Path | None, key: str) -> _Part | None:
    """Read a finished part; None if there is none, or if it is damaged, which is said."""
    if folder is None or not (path := folder / f"{key}.json").is_file():
        return None
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
        if content["format"] != FORMAT or content["checksum"] != digest([key, content["part"]]):
            raise ValueError("it is not what was written")
        return _Part(**content["part"])
    except (ValueError, TypeError, KeyError) as error:
        print(f"{str(path)!r} is damaged and is computed afresh: {error}", file=sys.stderr)
        return None


# --- a whole study in a file: what `make experiments` stores, and chapters read


def _write(path: Path, study: Study, parts: dict[str, _Part]) -> None:
    outcomes = list(parts[BASE].points)
    text = [["variant", "seed", "frozen", *(outcome or "value" for outcome in outcomes)]]
    for name, part in parts.items():
        columns = zip(*(part.points[outcome] for outcome in outcomes), strict=True)
        for i, values in enumerate(columns):
            text.append([name, str(i), str(part.frozen), *(f"{value:.6g}" for value in values)])
    seconds = sum(part.seconds for part in parts.values())
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_name(f"{path.name}.{os.getpid()}.partial")
    with partial.open("w", newline="", encoding="utf-8") as file:
        file.write(
            f"# seeds: {study.seeds}, paired; seed i of the study is stream ({study.seed}, i)\n"
        )
        file.write(f"# cost: {seconds:.0f} CPU-seconds on one thread\n")
        file.write(f"# versions: python {platform.python_version()}, torch {torch.__version__}\n")
        file.write(f"# checksum: {digest(text)}\n")
        csv.writer(file, lineterminator="\n").writerows(text)
    os.replace(partial, path)


def _read(path: Path, study: Study) -> dict[str, _Part]:
    if not path.is_file():
        raise ValueError(f"there is no {str(path)!r}: make experiments computes it")
    lines = path.read_text(encoding="utf-8").splitlines()
    about = dict(line[2:].split(": ", 1) for line in lines if line.startswith("# "))
    text = list(csv.reader(line for line in lines if not line.startswith("# ")))
    if not text or about.get("checksum") != digest(text):
        raise ValueError(f"{str(path)!r} is damaged: it is not what make experiments wrote")
    (_, _, _, *outcomes), *rows = text
    names, seeds = [BASE, *study.variants], [str(i) for i in range(study.seeds)]
    if [row[:2] for row in rows] != [[name, i] for name in names for i in seeds]:
        raise ValueError(
            f"{str(path)!r} holds {', '.join(dict.fromkeys(row[0] for row in rows))} on "
            f"{len({row[1] for row in rows})} seeds, and this study has {', '.join(names)} on "
            f"{study.seeds}: make experiments computes it anew"
        )
    parts = {}
    for name in names:
        mine = [row for row in rows if row[0] == name]
        columns = zip(*(map(float, row[3:]) for row in mine), strict=True)
        points = {
            "" if o == "value" else o: list(c) for o, c in zip(outcomes, columns, strict=True)
        }
        parts[name] = _Part(points, int(mine[0][2]), 0.0)
    return parts


@functools.cache
def _package() -> str:
    """Return a hash of this package's source."""
    files = sorted(Path(__file__).parent.glob("*.py"))
    return hashlib.sha256(b"".join(file.read_bytes() for file in files)).hexdigest()
