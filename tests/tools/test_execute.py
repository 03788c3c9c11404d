"""The executor stores what a run printed, the same bytes each time, or nothing."""

from __future__ import annotations

import base64
import io
import os
import subprocess
import sys
from pathlib import Path

import nbformat
import pytest
from PIL import Image

from parts.chapters import ROOT, chapters, read_text
from parts.verify import integrity_problems, sync_problems

HEADER = """\
---
jupytext:
  formats: ipynb,md:myst
kernelspec:
  display_name: Python 3
  language: python
  name: python3
---

# A chapter

"""
FIGURE = """\
```{code-cell} ipython3
---
mystnb:
  image:
    alt: A rising line.
tags: [hide-cell]
jupyter:
  source_hidden: true
---
import os
import matplotlib.pyplot as plt
from gan_tutorial.notebook import start
SEED = start()
print(SEED, os.environ["OMP_NUM_THREADS"], "GAN_TUTORIAL_RECORD" in os.environ)
fig, ax = plt.subplots()
ax.plot([0, 1])
plt.show()
```
"""


def cell(source: str) -> str:
    return HEADER + f"```{{code-cell}} ipython3\n{source}\n```\n"


def execute(chapter: Path, *options: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, str(ROOT / "tools" / "execute.py"), str(chapter), *options]
    return subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)


@pytest.fixture
def chapter(tmp_path: Path) -> Path:
    return tmp_path / "07_try.md"


def test_two_runs_store_the_same_bytes(chapter: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GAN_TUTORIAL_SEED", "5000")  # somebody's private seed must not get in
    chapter.write_text(HEADER + FIGURE, encoding="utf-8")
    assert execute(chapter).returncode == 0
    first = chapter.with_suffix(".ipynb").read_bytes()
    monkeypatch.setenv("HOME", os.path.join(os.devnull, "nowhere"))  # nor an unwritable home
    assert execute(chapter).returncode == 0
    assert chapter.with_suffix(".ipynb").read_bytes() == first

    stored = nbformat.reads(first.decode(), as_version=4)
    nbformat.validate(stored)
    assert sync_problems(read_text(chapter), stored) == []
    assert integrity_problems(stored) == []
    assert stored.cells[1].outputs[0].text == "0 1 False\n"
    png = base64.b64decode(stored.cells[1].outputs[-1].data["image/png"])
    assert Image.open(io.BytesIO(png)).mode == "P"  # a palette: a third of the bytes
    assert stored.metadata.language_info.get("version") is None
    assert {"mystnb", "tags", "jupyter"} == stored.cells[1].metadata.keys()
    assert sorted(file.name for file in chapter.parent.iterdir()) == ["07_try.ipynb", "07_try.md"]


@pytest.mark.parametrize(
    ("source", "word"),
    [
        ("raise ValueError('out of cheese')", "out of cheese"),
        ("import warnings; warnings.warn('beware')", "wrote to stderr"),
        ("import os; print(os.path.realpath('/usr/lib'))", "a path of one machine"),
        ("print(('x' * 99 + chr(10)) * 6000)", "the limit is 500000"),
        ("import time; time.sleep(60)", "more than 2 s"),
        ("import os; os._exit(3)", "the kernel died"),
        ("%matplotlib inline", "not plain Python"),
        ("from gan_tutorial.notebook import claim\nclaim('so', 2, below=1)", "the worst of 1 is 2"),
    ],
)
def test_what_may_not_be_stored_leaves_the_old_file(chapter: Path, source: str, word: str) -> None:
    chapter.write_text(cell(source), encoding="utf-8")
    chapter.with_suffix(".ipynb").write_text("as before", encoding="utf-8")
    done = execute(chapter, "--timeout", "2" if "sleep" in source else "60")
    assert done.returncode == 1
    assert word in done.stderr
    assert chapter.with_suffix(".ipynb").read_text(encoding="utf-8") == "as before"


def test_a_new_text_keeps_the_outputs_of_the_run(chapter: Path) -> None:
    chapter.write_text(HEADER + FIGURE, encoding="utf-8")
    assert execute(chapter).returncode == 0
    before = nbformat.read(chapter.with_suffix(".ipynb"), as_version=4)
    new = HEADER.replace("A chapter", "A better word") + FIGURE.replace("hide-cell", "hide-input")
    new = new.replace("jupyter:\n  source_hidden: true\n", "") + "\nAnd an end.\n"
    chapter.write_text(new, encoding="utf-8")
    done = execute(chapter, "--text")
    assert done.returncode == 0, done.stderr
    after = nbformat.read(chapter.with_suffix(".ipynb"), as_version=4)
    assert after.cells[1].outputs == before.cells[1].outputs
    assert after.cells[1].metadata.tags == ["hide-input"]
    assert after.cells[2].source == "And an end."
    assert not sync_problems(read_text(chapter), after) + integrity_problems(after)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda text: text.replace("[0, 1]", "[0, 2]"), "its code is not that of the run"),
        (lambda text: text + FIGURE, "its code is not that of the run"),
    ],
)
def test_new_code_gets_no_old_outputs(chapter: Path, change, words: str) -> None:
    chapter.write_text(HEADER + FIGURE, encoding="utf-8")
    assert execute(chapter).returncode == 0
    before = chapter.with_suffix(".ipynb").read_text(encoding="utf-8")
    chapter.write_text(change(HEADER + FIGURE), encoding="utf-8")
    done = execute(chapter, "--text")
    assert done.returncode == 1
    assert words in done.stderr
    assert chapter.with_suffix(".ipynb").read_text(encoding="utf-8") == before


