"""The Sphinx extension of this book: what its pages need and no published extension gives."""

from typing import Any

from sphinx.application import Sphinx

from gan_book import (
    boxes,
    claims,
    colophon,
    docstrings,
    equations,
    folds,
    light,
    pages,
    playground,
)


def setup(app: Sphinx) -> dict[str, Any]:
    """Register every part of the extension."""
    parts = (boxes, claims, colophon, docstrings, equations, folds, light, pages, playground)
    for part in parts:
        part.setup(app)
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}
