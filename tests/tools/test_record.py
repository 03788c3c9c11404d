"""The recorder repeats claims on fresh seeds, and refuses those that chance decides."""

from __future__ import annotations

import math
import re
from pathlib import Path

import pytest

import record
from gan_tutorial.experiments import files
from parts import records
from record import RecordError, Row, gather, room

CHAPTER = """\
# A chapter

```{{code-cell}} ipython3
import inspect, pickle
import matplotlib.pyplot as plt
from gan_tutorial.notebook import claim, show_source, start
SEED = start()

def square(x):
    return x * x

display(pickle.loads(pickle.dumps(square)))
show_source(square)
```

```{{code-cell}} ipython3
:tags: [skip-record]

raise RuntimeError("left out")
```

```{{code-cell}} ipython3
fig, ax = plt.subplots()
plt.show()
claim("the block number squared is below {bound}", square(SEED / 1000), below={bound}, seeds=16)
claim("one is one", 1 == 1)
print(inspect.getsource(square))
```
"""

BROKEN = """\
# A chapter

```{code-cell} ipython3
raise RuntimeError("out of cheese")
```
"""


def claims(*values: float, **changes: object) -> list[list[dict[str, object]]]:
    """One claim, made in several blocks with these values."""
    first = {"sentence": "s", "below": 1.0, "above": None, "seeds": 16, **changes}
    held = [value < first["below"] for value in values]
    return [[{**first, "value": v, "held": h}] for v, h in zip(values, held, strict=True)]


@pytest.mark.parametrize(
    ("direction", "bound", "worst", "expected"),
    [
        ("below", 0.02, 0.01, 1.0),
        ("below", 0.02, 0.04, -0.5),
        ("above", 0.5, 0.75, 0.5),
        ("above", 0.5, 0.25, -0.5),
        ("below", 1.0, 0.0, math.inf),
        ("below", 1.0, -3.0, math.inf),
        ("below", -1.0, -2.0, 1.0),
        ("below", -1.0, 3.0, None),
        ("above", -2.0, -1.0, 1.0),
        ("above", -2.0, 5.0, math.inf),
        ("above", 0.0, 0.1, math.inf),
        ("below", 0.0, 0.0, 0.0),
    ],
)
def test_room_is_the_share_that_is_left(
    direction: str, bound: float, worst: float, expected: float | None
) -> None:
    found = room(direction, bound, worst)
    assert found < 0 if expected is None else found == pytest.approx(expected)


def test_the_worst_block_decides() -> None:
    (row,) = gather(claims(0.1, 0.5, 0.2))
    assert (row.worst, row.room, row.held, row.blocks) == (0.5, 1.0, 3, 3)
    assert row.problem == ""


@pytest.mark.parametrize(
    ("blocks", "word"),
    [
        (claims(0.1, 1.5, 0.2), "failed in 1 of 3"),
        (claims(0.1, 0.9, 0.2), "room 0.11"),
        (claims(0.1, 0.2, 0.3, seeds=None), "changes with the seed"),
        (claims(-1.0, -2.0, below=0.0), "a bound of 0"),
        (claims(0.1, math.nan), "failed in 1 of 2"),
    ],
)
def test_a_weak_claim_is_refused(blocks: list[list[dict[str, object]]], word: str) -> None:
    (row,) = gather(blocks)
    assert word in row.problem


def test_rounding_is_not_chance() -> None:
    (row,) = gather(claims(1e-15, 3e-15, below=1e-12, seeds=None))
    assert row.problem == ""


def test_an_exact_fact_has_no_bound_and_no_room() -> None:
    (row,) = gather([[{**claims(0.0)[0][0], "below": None, "value": None, "seeds": None}]])
    assert (row.bound, row.worst, row.room, row.problem) == (None, None, None, "")


