"""What is counted in a chapter, against chapters counted by hand."""

from __future__ import annotations

import nbformat
import pytest
from nbformat import NotebookNode

from parts.length import count_words, in_words, lengths, times, too_long

TEXT = """# 9. A title

One two three $a + b$ [four](http://example.org/five) {cite}`six2020seven`.

$$
x = y
$$

:::{note}
**Predict first.** Eight.
:::

| a | b |
| --- | --- |
| nine | ten |
"""


def code(source: str, printed: str = "", *tags: str) -> NotebookNode:
    outputs = [nbformat.v4.new_output("stream", name="stdout", text=printed)] if printed else []
    return nbformat.v4.new_code_cell(source, outputs=outputs, metadata={"tags": list(tags)})


def chapter(*cells: str | NotebookNode) -> NotebookNode:
    made = [nbformat.v4.new_markdown_cell(c) if isinstance(c, str) else c for c in cells]
    return nbformat.v4.new_notebook(cells=made)


TICKS = "✔ one is one\n✔ two is below 3 (16 seeds) ‹median 2, closest 2 · 16 seeds›\n"
WHOLE = chapter(
    TEXT,
    code("a = 1\n\nb = 2"),
    code("claim()", TICKS, "hide-input"),
    code("fig\nplt.show()", "", "hide-input"),
    "**Your turn A.** Do it.",
    code("def f(): ...\n\n\nexercise('A', f)", "☐ Your turn A: not solved yet\n"),
    "## Deeper: why\n\nWords and words.\n\n```text\n## no heading\n```\n\n### More\n\nStill deep.",
    code("c = 3", TICKS),
    "## Back\n\nCore again.\n\n### Deeper: a part\n\nDeep.\n\n### Not deep\n\nCore.",
    code("show_source(f)", "def f():\n    return 1\n"),
    "## Exercises\n\n**Exercise 1 (warm-up).** Ah.\n\n**Exercise 2.** Oh.\n\n"
    "**Exercise 3 (open).** Uh.",
    code("exercise(1, f)", "☐ Exercise 1: not solved yet\n"),
    code("def f(): return 1\n", TICKS, "hide-cell"),
    "## What you have seen\n\nThe end.",
)


def test_words_are_counted_as_a_reader_counts_them() -> None:
    assert count_words("# 9. A title") == 3
    assert count_words("One two three $a + b$ [four](http://example.org/five).") == 5
    assert count_words("so {cite}`six2020seven` and a dash — here") == 6
    assert count_words("| nine | ten |\n| --- | --- |") == 2
    assert count_words("$$\nx = y + z\n$$\n:::{note}\nOne.\n:::\n(label)=\n") == 1


def test_each_part_is_counted_by_itself() -> None:
    found = lengths(WHOLE)
    core, deeper, exercises = found["core"], found["deeper"], found["exercises"]
    assert (core.lines, core.ticks, core.figures, core.equations, core.turns) == (3, 2, 1, 1, 1)
    assert core.words == (3 + 6 + 3 + 4) + 5 + (1 + 2 + 2 + 1) + (4 + 2)
    assert (deeper.lines, deeper.ticks) == (1, 2)
    assert deeper.words == 2 + 3 + 2 + 1 + 2 + 3 + 1
    assert (exercises.lines, exercises.ticks, exercises.turns) == (0, 0, 0)


def test_rows_are_those_of_tables_and_printed_lines_that_are_no_ticks() -> None:
    table = "<table><thead><tr><td></td></tr></thead><tr><th>a</th></tr><tr><th>b</th></tr></table>"
    shown = nbformat.v4.new_output("display_data", {"text/html": table, "text/plain": "a\nb"})
    cell = code("table(rows)\nprint(a)", "one\n\n" + TICKS + "two\n", "hide-input")
    cell.outputs.append(shown)
    book = chapter(cell, code("f()", "folded\n", "hide-cell"))
    assert lengths(book)["core"].rows == 3 + 2
    assert lengths(book)["core"].minutes == pytest.approx((5 * 10 + 2 * 5) / 60)


def test_times_follow_the_rule() -> None:
    book = chapter("word " * 2000, *["x = 1\n" * 1] * 0)
    assert lengths(book)["core"].minutes == 10
    book.cells.append(code("x = 1\n" * 60))  # 5 min
    book.cells += [code("plt.show()", "", "hide-input")] * 10  # 5 min
    book.cells.append(nbformat.v4.new_markdown_cell("**Your turn A.**\n\n$$\nx\n$$\n" * 4))
    assert lengths(book)["core"].minutes == pytest.approx(10 + 5 + 5 + 20 + 6 + 12 / 200)
    book.cells.append(nbformat.v4.new_markdown_cell("## Deeper: more\n" + "word " * 3998))
    book.cells.append(nbformat.v4.new_markdown_cell(
        "## Exercises\n**Exercise 1 (warm-up).**\n**Exercise 2 (a coin).**\n**Exercise 3 (open).**"
    ))  # fmt: skip
    assert times(book) == "45 min core · 1 h 05 all · 2 h 15 with exercises"


@pytest.mark.parametrize(
    ("minutes", "words"),
    [(2.6, "5 min"), (57.4, "55 min"), (57.6, "1 h"), (62.6, "1 h 05"), (150, "2 h 30")],
)
def test_minutes_in_words(minutes: float, words: str) -> None:
    assert in_words(minutes) == words


def test_what_is_over_its_limit_is_named_and_deeper_sections_have_none() -> None:
    long = ["word " * 2501, code("x = 1\n" * 251), code("claim()", TICKS * 8, "hide-input")]
    assert too_long(chapter(*long)) == [
        "the core has 2501 words, at most 2500 are allowed",
        "the core has 251 lines of visible code, at most 250 are allowed",
        "the core has 16 visible ticks, at most 15 are allowed",
    ]
    assert too_long(chapter("## Deeper: all\n", *long)) == []
