"""Stored studies: each file belongs to a chapter's code of today, and a sample of it is run again.

Training is chaotic: where a processor rounds otherwise, a run of thousands of steps ends elsewhere.
The sample is therefore compared with the stored runs of the same variant as one sample of seeds
with another, by the Kolmogorov–Smirnov test; on the machine that wrote the file it is the same.
"""

from __future__ import annotations

import dataclasses
from functools import cache

import pytest
from scipy import stats

import experiments
from chapters import NOTEBOOKS, chapters
from experiments import definition, digest, files, provenance

BUDGET = 6.0  # CPU-seconds for the sample of one study
MOST = 30.0  # CPU-seconds: a study of which two seeds take longer is not sampled here
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
    first = dict(list(study.variants.items())[:1])  # a study may be of the base alone
    each = cost / (1 + len(study.variants)) / study.seeds * (1 + len(first))
    if 2 * each > MOST:
        pytest.skip(f"two seeds take {2 * each:.0f} CPU-seconds: make experiments runs them")
    seeds = max(2, min(study.seeds, int(BUDGET / each)))
    sample = dataclasses.replace(study, seeds=seeds, variants=first).run(progress=False)
    results = kept if isinstance(kept, dict) else {"": kept}
    again = sample if isinstance(sample, dict) else {"": sample}
    assert results.keys() == again.keys()
    for outcome, result in results.items():
        for which in ("base", *first):
            points = result.points[which].numpy(), again[outcome].points[which].numpy()
            p = stats.ks_2samp(*points).pvalue
            assert p > RARE, f"{outcome or name}, {which}: stored and run again, {points}"
