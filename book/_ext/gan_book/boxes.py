"""Give the parts of a chapter their look by what they say first.

Chapters write `:::{note}` with a bold first sentence, such as **Predict first.**, because plain
notebook tools show that well. On the site the bold words become the title of the box, and its kind
becomes a class of the stylesheet. Exercises, solutions and the number of a chapter are marked too.
"""

import re
from typing import Any

from docutils import nodes
from sphinx.application import Sphinx
from sphinx.transforms.post_transforms import SphinxPostTransform

KINDS = {
    "Predict first": "predict",
    "Answer": "answer",
    "What goes wrong": "wrong",
    "What you will learn": "learn",
}
EXERCISE = re.compile(r"(?:Exercise \d+|Your turn [A-Z])\b")
CLOSING = re.compile(r"[.,;:!?)\]’”]+")
NUMBERED = re.compile(r"(\d+)\. (.+)", re.DOTALL)


def shape_boxes(app: Sphinx, doctree: nodes.document) -> None:
    """Turn every note that opens with bold words into a box with those words as its title."""
    for note in list(doctree.findall(nodes.note)):
        paragraph = note.children[0] if note.children else None
        strong = _bold_opening(paragraph)
        if strong is None or not isinstance(paragraph, nodes.paragraph):
            continue
        title = strong.astext().strip().rstrip(".:")
        kind = KINDS.get(title, "aside")
        box = nodes.admonition("", nodes.title("", title), classes=["box", kind])
        box.source, box.line = note.source, note.line
        paragraph.remove(strong)
        _strip_start(paragraph)
        if kind == "learn":
            _set_times_apart(paragraph)
        box += [child for child in note.children if child.children or child is not paragraph]
        note.replace_self(box)


def mark_exercises(app: Sphinx, doctree: nodes.document) -> None:
    """Give the opening line of an exercise a class, and say what is folded: code or a solution."""
    for paragraph in doctree.findall(nodes.paragraph):
        strong = _bold_opening(paragraph)
        if strong is not None and EXERCISE.match(strong.astext()):
            paragraph["classes"].append("exercise")
    for cell in doctree.findall(nodes.container):
        what = {"all": "the solution", "input": "the code"}.get(cell.get("hide_mode"))
        for prompt in ("prompt_show", "prompt_hide"):
            if what and prompt in cell:
                cell[prompt] = cell[prompt].replace("{type}", what)


def mark_number(app: Sphinx, doctree: nodes.document) -> None:
    """Set the number of a chapter's title apart: "3. What D learns" has a number and a name."""
    for title in doctree.findall(nodes.title):
        first = title.children[0] if title.children else None
        match = NUMBERED.fullmatch(first.astext()) if isinstance(first, nodes.Text) else None
        if match:
            place = f"Chapter {match[1]}" if match[1] != "0" else "Before chapter 1"
            number = nodes.inline("", place, classes=["chapter-number"])
            title.replace(first, [number, nodes.Text(f" {match[2]}")])
        return


def bind_punctuation(app: Sphinx, doctree: nodes.document) -> None:
    """Keep a formula and the full stop or comma after it on one line."""
    for formula in list(doctree.findall(nodes.math)):
        place = formula.parent.index(formula) + 1
        after = formula.parent[place] if place < len(formula.parent) else None
        match = CLOSING.match(after) if isinstance(after, nodes.Text) else None
        if match and after is not None:
            rest = after.astext()[match.end() :]
            bound = nodes.inline("", "", classes=["nobreak"])
            formula.parent[place : place + 1] = [nodes.Text(rest)] if rest else []
            formula.replace_self(bound)
            bound += [formula, nodes.Text(match[0])]


class WrapFigures(SphinxPostTransform):
    """Put each figure that a cell drew into a box that can scroll on a narrow screen."""

    default_priority = 900  # after the images of the outputs have been chosen

    def run(self, **kwargs: Any) -> None:
        """Wrap the images that stand in outputs."""
        for image in list(self.document.findall(nodes.image)):
            if "cell_output" in image.parent.get("classes", []):
                box = nodes.container(classes=["figure-scroll"])
                image.replace_self(box)
                box += image


def _bold_opening(paragraph: nodes.Node | None) -> nodes.strong | None:
    """Return the bold words that a paragraph opens with, if it does."""
    if isinstance(paragraph, nodes.paragraph):
        for child in paragraph.children:
            if isinstance(child, nodes.strong):
                return child
            if child.astext().strip():
                return None
    return None


def _set_times_apart(paragraph: nodes.paragraph) -> None:
    """Put "Reading 30 min. Running 25 s." on a line of its own."""
    for position, child in enumerate(paragraph.children):
        if isinstance(child, nodes.strong) and child.astext().startswith("Reading"):
            times = nodes.paragraph("", "", *paragraph.children[position:], classes=["times"])
            del paragraph[position:]
            paragraph.parent.insert(paragraph.parent.index(paragraph) + 1, times)
            return


def _strip_start(paragraph: nodes.paragraph) -> None:
    """Remove the blanks that stood around the bold words."""
    while paragraph.children and isinstance(paragraph[0], nodes.Text):
        text = paragraph[0].lstrip(" .:\n")
        if text:
            paragraph[0] = nodes.Text(text)
            return
        del paragraph[0]


def setup(app: Sphinx) -> None:
    """Register the handlers."""
    app.connect("doctree-read", shape_boxes)
    app.connect("doctree-read", mark_exercises)
    app.connect("doctree-read", mark_number)
    app.connect("doctree-read", bind_punctuation)
    app.add_post_transform(WrapFigures)
