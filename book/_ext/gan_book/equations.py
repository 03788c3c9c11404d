"""Draw the equations when the site is built, so that no reader's browser has to.

MathJax itself draws them, in the JavaScript engine that the package mini-racer brings; no Node is
needed. A page gets each equation as a drawing, beside it MathML for those who listen, and each
glyph's outline once. A mistake in an equation is a warning of the build, and so an error.
"""

import json
import re
from functools import cache
from html import escape
from pathlib import Path
from typing import Any

from docutils import nodes
from py_mini_racer import JSEvalException, MiniRacer
from sphinx.application import Sphinx
from sphinx.util import logging
from sphinx.writers.html5 import HTML5Translator

logger = logging.getLogger(__name__)

HERE = Path(__file__).parent
PARTS = (
    "loader",
    "core",
    "adaptors/liteDOM",
    "input/tex-full",
    "output/svg",
    "output/svg/fonts/tex",
)
TAG = re.compile(r"\\tag\{([^{}]*)\}")
GLYPH = re.compile(r'<use href="#(mjx-[^"]+)"')


class Pen:
    """MathJax in an engine of its own, which lives as long as the build."""

    def __init__(self) -> None:
        self.engine = MiniRacer()
        self.engine.eval("var MathJax = {}")
        for part in PARTS:
            self.engine.eval((HERE / "mathjax" / f"{part}.js").read_text(encoding="utf-8"))
        self.engine.eval((HERE / "draw.js").read_text(encoding="utf-8"))
        self.drawn: dict[tuple[str, bool], str] = {}

    def draw(self, tex: str, display: bool) -> str:
        """Return the element of an equation; raise `ValueError` where it has a mistake."""
        if (tex, display) not in self.drawn:
            try:
                text = self.engine.eval(f"draw({json.dumps(tex)}, {json.dumps(display)})")
            except JSEvalException as error:
                (reason,) = re.findall(r"Error: (.*)", str(error))[:1] or [str(error)[:200]]
                raise ValueError(reason) from None
            parts = json.loads(str(text))
            kind = ' display="true"' if display else ""
            self.drawn[tex, display] = (
                f"<mjx-container{kind}>{parts['svg']}"
                f"<mjx-assistive-mml>{parts['mathml']}</mjx-assistive-mml></mjx-container>"
            )
        return self.drawn[tex, display]

    def outlines(self, body: str) -> str:
        """Return the outlines of the glyphs that stand on a page."""
        names = sorted(set(GLYPH.findall(body)))
        known = json.loads(str(self.engine.eval("glyphs()"))) if names else {}
        paths = "".join(f'<path id="{name}" d="{known[name]}"/>' for name in names)
        return f'<svg class="glyphs" aria-hidden="true"><defs>{paths}</defs></svg>' if paths else ""


@cache
def pen() -> Pen:
    """Return the one pen, made when the first equation asks for it."""
    return Pen()


def _drawn(node: nodes.Element, tex: str, display: bool) -> str:
    """Draw an equation; show and report its source where it has a mistake."""
    try:
        return pen().draw(tex, display)
    except ValueError as error:
        logger.warning("an equation has a mistake, %s: %s", error, tex, location=node)
        return f"<code>{escape(tex)}</code>"


def visit_inline(self: HTML5Translator, node: nodes.math) -> None:
    """Write an equation in a line."""
    self.body.append(f'<span class="math">{_drawn(node, node.astext(), False)}</span>')
    raise nodes.SkipNode


def visit_block(self: HTML5Translator, node: nodes.math_block) -> None:
    """Write an equation on lines of its own, and its number at the edge."""
    tex = node.astext().strip()
    tags = TAG.findall(tex)
    if len(tags) > 1:
        logger.warning("an equation has more than one number: %s", tex, location=node)
    drawn = _drawn(node, TAG.sub("", tex), True)
    if tags:
        number = _drawn(node, rf"\text{{({tags[0]})}}", False)
        drawn = f'<div class="numbered">{drawn}<span class="number">{number}</span></div>'
    self.body.append(self.starttag(node, "div", CLASS="math") + drawn + "</div>\n")
    raise nodes.SkipNode


def add_outlines(
    app: Sphinx, pagename: str, template: str, context: dict[str, Any], doctree: Any
) -> None:
    """Put the outlines of its glyphs before the text of a page."""
    if "<mjx-container" in context.get("body", ""):
        context["body"] = pen().outlines(context["body"]) + context["body"]


def lay_down(app: Sphinx, exception: Exception | None) -> None:
    """End the engine: its threads would outlive the build."""
    if pen.cache_info().currsize:
        pen().engine.close()
        pen.cache_clear()


def setup(app: Sphinx) -> None:
    """Register the renderer; `html_math_renderer` chooses it."""
    app.add_html_math_renderer("drawn", (visit_inline, None), (visit_block, None))
    app.connect("html-page-context", add_outlines)
    app.connect("build-finished", lay_down)
