"""Studies in files: what chapters read."""

from __future__ import annotations

import csv
import itertools
from pathlib import Path

import pytest
import torch
from small_studies import SEED, SEEDS, SHORT, base, breaks_in_half, broken, generator, study, w1

from gan_tutorial import experiments, losses
from gan_tutorial.experiments import study as study_module
from gan_tutorial.fingerprint import digest

STUDY = {"variants": {"lr": {"lr": 4e-3}, "saturating": {"loss": losses.saturating}}}


@pytest.fixture
def stored(tmp_path, monkeypatch) -> Path:
    """A study's file, as `make experiments` has it written."""
    path = tmp_path / "results" / "study.csv"
    monkeypatch.setenv("GAN_TUTORIAL_EXPERIMENTS", str(tmp_path / "cache"))
    study(**STUDY, **SHORT).stored(path)
    monkeypatch.delenv("GAN_TUTORIAL_EXPERIMENTS")
    return path


def test_a_stored_study_is_what_running_it_gives(stored, calls):
    kept = study(**STUDY, **SHORT).stored(stored)
    assert calls == []  # it was read
    found = study(**STUDY, **SHORT).run()
    assert kept.points.keys() == found.points.keys()
    for name, points in found.points.items():
        torch.testing.assert_close(kept.points[name], points, rtol=1e-5, atol=0)  # six digits
    assert kept.frozen == found.frozen
    assert kept.seed == found.seed
    assert [row.verdict for row in kept.table()] == [row.verdict for row in found.table()]


def test_a_stored_file_says_where_it_comes_from(stored):
    text = stored.read_text()
    about = dict(line[2:].split(": ", 1) for line in text.splitlines() if line.startswith("# "))
    assert about["seeds"] == f"{SEEDS}, paired; seed i of the study is stream ({SEED}, i)"
    assert torch.__version__ in about["versions"]
    assert about["cost"].endswith("CPU-seconds on one thread")
    rows = [line for line in text.splitlines() if not line.startswith("#")]
    assert rows[0] == "variant,seed,frozen at,value"
    assert len(rows) == 1 + 3 * SEEDS
    assert [path.name for path in stored.parent.iterdir()] == [stored.name]


def test_the_cost_is_the_time_that_the_parts_took(tmp_path, monkeypatch):
    monkeypatch.setenv("GAN_TUTORIAL_EXPERIMENTS", str(tmp_path / "cache"))
    ticks = itertools.count(step=30.0)  # each group of variants takes 30 s
    monkeypatch.setattr(study_module.time, "process_time", lambda: next(ticks))
    variants = {"lr": {"lr": 4e-3}, "wide": {"G": generator(9)}}  # with the base: two groups
    study(variants, **SHORT).stored(tmp_path / "study.csv")
    assert "# cost: 60 CPU-seconds" in (tmp_path / "study.csv").read_text()


def test_outcomes_and_lost_seeds_are_stored_by_name(tmp_path, monkeypatch):
    monkeypatch.setenv("GAN_TUTORIAL_EXPERIMENTS", str(tmp_path / "cache"))

    def both(run):
        return {"W1": w1(run), "twice": 2 * w1(run)}

    lost = study({"lost": {"loss": broken}}, measure=both, base=base(steps=3))
    kept = lost.stored(tmp_path / "study.csv")
    assert list(kept) == ["W1", "twice"]
    torch.testing.assert_close(
        kept["twice"].points["base"], 2 * kept["W1"].points["base"], rtol=1e-5, atol=0
    )
    assert kept["W1"].frozen == lost.run()["W1"].frozen == {"base": 0, "lost": SEEDS}


@pytest.mark.parametrize(
    ("old", "new"),
    [("lr,0,0,", "lr,0,1,"), ("saturating,3", "saturating,2"), ("base,0,0,0.", "base,0,0,1.")],
)
def test_a_stored_number_that_was_changed_is_refused(stored, old, new):
    text = stored.read_text()
    assert old in text
    stored.write_text(text.replace(old, new, 1))
    with pytest.raises(ValueError, match=r"study\.csv' is damaged: it is not what make experim"):
        study(**STUDY, **SHORT).stored(stored)


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"seeds": 5}, "on 4 seeds, and this study has base, lr, saturating on 5"),
        ({"variants": {"lr": {"lr": 4e-3}}}, "holds base, lr, saturating on 4 seeds"),
    ],
)
def test_a_file_of_another_study_is_refused(stored, changes, words):
    with pytest.raises(ValueError, match=words):
        study(**{**STUDY, **SHORT, **changes}).stored(stored)


def test_a_missing_file_is_a_sentence(tmp_path):
    with pytest.raises(ValueError, match=r"there is no '.*none\.csv' in '.*': run the chap"):
        study(**STUDY).stored(tmp_path / "none.csv")


# --- blocks of fresh seeds, beside the first


@pytest.fixture
def blocks(stored, monkeypatch) -> Path:
    """The study of `stored` with blocks 1 and 3, as `make experiments` writes them."""
    monkeypatch.setenv("GAN_TUTORIAL_EXPERIMENTS", str(stored.parent.parent / "cache"))
    for block in (1, 3):
        study(**STUDY, **SHORT, seed=SEED + 1000 * block + 500).stored(
            stored.with_name(f"study-{block}.csv")
        )
    monkeypatch.delenv("GAN_TUTORIAL_EXPERIMENTS")
    for other in ("study_long-1.csv", "study-x.csv", "study-01.csv", "study-1.txt"):
        (stored.parent / other).write_text("another file")
    return stored


