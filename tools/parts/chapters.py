"""Find, read and check the chapters: what the tools and the tests both need to know about them.

A chapter is a pair of files in ``notebooks/``: ``NN_name.md``, the text that people review, and
``NN_name.ipynb``, the same cells with the outputs of one full run.
"""

from __future__ import annotations

import atexit
import hashlib
import json
import os
import shutil
import tempfile
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import jupytext
from nbformat import NotebookNode

ROOT = Path(__file__).resolve().parents[2]
NOTEBOOKS = ROOT / "notebooks"
RECORDS = ROOT / "book" / "records"
SIZE_LIMIT = 500_000  # bytes of one stored chapter: a page must load on a phone

# One thread per process: two processes of two threads each on two cores run several times slower.
QUIET_ENVIRONMENT = {
    "OMP_NUM_THREADS": "1",
    "MKL_NUM_THREADS": "1",
    "TQDM_DISABLE": "1",
    "PYTHONHASHSEED": "0",
}


def environment(**extra: str) -> dict[str, str]:
    """Return the process environment in which chapters run, without anyone's private settings."""
    inherited = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith("GAN_TUTORIAL_") and name not in ("MPLBACKEND", "MATPLOTLIBRC")
    }
    ours = {name: str(home() / name.lower()) for name in ("MPLCONFIGDIR", "IPYTHONDIR")}
    return {**inherited, **ours, **QUIET_ENVIRONMENT, **extra}


@cache
def home() -> Path:
    """Return a folder for what programs keep at home: nobody's style and start-up files."""
    folder = ROOT / ".cache" / "home"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        tempfile.TemporaryFile(dir=folder).close()
    except OSError:  # somebody else's copy, which we may only read
        folder = Path(tempfile.mkdtemp(prefix="gan-tutorial-"))
        atexit.register(shutil.rmtree, folder, ignore_errors=True)
    for name in ("mplconfigdir", "ipythondir"):
        (folder / name).mkdir(exist_ok=True)
    return folder


def chapters(selection: str = "", folder: Path = NOTEBOOKS) -> list[Path]:
    """Return the ``.md`` files of all chapters, or of the one that ``selection`` names.

    A selection is a number (``3``, ``03``), a name (``03_discriminator``) or a path to a file.
    """
    found = sorted(folder.glob("[0-9][0-9]_*.md"))
    if not selection:
        return found
    wanted = Path(selection)
    if wanted.suffix and wanted.exists():
        return [wanted.resolve().with_suffix(".md")]
    stem = wanted.stem.zfill(2)
    chosen = [path for path in found if path.stem == stem or path.stem.startswith(f"{stem}_")]
    if not chosen:
        known = ", ".join(path.stem for path in found) or "none yet"
        raise SystemExit(f"no chapter {selection!r} in {folder.name}/; the chapters are: {known}")
    return chosen


def read_text(path: Path) -> NotebookNode:
    """Read the ``.md`` half of a chapter as a notebook with numbered cell ids."""
    notebook = jupytext.read(path, fmt="md:myst")
    for number, cell in enumerate(notebook.cells):
        cell["id"] = f"cell-{number:03d}"
    return notebook


def code_cells(notebook: NotebookNode) -> Iterator[tuple[int, NotebookNode]]:
    """Yield ``(position, cell)`` for each code cell."""
    for position, cell in enumerate(notebook.cells):
        if cell.cell_type == "code":
            yield position, cell


def tags(cell: NotebookNode) -> list[str]:
    """Return the tags of a cell."""
    return list(cell.metadata.get("tags", []))


def as_text(value: str | list[str]) -> str:
    """Join what notebooks store either as one string or as a list of lines."""
    return value if isinstance(value, str) else "".join(value)


def output_texts(output: NotebookNode) -> Iterator[tuple[str, str]]:
    """Yield ``(kind, text)`` for each part of an output: a stream's name or a MIME type."""
    if output.output_type == "stream":
        yield output.name, as_text(output.text)
    elif output.output_type == "error":
        yield "error", "\n".join([output.ename, output.evalue, *output.traceback])
    else:
        for mime, value in sorted(output.data.items()):  # as a file keeps them
            is_json = not isinstance(value, str | list)
            yield mime, json.dumps(value, sort_keys=True) if is_json else as_text(value)


def outputs_digest(notebook: NotebookNode) -> str:
    """Return the SHA-256 over what a run determines: code and outputs in order, and claims."""
    content = [
        [
            position,
            cell.source,
            [
                [output.output_type, output.get("metadata", {}), list(output_texts(output))]
                for output in cell.get("outputs", [])
            ],
        ]
        for position, cell in code_cells(notebook)
    ]
    claims = notebook.metadata.get("gan_tutorial", {}).get("claims", [])
    whole = [claims, content]
    canonical = json.dumps(whole, sort_keys=True, ensure_ascii=False, separators=(",", ":"))
    return hashlib.sha256(canonical.encode()).hexdigest()


def write_atomically(path: Path, text: str) -> None:
    """Write ``path`` whole or not at all."""
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with open(handle, "w", encoding="utf-8", newline="\n") as stream:
            stream.write(text)
        os.chmod(name, 0o644)
        os.replace(name, path)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise
