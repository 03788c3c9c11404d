"""A number in a sentence is one that its section prints or computes with, or it is listed."""

from __future__ import annotations

import jupytext
import nbformat
import pytest
from nbformat import NotebookNode

from prose import listed, quoted, unbacked

TEXT = """\
# 12.5 A title

See {cite}`author2014`, $x = 0.25$, `0.75`, [there](https://a.b/123) and (2.41).

## One

```{code-cell} ipython3
---
mystnb:
  image:
    alt: A line that rises to 0.0375.
---
print(1 / 27, 12_500)
plt.show()
```

W1 is 0.037 after 12 500 steps, and 36 % of it, or 0.5, is 17.25. Not in Table 3.

## Two

Of the first section is 0.037; of nobody, 17.25.
"""


@pytest.fixture
def small() -> NotebookNode:
    notebook = jupytext.reads(TEXT, fmt="md:myst")
    (cell,) = [cell for cell in notebook.cells if cell.cell_type == "code"]
    cell.outputs = [
        nbformat.v4.new_output("stream", name="stdout", text="✔ so ‹median 0.037, closest 0.36›\n"),
        nbformat.v4.new_output("display_data", data={"image/png": "17.25"}),
    ]
    return notebook


def test_numbers_are_looked_for_in_the_cells_of_their_section(small: NotebookNode) -> None:
    assert [number for number, _, backed in quoted(small) if backed] == ["0.037", "12 500", "36 %"]
    assert unbacked(small) == [
        ("0.0375", "rises to 0.0375 ."),
        ("17.25", "0.5, is 17.25 . Not"),
        ("0.037", "section is 0.037 ; of"),
        ("17.25", "of nobody, 17.25 ."),
    ]


@pytest.mark.parametrize(
    "change", [("0.037 after", "0.038 after"), ("12 500", "12 600"), ("36 %", "35 %")]
)
def test_a_changed_number_is_noticed(small: NotebookNode, change: tuple[str, str]) -> None:
    before = len(unbacked(small))
    for cell in small.cells:
        cell.source = cell.source.replace(*change)
    assert len(unbacked(small)) == before + 1


def test_every_number_is_backed_or_listed(chapter: str, stored: NotebookNode) -> None:
    rows = {(row["number"], row["words"]) for row in listed() if row["chapter"] == chapter}
    missing = [found for found in unbacked(stored) if found not in rows]
    assert missing == [], "where they are meant: python tools/prose.py lists them"


def test_every_number_of_the_list_is_in_the_prose(chapter: str, stored: NotebookNode) -> None:
    rows = {(row["number"], row["words"]) for row in listed() if row["chapter"] == chapter}
    assert rows <= {(number, words) for number, words, _ in quoted(stored)}
