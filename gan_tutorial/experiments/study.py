"""A study: variants of one training run, each on the same seeds."""

import os
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from tqdm import tqdm

from gan_tutorial import training
from gan_tutorial.checks import whole
from gan_tutorial.experiments import files
from gan_tutorial.experiments.files import Part
from gan_tutorial.experiments.grouping import MISSING, Options, groups, merge, options_of
from gan_tutorial.experiments.results import BASE, Result
from gan_tutorial.experiments.statistics import numbers
from gan_tutorial.fingerprint import describe, digest

OURS = {"replicas", "seed", "progress", "checkpoint"}

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
        Name -> the options that differ from the base. None at all: the base over N seeds. A
        variant that is equal to the base, such as {}, is an A/A control: it is trained and
        measured again, on the same streams, so that its differences show what is not determined
        by the seed. Other variants that are equal to one another are trained once.
    measure
        A function of a run of N members that returns N numbers, shape (N,), or a dict of such
        outcomes. A member's number must depend on that member alone.
    seeds
        How many seeds N, at least 2. Fewer than 6 can never give a verdict.
    seed
        Where all randomness starts, at least 0; member i uses stream (seed, i) in every variant.
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
        object.__setattr__(self, "seeds", whole("seeds", self.seeds, 2))  # frozen for all others
        object.__setattr__(self, "seed", whole("seed", self.seed, 0))
        if BASE in self.variants:
            raise ValueError(f'"{BASE}" is the base: no variant may be called that')
        known = options_of(self._train)
        for name, changes in {BASE: self.base, **self.variants}.items():
            for option in changes:
                if option in OURS:
                    raise ValueError(f"{option} is set by the study: take it out of {name!r}")
                if option not in known:
                    raise ValueError(f"{name!r} has the option {option!r}, which train lacks")
        for name, options in self._all_options().items():
            missing = [option for option, value in options.items() if value is MISSING]
            if missing:
                raise ValueError(f"{name!r} does not say {', '.join(missing)}")
            if isinstance(options.get("loss"), list):
                raise ValueError(f"{name!r} has a list of losses: make each one a variant")

    @property
    def _train(self) -> Callable[..., training.Run]:
        return self.train or training.train

    def run(
        self, *, cache: str | Path | None = None, progress: bool = True
    ) -> Result | dict[str, Result]:
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
            If there is something to train and the cache is no folder that can be written in; or if
            `measure` does not return N finite numbers.
        KeyboardInterrupt
            If you press Ctrl-C. Finished variants stay in the cache.
        """
        return _one_or_all(
            self._results(self._parts(None if cache is None else Path(cache), progress))
        )

    def stored(self, path: str | Path) -> Result | dict[str, Result]:
        """Return the result that is kept in a file, for a study too long to run in a chapter.

        `make experiments` writes the file: it runs the chapter with GAN_TUTORIAL_EXPERIMENTS set
        to a folder, and then this method runs the study, with that folder as its cache. Blocks of
        fresh seeds lie beside the first, `ring-1.csv` beside `ring.csv`: they are the result's
        replications. With GAN_TUTORIAL_STUDY_BLOCK set to b, block b is returned in place of the
        first, and alone.

        Parameters
        ----------
        path
            A small CSV file: after lines of provenance, a line for each variant and seed.

        Raises
        ------
        ValueError
            If a file is missing, damaged, or of another study.
        """
        path, names = Path(path), [BASE, *self.variants]
        cache = os.environ.get("GAN_TUTORIAL_EXPERIMENTS")
        if cache:
            provenance = os.environ.get("GAN_TUTORIAL_PROVENANCE", "")
            files.write(path, self._parts(Path(cache)), self.seed, provenance)
        only = 0 if cache else files.block_asked()
        blocks = [0, *files.further_blocks(path)] if only is None else [only]
        first, *others = (
            self._results(
                files.read(path, names, self.seeds, self.seed, block),
                files.block_seed(self.seed, block),
            )
            for block in blocks
        )
        return _one_or_all(
            {
                outcome: Result(
                    result.points,
                    result.frozen,
                    result.seed,
                    result.stopped,
                    tuple(other[outcome] for other in others),
                )
                for outcome, result in first.items()
            }
        )

    def _parts(self, folder: Path | None, progress: bool = True) -> dict[str, Part]:
        """Return every variant measured: read from the folder, or trained and kept there."""
        options, keys = self._all_options(), self._keys()
        parts = {key: part for key in keys.values() if (part := files.load(folder, key))}
        todo: dict[str, str] = {}
        for name, key in keys.items():
            if key not in parts:
                todo.setdefault(key, name)  # equal variants are trained once
        if todo and folder is not None:
            files.try_folder(folder)
        hidden = {} if progress else {"disable": True}
        with tqdm(total=len(todo), unit="variant", delay=2, leave=False, **hidden) as bar:
            for group in groups({key: options[name] for key, name in todo.items()}):
                begun = time.process_time()
                run = self._train(
                    **merge([options[todo[key]] for key in group], self.seeds),
                    seed=self.seed,
                    progress=progress,
                )
                if run.interrupted:
                    raise KeyboardInterrupt(f"{len(parts)} of {len(set(keys.values()))} are done")
                share = (time.process_time() - begun) / len(group)
                for key, block in zip(group, run.blocks(len(group)), strict=True):
                    points = self._measure(todo[key], block)
                    frozen = [block.frozen.get(member, 0) for member in range(self.seeds)]
                    parts[key] = Part(points, frozen, share)
                    files.save(folder, key, parts[key])
                    bar.update()
        return {name: parts[key] for name, key in keys.items()}

    def _keys(self) -> dict[str, str]:
        """Return for each variant what its part is known by; for an A/A control its name too."""
        ours = [describe(self.measure), describe(self.train)]
        about = [files.package(), torch.__version__, self.seeds, self.seed, *ours]
        words = {name: describe(options) for name, options in self._all_options().items()}
        again = {name: [name] for name in self.variants if words[name] == words[BASE]}
        return {name: digest([*about, w, *again.get(name, [])]) for name, w in words.items()}

    def _all_options(self) -> dict[str, Options]:
        """Return all options of `train` for every variant, the defaults included."""
        defaults = {k: v for k, v in options_of(self._train).items() if k not in OURS}
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
            values = numbers(values)
            if values.shape != (self.seeds,) or not values.isfinite().all():
                raise ValueError(
                    f"measure must return {self.seeds} finite numbers, one for each seed; "
                    f"for {name!r} it returned {outcome or 'a tensor'} of shape "
                    f"{tuple(values.shape)} with {int((~values.isfinite()).sum())} that are not"
                )
            points[outcome] = values.tolist()
        return points

    def _results(self, parts: dict[str, Part], seed: int | None = None) -> dict[str, Result]:
        stopped = {name: torch.tensor(part.frozen) > 0 for name, part in parts.items()}
        return {
            outcome: Result(
                {name: numbers(part.points[outcome]) for name, part in parts.items()},
                {name: int(which.sum()) for name, which in stopped.items()},
                self.seed if seed is None else seed,
                stopped,
            )
            for outcome in parts[BASE].points
        }


def _one_or_all(results: dict[str, Result]) -> Result | dict[str, Result]:
    return results.get("", results)
