"""Look at a stored chapter and list what is wrong with it: nothing is executed here.

``nbval`` runs the chapters again and compares text. These checks see what it does not: an output
that was taken away, a figure that is no picture, a number changed in a cell that is not compared,
two halves of a pair that drifted apart, and the rules that every chapter keeps.
"""

from __future__ import annotations

import base64
import binascii
import io
import re
from collections.abc import Iterator

from nbformat import NotebookNode
from PIL import Image, UnidentifiedImageError

from parts.chapters import SIZE_LIMIT, code_cells, output_texts, outputs_digest
from parts.reading import draws, prints
from parts.rules import rule_problems

ABSOLUTE_PATH = re.compile(
    r"(?<![\w.:/<])/(?:home|root|Users|tmp|usr|opt|work|var|mnt|private|content)/\w"
    r"|(?<!\w)[A-Za-z]:\\\w"
    r"|\bsite-packages\b"
)
MEMORY_ADDRESS = re.compile(r"\b0x[0-9a-fA-F]{8,}\b")
FAILED_LINE = re.compile(r"^✘ .*$", re.MULTILINE)
PICTURE = "image/png"


def problems(text: NotebookNode, stored: NotebookNode, size: int) -> list[str]:
    """List everything that is wrong with a chapter: its ``.md``, its ``.ipynb`` and its size."""
    found = sync_problems(text, stored)
    found += integrity_problems(stored)
    found += output_problems(stored)
    found += rule_problems(stored)
    if size > SIZE_LIMIT:
        found.append(f"the stored chapter has {size} bytes, the limit is {SIZE_LIMIT}")
    return found


# --- The pair ------------------------------------------------------------------------------------


def sync_problems(text: NotebookNode, stored: NotebookNode) -> list[str]:
    """List where the two halves of a chapter differ in type, source or metadata of a cell."""
    found = []
    if len(text.cells) != len(stored.cells):
        found.append(f"the .md has {len(text.cells)} cells, the .ipynb {len(stored.cells)}")
    for position, (left, right) in enumerate(zip(text.cells, stored.cells, strict=False)):
        if left.cell_type != right.cell_type:
            found.append(f"cell {position} is {left.cell_type} in .md, {right.cell_type} in .ipynb")
        elif left.source != right.source:
            found.append(f"cell {position} differs in source: {_difference(left, right)}")
        elif left.metadata != right.metadata:
            found.append(f"cell {position} has metadata {left.metadata} in .md, {right.metadata}")
    return found


def _difference(left: NotebookNode, right: NotebookNode) -> str:
    pairs = zip(left.source.splitlines(), right.source.splitlines(), strict=False)
    return next((f"{a!r} against {b!r}" for a, b in pairs if a != b), "one is longer")


# --- The outputs ---------------------------------------------------------------------------------


def integrity_problems(stored: NotebookNode) -> list[str]:
    """List what shows that outputs were changed after the run that made them."""
    found = []
    kept = stored.metadata.get("gan_tutorial", {}).get("outputs")
    if kept != outputs_digest(stored):
        found.append("the outputs are not those of one run: make notebooks stores them")
    for number, (position, cell) in enumerate(code_cells(stored), start=1):
        if cell.get("execution_count") != number:
            found.append(f"cell {position} has count {cell.get('execution_count')}, not {number}")
    for position, cell in enumerate(stored.cells):
        if cell.get("id") != f"cell-{position:03d}":
            found.append(f"cell {position} has the id {cell.get('id')!r}, not cell-{position:03d}")
    return found


def output_problems(notebook: NotebookNode) -> list[str]:
    """List what may not be in the outputs of any chapter, and what is missing from them."""
    found = []
    for position, cell in code_cells(notebook):
        where = f"cell {position}"
        pictures = 0
        for output in cell.get("outputs", []):
            for kind, text in output_texts(output):
                if kind == PICTURE:
                    pictures += 1
                found += [f"{where} {problem}" for problem in _part_problems(kind, text)]
        if draws(cell) and pictures != 1:
            found.append(f"{where} calls plt.show() and stores {pictures} figures, not one")
        if pictures and not draws(cell):
            found.append(f"{where} stores a figure but does not end with plt.show()")
        if prints(cell) and not cell.get("outputs"):
            found.append(f"{where} prints something but stores no output")
    return found


def _part_problems(kind: str, text: str) -> Iterator[str]:
    if kind == "error":
        yield f"stores an error: {text.splitlines()[0]}"
    elif kind == "stderr":
        yield f"wrote to stderr: {text.strip()[:200]!r}"
    elif kind == PICTURE:
        try:
            decode_png(text)
        except ValueError as error:
            yield f"has a figure that is {error}"
    else:
        if match := ABSOLUTE_PATH.search(text):
            yield f"shows a path of one machine: {match.group()!r}"
        if match := MEMORY_ADDRESS.search(text):
            yield f"shows a memory address: {match.group()!r}"
        if match := FAILED_LINE.search(text):
            yield f"stores a claim that failed: {match.group()!r}"


def decode_png(text: str) -> None:
    """Raise ``ValueError`` unless ``text`` is the base64 of a PNG with something drawn on it."""
    try:
        raw = base64.b64decode("".join(text.split()), validate=True)
    except (binascii.Error, ValueError) as error:
        raise ValueError(f"not base64 ({error})") from None
    try:
        with Image.open(io.BytesIO(raw)) as image:
            image.load()
            kind, (width, height) = image.format, image.size
            flat = image.convert("RGBA").getcolors(maxcolors=1) is not None
    except (UnidentifiedImageError, OSError, SyntaxError) as error:
        raise ValueError(f"not a readable image ({type(error).__name__})") from None
    if kind != "PNG":
        raise ValueError(f"a {kind}, not a PNG")
    if width < 50 or height < 50:
        raise ValueError(f"only {width} x {height} pixels")
    if flat:
        raise ValueError("one flat colour")
