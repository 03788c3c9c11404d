"""`make test` runs again what has changed since it was green, and nothing else; `CI` runs all."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path

import pytest

import check
from check import Step
from parts import proofs as module
from parts.proofs import Proof, Proofs, key, short
from parts.reads import Tree

pytestmark = pytest.mark.skipif(shutil.which("git") is None, reason="git lists the files")


def notebook(text: str, code: str) -> str:
    cells = [
        {"cell_type": "markdown", "id": "cell-000", "metadata": {}, "source": text},
        {"cell_type": "code", "id": "cell-001", "metadata": {}, "source": code, "outputs": [],
         "execution_count": 1},
    ]  # fmt: skip
    return json.dumps({"cells": cells})


CODE = "from gan_tutorial import data\nprint(open('results/05_long.csv').read())"
FILES = {
    "requirements.txt": "torch==2.13.0\n",
    "README.md": "A toy\n",
    "_toc.yml": "root: book/index\n",
    "gan_tutorial/__init__.py": "",
    "gan_tutorial/checks.py": "limit = 3\n",
    "gan_tutorial/data.py": "points = [1, 2]\n",
    "gan_tutorial/losses/__init__.py": "from gan_tutorial.losses.pairs import hinge\n",
    "gan_tutorial/losses/pairs.py": "def hinge():\n    from ..checks import limit\n",
    "gan_tutorial/losses/penalties.py": "r1 = 1\n",
    "tests/conftest.py": "",
    "tests/reference.py": "expected = 4\n",
    "tests/data/test_data.py": "from gan_tutorial.data import points\n",
    "tests/data/points.csv": "1,2\n",
    "tests/losses/test_losses.py": "import reference\nfrom gan_tutorial import losses\n",
    "tests/test_text.py": "CHILD = '''\nfrom gan_tutorial.data import points\n'''\n",
    "tests/tools/test_tree.py": "from chapters import ROOT\nprint(list(ROOT.glob('*')))\n",
    "tools/chapters.py": "from pathlib import Path\nROOT = Path(__file__).parent.parent\n",
    "tools/check.py": "from parts import helper\n",
    "tools/parts/helper.py": "x = 1\n",
    "notebooks/05_toy.ipynb": notebook("Prose.", CODE),
    "notebooks/results/05_long.csv": "0.1\n",
    ".gitignore": ".cache/\nlog.txt\n",
}
DATA, LOSSES = "tests/data/test_data.py", "tests/losses/test_losses.py"
TEXT, TREE, CHAPTER = "tests/test_text.py", "tests/tools/test_tree.py", "run 05_toy"
ALL = {DATA, LOSSES, TEXT, TREE, CHAPTER}


class Toy:
    """A small project, with a step that writes into a file what it runs."""

    def __init__(self, root: Path) -> None:
        self.root, self.log = root, root / "log.txt"
        for name, text in FILES.items():
            self.write(name, text)
        (root / "notebooks" / "05_toy.md").write_text("Prose.\n")
        subprocess.run(["git", "init", "-q"], cwd=root, check=True)
        subprocess.run(["git", "add", "."], cwd=root, check=True)

    def write(self, name: str, text: str) -> None:
        path = self.root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)

    def look(self) -> Tree:
        return Tree(self.root, {"code": check.code})

    def prove(self, code: str = "", *, again: bool = False) -> set[str]:
        """Run what is not proven, with some code as the run; return what was run."""
        self.log.write_text("")
        proofs = Proofs(self.root / ".cache" / "proofs", self.look, again=again)
        all_of_it = check.package(proofs.before) + check.run_again(proofs.before)
        assert {proof.name for proof in all_of_it} == ALL
        self.status = check.run([Step("toy", all_of_it, self.commands(code), "no advice")], proofs)
        return set(self.log.read_text().splitlines())

    def commands(self, code: str) -> Callable[[list[Proof]], list[list[str]]]:
        def commands(todo: list[Proof]) -> list[list[str]]:
            names = "\n".join(proof.name for proof in todo)
            program = f"import os, sys; open({str(self.log)!r}, 'w').write({names!r})\n{code}"
            return [[sys.executable, "-c", program]]

        return commands


@pytest.fixture
def toy(tmp_path: Path) -> Toy:
    return Toy(tmp_path)


def test_what_is_unchanged_is_not_run_again_but_named(toy: Toy, capfd) -> None:
    assert toy.prove() == ALL
    assert "proven before" not in capfd.readouterr().out
    assert toy.prove() == set()
    said = capfd.readouterr().out
    assert f"proven before, unchanged: {DATA}, {LOSSES}, {TEXT}, {TREE}, {CHAPTER}\n" in said
    assert "5 things were proven before; make test ALL=1 proves them again" in said


@pytest.mark.parametrize(
    ("name", "text", "again"),
    [
        pytest.param(LOSSES, "import reference\n", {LOSSES}, id="the test"),
        pytest.param("tests/reference.py", "", {LOSSES}, id="a helper"),
        pytest.param("tests/conftest.py", "x = 1\n", {DATA, LOSSES, TEXT}, id="settings"),
        pytest.param("tests/losses/conftest.py", "x = 1\n", {LOSSES}, id="new settings"),
        pytest.param("tests/data/points.csv", "1,3\n", {DATA}, id="a file beside the test"),
        pytest.param("gan_tutorial/data.py", "", {DATA, TEXT, CHAPTER}, id="a module"),
        pytest.param("gan_tutorial/losses/pairs.py", "", {LOSSES}, id="a file of a folder"),
        pytest.param("gan_tutorial/losses/penalties.py", "", {LOSSES}, id="another file of it"),
        pytest.param("gan_tutorial/checks.py", "limit = 4\n", {LOSSES}, id="what a module imports"),
        pytest.param("notebooks/results/05_long.csv", "0.2\n", {CHAPTER}, id="data"),
        pytest.param("notebooks/05_toy.ipynb", notebook("Other.", CODE), set(), id="prose"),
        pytest.param("notebooks/05_toy.ipynb", notebook("", CODE + " "), {CHAPTER}, id="code"),
        pytest.param("notebooks/05_toy.ipynb", "<<<< no chapter", {CHAPTER}, id="a broken chapter"),
        pytest.param("README.md", "Another toy\n", set(), id="what one test may read"),
        pytest.param("new.md", "", set(), id="a new file"),
        pytest.param("gan_tutorial/__init__.py", "x = 1\n", ALL, id="the package"),
        pytest.param("requirements.txt", "torch==2.14.0\n", ALL, id="a version"),
        pytest.param("tools/check.py", "import parts.helper\n", ALL, id="the tool"),
        pytest.param("tools/parts/helper.py", "x = 2\n", ALL, id="a part of the tool"),
    ],
)
def test_a_change_runs_again_what_reads_it(toy: Toy, name: str, text: str, again: set[str]) -> None:
    toy.prove()
    toy.write(name, text)
    assert toy.prove() == again | {TREE}  # which may read anything
    assert toy.prove() == set()


def test_a_file_that_goes_is_a_change(toy: Toy) -> None:
    toy.prove()
    (toy.root / "gan_tutorial" / "checks.py").unlink()
    assert toy.prove() == {LOSSES, TREE}


def test_another_version_of_a_package_or_a_browser_runs_all_again(toy: Toy, monkeypatch) -> None:
    toy.prove()
    before = module.machine()
    assert f"torch {sys.modules['torch'].__version__.split('+')[0]}" in before
    monkeypatch.setattr(module, "machine", lambda: before.replace("numpy 2", "numpy 3"))
    assert toy.prove() == ALL


@pytest.mark.parametrize("end", ["sys.exit(1)", "os.abort()"])
def test_a_red_run_proves_nothing(toy: Toy, end: str) -> None:
    assert toy.prove(end) == ALL
    assert toy.status
    assert toy.prove() == ALL


@pytest.mark.skipif(os.name == "nt", reason="Windows knows no SIGINT between processes")
def test_an_interrupted_run_proves_nothing(toy: Toy) -> None:
    before = signal.signal(signal.SIGINT, signal.default_int_handler)  # which may be ignored
    try:
        with pytest.raises(KeyboardInterrupt):
            toy.prove("import signal; os.kill(os.getppid(), signal.SIGINT)")
    finally:
        signal.signal(signal.SIGINT, before)
    assert toy.prove() == ALL


def test_a_red_step_leaves_proven_what_was_green_before(toy: Toy) -> None:
    toy.prove()
    toy.write("gan_tutorial/data.py", "")
    assert toy.prove("sys.exit(1)") == {DATA, TEXT, TREE, CHAPTER}
    assert toy.prove() == {DATA, TEXT, TREE, CHAPTER}


def test_an_edit_during_the_run_is_not_proven(toy: Toy, capfd) -> None:
    file = toy.root / "gan_tutorial" / "checks.py"
    before = file.read_text()
    toy.prove(f"open({str(file)!r}, 'a').write('x = 1')")
    assert f"{LOSSES}: a file changed meanwhile, so this is not proven" in capfd.readouterr().out
    edited = file.read_text()
    file.write_text(before)  # nor is what stood there before: the run may have read either
    assert toy.prove("sys.exit(1)") == {LOSSES, TREE}
    file.write_text(edited)
    assert toy.prove() == {LOSSES, TREE}


def test_what_was_skipped_because_something_is_missing_is_not_proven(
    toy: Toy, capfd, monkeypatch
) -> None:
    monkeypatch.delenv("CI", raising=False)  # where it is set, nothing may be skipped
    tests = Path(__file__).resolve().parents[1]
    code = f"""
