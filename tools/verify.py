"""Look at a stored chapter and list what is wrong with it: nothing is executed here.

``nbval`` re-runs the chapters and compares text. These checks see what it does not: an output that
was taken away, a figure that is no picture, a number changed in a cell that is not compared, two
halves of a pair that drifted apart, and the rules that every chapter keeps.
"""

from __future__ import annotations

import base64
import binascii
import io
import re

from nbformat import NotebookNode
from PIL import Image, UnidentifiedImageError

from chapters import code_cells, output_texts

# Tags that Jupyter Book or nbval act on and a chapter may use; any other is a mistake.
ALLOWED_TAGS = {
    "hide-cell",
    "hide-input",
    "hide-output",
    "remove-input",
    "nbval-ignore-output",
    "skip-record",
}
ABSOLUTE_PATH = re.compile(
    r"(?<![\w.:/<])/(?:home|root|Users|tmp|usr|opt|work|var|mnt|private|content)/\w"
    r"|(?<!\w)[A-Za-z]:\\\w"
    r"|\bsite-packages\b"
)
MEMORY_ADDRESS = re.compile(r"\b0x[0-9a-fA-F]{8,}\b")
PICTURE = "image/png"


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


def output_problems(notebook: NotebookNode) -> list[str]:
    """List what may not be in the outputs of any chapter."""
    problems = []
    for position, cell in code_cells(notebook):
        where = f"cell {position}"
        pictures = 0
        for output in cell.get("outputs", []):
            for kind, text in output_texts(output):
                if kind == "error":
                    problems.append(f"{where} stores an error: {text.splitlines()[0]}")
                elif kind == "stderr":
                    problems.append(f"{where} wrote to stderr: {text.strip()[:200]!r}")
                elif kind == PICTURE:
                    pictures += 1
                    try:
                        decode_png(text)
                    except ValueError as error:
                        problems.append(f"{where}: its figure is {error}")
                elif kind != "application/json":
                    if found := ABSOLUTE_PATH.search(text):
                        problems.append(f"{where} shows a path of one machine: {found.group()!r}")
                    if found := MEMORY_ADDRESS.search(text):
                        problems.append(f"{where} shows a memory address: {found.group()!r}")
        if draws(cell) and not pictures:
            problems.append(f"{where} calls plt.show() but stores no figure")
        if pictures and not draws(cell):
            problems.append(f"{where} stores a figure but does not end with plt.show()")
    return problems


def draws(cell: NotebookNode) -> bool:
    """Whether the cell ends with ``plt.show()``."""
    lines = [line for line in cell.source.splitlines() if line.strip()]
    return bool(lines) and lines[-1].strip() == "plt.show()"
