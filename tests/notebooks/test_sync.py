"""Both halves of a chapter say the same, and the table of contents names every chapter."""

from __future__ import annotations

from pathlib import Path

import nbformat
import pytest
import yaml
from nbformat import NotebookNode

from parts.chapters import NOTEBOOKS, ROOT, chapters
from parts.verify import sync_problems

PART_ONE = ["01_definition", "02_generator", "03_discriminator", "04_losses", "05_training"]
FIRST = ["00_first_evening", *PART_ONE]


def entries(node: object) -> list[str]:
    """Return every ``file:`` of a table of contents, at any depth."""
    if isinstance(node, list):
        return [name for part in node for name in entries(part)]
    if isinstance(node, dict):
        own = [str(value) for key, value in node.items() if key in {"file", "root"}]
        return own + [name for value in node.values() for name in entries(value)]
    return []


def test_the_first_evening_and_the_chapters_of_part_one_exist() -> None:
    stems = [path.stem for path in chapters()]
    assert stems[: len(FIRST)] == FIRST
    assert [path.stem for path in sorted(NOTEBOOKS.glob("*.ipynb"))] == stems


def test_the_table_of_contents_names_each_stored_chapter_once_and_in_order() -> None:
    toc = entries(yaml.safe_load((ROOT / "_toc.yml").read_text(encoding="utf-8")))
    listed = [name for name in toc if name.startswith("notebooks/")]
    # With its extension, or Sphinx finds two files for one document.
    assert listed == [f"notebooks/{path.stem}.ipynb" for path in chapters()]


def test_pair_is_in_sync(text: NotebookNode, stored: NotebookNode) -> None:
    assert sync_problems(text, stored) == []


def test_the_pair_is_declared_to_jupytext(path: Path, stored: NotebookNode) -> None:
    header = path.read_text(encoding="utf-8").split("---", 2)[1]
    assert yaml.safe_load(header)["jupytext"]["formats"] == "ipynb,md:myst"
    assert stored.metadata.jupytext.formats == "ipynb,md:myst"


def test_a_changed_sentence_in_one_half_is_noticed(
    text: NotebookNode, stored: NotebookNode
) -> None:
    for position, cell in enumerate(text.cells):
        original = cell.source
        cell.source = original + " Or not."
        assert any(f"cell {position} differs" in found for found in sync_problems(text, stored))
        cell.source = original


def test_a_changed_tag_type_or_count_is_noticed(text: NotebookNode, stored: NotebookNode) -> None:
    text.cells[1].metadata["tags"] = ["nbval-ignore-output"]
    assert sync_problems(text, stored)
    text.cells[1].metadata = stored.cells[1].metadata
    assert not sync_problems(text, stored)
    text.cells.append(nbformat.v4.new_markdown_cell("One more."))
    assert sync_problems(text, stored)
    text.cells.pop()
    text.cells[0].cell_type = "raw"
    assert sync_problems(text, stored)


@pytest.mark.parametrize("suffix", [".md", ".ipynb"])
def test_files_end_lines_as_unix_does(path: Path, suffix: str) -> None:
    assert b"\r" not in path.with_suffix(suffix).read_bytes()
