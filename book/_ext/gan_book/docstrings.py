"""Show the equations in docstrings as equations.

A docstring of the package opens with one sentence, then gives the formula as plain text on lines
of its own. Markup would read `|x|` as a substitution; here such a paragraph becomes a block that is
shown as it was typed.
"""

import re
from itertools import groupby
from typing import Any

from sphinx.application import Sphinx

RELATION = re.compile(r"\s(=|←|->|≤)\s")
UNDERLINE = re.compile(r"-{3,}")
SHAPE = re.compile(r"\*(?=\**\w+[,)])")  # as in (N, *shape): no emphasis


def show_equations(
    app: Sphinx, what: str, name: str, thing: Any, options: Any, lines: list[str]
) -> None:
    """Turn the paragraphs of a docstring that are formulas into blocks."""
    shown: list[str] = []
    for blank, group in groupby(lines, key=lambda line: not line.strip()):
        paragraph = list(group)
        if not blank and _is_equation(paragraph):
            paragraph = [".. code-block:: text", "   :class: equation", "", *_indent(paragraph)]
        else:
            paragraph = [SHAPE.sub(r"\\*", line) for line in paragraph]
        shown += paragraph
    lines[:] = shown


def skip_fields(
    app: Sphinx, what: str, name: str, thing: Any, skip: bool, options: Any
) -> bool | None:
    """Leave out what Python writes about the fields of a named tuple: they have no words."""
    return True if type(thing).__name__ == "_tuplegetter" else None


def _is_equation(paragraph: list[str]) -> bool:
    """Whether every line is flush left, the whole holds a relation, and no sentence ends it."""
    text = " ".join(paragraph)
    flush = all(not line.startswith(" ") for line in paragraph)
    section = any(UNDERLINE.fullmatch(line) for line in paragraph)
    prose = text.rstrip().endswith((".", ":", "!", "?")) or paragraph[0].startswith((">>>", "- "))
    return flush and not section and not prose and bool(RELATION.search(text))


def _indent(lines: list[str]) -> list[str]:
    return [f"   {line}" for line in lines]


def setup(app: Sphinx) -> None:
    """Register the handlers; equations are found before napoleon reads the docstring."""
    app.connect("autodoc-process-docstring", show_equations, priority=100)
    app.connect("autodoc-skip-member", skip_fields)