def test_outputs_that_were_changed_by_hand_are_not_kept(chapter: Path) -> None:
    chapter.write_text(cell("print(3)"), encoding="utf-8")
    assert execute(chapter, "--text").stderr.endswith("it was never run\n")
    assert execute(chapter).returncode == 0
    stored = chapter.with_suffix(".ipynb")
    stored.write_text(stored.read_text(encoding="utf-8").replace('"3\\n"', '"4\\n"'), "utf-8")
    done = execute(chapter, "--text")
    assert done.returncode == 1
    assert "the outputs are not those of one run" in done.stderr


def test_claims_are_kept_with_value_and_origin(chapter: Path) -> None:
    results = chapter.parent / "results"
    results.mkdir()
    (results / "07_ring.csv").write_text("# seeds: 32, paired; seed i is stream (7, i)\n1\n")
    claims = """
from gan_tutorial.notebook import claim, start
SEED = start()
class Study:
    def stored(self, file): return 1 / 3
ring = Study().stored("results/07_ring.csv")
claim("one is one", 1 == 1)
claim("all are below 4", [1 / 3 + SEED, 2.0], below=4, seeds=16)
claim("the ring reads below 1", ring, below=1, seeds=32)
print("✔ a line that no claim printed")"""
    chapter.write_text(cell(claims.strip()), encoding="utf-8")
    done = execute(chapter)
    assert done.returncode == 0, done.stderr
    stored = nbformat.read(chapter.with_suffix(".ipynb"), as_version=4)
    assert stored.cells[1].outputs[0].text.splitlines() == [
        "✔ one is one ‹exact›",
        "✔ all are below 4 (16 seeds) ‹median 1.17, closest 2 · 16 seeds›",
        "✔ the ring reads below 1 (32 seeds) ‹0.333 · stored study 07_ring, 32 seeds›",
        "✔ a line that no claim printed",
    ]
    kept = [(each.value, each.seeds, each.origin) for each in stored.metadata.gan_tutorial.claims]
    assert kept == [
        (None, None, "exact"),
        (2.0, 16, "16 seeds"),
        (1 / 3, 32, "stored study 07_ring, 32 seeds"),
        (None, None, ""),
    ]
    assert integrity_problems(stored) == []
    stored.metadata.gan_tutorial.claims[1].value = 2.5
    assert integrity_problems(stored)


def test_chapters_are_chosen_by_number_name_or_path(tmp_path: Path) -> None:
    for name in ("01_one", "02_two", "12_twelve"):
        (tmp_path / f"{name}.md").touch()
    (tmp_path / "notes.md").touch()

    def chosen(selection: str) -> list[str]:
        return [path.stem for path in chapters(selection, tmp_path)]

    assert chosen("") == ["01_one", "02_two", "12_twelve"]
    assert chosen("2") == chosen("02") == chosen("02_two") == ["02_two"]
