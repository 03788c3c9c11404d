"""Prove everything, step by step, and stop at the first step that fails.

    python tools/check.py        # style, types, package, chapters, site: what is not proven yet
    python tools/check.py --all  # all of it again, as where CI=true
    python tools/check.py 03     # one chapter, always

What was proven on this machine, and reads nothing that has changed since, is named and not run
again: see ``parts/proofs.py``. The same on every system: ``make test`` calls this file.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import NamedTuple

import jupytext

from parts.chapters import NOTEBOOKS, ROOT, chapters, environment
from parts.proofs import Proof, Proofs, short
from parts.reads import Tree

# what takes longest, so that no process waits for the other at the end
LONGEST = ["05_training", "test_pages", "test_parity", "test_page", "test_reader", "test_stories"]
CELL_TIMEOUT = 300  # seconds: a kernel that died is noticed only when its cell runs out of time
JOBS = os.environ.get("JOBS", "2")
SANITIZE = "tests/notebooks/sanitize.cfg"  # what nbval does not compare
CACHE = ROOT / ".cache"
SEEN = CACHE / "pages"  # what the tests of the site saw on pages that have not changed since
APART = ("tests/site/", "tests/playground/", "tests/notebooks/")  # steps of their own
# tests of chapters that read their code and no prose
WORKED = "(test_studies or test_models or test_exercises)"
FEW = 5  # files or chapters: as soon tested by one process, which leaves the other core to others

Commands = Callable[[list[Proof]], list[list[str]]]


class Step(NamedTuple):
    """One step: what is said before it, what it proves, how, and what to do when it fails.

    ``commands`` makes of the proofs to be run again the commands that run side by side; without
    ``proofs`` they are run always. A step that is ``beside`` goes on while others follow; the last
    step waits for it.
    """

    title: str
    proofs: list[Proof]
    commands: Commands
    advice: str
    beside: bool = False


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
        f"--nbval-sanitize-with={SANITIZE}",
        f"--nbval-cell-timeout={CELL_TIMEOUT}",
        "-W",
        "default",
        *paths,
    )


def longest_first(proofs: Sequence[Proof]) -> list[Proof]:
    """Return proofs in the order in which they are run, those of LONGEST first."""

    def place(proof: Proof) -> int:
        stem = Path(proof.argument).stem
        return LONGEST.index(stem) if stem in LONGEST else len(LONGEST)

    return sorted(proofs, key=place)


# --- what there is to prove ----------------------------------------------------------------------


def code(name: str, text: str) -> str:
    """Return all of a chapter but its text and the numbers of its cells, from either half."""
    chapter = jupytext.reads(text, fmt="md:myst") if name.endswith(".md") else json.loads(text)
    counted = {"id", "execution_count"}
    return json.dumps(
        [
            {part: cell[part] for part in sorted(cell) if part not in counted}
            for cell in chapter["cells"]
            if cell["cell_type"] == "code"
        ]
    )


def playgrounds(_: str, text: str) -> str:
    """Return the lines of a chapter that name a state of the playground."""
    return "\n".join(line for line in text.splitlines() if "#gan?" in line)


def project() -> Tree:
    """Return the project's files as they are now."""
    return Tree(ROOT, {"code": code, "playgrounds": playgrounds})


def found_tests(tree: Tree, *folders: str) -> list[str]:
    """Return the test files in some folders."""
    names = sorted(tree.under(*folders))
    return [name for name in names if Path(name).match("test_*.py")]


def package(tree: Tree) -> list[Proof]:
    """Return a proof for each test file of the package, the tools and the architecture."""
    names = [name for name in found_tests(tree, "tests") if not name.startswith(APART)]
    return [Proof(name, name, frozenset(tree.reads(name))) for name in names]


def as_stored(tree: Tree) -> list[Proof]:
    """Return the proofs that chapters are as stored: for each, for what works on it, and for all.

    The argument of each is an expression for pytest's ``-k``: together they choose every test.
    """
    stems = [path.stem for path in chapters(folder=tree.root / "notebooks")]
    tests = tree.closure(tree.under("tests/conftest.py", "tests/notebooks"))
    material = tree.under("notebooks", "book", "_toc.yml", "README.md")
    material -= tree.under("book/_static", "book/playground")
    found = []
    for stem in stems:
        notebook, answers = f"notebooks/{stem}.ipynb", f"tests/notebooks/answers/{stem}.py"
        package = tree.closure({notebook}) - {notebook}
        expression = stem
        if '"experiment"' in tree.text(notebook) or answers in tree.files:
            expression = f"({stem} and not {WORKED})"
            code = {f"notebooks/{stem}.md#code", f"{notebook}#code"}
            code |= tests | package | tree.under("notebooks/results")
            found.append(Proof(f"worked {stem}", f"({stem} and {WORKED})", frozenset(code)))
        others = tuple(f"{other[:2]}_" for other in stems if other != stem)
        own = {name for name in material if not Path(name).name.startswith(others)}
        found.append(Proof(f"stored {stem}", expression, frozenset(tests | package | own)))
    none = f"not ({' or '.join(stems)})"
    return [*found, Proof("stored what they share", none, frozenset(tests | material))]


