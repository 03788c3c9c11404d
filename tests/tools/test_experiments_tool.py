"""`make experiments` finds the studies of a chapter, and says in their files what made them."""

from __future__ import annotations

import csv
from pathlib import Path

import pytest

import experiments as tool

CHAPTER = """\
# A chapter

```{code-cell} ipython3
from gan_tutorial import data, experiments, losses, metrics, networks
from gan_tutorial.notebook import start
SEED = start()
```

```{code-cell} ipython3
raise RuntimeError("this cell has no study")
```

```{code-cell} ipython3
:tags: [experiment]

target = data.gaussian(0.3, 0.15)
study = experiments.Study(
    base=dict(G=networks.MLPGenerator(2, width=4), D=networks.MLPDiscriminator(width=4),
              target=target, loss=losses.nonsaturating, steps=3),
    variants={"saturating": {"loss": losses.saturating}},
    measure=lambda run: metrics.wasserstein_distance(
        run.sample(20, seed=1), target.quantiles(20)),
    seeds=2, seed=7_000_000,
)
result = study.stored("results/99_study.csv")
```
"""


@pytest.fixture
def chapter(tmp_path, monkeypatch) -> Path:
    path = tmp_path / "99_chapter.md"
    path.write_text(CHAPTER)
    monkeypatch.setattr(tool, "NOTEBOOKS", tmp_path)
    monkeypatch.setattr(tool, "CACHE", tmp_path / "cache")
    return path


def test_a_definition_is_the_first_cell_and_those_with_the_tag(chapter):
    code = tool.definition(chapter)
    assert "SEED = start()" in code
    assert "Study(" in code
    assert "RuntimeError" not in code
    assert tool.files(code) == ["results/99_study.csv"]
    chapter.write_text(CHAPTER.replace("steps=3", "steps=4"))
    assert tool.digest(tool.definition(chapter)) != tool.digest(code)
    chapter.write_text(CHAPTER.replace("no study", "none"))
    assert tool.digest(tool.definition(chapter)) == tool.digest(code)


def test_a_chapter_without_a_tag_has_no_definition(chapter, capsys):
    chapter.write_text(CHAPTER.replace(":tags: [experiment]", ""))
    assert tool.definition(chapter) == ""
    assert tool.main([str(chapter)]) == 1
    assert "no chapter named here has a study" in capsys.readouterr().err


def test_the_files_are_written_with_their_provenance_and_stay_if_the_next_run_stops(
    chapter, capsys
):
    assert tool.main([str(chapter)]) == 0
    file = chapter.parent / "results" / "99_study.csv"
    text = file.read_text()
    about = tool.provenance(text)
    assert list(about) == [
        "command", "date", "commit", "definition", "seeds", "cost", "versions", "checksum",
    ]  # fmt: skip
    assert about["command"] == "make experiments CHAPTER=99"
    assert about["definition"] == tool.digest(tool.definition(chapter))
    rows = list(csv.DictReader(line for line in text.splitlines() if not line.startswith("#")))
    assert [row["variant"] for row in rows] == ["base", "base", "saturating", "saturating"]
    assert "99_study.csv: " in capsys.readouterr().out

    chapter.write_text(CHAPTER.replace("from gan_tutorial import", "import nothing_of_this_name,"))
    assert tool.main([str(chapter)]) == 1
    assert file.read_text() == text
    assert "stopped; what is finished is kept" in capsys.readouterr().err
