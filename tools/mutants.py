"""Break the mathematics on purpose, one line at a time, and see whether the tests notice.

    python tools/mutants.py                   # every mutant, two at a time
    python tools/mutants.py --jobs 1 losses   # those of one module

A mutant is a mistake that people make: a lost ½, a missing detach, real and fake exchanged. Each
stands in `tools/parts/mutants/<module>.toml`, and is made in a copy of the package, never in your
tree. The tests of its module run there first, then those of the whole package, until one fails.

The exit status is 1 when fewer than 95 % are killed, of all or of one module's, or when one lives
without an explanation, `equivalent`, why no test can see it.
"""

from __future__ import annotations

import argparse
import importlib.util
import multiprocessing
import os
import queue
import re
import shutil
import sys
import tempfile
import tomllib
from collections.abc import Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, NamedTuple

ROOT = Path(__file__).resolve().parent.parent
REQUIRED = 0.95
LIMIT = 300  # seconds a round of tests may take: the longest takes about 30 on an idle machine
NOT_SLOW = "not (killed_process or finds_the_data)"  # those wait until the others have passed
COPIED = {"gan_tutorial", "tests", "tools", "pyproject.toml"}
# Loaded once, before each round of tests is forked off; the package itself is not.
PRELOAD = ["pytest", "torch._dynamo", "tqdm", "statsmodels.stats.multitest", "matplotlib.pyplot"]
SETTINGS = {
    "OMP_NUM_THREADS": "1", "MKL_NUM_THREADS": "1", "TQDM_DISABLE": "1", "MPLBACKEND": "Agg",
    "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1", "PYTHONDONTWRITEBYTECODE": "1",
}  # fmt: skip
# 10 more than pytest's status, to tell it from that of a process that never got so far
PASSED, FAILED, STOPPED, NOTHING_TO_RUN, ASTRAY = 10, 11, 12, 15, 99


class Mutant(NamedTuple):
    """One mistake: in a module, a file or a folder, `old` becomes `new`, which means another thing.

    `first` is a pytest expression for the tests to run before the others; it only saves time.
    `equivalent` explains a survivor: why no test can see it.
    """

    module: str
    meaning: str
    old: str
    new: str
    first: str = ""
    equivalent: str = ""

    @property
    def name(self) -> str:
        return f"{self.module}: {self.meaning}"


MUTANTS = [
    Mutant(path.stem, **row)
    for path in sorted((ROOT / "tools/parts/mutants").glob("*.toml"))
    for row in tomllib.loads(path.read_text(encoding="utf-8"))["mutant"]
]
MODULES = list(dict.fromkeys(mutant.module for mutant in MUTANTS))


def places(mutant: Mutant, tree: Path = ROOT) -> list[Path]:
    """Return the files of its module that have the old text, each as often as it is there."""
    package = tree / "gan_tutorial"
    files = [*package.glob(f"{mutant.module}.py"), *sorted((package / mutant.module).glob("*.py"))]
    return [file for file in files for _ in range(file.read_text("utf-8").count(mutant.old))]


def misfits(mutants: Iterable[Mutant] = MUTANTS, tree: Path = ROOT) -> list[str]:
    """Say of every mutant that does not fit the source why not, all at once."""
    wrong = []
    for mutant in mutants:
        if (times := len(places(mutant, tree))) != 1:
            wrong.append(f"{mutant.name}: {times} times in {mutant.module}, not once: {mutant.old}")
        if mutant.old == mutant.new:
            wrong.append(f"{mutant.name}: changes nothing: {mutant.old}")
    return wrong


def mirror_of(module: str, tree: Path = ROOT) -> list[str]:
    """Return the tests of one module: a file, a folder, or both."""
    return [t for t in (f"tests/test_{module}.py", f"tests/{module}") if (tree / t).exists()]


def _tests_in(folder: str, arguments: list[str], log: str) -> None:
    """Run pytest in a folder and end this process with its status; it was forked for that."""
    output = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
    os.dup2(output, 1)
    os.dup2(output, 2)
    os.chdir(folder)
    sys.dont_write_bytecode = True  # a mutant as long would be taken for the last one
    sys.path.insert(0, folder)
    package = importlib.util.find_spec("gan_tutorial")
    if package is None or not (package.origin or "").startswith(folder):
        sys.exit(ASTRAY)
    import pytest

    sys.exit(PASSED + pytest.main(["-x", "-q", "-p", "no:cacheprovider", *arguments]))


def killer_in(status: int, text: str) -> str:
    """Say which test failed; "" when all passed."""
    if status == PASSED:
        return ""
    if status in (FAILED, STOPPED):
        named = re.search(r"^(?:FAILED|ERROR) (?:tests/)?(.+?)(?: - .*)?$", text, re.MULTILINE)
        return named[1] if named else "an interruption of the tests"
    if status < 0:
        return f"the tests crashed with signal {-status}"
    reason = {ASTRAY: "they import another copy of the package", NOTHING_TO_RUN: "there are none"}
    raise SystemExit(f"the tests did not run: {reason.get(status, f'status {status}')}\n{text}")