def run_again(tree: Tree) -> list[Proof]:
    """Return a proof for each chapter: its code prints what it stores."""
    found = []
    for path in reversed(chapters(folder=tree.root / "notebooks")):
        name = f"notebooks/{path.stem}.ipynb"
        reads = {f"{name}#code", SANITIZE, *tree.closure({name}) - {name}}
        if "results/" in tree.text(name):
            reads |= tree.under("notebooks/results")
        found.append(Proof(f"run {path.stem}", name, frozenset(reads)))
    return longest_first(found)


def in_a_browser(tree: Tree) -> list[Proof]:
    """Return a proof for each test file of the site and of the playground."""
    site = set(tree.files) - tree.under("tests", "tools", ".ci", ".github")
    helpers = tree.under("tests/conftest.py", "tests/site/conftest.py")
    found = []
    for name in found_tests(tree, "tests/site", "tests/playground"):
        reads = tree.reads(name)
        if name.startswith("tests/site/"):
            reads = site | tree.closure({name, *helpers})
        found.append(Proof(name, name, frozenset(reads)))
    return longest_first(found)


# --- the steps -----------------------------------------------------------------------------------


def arguments(proofs: Sequence[Proof]) -> list[str]:
    """Return what names the proofs on a command line."""
    return [proof.argument for proof in proofs]


def choice(proofs: Sequence[Proof]) -> list[str]:
    """Return the options with which pytest runs these tests of chapters."""
    return ["-k", " or ".join(arguments(proofs))]


def all_steps(proofs: Proofs, site: Path) -> list[Step]:
    """Return the steps that prove the whole project; the pages are built into ``site``."""
    python, tree = [sys.executable, "-m"], proofs.before
    of_package, of_pages, stored = package(tree), in_a_browser(tree), as_stored(tree)

    def of_site(some: list[Proof]) -> list[Proof]:
        return [proof for proof in some if proof.argument.startswith("tests/site/")]

    def build(_: list[Proof]) -> list[list[str]]:
        needed = any([proofs.unproven(proof) for proof in of_site(of_pages)])
        return [[sys.executable, "tools/build.py", str(site)]] if needed else []

    def jobs(some: list[Proof]) -> str:
        return JOBS if len(some) > FEW else "0"

    def covered(some: list[Proof]) -> list[list[str]]:
        if len(some) == len(of_package):
            options = ["--cov", "--cov-report=term:skip-covered"]
        else:
            print("line coverage is measured where all of them run: make test ALL=1", flush=True)
            options = []
        return [pytest(*arguments(some), *options, jobs=jobs(some), share="worksteal")]

    def as_they_are(some: list[Proof]) -> list[list[str]]:
        chosen = choice(some) if len(some) < len(stored) else []
        return [pytest("tests/notebooks", *chosen, jobs=jobs(some), share="worksteal")]

    def pages(some: list[Proof]) -> list[list[str]]:
        folder = [f"--site={site / '_build' / 'html'}", f"--seen={SEEN}"]
        return [pytest(*arguments(some), *(folder if of_site(some) else []))]

    return [
        Step(
            "style, format and types",
            [],
            lambda _: [
                [*python, "ruff", "check", "-q", "."],
                [*python, "ruff", "format", "-q", "--check", "."],
                [*python, "mypy", "--no-error-summary"],
            ],
            "ruff's and mypy's words are above; for the format: .venv/bin/ruff format .",
        ),
        Step(
            "the site built strictly, beside what follows",
            [],
            build,
            "the builder's words are above: every warning is an error",
            beside=True,
        ),
        Step(
            "package, tools and architecture, with line coverage of at least 95 %",
            of_package,
            covered,
            "a test failed, or too few lines are covered",
        ),
        Step(
            "chapters as stored: pairs, outputs, records of claims",
            stored,
            as_they_are,
            "after an edit: make notebooks CHAPTER=NN, and make records CHAPTER=NN for new claims",
        ),
        Step(
            "chapters run again, every printed word compared",
            run_again(tree),
            lambda some: [nbval(*arguments(some))],
            "a chapter no longer prints what it stores: make notebooks CHAPTER=NN, then review",
        ),
        Step(
            "site and playground, in a browser; the playground's numbers against the package's",
            of_pages,
            pages,
            "a page is not as it should be, or the page's GAN is not the book's",
        ),
    ]


