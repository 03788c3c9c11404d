"""Give the boxes of chapters their look by what they say first.

Chapters write `:::{note}` with a bold first sentence, such as **Predict first.**, because plain
notebook tools show that well. On the site the bold words become the title of the box, and its kind
becomes a class of the stylesheet.
"""

import re

from docutils import nodes
from sphinx.application import Sphinx

KINDS = {
    "Predict first": "predict",
    "Answer": "answer",
    "What goes wrong": "wrong",
    "What you will learn": "learn",
}
EXERCISE = re.compile(r"Exercise \d+\b")


def shape_boxes(app: Sphinx, doctree: nodes.document) -> None:
    """Turn every note that opens with bold words into a box with those words as its title."""
    for note in list(doctree.findall(nodes.note)):
        opening = _opening(note)
        if opening is None:
            continue
        paragraph, strong = opening
        title = strong.astext().strip().rstrip(".:")
        kind = KINDS.get(title, "aside")
        box = nodes.admonition("", nodes.title("", title), classes=["box", kind])
        box.source, box.line = note.source, note.line
        paragraph.remove(strong)
        _strip_start(paragraph)
        if kind == "learn":
            _set_times_apart(paragraph)
        box += [child for child in note.children if not _empty(child)]
        note.replace_self(box)


def mark_exercises(app: Sphinx, doctree: nodes.document) -> None:
    """Give the opening line of an exercise a class, so that it can be seen from afar."""
    for paragraph in doctree.findall(nodes.paragraph):
        if paragraph.children and isinstance(paragraph[0], nodes.strong):
            if EXERCISE.match(paragraph[0].astext()):
                paragraph["classes"].append("exercise")


def _opening(note: nodes.note) -> tuple[nodes.paragraph, nodes.strong] | None:
    paragraph = note.children[0] if note.children else None
    if isinstance(paragraph, nodes.paragraph) and paragraph.children:
        if isinstance(paragraph[0], nodes.strong):
            return paragraph, paragraph[0]
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
    first = paragraph.children[0] if paragraph.children else None
    if isinstance(first, nodes.Text):
        paragraph.replace(first, nodes.Text(first.lstrip(" .:\n")))


def _empty(node: nodes.Node) -> bool:
    return isinstance(node, nodes.paragraph) and not node.astext().strip() and not node.children


def setup(app: Sphinx) -> None:
    """Register the handlers."""
    app.connect("doctree-read", shape_boxes)
    app.connect("doctree-read", mark_exercises)
