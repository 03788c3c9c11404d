"""Prove everything, step by step, and stop at the first step that fails.

    python tools/check.py        # style, types, package, chapters, site
    python tools/check.py 03     # one chapter

The same on every system: ``make test`` calls this file.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterable
from pathlib import Path
from typing import NamedTuple

from parts.chapters import NOTEBOOKS, ROOT, chapters, environment

# what takes longest, so that no process waits for the other at the end
LONGEST = ["05_training", "test_pages", "test_parity", "test_page", "test_reader", "test_stories"]
CELL_TIMEOUT = 300  # seconds: a kernel that died is noticed only when its cell runs out of time
JOBS = os.environ.get("JOBS", "2")


class Step(NamedTuple):
    """One step: what is said before it, what it runs side by side, what to do when it fails."""

    title: str
    commands: list[list[str]]
    advice: str


def pytest(*arguments: str, jobs: str = JOBS, share: str = "loadfile") -> list[str]:
    """Return a pytest command that leaves nothing behind; ``jobs`` processes, a file in each.

    Files are taken in the order given.
    With "worksteal" for ``share`` a process that is idle takes single tests from the other.
    """
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-p", "no:benchmark"]
    if jobs != "0":
        command += ["-n", jobs, "--dist", share, "--no-loadscope-reorder"]
    return command + list(arguments)


def nbval(*paths: str) -> list[str]:
    """Return the command that runs chapters again and compares what they print, strictly."""
    return pytest(
        "--nbval",
        "--nbval-current-env",
        "--nbval-sanitize-with=tests/notebooks/sanitize.cfg",
        f"--nbval-cell-timeout={CELL_TIMEOUT}",
        "-W",
        "default",
        *paths,
    )


def longest_first(paths: Iterable[Path]) -> list[str]:
    """Return paths as a command names them, those of LONGEST first."""

    def place(path: Path) -> int:
        return LONGEST.index(path.stem) if path.stem in LONGEST else len(LONGEST)

    return [str(path.relative_to(ROOT)) for path in sorted(paths, key=place)]


def all_steps(site: Path) -> list[Step]:
    """Return the steps that prove the whole project; the pages are built into ``site``."""
    python = [sys.executable, "-m"]
    in_a_browser = sorted((ROOT / "tests" / "site").glob("test_*.py"))
    in_a_browser += sorted((ROOT / "tests" / "playground").glob("test_*.py"))
    return [
        Step(
            "style and format",
            [
                [*python, "ruff", "check", "-q", "."],
                [*python, "ruff", "format", "-q", "--check", "."],
            ],
            "ruff's words are above; for the format: .venv/bin/ruff format .",
        ),
        Step(
            "types, and beside them the site built strictly",
            [
                [*python, "mypy", "--no-error-summary"],
                [sys.executable, "tools/build.py", str(site)],
            ],
            "mypy's words are above, or the builder's: every warning is an error",
        ),
        Step(
            "package, tools and architecture, with line coverage of at least 95 %",
            [
                pytest(
                    "tests",
                    "--ignore=tests/site",
                    "--ignore=tests/notebooks",
                    "--ignore=tests/playground",
                    "--cov",
                    "--cov-report=term:skip-covered",
                    share="worksteal",
                )
            ],
            "a test failed, or too few lines are covered",
        ),
        Step(
            "chapters as stored: pairs, outputs, records of claims",
            [pytest("tests/notebooks", share="worksteal")],
            "after an edit: make notebooks CHAPTER=NN, and make records CHAPTER=NN for new claims",
        ),
        Step(
            "chapters run again, every printed word compared",
            [nbval(*longest_first(path.with_suffix(".ipynb") for path in reversed(chapters())))],
            "a chapter no longer prints what it stores: make notebooks CHAPTER=NN, then review",
        ),
        Step(
            "site and playground, in a browser; the playground's numbers against the package's",
            [pytest(*longest_first(in_a_browser), f"--site={site / '_build' / 'html'}")],
            "a page is not as it should be, or the page's GAN is not the book's",
        ),
    ]


def chapter_steps(selection: str) -> list[Step]:
    """Return the steps that prove one chapter."""
    (path,) = chapters(selection)
    return [
        Step(
            f"{path.stem} as stored: pair, outputs, record of claims",
            [pytest("tests/notebooks", "-k", path.stem, jobs="0")],
            f"after an edit: make notebooks CHAPTER={path.stem[:2]}",
        ),
        Step(
            f"{path.stem} run again, every printed word compared",
            [nbval(f"notebooks/{path.stem}.ipynb")],
            f"mend with: make notebooks CHAPTER={path.stem[:2]}, then review the difference",
        ),
    ]


def run(steps: list[Step]) -> int:
    """Run the steps in order; return 0, or the status of the first that failed."""
    started = time.perf_counter()
    for number, step in enumerate(steps, start=1):
        print(f"\n[{number}/{len(steps)}] {step.title} ...", flush=True)
        since = time.perf_counter()
        running = [
            subprocess.Popen(command, cwd=ROOT, env=environment()) for command in step.commands
        ]
        status = max(abs(process.wait()) for process in running)
        elapsed = time.perf_counter() - since
        if status:
            print(
                f"\nFAILED at step {number} of {len(steps)}, {step.title}: {step.advice}.",
                file=sys.stderr,
            )
            return status
        print(f"[{number}/{len(steps)}] passed in {elapsed:.0f} s", flush=True)
    print(f"\nAll {len(steps)} steps passed in {time.perf_counter() - started:.0f} s.")
    return 0


def main(arguments: list[str] | None = None) -> int:
    """Run every step, or those of the chapter named on the command line."""
    parser = argparse.ArgumentParser(description="prove everything, or one chapter")
    parser.add_argument("chapter", nargs="?", default="", help="03 or 03_discriminator")
    options = parser.parse_args(arguments)
    if not options.chapter and not chapters():
        print(f"there are no chapters in {NOTEBOOKS.name}/", file=sys.stderr)
        return 1
    if options.chapter:
        return run(chapter_steps(options.chapter))
    with tempfile.TemporaryDirectory() as site:
        return run(all_steps(Path(site)))


if __name__ == "__main__":
    raise SystemExit(main())
