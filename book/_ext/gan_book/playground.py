"""The playground in one line of a chapter: a GAN that trains in the reader's browser."""

from html import escape
from pathlib import Path

from docutils import nodes
from docutils.parsers.rst import directives
from sphinx.application import Sphinx
from sphinx.util.docutils import SphinxDirective

ELEMENT = """\
<gan-playground state="{state}"{compact}>
<figure>{still}<figcaption>The playground needs JavaScript. This is what it shows, 30 steps after
its start: the data (blue, dashed), the generator's samples (orange), the discriminator (green) and
the best discriminator against this generator (green, dashed).</figcaption></figure>
</gan-playground>
"""


class PlaygroundDirective(SphinxDirective):
    """`{playground} #gan?loss=hinge`: the playground in that state; without one, in its usual one.

    The text inside says what to try. Where no script runs, and on paper, a still picture stands in
    its place. With `full` it follows the address of the page.
    """

    has_content = True
    optional_arguments = 1
    final_argument_whitespace = True
    option_spec = {"full": directives.flag}  # noqa: RUF012  (docutils wants a dict)

    def run(self) -> list[nodes.Node]:
        """Make the element, the still picture in it, and the text above it."""
        still = Path(self.env.srcdir) / "book" / "playground" / "still.svg"
        self.env.note_dependency(str(still))
        element = ELEMENT.format(
            state=escape(self.arguments[0] if self.arguments else ""),
            compact="" if "full" in self.options else " compact",
            still=still.read_text(encoding="utf-8").strip(),
        )
        text = nodes.container(classes=["playground-text"])
        self.state.nested_parse(self.content, self.content_offset, text)
        return [*text.children, nodes.raw("", element, format="html")]


def setup(app: Sphinx) -> None:
    """Register the directive."""
    app.add_directive("playground", PlaygroundDirective)
