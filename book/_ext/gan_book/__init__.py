"""The Sphinx extension of this book: what its pages need and no published extension gives."""

from typing import Any

from sphinx.application import Sphinx

from gan_book import (
    boxes,
    claims,
    colophon,
    docstrings,
    elements,
    equations,
    folds,
    light,
    pages,
)

PARTS = (boxes, claims, colophon, docstrings, elements, equations, folds, light, pages)


def setup(app: Sphinx) -> dict[str, Any]:
    """Register every part of the extension."""
    for part in PARTS:
        part.setup(app)
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}
