"""Write copies of the chapters for students: no solutions, no outputs, and the results they read.

    python tools/handout.py              # every chapter, into _build/handout
    python tools/handout.py 03           # one of them
    python tools/handout.py --to DIR     # somewhere else

A solution is a cell that a chapter folds away: tagged ``hide-cell``, with its source hidden. Text,
stubs and checks stay, so that every exercise says "not solved yet" until the student solves it.
"""

from __future__ import annotations

import argparse
import shutil
from pathlib import Path

import nbformat
from nbformat import NotebookNode

from execute import METADATA
from experiments import definition, files, kept
from parts.chapters import ROOT, chapters, read_text, tags, write_atomically

HANDOUT = ROOT / "_build" / "handout"


def is_solution(cell: NotebookNode) -> bool:
    """Whether a cell is the folded solution of an exercise."""
    hidden = cell.metadata.get("jupyter", {}).get("source_hidden", False)
    return cell.cell_type == "code" and "hide-cell" in tags(cell) and bool(hidden)


def handout(path: Path) -> NotebookNode:
    """Return the chapter at ``path`` as students get it."""
    notebook = read_text(path)
    notebook.cells = [cell for cell in notebook.cells if not is_solution(cell)]
    for cell in notebook.cells:
        if cell.cell_type == "code":
            cell.outputs, cell.execution_count = [], None
    notebook.metadata = nbformat.from_dict(
        {name: METADATA[name] for name in ("kernelspec", "language_info")}
    )
    notebook.nbformat, notebook.nbformat_minor = 4, 5
    return notebook


def main(arguments: list[str] | None = None) -> int:
    """Write the chapters that the command line names."""
    parser = argparse.ArgumentParser(description="copies of the chapters without solutions")
    parser.add_argument("chapter", nargs="?", default="", help="03 or 03_discriminator")
    parser.add_argument("--to", type=Path, default=HANDOUT, help="folder to write into")
    options = parser.parse_args(arguments)
    for path in chapters(options.chapter):
        target = options.to / f"{path.stem}.ipynb"
        write_atomically(target, nbformat.writes(handout(path)) + "\n")
        print(target)
        for name in files(definition(path)):
            (options.to / name).parent.mkdir(exist_ok=True)
            for file in kept(name, path.parent).values():
                print(shutil.copyfile(file, (options.to / name).with_name(file.name)))
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
