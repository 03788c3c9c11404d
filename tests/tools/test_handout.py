"""Copies for students hold the exercises and no solution."""

from __future__ import annotations

from pathlib import Path

import nbformat
import pytest

import handout
from experiments import definition, files
from parts.chapters import chapters, read_text

CHAPTER = """\
---
kernelspec:
  display_name: Python 3
  language: python
  name: python3
---

# A chapter

```{code-cell} ipython3
:tags: [hide-input]

drawing = 1
```

**Exercise 1.** Add.

```{code-cell} ipython3
def add(a, b):
    ...
```

```{code-cell} ipython3
---
jupyter:
  source_hidden: true
tags: [hide-cell]
---
def add(a, b):
    return a + b
```

## What you have seen
"""


def test_only_solutions_are_left_out(tmp_path: Path) -> None:
    path = tmp_path / "01_adding.md"
    path.write_text(CHAPTER, encoding="utf-8")
    notebook = handout.handout(path)
    sources = "\n".join(cell.source for cell in notebook.cells)
    assert "drawing = 1" in sources
    assert "    ..." in sources
    assert "What you have seen" in sources
    assert "return a + b" not in sources
    nbformat.validate(notebook)


@pytest.mark.parametrize("path", chapters(), ids=lambda path: path.stem)
def test_every_chapter_has_solutions_to_leave_out(path: Path) -> None:
    whole, copy = read_text(path), handout.handout(path)
    left_out = [cell for cell in whole.cells if handout.is_solution(cell)]
    assert len(left_out) >= 3
    assert len(copy.cells) == len(whole.cells) - len(left_out)
    assert not [cell for cell in copy.cells if cell.cell_type == "code" and cell.outputs]


def test_a_chapter_comes_with_the_results_that_it_reads(tmp_path: Path) -> None:
    reading = [path for path in chapters() if files(definition(path))]
    assert reading
    assert handout.main(["--to", str(tmp_path)]) == 0
    for path in reading:
        for name in files(definition(path)):
            assert (tmp_path / name).read_bytes() == (path.parent / name).read_bytes()


def test_the_command_writes_files(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    selection = chapters()[0].stem[:2]
    assert handout.main([selection, "--to", str(tmp_path / "copies")]) == 0
    (written,) = (tmp_path / "copies").glob("*.ipynb")
    assert written.name in capsys.readouterr().out
    assert nbformat.read(written, as_version=4).cells