class Copies:
    """Copies of a tree, one for each job, and the processes that run tests in them."""

    def __init__(self, tree: Path, place: Path, jobs: int, limit: float) -> None:
        self.limit, self.jobs = limit, jobs
        self.free: queue.Queue[Path] = queue.Queue()
        for number in range(jobs):
            self.free.put(copy := place.resolve() / f"{number}")
            shutil.copytree(tree, copy, ignore=lambda folder, names: (
                set(names) - COPIED if Path(folder) == tree else {"__pycache__"}
            ))  # fmt: skip
        kind = "spawn" if os.name == "nt" else "forkserver"
        self.context: Any = multiprocessing.get_context(kind)
        if kind == "forkserver":
            self.context.set_forkserver_preload(PRELOAD)

    def test(self, copy: Path, tests: list[str]) -> tuple[int, str]:
        """Run tests in one copy; return the status of pytest and what it printed."""
        log = copy.with_suffix(".log")
        log.write_text("", encoding="utf-8")
        process = self.context.Process(target=_tests_in, args=(str(copy), tests, str(log)))
        process.start()
        process.join(self.limit)
        if process.is_alive():
            process.kill()
            process.join()
            return FAILED, f"FAILED no answer in {self.limit:g} s, which counts as killed"
        return process.exitcode, log.read_text(encoding="utf-8", errors="replace")

    def judge(self, mutant: Mutant, rounds: list[list[str]]) -> str:
        """Make one mistake in a free copy and run rounds of tests; return the first that fails."""
        copy = self.free.get()
        (file,) = places(mutant, copy)
        source = file.read_text("utf-8")
        try:
            file.write_text(source.replace(mutant.old, mutant.new), "utf-8", newline="\n")
            for tests in rounds:
                status, text = self.test(copy, tests)
                # `first` may select nothing; that the other rounds have tests was seen before
                if status != NOTHING_TO_RUN and (killer := killer_in(status, text)):
                    return killer
            return ""
        finally:
            file.write_text(source, "utf-8", newline="\n")
            self.free.put(copy)

    def judge_each(self, work: dict[Mutant, list[list[str]]]) -> dict[Mutant, str]:
        """Judge mutants, each by its rounds of tests, and print how it goes."""
        killers = {}
        with ThreadPoolExecutor(self.jobs) as pool:
            judged = pool.map(self.judge, work, work.values())
            for number, (mutant, killer) in enumerate(zip(work, judged, strict=True), start=1):
                killers[mutant] = killer
                print(f"[{number}/{len(work)}] {mutant.name}: {killer or 'LIVES'}", flush=True)
        return killers

    def check_unmutated(self, rounds: list[list[str]]) -> None:
        """Stop when a test fails without any mistake: every mutant would seem killed."""
        print("Nothing is broken yet, so the tests must pass ...", flush=True)
        for tests in rounds:
            status, text = self.test(self.free.queue[0], tests)
            if killer := killer_in(status, text):
                raise SystemExit(f"nothing is broken, and a test fails: {killer}\n{text[-3000:]}")


def judge_all(
    mutants: Sequence[Mutant], tree: Path = ROOT, *, jobs: int = 2, limit: float = LIMIT
) -> dict[Mutant, str]:
    """Return the test that kills each mutant, or ""; the tree is only read."""
    if wrong := misfits(mutants, tree):
        raise SystemExit("\n".join(wrong))
    os.environ.update(SETTINGS)  # the processes that run tests inherit them
    mirrors = {mutant.module: mirror_of(mutant.module, tree) for mutant in mutants}
    work = {
        mutant: [[*mirrors[mutant.module], "-k", k] for k in (mutant.first, NOT_SLOW) if k]
        for mutant in mutants
    }
    stems = sorted({path.stem.strip("_") for path in (tree / "gan_tutorial").iterdir()})
    package = [[test] for stem in stems for test in mirror_of(stem, tree)]
    with tempfile.TemporaryDirectory(prefix="mutants-") as place:
        copies = Copies(tree, Path(place), jobs, limit)
        copies.check_unmutated([[*tests, "-k", NOT_SLOW] for tests in mirrors.values()])
        killers = copies.judge_each(work)
        if alive := [mutant for mutant, killer in killers.items() if not killer]:
            print(f"{len(alive)} live on. All tests of the package now, slow ones too.")
            copies.check_unmutated(package)
            killers |= copies.judge_each(dict.fromkeys(alive, package))
    return killers


def report(killers: dict[Mutant, str]) -> int:
    """Print the survivors, the table and what is wrong; return the exit status."""
    wrong = []
    for mutant, killer in killers.items():
        if not killer:
            print(f"\nlives: {mutant.name}\n- {mutant.old}\n+ {mutant.new}\n{mutant.equivalent}")
            wrong += [] if mutant.equivalent else [f"{mutant.name}: lives: a test is missing"]
        elif mutant.equivalent:
            wrong.append(f"{mutant.name}: killed by {killer}, so its explanation is wrong")
    print("\nmodule       mutants  killed   share")
    for module in [*dict.fromkeys(mutant.module for mutant in killers), "all"]:
        found = [bool(k) for mutant, k in killers.items() if module in (mutant.module, "all")]
        share = sum(found) / len(found)
        print(f"{module:11} {len(found):8} {sum(found):7} {share:7.1%}")
        if share < REQUIRED:
            wrong.append(f"{share:.1%} of {module} are killed, {REQUIRED:.0%} required")
    print("\n".join(wrong), file=sys.stderr)
    return 1 if wrong else 0


def main(arguments: list[str] | None = None) -> int:
    """Judge every mutant, or those of the modules named on the command line."""
    parser = argparse.ArgumentParser(description="break the mathematics; the tests must notice")
    parser.add_argument("modules", nargs="*", metavar="module", help=", ".join(MODULES))
    parser.add_argument("--jobs", type=int, default=2, help="processes at once (default 2)")
    parser.add_argument("--limit", type=float, default=LIMIT, help="seconds a round of tests has")
    options = parser.parse_args(arguments)
    if set(options.modules) - set(MODULES) or options.jobs < 1:
        parser.error(f"there are mutants of {', '.join(MODULES)}, and at least one job is needed")
    chosen = [m for m in MUTANTS if not options.modules or m.module in options.modules]
    return report(judge_all(chosen, jobs=options.jobs, limit=options.limit))


if __name__ == "__main__":
    raise SystemExit(main())