def chapter_steps(tree: Tree, selection: str) -> list[Step]:
    """Return the steps that prove one chapter."""
    (path,) = chapters(selection)
    return [
        Step(
            f"{path.stem} as stored: pair, outputs, record of claims",
            [proof for proof in as_stored(tree) if path.stem in proof.name],
            lambda some: [pytest("tests/notebooks", *choice(some), jobs="0")],
            f"after an edit: make notebooks CHAPTER={path.stem[:2]}",
        ),
        Step(
            f"{path.stem} run again, every printed word compared",
            [proof for proof in run_again(tree) if path.stem in proof.name],
            lambda some: [nbval(*arguments(some))],
            f"mend with: make notebooks CHAPTER={path.stem[:2]}, then review the difference",
        ),
    ]


class Running:
    """A step under way."""

    def __init__(self, step: Step, place: str, todo: list[Proof], missing: str = "") -> None:
        self.step, self.place, self.since = step, place, time.perf_counter()
        variables = environment(CHECK_MISSING=missing)
        self.processes = [
            subprocess.Popen(command, cwd=ROOT, env=variables) for command in step.commands(todo)
        ]

    def wait(self) -> int:
        """Wait for the end; return 0, or the status of what failed."""
        return max((abs(process.wait()) for process in self.processes), default=0)

    def end(self) -> int:
        """Wait for the end, and say what it was."""
        if status := self.wait():
            print(f"\nFAILED: {self.place} {self.step.title}: {self.step.advice}.", file=sys.stderr)
        elif self.processes:
            print(f"{self.place} passed in {time.perf_counter() - self.since:.0f} s", flush=True)
        return status


def run(steps: list[Step], proofs: Proofs) -> int:
    """Run what is not proven, step by step; return 0, or the status of the first that failed."""
    started = time.perf_counter()
    spared = 0
    beside: list[Running] = []
    try:
        for number, step in enumerate(steps, start=1):
            place = f"[{number}/{len(steps)}]"
            print(f"\n{place} {step.title} ...", flush=True)
            if number == len(steps):
                for other in beside:
                    if status := other.end():
                        return status
            todo = [proof for proof in step.proofs if proofs.unproven(proof)]
            if before := [proof.name for proof in step.proofs if proof not in todo]:
                spared += len(before)
                print(f"proven before, unchanged: {short(before)}", flush=True)
                if not todo:
                    continue
            if step.beside:
                beside.append(Running(step, place, todo))
                continue
            with tempfile.TemporaryDirectory() as scratch:
                missing = Path(scratch, "missing")
                if status := Running(step, place, todo, str(missing)).end():
                    return status
                if missing.exists():
                    print("what was skipped, see above, is missing here: this is not proven")
                else:
                    proofs.keep(todo)
    finally:
        for other in beside:
            other.wait()
    print(f"\nAll {len(steps)} steps passed in {time.perf_counter() - started:.0f} s.")
    if spared:
        print(f"{spared} things were proven before; make test ALL=1 proves them again.")
    return 0


def main(arguments: list[str] | None = None) -> int:
    """Run every step, or those of the chapter named on the command line."""
    parser = argparse.ArgumentParser(description="prove everything, or one chapter")
    parser.add_argument("chapter", nargs="?", default="", help="03 or 03_discriminator")
    parser.add_argument("--all", action="store_true", help="also what is proven and unchanged")
    options = parser.parse_args(arguments)
    if not options.chapter and not chapters():
        print(f"there are no chapters in {NOTEBOOKS.name}/", file=sys.stderr)
        return 1
    again = options.all or os.environ.get("CI") == "true"
    proofs = Proofs(CACHE / "proofs", project, again=again or bool(options.chapter))
    if options.chapter:
        return run(chapter_steps(proofs.before, options.chapter), proofs)
    if again:
        shutil.rmtree(SEEN, ignore_errors=True)
    with tempfile.TemporaryDirectory() as site:
        return run(all_steps(proofs, Path(site)), proofs)


if __name__ == "__main__":
    raise SystemExit(main())
