"""Fold what the core road does not need: sections marked *deeper*, and the code of figures.

A section is deeper if its heading begins with `Deeper: `. In a notebook it stands open like any
other; on the site what is under its heading is folded. Cells in a row whose code is folded become
one: all their code under one button, then all that they put out.
"""

from docutils import nodes
from sphinx.application import Sphinx
from sphinx.util.docutils import SphinxTranslator

MARK = "Deeper: "


class DeeperNode(nodes.General, nodes.Element):
    """What stands under the heading of a deeper section."""


def fold_deeper(app: Sphinx, doctree: nodes.document) -> None:
    """Put the contents of every section whose heading begins with the mark into a fold."""
    for section in list(doctree.findall(nodes.section)):
        title = section.children[0]
        first = title.children[0] if title.children else None
        if isinstance(first, nodes.Text) and first.startswith(MARK):
            mark = nodes.inline("", MARK.strip(), classes=["deeper-mark"])
            title[0:1] = [mark, nodes.Text(f" {first[len(MARK) :]}")]
            section["classes"].append("deeper")
            section[1:] = [DeeperNode("", *section.children[1:])]


def merge_folds(app: Sphinx, doctree: nodes.document) -> None:
    """Give cells in a row whose code is folded one button."""
    for place in list(doctree.findall(_holds_cells)):
        first: nodes.Element | None = None
        for child in list(place.children):
            if not _is_folded(child):
                first = None if not isinstance(child, nodes.comment) else first
            elif first is None:
                first = child
            else:
                place.remove(child)
                for part in list(child.children):
                    _add(first, part)


def _holds_cells(node: nodes.Node) -> bool:
    return isinstance(node, nodes.section | nodes.document | DeeperNode)


def _is_folded(node: nodes.Node) -> bool:
    return (
        isinstance(node, nodes.container)
        and node.get("nb_element") == "cell_code"
        and node.get("hide_mode") == "input"
    )


def _add(cell: nodes.Element, part: nodes.Element) -> None:
    """Add code to the code of a cell, or outputs to its outputs."""
    for ours in cell.children:
        if ours.get("nb_element") == part.get("nb_element"):
            ours += list(part.children)
            return
    cell += part


def visit_deeper(self: SphinxTranslator, node: DeeperNode) -> None:
    """Open the fold."""
    self.body.append('<details class="deeper"><summary>Show this section</summary>\n')


def depart_deeper(self: SphinxTranslator, node: DeeperNode) -> None:
    """Close it."""
    self.body.append("</details>\n")


def setup(app: Sphinx) -> None:
    """Register the node and the handlers."""
    app.add_node(DeeperNode, html=(visit_deeper, depart_deeper))
    app.connect("doctree-read", fold_deeper)
    app.connect("doctree-read", merge_folds)