def same(found: experiments.Result, seed: int) -> bool:
    """Say whether a result is, to six digits, that of a study with this seed."""
    expected = study(**STUDY, **SHORT, seed=seed).run()
    return found.seed == seed and all(
        torch.allclose(found.points[name], points, rtol=1e-5, atol=0)
        for name, points in expected.points.items()
    )


def test_a_result_knows_its_replications(blocks):
    found = study(**STUDY, **SHORT).stored(blocks)
    assert same(found, SEED)
    assert [again.seed for again in found.replications] == [SEED + 1500, SEED + 3500]
    assert all(same(again, again.seed) for again in found.replications)
    assert [again.replications for again in found.replications] == [(), ()]
    row, _ = found.table()
    assert row.agree == (3, 3)  # 4 seeds: unknown in each
    assert "unknown at this size, 3 of 3 blocks" in str(found.table())


@pytest.mark.parametrize(("block", "seed"), [("0", SEED), ("1", SEED + 1500), ("3", SEED + 3500)])
def test_another_block_can_be_asked_for_and_is_alone(block, seed, blocks, monkeypatch):
    monkeypatch.setenv("GAN_TUTORIAL_STUDY_BLOCK", block)
    found = study(**STUDY, **SHORT).stored(blocks)
    assert same(found, seed)
    assert found.replications == ()
    assert "blocks" not in str(found.table())


@pytest.mark.parametrize(
    ("block", "words"),
    [
        (
            "2",
            r"no '.*study-2\.csv' in '.*': run .* notebooks/, .* BLOCK=2 computes it",
        ),
        ("-1", "must be a whole number of at least 0, got '-1'"),
        ("one", "GAN_TUTORIAL_STUDY_BLOCK must be a whole number of at least 0, got 'one'"),
    ],
)
def test_a_block_that_is_not_there_is_a_sentence(block, words, blocks, monkeypatch):
    monkeypatch.setenv("GAN_TUTORIAL_STUDY_BLOCK", block)
    with pytest.raises(ValueError, match=words):
        study(**STUDY, **SHORT).stored(blocks)


@pytest.mark.parametrize(
    ("damage", "words"),
    [
        (
            lambda first, block: first,
            r"study-1\.csv' holds seeds '4, .* stream \(3, i\)', and this",
        ),
        (lambda first, block: block.replace(",3,0,", ",3,9,", 1), r"study-1\.csv' is damaged"),
        (lambda first, block: block.replace("(1503,", "(2503,", 1), "make experiments BLOCK=1"),
    ],
)
def test_a_block_is_checked_as_the_first_is(damage, words, blocks):
    one = blocks.with_name("study-1.csv")
    changed = damage(blocks.read_text(), one.read_text())
    assert changed != one.read_text()
    one.write_text(changed)
    with pytest.raises(ValueError, match=words):
        study(**STUDY, **SHORT).stored(blocks)


def test_a_first_file_with_other_seeds_is_refused(stored):
    with pytest.raises(ValueError, match=r"stream \(3, i\)', and this study has '4, .*\(4, i\)"):
        study(**STUDY, **SHORT, seed=4).stored(stored)


def test_what_is_asked_for_is_written_even_if_a_block_is_asked_for_too(tmp_path, monkeypatch):
    monkeypatch.setenv("GAN_TUTORIAL_STUDY_BLOCK", "7")
    monkeypatch.setenv("GAN_TUTORIAL_EXPERIMENTS", str(tmp_path / "cache"))
    monkeypatch.setenv("GAN_TUTORIAL_PROVENANCE", "# command: by hand\n")
    study(**STUDY, **SHORT).stored(tmp_path / "study.csv")
    assert (tmp_path / "study.csv").read_text().startswith("# command: by hand\n# seeds: 4, ")


def as_once(text: str, counts: dict[str, str]) -> str:
    """Return a file as it was written when it held a variant's count of frozen seeds alone."""
    about = [line for line in text.splitlines() if line.startswith("# ")]
    rows = list(csv.reader(line for line in text.splitlines() if not line.startswith("# ")))
    rows[0][2] = "frozen"
    for row in rows[1:]:
        row[2] = counts.get(row[0], "0")
    lines = [f"# checksum: {digest(rows)}" if "checksum" in line else line for line in about]
    return "\n".join([*lines, *(",".join(row) for row in rows), ""])


def test_a_file_from_when_only_the_count_was_kept_is_read_if_it_is_zero(stored):
    expected = study(**STUDY, **SHORT).stored(stored)
    new = stored.read_text()
    stored.write_text(as_once(new, {}))
    kept = study(**STUDY, **SHORT).stored(stored)
    assert all(torch.equal(kept.points[name], expected.points[name]) for name in expected.points)
    assert not any(which.any() for which in kept.stopped.values())
    stored.write_text(as_once(new, {"lr": "2"}))
    with pytest.raises(ValueError, match="does not say which 2 seeds of 'lr' are frozen: make exp"):
        study(**STUDY, **SHORT).stored(stored)


def test_which_seeds_were_lost_is_kept(tmp_path, monkeypatch):
    """A loss that is NaN where a member's first real logit is positive loses some of the seeds."""
    monkeypatch.setenv("GAN_TUTORIAL_EXPERIMENTS", str(tmp_path / "cache"))
    half = losses.Loss(breaks_in_half, losses.nonsaturating.g)
    lost = study({"half": {"loss": half}}, base=base(steps=3), seeds=8)
    kept, run = lost.stored(tmp_path / "study.csv"), lost.run()
    assert 0 < kept.frozen["half"] < 8
    assert torch.equal(kept.stopped["half"], run.stopped["half"])
    expected = run.differences("half")[~run.stopped["half"]]
    torch.testing.assert_close(kept.table()[0].differences, expected, rtol=0, atol=1e-5)
