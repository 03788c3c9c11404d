"""List the numbers in the prose of the chapters that stand in none of their outputs.

    python tools/prose.py    # writes tests/notebooks/prose_numbers.csv, for you to review

A number with two digits or more, in a sentence or in the words for a figure, should be one that the
chapter prints or computes with. Those that are not, such as figures from a paper or roundings, are
listed with the words around them. A test demands that every other one is found, so that a number
that somebody changes by itself is noticed.
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterator
from pathlib import Path

import nbformat
from nbformat import NotebookNode

from parts.chapters import ROOT, chapters, output_texts, write_atomically

LIST = ROOT / "tests" / "notebooks" / "prose_numbers.csv"
COLUMNS = ["chapter", "number", "words"]
NO_PROSE = re.compile(
    r"(?ms)^(`{3,}|~{3,}).*?^\1"  # code and directives
    r"|\$\$.*?\$\$|\$[^$]+\$|\\begin\{.*?\\end\{\w+\*?\}"  # mathematics
    r"|`[^`]*`|\{\w+\}`[^`]*`"  # code and roles, among them citations
    r"|\]\([^)]*\)|<[^>]*>|https?://\S+"  # where links lead, and markup
    r"|^#.*?$|^:::.*?$"  # headings, and the fences of boxes
    r"|\(\d+\.\d+\)"  # numbers of equations
    r"|\*\*Reading\*\*.*?with\s+exercises"  # times, which a test of their own keeps
)
NUMBER = re.compile(r"(?<![\w.])\d+(?:[  ]\d{3})*(?:\.\d+)?(?:e[-+]?\d+)?(?!\w)(?P<percent>\s?%)?")


def unbacked(notebook: NotebookNode) -> list[tuple[str, str]]:
    """Return each number of the prose that no cell of its section has, and the words around it."""
    return [(number, words) for number, words, backed in quoted(notebook) if not backed]


def quoted(notebook: NotebookNode) -> Iterator[tuple[str, str, bool]]:
    """Yield each number of the prose, the words around it, and whether its section has it."""
    for prose, cells in sections(notebook):
        known = {value(match[0]) for match in NUMBER.finditer("\n".join(backing(cells)))}
        for text in prose:
            for match in NUMBER.finditer(text):
                number = value(match[0])
                shares = {number, round(number / 100, 10)} if match["percent"] else {number}
                if digits(match[0]) > 1:
                    before = text[: match.start()].split()[-2:]
                    after = text[match.end() :].split()[:2]
                    words = " ".join([*before, match[0], *after])
                    yield match[0], " ".join(words.split()), bool(shares & known)


def sections(notebook: NotebookNode) -> Iterator[tuple[list[str], list[NotebookNode]]]:
    """Yield prose and code cells between two headings of the second level.

    Prose is text without code, mathematics, headings and links, and the words for figures.
    """
    prose: list[str] = []
    cells: list[NotebookNode] = []
    for cell in notebook.cells:
        if cell.cell_type == "code":
            cells.append(cell)
            prose.append(cell.metadata.get("mystnb", {}).get("image", {}).get("alt", ""))
            continue
        before, *parts = re.split(r"^## ", cell.source, flags=re.MULTILINE)
        prose.append(NO_PROSE.sub(" · ", before))
        for part in parts:
            yield prose, cells
            prose, cells = [NO_PROSE.sub(" · ", f"## {part}")], []
    yield prose, cells


def backing(cells: list[NotebookNode]) -> Iterator[str]:
    """Yield code and outputs, where the numbers of the prose should stand."""
    for cell in cells:
        yield cell.source.replace("_", "")
        for output in cell.get("outputs", []):
            yield from (text for kind, text in output_texts(output) if "image/" not in kind)


def value(written: str) -> float:
    """Return the number that is written, with spaces for the thousands or a sign for per cent."""
    return float(re.sub(r"[\s%]", "", written))


def digits(written: str) -> int:
    """Return how many digits count: 2 in 0.25 and in 250, 1 in 0.5 and in 500."""
    mantissa = re.sub(r"[\s%]", "", written).partition("e")[0]
    return len(mantissa.replace(".", "").strip("0"))


def stored(path: Path) -> NotebookNode:
    """Return a chapter with its outputs."""
    return nbformat.read(path.with_suffix(".ipynb"), as_version=4)


def listed() -> list[dict[str, str]]:
    """Return the rows of the list."""
    return list(csv.DictReader(LIST.read_text(encoding="utf-8").splitlines()))


def main() -> int:
    """Write the list anew."""
    rows = [[path.stem, *found] for path in chapters() for found in unbacked(stored(path))]
    stream = io.StringIO()
    csv.writer(stream, lineterminator="\n").writerows([COLUMNS, *rows])
    write_atomically(LIST, stream.getvalue())
    print(f"{LIST.relative_to(ROOT)}: {len(rows)} numbers that no output has; review the change")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
