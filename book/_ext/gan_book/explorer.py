"""The explorer in one line of a page: words that a generator draws in the reader's browser."""

from base64 import b64encode
from html import escape
from pathlib import Path

from docutils import nodes
from docutils.parsers.rst import directives
from sphinx.application import Sphinx
from sphinx.util.docutils import SphinxDirective

ELEMENT = """\
<latent-explorer state="{state}"{compact}>
<figure><img src="data:image/png;base64,{still}" alt="The word LATENT five times, from thin to
black, on the left as the generator draws it, in orange, on the right in the font, in blue."
style="image-rendering: pixelated; max-width: 100%; width: 624px">
<figcaption>The explorer needs JavaScript. This is what it shows: a word drawn by the generator
(left, orange) and in the font (right, blue), in five weights.</figcaption></figure>
</latent-explorer>
"""


class ExplorerDirective(SphinxDirective):
    """`{explorer} #letters?word=GAN`: the explorer with that word; without one, with its usual one.

    The text inside says what to try. Where no script runs, and on paper, a still picture stands in
    its place. With `full` it follows the address of the page.
    """

    has_content = True
    optional_arguments = 1
    final_argument_whitespace = True
    option_spec = {"full": directives.flag}  # noqa: RUF012  (docutils wants a dict)

    def run(self) -> list[nodes.Node]:
        """Make the element, the still picture in it, and the text above it."""
        still = Path(self.env.srcdir) / "book" / "playground" / "explorer.png"
        self.env.note_dependency(str(still))
        element = ELEMENT.format(
            state=escape(self.arguments[0] if self.arguments else ""),
            compact="" if "full" in self.options else " compact",
            still=b64encode(still.read_bytes()).decode(),
        )
        text = nodes.container(classes=["explorer-text"])
        self.state.nested_parse(self.content, self.content_offset, text)
        return [*text.children, nodes.raw("", element, format="html")]


def setup(app: Sphinx) -> None:
    """Register the directive."""
    app.add_directive("explorer", ExplorerDirective)
