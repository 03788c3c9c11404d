"""How long a chapter is, and how long it takes: its core, its deeper sections, its exercises.

A section is deeper if its heading begins with ``Deeper: ``; it ends where a heading of its level or
of a higher one begins. The exercises are what stands under ``## Exercises``. All else is the core.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from nbformat import NotebookNode

from gan_tutorial.notebook import CLAIM_LINE
from parts.chapters import output_texts, tags
from parts.reading import draws, printed

WORDS, LINES, TICKS = 2500, 250, 15  # what the core has at most

# The rule of the times, in seconds, but for the words.
WORDS_PER_MINUTE = 200
SECONDS = {"lines": 5, "ticks": 5, "rows": 10, "figures": 30, "equations": 90, "turns": 300}
EXERCISE_MINUTES = {"warm-up": 10, "open": 40}
OTHER_EXERCISE = 20

HEADING = re.compile(r"(#+) (.*)")
EXERCISE = re.compile(r"\*\*Exercise \d+(?: \(([^)]*)\))?\.\*\*")
TURN = re.compile(r"\*\*Your turn [A-Z]\.\*\*")
UNSEEN = {"hide-input", "hide-cell", "remove-input"}
MARKUP = re.compile(r"^\s*(?::{3,}|`{3,}).*$|^\(.+\)=$|<!--.*?-->|^\s*[|:\s-]+$", re.MULTILINE)


@dataclass
class Length:
    """What is in a part of a chapter, as its reader counts."""

    words: int = 0
    lines: int = 0
    ticks: int = 0
    rows: int = 0
    figures: int = 0
    equations: int = 0
    turns: int = 0

    @property
    def minutes(self) -> float:
        """How long it takes to read the part, and to fill its blanks."""
        seconds = sum(each * getattr(self, name) for name, each in SECONDS.items())
        return self.words / WORDS_PER_MINUTE + seconds / 60


def lengths(notebook: NotebookNode) -> dict[str, Length]:
    """Return the lengths of a stored chapter: core, deeper sections, exercises."""
    found = {part: Length() for part in ("core", "deeper", "exercises")}
    for part, piece in pieces(notebook):
        length = found[part]
        if isinstance(piece, str):
            text, equations = re.subn(r"\$\$.*?\$\$", "", piece, flags=re.DOTALL)
            length.equations += equations
            length.turns += len(TURN.findall(text))
            length.words += count_words(text)
        else:
            length.lines += visible_lines(piece)
            length.figures += draws(piece)
            if "hide-cell" not in tags(piece):
                text = printed(piece)
                length.ticks += len(CLAIM_LINE.findall(text))
                length.rows += table_rows(piece)
                length.rows += sum(
                    bool(line.strip()) for line in CLAIM_LINE.sub("", text).splitlines()
                )
    return found


def pieces(notebook: NotebookNode) -> Iterator[tuple[str, str | NotebookNode]]:
    """Yield the parts of the text and the code cells in their order, each with where it belongs."""
    part, level = "core", 0
    for cell in notebook.cells:
        if cell.cell_type == "code":
            yield part, cell
            continue
        lines: list[str] = []
        fence = ""
        for line in cell.source.splitlines():
            match = HEADING.fullmatch(line) if not fence else None
            if opening := re.match(r"\s*(`{3,}|\$\$)", line):
                closes = line.count("$$") == 2 or (fence and opening[1].startswith(fence))
                fence = "" if closes else fence or opening[1]
            if match and (part == "core" or len(match[1]) <= level):
                yield part, "\n".join(lines)
                lines, level = [], len(match[1])
                deeper = match[2].startswith("Deeper: ")
                part = "deeper" if deeper else "exercises" if match[2] == "Exercises" else "core"
            lines.append(line)
        yield part, "\n".join(lines)


def count_words(text: str) -> int:
    """Count the words of a piece of text; a formula in a line is one, a displayed one is none."""
    text = re.sub(r"\$\$.*?\$\$", "", text, flags=re.DOTALL)
    text = MARKUP.sub("", text)
    text = re.sub(r"\$[^$]+\$", "formula", text)
    text = re.sub(r"\]\([^)]*\)", "]", text)  # the address of a link
    text = re.sub(r"\{\w+\}`[^`]*`", "reference", text)
    return sum(bool(re.search(r"\w", word)) for word in text.split())


def table_rows(cell: NotebookNode) -> int:
    """Count the rows, heads included, of the tables that a cell shows."""
    texts = [dict(output_texts(output)) for output in cell.get("outputs", [])]
    return sum(text.get("text/html", "").count("<tr>") for text in texts)


def visible_lines(cell: NotebookNode) -> int:
    """Count the lines of code that a page shows for a cell, those of shown source included."""
    if UNSEEN & set(tags(cell)) or re.search(r"^exercise\(", cell.source, re.MULTILINE):
        return 0
    shown = cell.source
    if "show_source(" in shown and "hide-output" not in tags(cell):
        for output in cell.get("outputs", []):
            shown += "\n" + dict(output_texts(output)).get("text/plain", "")
    return sum(bool(line.strip()) for line in shown.splitlines())


def times(notebook: NotebookNode) -> str:
    """Return the times as a chapter's head states them: core, all, with exercises."""
    found = lengths(notebook)
    core = found["core"].minutes
    everything = core + found["deeper"].minutes
    text = "\n".join(piece for _, piece in pieces(notebook) if isinstance(piece, str))
    exercises = sum(EXERCISE_MINUTES.get(kind, OTHER_EXERCISE) for kind in EXERCISE.findall(text))
    return (
        f"{in_words(core)} core · {in_words(everything)} all · "
        f"{in_words(everything + exercises)} with exercises"
    )


def in_words(minutes: float) -> str:
    """Return a time to five minutes, such as 25 min, 1 h or 1 h 30."""
    hours, rest = divmod(5 * round(minutes / 5), 60)
    return f"{rest} min" if not hours else f"{hours} h {rest:02d}" if rest else f"{hours} h"


def too_long(notebook: NotebookNode) -> list[str]:
    """Say what of a chapter's core is over its limit."""
    core = lengths(notebook)["core"]
    limits = {"words": WORDS, "lines": LINES, "ticks": TICKS}
    names = {"words": "words", "lines": "lines of visible code", "ticks": "visible ticks"}
    return [
        f"the core has {getattr(core, name)} {names[name]}, at most {limit} are allowed"
        for name, limit in limits.items()
        if getattr(core, name) > limit
    ]