sys.path.insert(0, {str(tests)!r})
import browsers, pytest
try:
    browsers.missing("no browser here")
except pytest.skip.Exception:
    pass"""
    toy.prove(code)
    assert toy.status == 0
    assert "is missing here: this is not proven" in capfd.readouterr().out
    assert toy.prove() == ALL


@pytest.mark.parametrize("text", ["", "0" * 63 + "\n", "0" * 64, "\x00\n", "Green!\n"])
def test_a_damaged_proof_is_said_and_proves_nothing(toy: Toy, capfd, text: str) -> None:
    toy.prove()
    (file,) = (toy.root / ".cache" / "proofs").glob("*losses*")
    file.write_text(text)
    assert toy.prove() == {LOSSES}
    assert f"{file} is damaged: {LOSSES} counts as not proven\n" in capfd.readouterr().out
    assert toy.prove() == set()


def test_without_a_place_to_keep_proofs_all_is_run(toy: Toy, capfd) -> None:
    (toy.root / ".cache").write_text("a file")
    assert toy.prove() == ALL
    assert toy.status == 0
    assert f"{LOSSES} passed, which could not be kept: " in capfd.readouterr().out
    assert toy.prove() == ALL


def test_two_runs_at_once_spoil_nothing(toy: Toy) -> None:
    proofs = Proofs(toy.root / ".cache" / "proofs", toy.look)
    all_of_it = check.package(proofs.before)
    runs = [threading.Thread(target=proofs.keep, args=[all_of_it]) for _ in range(8)]
    for run in runs:
        run.start()
    for run in runs:
        run.join()
    kept = sorted((toy.root / ".cache" / "proofs").iterdir())
    assert len(kept) == len(all_of_it)  # and nothing half written beside them
    assert {file.read_text().strip() for file in kept} == {
        key(proof, proofs.before) for proof in all_of_it
    }


def test_the_last_step_waits_for_what_goes_on_beside(toy: Toy, capfd) -> None:
    def step(code: str, *, beside: bool = False) -> Step:
        return Step(code, [], lambda _: [[sys.executable, "-c", code]], "advice", beside)

    late = f"import time; time.sleep(1); open({str(toy.log)!r}, 'w')"
    early = f"import os; assert not os.path.exists({str(toy.log)!r})"
    last = f"import os; assert os.path.exists({str(toy.log)!r})"
    proofs = Proofs(toy.root / ".cache", toy.look)
    assert check.run([step(late, beside=True), step(early), step(last)], proofs) == 0
    assert check.run([step("exit(3)", beside=True), step("1"), step("print('seen')")], proofs) == 3
    assert "FAILED: [1/3] exit(3): advice.\n" in (printed := capfd.readouterr()).err
    assert "seen" not in printed.out.replace("print('seen')", "")


def test_all_runs_all_and_keeps_it(toy: Toy) -> None:
    toy.prove()
    assert toy.prove(again=True) == ALL
    assert toy.prove() == set()


@pytest.mark.parametrize(
    ("arguments", "ci", "again"),
    [([], "", False), ([], "false", False), (["--all"], "", True), ([], "true", True),
     (["05"], "", True)],
)  # fmt: skip
def test_ci_all_and_a_chapter_run_what_is_proven(monkeypatch, arguments, ci, again) -> None:
    seen: list[Proofs] = []
    monkeypatch.setenv("CI", ci)
    monkeypatch.setattr(check, "run", lambda steps, proofs: seen.append(proofs) or 0)
    monkeypatch.setattr(check, "all_steps", lambda proofs, site: [])
    monkeypatch.setattr(check, "chapter_steps", lambda tree, selection: [])
    monkeypatch.setattr(shutil, "rmtree", lambda *_, **__: None)  # what was seen of the site
    assert check.main(arguments) == 0
    assert [proofs.again for proofs in seen] == [again]


def test_names_are_said_in_a_line() -> None:
    names = ["tests/a/test_x.py", "tests/a/test_y.py", "tests/test_z.py", "run 01_a", "run 02_b"]
    assert short(names) == "tests/a (2 files), tests/test_z.py, run 01_a, 02_b"


def test_of_a_chapter_only_its_code_counts_in_either_half() -> None:
    text = "Prose.\n\n```{code-cell} ipython3\n:tags: [experiment]\n\nx = 1\n```\n"
    code = check.code("05_toy.md", text)
    assert "x = 1" in code
    assert check.code("05_toy.md", text.replace("Prose", "Other prose")) == code
    assert check.code("05_toy.md", "One more.\n\n+++\n\n" + text) == code
    assert check.code("05_toy.md", text.replace("x = 1", "x = 2")) != code
    assert check.code("05_toy.md", text.replace("experiment", "other")) != code
    stored = notebook("Prose", "x = 1")
    assert check.code("05_toy.ipynb", stored.replace('"outputs": []', '"outputs": ["1"]')) != (
        check.code("05_toy.ipynb", stored)
    )
