"""A chapter's core is short enough, and its head states the times that its length gives."""

from __future__ import annotations

import re
from pathlib import Path

import nbformat
import pytest

from parts.chapters import chapters
from parts.length import times, too_long

TIMES = re.compile(r"\*\*Reading\*\* (.+?)\. \*\*Running\*\* \d+ s\.")


@pytest.mark.parametrize("path", chapters(), ids=lambda path: path.stem)
def test_the_core_of_a_chapter_is_within_its_limits(path: Path) -> None:
    assert too_long(nbformat.read(path.with_suffix(".ipynb"), as_version=4)) == []


@pytest.mark.parametrize("path", chapters(), ids=lambda path: path.stem)
def test_the_head_of_a_chapter_states_its_times(path: Path) -> None:
    (stated,) = TIMES.findall(" ".join(path.read_text(encoding="utf-8").split()))
    assert stated == times(nbformat.read(path.with_suffix(".ipynb"), as_version=4))
