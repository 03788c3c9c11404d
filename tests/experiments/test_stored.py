"""Studies in files: what chapters read."""

from __future__ import annotations

import itertools
from pathlib import Path

import pytest
import torch
from small_studies import SEED, SEEDS, SHORT, base, broken, generator, study, w1

from gan_tutorial import losses
from gan_tutorial.experiments import study as study_module

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
    with pytest.raises(ValueError, match=r"there is no '.*none\.csv': make experiments computes"):
        study(**STUDY).stored(tmp_path / "none.csv")
