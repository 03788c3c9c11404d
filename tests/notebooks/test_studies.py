"""Stored studies: each file belongs to a chapter's code of today, and a sample of it is run again.

Training is chaotic: where a processor rounds otherwise, a run of thousands of steps ends elsewhere.
The sample, the first seeds of the study's base, is therefore compared with the stored runs as one
sample of seeds with another, by the Kolmogorov–Smirnov test; on the machine that wrote the file it
is the same.
"""

from __future__ import annotations

import dataclasses
import itertools
import math
from functools import cache

import pytest
from scipy import stats

import experiments
from parts.chapters import NOTEBOOKS, chapters
from experiments import definition, digest, files, provenance

MOST = 20.0  # CPU-seconds: a study whose sample takes longer is not sampled here
RARE = 1e-4  # of a sample so far off by chance
CODE = {path.stem: code for path in chapters() if (code := definition(path))}
FILES = [(chapter, name) for chapter, code in CODE.items() for name in files(code)]
studies = cache(experiments.studies)
PROVENANCE = {
    "command", "date", "commit", "definition", "seeds", "cost", "versions", "checksum",
}  # fmt: skip


def test_every_result_belongs_to_a_chapter() -> None:
    kept = {f"results/{path.name}" for path in (NOTEBOOKS / "results").glob("*")}
    assert kept == {name for _, name in FILES}


@pytest.mark.parametrize(("page", "name"), FILES)
def test_a_result_says_what_made_it_and_that_has_not_changed(page: str, name: str) -> None:
    about = provenance((NOTEBOOKS / name).read_text(encoding="utf-8"))
    assert about.keys() == PROVENANCE
    assert about["command"] == f"make experiments CHAPTER={page[:2]}"
    assert about["definition"] == digest(CODE[page]), f"make experiments CHAPTER={page[:2]}"
    assert "torch" in about["versions"]


@pytest.mark.parametrize(("page", "name"), FILES)
def test_a_sample_of_the_seeds_gives_what_is_stored(page: str, name: str) -> None:
    (path,) = chapters(page)
    study, kept = studies(path)[name]
    cost = float(provenance((NOTEBOOKS / name).read_text(encoding="utf-8"))["cost"].split()[0])
    seeds = seeds_needed(study.seeds)
    expected = cost / (1 + len(study.variants)) / study.seeds * seeds
    if expected > MOST:
        pytest.skip(f"{seeds} seeds take {expected:.0f} CPU-seconds: make experiments runs them")
    sample = dataclasses.replace(study, seeds=seeds, variants={}).run(progress=False)
    results = kept if isinstance(kept, dict) else {"": kept}
    again = sample if isinstance(sample, dict) else {"": sample}
    assert results.keys() == again.keys()
    for outcome, result in results.items():
        points = result.points["base"].numpy(), again[outcome].points["base"].numpy()
        p = stats.ks_2samp(*points).pvalue
        assert p > RARE, f"{outcome or name}: stored and run again, {points}"


def seeds_needed(stored: int) -> int:
    """Return the least sample that can be told from so many stored seeds: all on one side."""
    return next(n for n in itertools.count(1) if 2 / math.comb(stored + n, n) < RARE)


@pytest.mark.parametrize("stored", [16, 32, 59])
def test_a_sample_that_is_quite_different_would_be_noticed(stored: int) -> None:
    sample = seeds_needed(stored)
    assert sample <= 5
    assert stats.ks_2samp(range(stored), [stored] * sample).pvalue < RARE
