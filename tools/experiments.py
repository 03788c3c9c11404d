"""Run the long studies of a chapter, and keep their results as small files.

    python tools/experiments.py        # every chapter
    python tools/experiments.py 08     # one of them

A chapter defines a study in a cell tagged ``experiment`` and reads its result from a file there,
``study.stored("results/08_ring.csv")``. This program runs the chapter's first code cell and the
tagged ones as one script, in which ``stored`` computes and writes the file. Variants that are done
are kept in ``.experiments/``: after a kill, or when a variant is added, only the rest is computed.

Each file begins with its provenance. ``definition`` is a hash of the tagged cells: when one of
them changes, the tests fail until the files are made anew.
"""

from __future__ import annotations

import argparse
import ast
import hashlib
import os
import subprocess
import sys
import tempfile
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from chapters import (
    NOTEBOOKS,
    ROOT,
    chapters,
    code_cells,
    environment,
    read_text,
    write_atomically,
)
from record import PREAMBLE, commit
from verify import is_study

CACHE = ROOT / ".experiments"


def definition(path: Path) -> str:
    """Return the code of a chapter's studies: its first code cell, and those with the tag."""
    cells = [cell for _, cell in code_cells(read_text(path))]
    chosen = [cell for number, cell in enumerate(cells) if number == 0 or is_study(cell)]
    return "\n\n".join(cell.source for cell in chosen) if len(chosen) > 1 else ""


def digest(code: str) -> str:
    """Return what a definition is known by."""
    return hashlib.sha256(code.encode()).hexdigest()[:16]


def files(code: str) -> list[str]:
    """Return the files that the studies of a chapter are stored in, as the code names them."""
    return [
        node.args[0].value
        for node in ast.walk(ast.parse(code))
        if isinstance(node, ast.Call)
        and isinstance(node.func, ast.Attribute)
        and node.func.attr == "stored"
        and isinstance(node.args[0], ast.Constant)
        and isinstance(node.args[0].value, str)
    ]


def studies(path: Path) -> dict[str, tuple[Any, Any]]:
    """Return the studies of a chapter by the file each is stored in, with what is stored there."""
    from gan_tutorial.experiments import Study  # slow to load

    found, stored = {}, Study.stored

    def keep(study: Any, file: str) -> Any:
        found[str(file)] = study, stored(study, file)
        return found[str(file)][1]

    before = Path.cwd()
    os.chdir(path.parent)
    Study.stored = keep  # type: ignore[method-assign, assignment]
    try:
        exec(f"{PREAMBLE}\n{definition(path)}", {"__name__": "__main__"})
    finally:
        os.chdir(before)
        Study.stored = stored  # type: ignore[method-assign]
    return found


def provenance(text: str) -> dict[str, str]:
    """Return the lines that a result begins with, by name."""
    lines = (line[2:].split(": ", 1) for line in text.splitlines() if line.startswith("# "))
    return {name: value for name, value in lines}


def run(path: Path, code: str) -> int:
    """Run the studies of one chapter and complete the provenance of what they wrote."""
    with tempfile.TemporaryDirectory() as scratch:
        program = Path(scratch, "studies.py")
        program.write_text(f"{PREAMBLE}\n{code}\n", encoding="utf-8")
        variables = environment(GAN_TUTORIAL_EXPERIMENTS=str(CACHE), MPLBACKEND="Agg")
        if sys.stderr.isatty():
            variables.pop("TQDM_DISABLE")
        status = subprocess.run(
            [sys.executable, str(program)], cwd=path.parent, env=variables, check=False
        ).returncode
    if status:
        print(f"{path.stem}: stopped; what is finished is kept, run it again", file=sys.stderr)
        return status
    for name in files(code):
        file = NOTEBOOKS / name
        stamp = (
            f"# command: make experiments CHAPTER={path.stem[:2]}\n"
            f"# date: {datetime.now(UTC):%Y-%m-%d}\n"
            f"# commit: {commit()}\n"
            f"# definition: {digest(code)}\n"
        )
        text = file.read_text(encoding="utf-8")
        write_atomically(file, stamp + text)
        print(f"      {name}: {provenance(text)['cost']}", flush=True)
    return 0


def main(arguments: list[str] | None = None) -> int:
    """Run the studies of the chapters named on the command line."""
    parser = argparse.ArgumentParser(description="run the long studies and keep their results")
    parser.add_argument("chapter", nargs="?", default="", help="08, 08_design_choices or a path")
    options = parser.parse_args(arguments)
    found = [(path, definition(path)) for path in chapters(options.chapter)]
    found = [(path, code) for path, code in found if code]
    if not found:
        print("no chapter named here has a study to store", file=sys.stderr)
        return 1
    commit()  # as it is before a result is written
    for number, (path, code) in enumerate(found, start=1):
        print(f"[{number}/{len(found)}] {path.stem}: {len(files(code))} studies", flush=True)
        if status := run(path, code):
            return status
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
