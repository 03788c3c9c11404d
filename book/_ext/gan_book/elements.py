"""The playground and the explorer in one line of a page: they run in the reader's browser."""

from base64 import b64encode
from html import escape
from pathlib import Path

from docutils import nodes
from docutils.parsers.rst import directives
from sphinx.application import Sphinx
from sphinx.util.docutils import SphinxDirective

PLAYGROUND = """\
<gan-playground state="{state}"{compact}>
<figure>{still}<figcaption>The playground needs JavaScript. This is what it shows, 30 steps after
its start: the data (blue, dashed), the generator's samples (orange), the discriminator (green) and
the best discriminator against this generator (green, dashed).</figcaption></figure>
</gan-playground>
"""
EXPLORER = """\
<latent-explorer state="{state}"{compact}>
<figure><img src="data:image/png;base64,{still}" alt="The word LATENT five times, from thin to
black, on the left as the generator draws it, in orange, on the right in the font, in blue."
style="image-rendering: pixelated; max-width: 100%; width: 624px">
<figcaption>The explorer needs JavaScript. This is what it shows: a word drawn by the generator
(left, orange) and in the font (right, blue), in five weights.</figcaption></figure>
</latent-explorer>
"""


class ElementDirective(SphinxDirective):
    """`{playground} #gan?loss=hinge`: an element in that state; without one, in its usual one.

    The text inside says what to try. Where no script runs, and on paper, a still picture stands in
    its place. With `full` it follows the address of the page.
    """

    element: str
    picture: str  # the still one, in book/playground
    has_content = True
    optional_arguments = 1
    final_argument_whitespace = True
    option_spec = {"full": directives.flag}  # noqa: RUF012  (docutils wants a dict)

    def run(self) -> list[nodes.Node]:
        """Make the element, the still picture in it, and the text above it."""
        still = Path(self.env.srcdir) / "book" / "playground" / self.picture
        self.env.note_dependency(str(still))
        element = self.element.format(
            state=escape(self.arguments[0] if self.arguments else ""),
            compact="" if "full" in self.options else " compact",
            still=self.inline(still.read_bytes()),
        )
        text = nodes.container(classes=[f"{self.name}-text"])
        self.state.nested_parse(self.content, self.content_offset, text)
        return [*text.children, nodes.raw("", element, format="html")]

    def inline(self, still: bytes) -> str:
        """Return the still picture as it stands in the page."""
        raise NotImplementedError


class PlaygroundDirective(ElementDirective):
    """A GAN that trains."""

    element, picture = PLAYGROUND, "still.svg"

    def inline(self, still: bytes) -> str:
        """Return the drawing itself."""
        return still.decode().strip()


class ExplorerDirective(ElementDirective):
    """Words that a generator draws."""

    element, picture = EXPLORER, "explorer.png"

    def inline(self, still: bytes) -> str:
        """Return the file in base64."""
        return b64encode(still).decode()


def setup(app: Sphinx) -> None:
    """Register the two directives."""
    app.add_directive("playground", PlaygroundDirective)
    app.add_directive("explorer", ExplorerDirective)
