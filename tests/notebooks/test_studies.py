"""Stored studies: each file belongs to a chapter's code of today, and a sample of it is run again.

With each change of the package another block and another variant of a study are drawn, so that in
time all are run again. Training is chaotic: where a processor rounds otherwise, a run of thousands
of steps ends elsewhere. What is run again is therefore compared with the stored runs as one sample
of seeds with another, by the Kolmogorov–Smirnov test. Where the file says that it was written with
this machine's arithmetic, and the variant has a call of `train` of its own, the digits are equal.

What is not noticed: on other machines, and in a variant that was trained together with others
(those that change only rates or losses: sums run over all of them, and round otherwise), whatever
moves the outcomes less than KS can see, about a standard deviation with 32 seeds and more with 16;
a change of a variant that is not drawn; a study whose variants take longer than MOST for the
fewest seeds that can tell. A file that was changed is refused unless its checksum is made anew.
"""

from __future__ import annotations

import dataclasses
import itertools
import math
import random
import re
from functools import cache
from typing import Any

import numpy as np
import pytest
from scipy import stats

import experiments
from experiments import arithmetic, definition, digest, files, is_model, kept, provenance
from parts.chapters import NOTEBOOKS, chapters

REPLICATIONS = 2  # further blocks of fresh seeds that each study is to have
MOST = 20.0  # CPU-seconds of a study's mean variant on the seeds that are run again
RARE = 1e-4  # of a sample so far off by chance
CODE = {path.stem: code for path in chapters() if (code := definition(path))}
ALL = [(chapter, name) for chapter, code in CODE.items() for name in files(code)]
FILES = [(chapter, name) for chapter, name in ALL if not is_model(name)]
STREAM = re.compile(r"(\d+), paired; seed i of the study is stream \((\d+), i\)")
studies = cache(experiments.studies)
PROVENANCE = {
    "command", "date", "commit", "definition", "seeds", "cost", "versions", "checksum",
}  # fmt: skip
each_study = pytest.mark.parametrize(("page", "name"), FILES)


def test_every_result_belongs_to_a_chapter() -> None:
    found = set((NOTEBOOKS / "results").glob("*"))
    assert found == {path for _, name in ALL for path in kept(name).values()}


@each_study
def test_a_study_has_replications(page: str, name: str) -> None:
    further = len(kept(name)) - 1
    wanted = f"make experiments CHAPTER={page[:2]} BLOCK={further + 1}"
    assert further >= REPLICATIONS, wanted


@each_study
def test_a_result_says_what_made_it_and_that_has_not_changed(page: str, name: str) -> None:
    first = None
    for block, file in kept(name).items():
        about = provenance(file)
        assert about.keys() - {"arithmetic"} == PROVENANCE  # files of one kind do without it
        command = f"make experiments CHAPTER={page[:2]}" + (f" BLOCK={block}" if block else "")
        assert about["command"] == command
        assert about["definition"] == digest(CODE[page]), command
        assert "torch" in about["versions"]
        seeds, seed = map(int, STREAM.fullmatch(about["seeds"]).groups())
        first = first or (seeds, seed)
        assert (seeds, seed) == (first[0], first[1] + (1000 * block + 500 if block else 0))


@each_study
def test_all_blocks_are_read(page: str, name: str) -> None:
    (path,) = chapters(page)
    _, result = studies(path)[name]
    for outcome in result.values():
        assert len(outcome.replications) == len(kept(name)) - 1


def drawn(seed: str, blocks: list[int], variants: list[str]) -> tuple[int, str]:
    """Return which block and which variant are run again."""
    draw = random.Random(seed)
    return draw.choice(blocks), draw.choice(variants)


def differs(old: np.ndarray, new: np.ndarray, exact: bool) -> str:
    """Say how one sample of seeds differs from another that should be like it, or nothing."""
    if exact and [f"{x:.6g}" for x in old] != [f"{x:.6g}" for x in new]:
        return f"this machine wrote {old}, and now it gives {new}"
    p = stats.ks_2samp(old, new).pvalue
    return "" if p > RARE else f"stored {old}, run again {new}: p = {p:.2g}"


@each_study
def test_a_sample_of_the_seeds_gives_what_is_stored(page: str, name: str) -> None:
    from gan_tutorial.experiments import files as stored
    from gan_tutorial.experiments.grouping import groups

    (path,) = chapters(page)
    common = set.intersection(*(set(kept(other)) for chapter, other in FILES if chapter == page))
    first, _ = studies(path)[name]
    seed = f"{stored.package()} {name}"
    block, variant = drawn(seed, sorted(common), ["base", *first.variants])
    file = kept(name)[block]
    study, result = studies(path, block)[file.relative_to(NOTEBOOKS).as_posix()]

    about = provenance(file)
    each = float(about["cost"].split()[0]) / (1 + len(study.variants)) / study.seeds
    fewest = seeds_needed(study.seeds)
    seeds = study.seeds if study.seeds * each <= MOST else fewest
    if seeds * each > MOST:
        pytest.skip(f"{seeds} seeds take {seeds * each:.0f} CPU-seconds: make experiments runs them")
    alone = [variant] in groups(study._all_options())
    same = about.get("arithmetic") == arithmetic() and about["versions"] == stored.cost_and_versions(0)["versions"]

    options = {**study.base, **study.variants.get(variant, {})}
    again = dataclasses.replace(study, base=options, seeds=seeds, variants={}).run(progress=False)
    assert by_outcome(result).keys() == by_outcome(again).keys()
    for outcome, found in by_outcome(result).items():
        old, new = found.points[variant].numpy(), by_outcome(again)[outcome].points["base"].numpy()
        exact = same and alone and seeds == study.seeds
        assert not (words := differs(old, new, exact)), f"{file.name}, {variant}, {outcome}: {words}"


def by_outcome(result: Any) -> dict[str, Any]:
    return result if isinstance(result, dict) else {"": result}


def seeds_needed(stored: int) -> int:
    """Return the least sample that can be told from so many stored seeds: all on one side."""
    return next(n for n in itertools.count(1) if 2 / math.comb(stored + n, n) < RARE)


@pytest.mark.parametrize("stored", [16, 32, 59])
def test_a_sample_that_is_quite_different_would_be_noticed(stored: int) -> None:
    sample = seeds_needed(stored)
    assert sample <= 5
    assert differs(np.arange(stored), np.full(sample, stored), exact=False)


@pytest.mark.parametrize(("seeds", "shift"), [(16, 3.0), (32, 2.0)])
def test_what_ks_sees_of_all_seeds(seeds: int, shift: float) -> None:
    """A shift by so many standard deviations, with 16 and with 32 seeds; not the tenth of it."""
    points = stats.norm.ppf((np.arange(seeds) + 0.5) / seeds)
    assert differs(points, points + shift, exact=False)
    assert not differs(points, points + shift / 10, exact=False)


def test_a_digit_is_noticed_where_the_digits_are_equal() -> None:
    points = np.array([0.123456, 0.2, 0.3])
    assert not differs(points, points + 1e-9, exact=True)
    for i in range(3):
        assert differs(points, points + 1e-6 * np.eye(3)[i], exact=True)
        assert not differs(points, points + 1e-6 * np.eye(3)[i], exact=False)


def test_in_time_every_variant_of_every_block_is_drawn() -> None:
    blocks, variants = [0, 1, 2], ["base", *(str(i) for i in range(32))]
    seen = [drawn(str(version), blocks, variants) for version in range(2000)]
    assert set(seen) == set(itertools.product(blocks, variants))
    assert drawn("3", blocks, variants) == drawn("3", blocks, variants)
