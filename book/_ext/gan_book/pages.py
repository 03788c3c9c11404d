"""What every page carries, and what it must not: nothing is fetched from another host."""

from pathlib import Path
from typing import Any

from docutils import nodes
from sphinx.application import Sphinx

DESCRIPTION = (
    "A course on generative adversarial networks in which every claim was checked by running it."
)


def remove_thebe(app: Sphinx) -> None:
    """Undo what sphinx-thebe does: it points pages to a CDN, and declares a constant twice."""
    for listeners in app.events.listeners.values():
        for listener in list(listeners):
            if getattr(listener.handler, "__module__", "") == "sphinx_thebe":
                app.disconnect(listener.id)


def describe(
    app: Sphinx, pagename: str, template: str, context: dict[str, Any], doctree: Any
) -> None:
    """Add the icons and a description for shared links; leave sphinx-thebe's stylesheet out."""
    styles = context["css_files"]
    context["css_files"] = [style for style in styles if "thebe" not in str(style)]
    static = context["pathto"]("_static/icon.png", 1)
    title = nodes.Text(context.get("title") or "").astext()
    context["metatags"] = context.get("metatags", "") + (
        f'<link rel="apple-touch-icon" href="{static}">\n'
        f'<link rel="icon" type="image/png" sizes="180x180" href="{static}">\n'
        f'<meta name="description" content="{DESCRIPTION}">\n'
        f'<meta property="og:title" content="{title}">\n'
        '<meta property="og:type" content="website">\n'
        f'<meta property="og:description" content="{DESCRIPTION}">\n'
    )


def mend_roles(
    app: Sphinx, pagename: str, template: str, context: dict[str, Any], doctree: Any
) -> None:
    """Take the role of a list from the references: what stands in it are no list items."""
    if "body" in context:
        body = context["body"].replace('role="list" class="citation-list"', "CITATIONS")
        body = body.replace('class="citation-list" role="list"', "CITATIONS")
        context["body"] = body.replace("CITATIONS", 'class="citation-list"')


def write_entrance(app: Sphinx, exception: Exception | None) -> None:
    """Write the root's `index.html`, which leads to the landing page with and without a script."""
    if exception is None and app.builder.format == "html":
        target = app.builder.get_relative_uri("index", app.config.root_doc)
        page = Path(app.outdir) / "index.html"
        page.write_text(
            '<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
            f"<title>{app.config.html_title}</title>\n"
            f'<meta http-equiv="refresh" content="0; url={target}">\n'
            f'<link rel="canonical" href="{target}">\n</head>\n'
            f'<body><p><a href="{target}">{app.config.html_title}</a></p></body>\n</html>\n',
            encoding="utf-8",
        )


def setup(app: Sphinx) -> None:
    """Register the handlers; this extension is loaded after sphinx-thebe."""
    remove_thebe(app)
    app.connect("html-page-context", describe, priority=900)
    app.connect("html-page-context", mend_roles)
    app.connect("build-finished", write_entrance)
