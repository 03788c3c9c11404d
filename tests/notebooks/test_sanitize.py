"""What nbval leaves out when it compares: the numbers in brackets, and nothing besides."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from nbformat import NotebookNode
from nbval.plugin import get_sanitize_patterns

import check
from gan_tutorial import notebook
from gan_tutorial.notebook import CLAIM_LINE, claim, table
from parts.chapters import ROOT, code_cells, output_texts

FILE = ROOT / "tests" / "notebooks" / "sanitize.cfg"


def compared(text: str) -> str:
    """Return what nbval compares of an output."""
    for pattern, replacement in get_sanitize_patterns(FILE.read_text(encoding="utf-8")):
        text = re.sub(pattern, replacement, text)
    return text


def test_the_check_uses_it() -> None:
    (option,) = [part for part in check.nbval() if part.startswith("--nbval-sanitize-with=")]
    assert ROOT / Path(option.partition("=")[2]) == FILE


def test_measured_numbers_are_left_out_and_words_are_not(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    shown: list[dict[str, str]] = []
    monkeypatch.setattr(notebook, "display", lambda data, raw: shown.append(data))

    def run(value: float, words: str = "all end below 2") -> str:
        claim(words, [value, 1.5], below=2, seeds=16)
        table({words: [value, 1.5]}, caption=words)
        return "".join([capsys.readouterr().out, *shown.pop().values()])

    one, other, reworded = run(1.0), run(0.001234), run(1.0, "none ends above 2")
    assert one != other
    assert compared(one) == compared(other)
    assert compared(one).startswith("✔ all end below 2 (16 seeds)\n")
    assert compared(one) != compared(reworded)


def test_only_claims_and_tables_have_such_brackets(stored: NotebookNode) -> None:
    for _, cell in code_cells(stored):
        for output in cell.get("outputs", []):
            for kind, text in output_texts(output):
                if kind == "stdout":
                    rest = CLAIM_LINE.sub("", text)
                    assert compared(rest) == rest, rest
