"""The playground in one line of a chapter: a GAN that trains in the reader's browser."""

from html import escape

from docutils import nodes
from sphinx.application import Sphinx
from sphinx.util.docutils import SphinxDirective

STILL = "/book/_static/hero-still.svg"
ALT = (
    "Still picture of a generator that has learnt two humps: the dashed curve of the data, the "
    "filled curve of the generator on it, and the line of the discriminator near one half."
)


class PlaygroundDirective(SphinxDirective):
    """`{playground} #gan?loss=hinge`: the playground in that state; without one, in its usual one.

    The text inside says what to try. Where no script runs, and on paper, a still picture stands in
    its place.
    """

    has_content = True
    optional_arguments = 1
    final_argument_whitespace = True
    option_spec = {"full": lambda _: True}

    def run(self) -> list[nodes.Node]:
        """Make the element, with the still picture and the text inside."""
        state = escape(self.arguments[0] if self.arguments else "", quote=True)
        compact = "" if "full" in self.options else " compact"
        figure = nodes.figure("", nodes.image(uri=STILL, alt=ALT), classes=["playground-still"])
        caption = "The playground trains a GAN here when JavaScript may run. This is a still."
        figure += nodes.caption("", caption)
        text = nodes.container(classes=["playground-text"])
        self.state.nested_parse(self.content, self.content_offset, text)
        opening = f'<gan-playground state="{state}"{compact}>'
        return [
            text,
            nodes.raw("", opening, format="html"),
            figure,
            nodes.raw("", "</gan-playground>", format="html"),
        ]


def setup(app: Sphinx) -> None:
    """Register the directive."""
    app.add_directive("playground", PlaygroundDirective)
