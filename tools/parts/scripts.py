"""Run a chapter's code cells as one plain script, without a kernel, and gather its claims."""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any, NamedTuple

from parts.chapters import code_cells, environment, read_text, tags

PREAMBLE = """\
import matplotlib
matplotlib.use("Agg")
import matplotlib.pyplot as plt
from IPython.display import display
plt.show = lambda *args, **kwargs: plt.close("all")
"""

# Before a chapter that looks at another block of its stored studies.
STUDIES = """
import linecache
import os
import sys
from gan_tutorial import experiments
from gan_tutorial.experiments.files import block_file

chapter = {"__name__": "__main__", "plt": plt, "display": display}
asked = os.environ["GAN_TUTORIAL_STUDY_BLOCK"]

def of_block(stored):
    def stored_of_block(thing, name):
        there = block_file(name, int(asked)).exists()
        os.environ["GAN_TUTORIAL_STUDY_BLOCK"] = asked if there else "0"
        return stored(thing, name)
    return stored_of_block

def run_cell(position, source):
    name = f"cell {position}"
    linecache.cache[name] = len(source), None, source.splitlines(keepends=True), name
    try:
        exec(compile(source, name, "exec"), chapter)
    except Exception as error:
        words = f"{name} stopped, and its other claims count as not held: {error!r}"
        print("STUDY:", words, file=sys.stderr)

for kind in (experiments.Study, experiments.Trained):
    kind.stored = of_block(kind.stored)
"""


class RecordError(Exception):
    """A chapter whose record cannot be made, with the reason."""


class Claims(NamedTuple):
    """The claims that a script made, and its words of warning."""

    made: list[dict[str, Any]]
    words: str


def script(path: Path) -> str:
    """Return the code cells of the chapter at ``path`` as one Python script."""
    parts = [PREAMBLE]
    for position, cell in code_cells(read_text(path)):
        if "skip-record" not in tags(cell):
            parts.append(f"# %% cell {position}\n{cell.source}\n")
    return "\n".join(parts)


def run_script(code: str, what: str, folder: Path, timeout: int, **variables: str) -> Claims:
    """Run ``code`` and return the claims it made, in order, and what it wrote to stderr."""
    with tempfile.TemporaryDirectory() as scratch:
        program, claims = Path(scratch, "chapter.py"), Path(scratch, "claims.jsonl")
        program.write_text(code, encoding="utf-8")
        try:
            done = subprocess.run(
                [sys.executable, str(program)],
                cwd=folder,
                env=environment(
                    GAN_TUTORIAL_RECORD=str(claims),
                    MPLBACKEND="Agg",
                    PYTHONIOENCODING="utf-8",
                    PYTHONUTF8="1",
                    **variables,
                ),
                stdin=subprocess.DEVNULL,
                capture_output=True,
                text=True,
                encoding="utf-8",
                timeout=timeout,
                check=False,
            )
        except subprocess.TimeoutExpired:
            raise RecordError(f"{what} ran for more than {timeout} s") from None
        if done.returncode:
            last = "\n".join(done.stderr.strip().splitlines()[-12:])
            raise RecordError(f"{what} stopped with an error:\n{last}")
        if not claims.exists():
            raise RecordError(f"{what} made no claim")
        lines = claims.read_text(encoding="utf-8").splitlines()
        return Claims([json.loads(line) for line in lines if line.strip()], done.stderr)


def forgiving(path: Path) -> str:
    """Return a chapter's code in which a cell that raises says so, and the next one runs.

    A study or model without a file of the block that is asked for is read from its first.
    """
    parts = [PREAMBLE, STUDIES]
    for position, cell in code_cells(read_text(path)):
        if "skip-record" not in tags(cell):
            parts.append(f"run_cell({position}, {cell.source!r})")
    return "\n".join(parts)