def test_sentences_and_bounds_may_not_depend_on_the_seed() -> None:
    with pytest.raises(RecordError, match="made twice"):
        gather([claims(0.1)[0] * 2])
    with pytest.raises(RecordError, match="a bound may not depend on the seed"):
        gather(claims(0.1) + claims(0.1, below=2.0))
    with pytest.raises(RecordError, match=r"and 8 seeds in block 22, 1\.0 and 16 before"):
        gather(claims(0.1) + claims(0.1, seeds=8), first=21)
    with pytest.raises(RecordError, match="made in 1 of 2 blocks"):
        gather(claims(0.1) + claims(0.1, sentence="t"))


@pytest.fixture
def chapter(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(record, "RECORDS", tmp_path / "records")
    monkeypatch.setattr(record, "BLOCKS_REQUIRED", 2)
    return tmp_path / "07_try.md"


@pytest.fixture
def squares(monkeypatch: pytest.MonkeyPatch) -> None:
    """Give every block the claim of CHAPTER, without a process of its own for it."""

    def run_block(code: str, block: int, folder: Path, timeout: int) -> list[dict[str, object]]:
        below = float(re.search(r"below=(\d+)", code)[1])
        return claims(float(block**2), below=below)[0]

    monkeypatch.setattr(record, "run_block", run_block)


def test_a_chapter_is_repeated_and_recorded(chapter: Path, tmp_path: Path) -> None:
    chapter.write_text(CHAPTER.format(bound=100), encoding="utf-8")
    assert record.main([str(chapter), "--blocks", "2"]) == 0
    about, (first, second) = records.read(tmp_path / "records" / "07_try.csv")
    assert "base seeds 1000, 2000" in about["blocks"]
    assert (first["worst"], first["distinct"]) == ("4", "2")  # blocks 1 and 2, squared
    assert (second["distinct"], second["study"], second["study_blocks"]) == ("", "", "")
    assert (first["blocks"], first["held"], first["direction"]) == ("2", "2", "below")
    assert (second["sentence"], second["held"], second["bound"]) == ("one is one", "2", "")
    assert [file.name for file in (tmp_path / "records").iterdir()] == ["07_try.csv"]


@pytest.mark.usefixtures("squares")
def test_bounds_chosen_on_some_blocks_are_tested_on_others(chapter: Path, tmp_path: Path) -> None:
    chapter.write_text(CHAPTER.format(bound=100), encoding="utf-8")
    assert record.main([str(chapter), "--blocks", "2", "--first", "4"]) == 0
    about, rows = records.read(tmp_path / "records" / "07_try.csv")
    assert about["command"] == "make records CHAPTER=07 FIRST=4"
    assert about["blocks"] == "2, with base seeds 4000, 5000, ..., 5000"
    assert rows[0]["worst"] == "25"  # block 5 squared
    with pytest.raises(SystemExit):
        record.main([str(chapter), "--blocks", "2", "--first", "0"])


@pytest.mark.usefixtures("squares")
def test_a_claim_that_fails_in_one_block_fails_the_record(chapter: Path) -> None:
    chapter.write_text(CHAPTER.format(bound=3), encoding="utf-8")
    assert record.main([str(chapter), "--blocks", "2"]) == 1


def test_a_chapter_that_raises_leaves_no_record(
    chapter: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    chapter.write_text(BROKEN, encoding="utf-8")
    assert record.main([str(chapter), "--blocks", "2"]) == 1
    assert "out of cheese" in capsys.readouterr().err
    assert not (tmp_path / "records").exists()


@pytest.mark.usefixtures("squares")
def test_a_changed_record_is_refused(chapter: Path, tmp_path: Path) -> None:
    chapter.write_text(CHAPTER.format(bound=100), encoding="utf-8")
    assert record.main([str(chapter), "--blocks", "2"]) == 0
    file = tmp_path / "records" / "07_try.csv"
    text = file.read_text(encoding="utf-8")
    for changed in (
        text.replace(",4,", ",3,"),
        "\n".join(line for line in text.splitlines() if "checksum" not in line),
        text + "another,,,,20,20,,,,,,\n",
    ):
        assert changed != text
        file.write_text(changed, encoding="utf-8")
        with pytest.raises(ValueError, match=r"07_try\.csv is not what make records wrote"):
            records.read(file)


# --- stored studies

STUDY = """\
# A chapter

```{code-cell} ipython3
from gan_tutorial import data, experiments, losses, networks
from gan_tutorial.notebook import claim, start
SEED = start()
base = dict(G=networks.MLPGenerator(2), D=networks.MLPDiscriminator(), target=data.gaussian(),
            loss=losses.nonsaturating, steps=2)
def mean(run):
    return run.sample(8, seed=1).mean((1, 2))
study = experiments.Study(base=base, variants={}, measure=mean, seeds=3, seed=7)
small = study.stored("results/07_small.csv").points["base"]
```

```{code-cell} ipython3
other = study.stored("results/07_other.csv").points["base"]
claim("one is one", 1 == 1)
claim("the other ends below 20", other, below=20, seeds=16)
claim("the first value is below 2", small[0], below=2)
assert small[0] < 4, "no chapter of this kind"
claim("the first value is that of the first block", small[0] == 1.5)
```

```{code-cell} ipython3
stored, asked = 1, 2  # a chapter's names are its own
claim("every value is below 10", small, below=10, seeds=16)
```
"""


def keep(name: Path, block: int, *values: float) -> None:
    """Write a block of the study's result as `make experiments` does."""
    part = files.Part({"": list(values)}, [0] * len(values), 0.0)
    files.write(files.block_file(name, block), {"base": part}, files.block_seed(7, block))


def test_claims_from_stored_studies_are_counted_over_the_blocks_of_these(
    chapter: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture
) -> None:
    chapter.write_text(STUDY, encoding="utf-8")
    results = tmp_path / "results"
    keep(results / "07_other.csv", 0, 1.0, 2.0, 3.0)
    for block, first in enumerate((1.5, 3.0, 5.0)):
        keep(results / "07_small.csv", block, first, 2.0, 9.5)
    assert record.main([str(chapter), "--studies"]) == 1  # nothing to add to
    assert "make records CHAPTER=07" in capsys.readouterr().err
    made = [
        {"sentence": sentence, "below": None, "above": None, "value": None, "held": True}
        for sentence in (
            "one is one",
            "the other ends below 20",
            "the first value is below 2",
            "the first value is that of the first block",
            "every value is below 10",
        )
    ]
    made = [{**claim, "seeds": None} for claim in made]
    monkeypatch.setattr(record, "run_block", lambda *arguments: made)
    assert record.main([str(chapter), "--blocks", "2"]) == 0
    assert "block 2 of the studies: cell 2 stopped" in capsys.readouterr().out
    about, rows = records.read(tmp_path / "records" / "07_try.csv")
    kept = [(row["study"], row["study_blocks"], row["study_held"]) for row in rows]
    assert kept == [
        ("", "", ""),
        ("07_other", "1", "1"),
        ("07_small", "3", "1"),
        ("07_small", "3", "1"),
        ("07_small", "3", "3"),
    ]
    keep(results / "07_other.csv", 1, 1.0, 2.0, 30.0)
    assert record.main([str(chapter), "--studies"]) == 0  # no block of seeds is repeated
    again = records.read(tmp_path / "records" / "07_try.csv")
    assert again[0] == about
    assert [row["blocks"] for row in again[1]] == ["2"] * 5
    assert again[1][1]["study_blocks"] == "2"
    assert again[1][1]["study_held"] == "1"
    assert again[1][2:] == rows[2:]


def test_too_few_blocks_are_refused(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        record.main(["03", "--blocks", "19"])
    assert "at least 20" in capsys.readouterr().err


def test_row_without_values_has_no_worst() -> None:
    assert Row("s", "", None, None).worst is None
