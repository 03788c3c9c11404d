"""The chapters that exist, each read once."""

from __future__ import annotations

import copy
from functools import cache
from pathlib import Path

import nbformat
import pytest
from nbformat import NotebookNode

from parts.chapters import chapters, read_text

CHAPTERS = [path.stem for path in chapters()]


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Run every test that asks for a ``chapter`` on each of them."""
    if "chapter" in metafunc.fixturenames:
        metafunc.parametrize("chapter", CHAPTERS)


@cache
def _read(path: Path) -> NotebookNode:
    if path.suffix == ".md":
        return read_text(path)
    return nbformat.read(path, as_version=4)


@pytest.fixture
def path(chapter: str) -> Path:
    """The chapter's ``.md``."""
    (found,) = chapters(chapter)
    return found


@pytest.fixture
def text(path: Path) -> NotebookNode:
    """The ``.md`` half as a notebook: the test's own copy."""
    return copy.deepcopy(_read(path))


@pytest.fixture
def stored(path: Path) -> NotebookNode:
    """The ``.ipynb`` half: the test's own copy."""
    assert path.with_suffix(".ipynb").exists(), f"make notebooks CHAPTER={path.stem[:2]}"
    return copy.deepcopy(_read(path.with_suffix(".ipynb")))
