"""Show how long each chapter is, and how long it takes, by the rule in ``parts/length.py``.

    python tools/length.py       # every chapter
    python tools/length.py 03    # one of them

Columns: words, lines of visible code, visible ticks, rows of tables and printed lines, figures,
equations, blanks to fill in.
"""

from __future__ import annotations

import argparse

import nbformat

from parts.chapters import chapters
from parts.length import lengths, times, too_long


def main(arguments: list[str] | None = None) -> int:
    """Print a table for the chapters that the command line names."""
    parser = argparse.ArgumentParser(description="how long the chapters are")
    parser.add_argument("chapter", nargs="?", default="", help="03 or 03_discriminator")
    options = parser.parse_args(arguments)
    for path in chapters(options.chapter):
        notebook = nbformat.read(path.with_suffix(".ipynb"), as_version=4)
        print(f"{path.stem}: {times(notebook)}")
        for part, length in lengths(notebook).items():
            counts = " ".join(f"{count:6}" for count in vars(length).values())
            print(f"    {part:10}{counts}  {length.minutes:4.0f} min")
        for problem in too_long(notebook):
            print(f"    {problem}")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
