"""What the site folds: deeper sections, and the code of cells in a row; on a small book."""

from __future__ import annotations

from pathlib import Path

import nbformat
import pytest
from bs4 import BeautifulSoup, Tag
from sphinx.testing.util import SphinxTestApp

from parts.chapters import ROOT

CONF = """
extensions = ["myst_nb", "gan_book.folds"]
nb_execution_mode = "off"
root_doc = "try"
html_theme = "basic"
myst_heading_anchors = 3
"""


def code(source: str, *tags: str) -> nbformat.NotebookNode:
    output = nbformat.v4.new_output("stream", name="stdout", text=f"out of {source}\n")
    return nbformat.v4.new_code_cell(
        source, execution_count=1, outputs=[output], metadata={"tags": list(tags)}
    )


CELLS = [
    nbformat.v4.new_markdown_cell("# 1. Try\n\nFirst."),
    code("one", "hide-input"),
    code("two", "hide-input"),
    code("three", "hide-input"),
    code("seen"),
    code("four", "hide-input"),
    nbformat.v4.new_markdown_cell("## Deeper: why\n\nDeep words."),
    code("five", "hide-input"),
    code("six", "hide-input"),
    nbformat.v4.new_markdown_cell("### A part\n\nMore deep words.\n\n## Back\n\nCore words."),
    code("seven", "hide-input"),
    nbformat.v4.new_markdown_cell("Words between."),
    code("eight", "hide-input"),
]


@pytest.fixture(scope="module")
def page(tmp_path_factory: pytest.TempPathFactory) -> BeautifulSoup:
    """The page that the extension makes of these cells."""
    source = tmp_path_factory.mktemp("book")
    (source / "conf.py").write_text(CONF, encoding="utf-8")
    nbformat.write(nbformat.v4.new_notebook(cells=CELLS), source / "try.ipynb")
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(str(ROOT / "book" / "_ext"))
        app = SphinxTestApp(buildername="html", srcdir=Path(source))
        try:
            app.build()
        finally:
            app.cleanup()
    return BeautifulSoup((Path(app.outdir) / "try.html").read_text("utf-8"), "html.parser")


def words(tag: Tag) -> list[str]:
    return [pre.get_text().strip() for pre in tag.find_all("pre")]


def test_a_deeper_section_is_folded_with_all_its_parts_and_nothing_else(
    page: BeautifulSoup,
) -> None:
    (fold,) = page.find_all("details", class_="deeper")
    assert fold.parent["id"] == "deeper-why"  # its heading stays, and so does its address
    assert [mark.get_text() for mark in page.select("h2 .deeper-mark")] == ["Deeper:"]
    text = fold.get_text()
    assert "Deep words." in text
    assert "More deep words." in text
    assert "out of five" in text
    assert "Core words." not in text
    assert not fold.has_attr("open")


def test_the_code_of_cells_in_a_row_is_under_one_button(page: BeautifulSoup) -> None:
    folds = page.find_all("details", class_="hide")
    assert [words(fold) for fold in folds] == [
        ["one", "two", "three"],
        ["four"],
        ["five", "six"],
        ["seven"],
        ["eight"],
    ]


def test_nothing_that_cells_put_out_is_folded_or_lost(page: BeautifulSoup) -> None:
    cell = page.find("details", class_="hide").parent
    assert [pre.get_text().strip() for pre in cell.select(".cell_output pre")] == [
        "out of one",
        "out of two",
        "out of three",
    ]
    shown = [pre.get_text().strip() for pre in page.select(".cell_output pre")]
    order = ["one", "two", "three", "seen", "four", "five", "six", "seven", "eight"]
    assert shown == [f"out of {name}" for name in order]
    assert not page.select("details.hide .cell_output")
