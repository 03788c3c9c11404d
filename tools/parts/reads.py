"""Which files a test or a chapter reads: what it imports, what that imports, what it opens by path.

Imports are found by reading them. What is opened by path cannot be found so: ``OPENED`` names it,
and a test that is not named there and knows where the project stands (it, or a tool or helper that
it imports, says ``__file__``) is taken to read all of it. A module of the package says it to read
its neighbours, and ``importlib.resources`` to read what is stored beside it. A string in which code
imports the package counts as that code.
"""

from __future__ import annotations

import ast
import contextlib
import hashlib
import json
import re
import subprocess
from collections.abc import Callable, Iterable, Iterator
from functools import cache
from pathlib import Path

PACKAGE = "gan_tutorial"
# By the name of a test file: files and folders, and after # the view that is read of them.
OPENED: dict[str, tuple[str, ...]] = {
    "test_checkpoints": (),
    "test_devices": ("book/records/devices.csv",),
    "test_explorer": ("book/playground", "book/_static/js"),
    "test_explorer_page": ("book/playground", "book/_static"),
    "test_explorer_tool": (
        *("book/playground", "book/_static/js", "book/explorer.md"),
        "notebooks/results/16_letters.safetensors",
    ),
    "test_execute": ("tools/execute.py",),
    "test_experiments_tool": ("tools/experiments.py", "notebooks#code"),
    "test_handout": ("notebooks",),
    "test_makefile": ("Makefile",),
    "test_mutants": ("tools", "tests", PACKAGE),
    "test_pictures": ("gan_tutorial/data/stored", "book", "pyproject.toml"),
    "test_private_settings": (),
    "test_origins": ("notebooks",),
    "test_proofs": ("tools/check.py",),
    "test_reads": ("tools", "tests", PACKAGE, "_toc.yml", "book/records/devices.csv"),
    "test_record": ("tools/record.py",),
    "test_verify": ("tools/parts/verify.py",),
    "test_bundle": ("book/playground", "book/_static"),
    "test_chapters": ("book/playground", "notebooks#playgrounds"),
    "test_page": ("book/playground", "book/_static"),
    "test_parity": ("book/playground",),
    "test_stories": ("book/playground",),
}
IN_A_STRING = re.compile(rf"\b(?:from|import)\s+({PACKAGE}[\w.]*)|\b({PACKAGE}\.[\w.]*)")


class Tree:
    """The project's files as they are now, and which of them use which.

    ``views`` are functions of a name and a text that return what a run reads of a file if that is
    not all of it: ``05_training.ipynb#code`` is what the view "code" returns of it.
    """

    def __init__(self, root: Path, views: dict[str, Callable[[str, str], str]]) -> None:
        self.root, self.views = root, views
        self.new = set(self._listed("--others", "--exclude-standard"))
        self.files = frozenset(self.new.union(self._listed()))
        self.folders = {str(folder) for name in self.files for folder in Path(name).parents}
        # where Python looks for what tests and tools import
        tests = sorted(folder for folder in self.folders if folder.startswith("tests"))
        self.path = ["", "tools", "tools/parts", "book/_ext", *tests]
        # all is read at once: a file that changes later has not changed here
        self.content = {name: content(root / name) for name in self.files}
        self.digest, self.uses = cache(self._digest), cache(self._uses)

    def _listed(self, *options: str) -> list[str]:
        command = ["git", "ls-files", "-z", *options]
        try:
            done = subprocess.run(command, cwd=self.root, capture_output=True, encoding="utf-8")
        except FileNotFoundError:
            return []
        return [name for name in done.stdout.split("\0") if name]

    def text(self, name: str) -> str:
        """Return a file's text; nothing, if there is none."""
        return (self.content.get(name) or b"").decode(errors="replace")

    def _digest(self, thing: str) -> str:
        """Return the hash of a file, or of a view of it, and whether git knows it."""
        name, _, view = thing.partition("#")
        content = self.content.get(name)
        if content is None:
            return "absent"
        if view:
            # if it is no chapter that can be read, all of it counts
            with contextlib.suppress(Exception):
                content = self.views[view](name, self.text(name)).encode()
        return ("new " if name in self.new else "") + hashlib.sha256(content).hexdigest()

    def under(self, *names: str) -> set[str]:
        """Return these files, and those in these folders."""
        folders = tuple(f"{name}/" for name in names)
        return {name for name in self.files if name in names or name.startswith(folders)}

    def closure(self, names: Iterable[str]) -> set[str]:
        """Return these files and all that they import, and what that imports, to the end."""
        found = set(names)
        todo = list(found)
        while todo:
            more = self.uses(todo.pop()) - found
            found |= more
            todo += more
        return found

    def _uses(self, name: str) -> set[str]:
        """Return the files that one file imports."""
        text = self.text(name)
        try:
            trees = [ast.parse(source) for source in sources(name, text)]
        except (ValueError, KeyError, TypeError, SyntaxError):
            # of a chapter that cannot be read nothing is known; a module fails by itself
            return self.under(PACKAGE) if name.endswith(".ipynb") else set()
        found: set[str] = set()
        if not name.startswith(f"{PACKAGE}/"):
            for match in IN_A_STRING.finditer("\n".join(strings(trees))):
                found |= self.module("", (match[1] or match[2]).rstrip("."))
        elif "__file__" in text:
            found |= self.under(PACKAGE)
        elif "importlib.resources" in text:
            found |= self.under(str(Path(name).parent))
        for folder, module in (pair for tree in trees for pair in imported(tree, name)):
            if folder is None:
                found = found.union(*(self.module(place, module) for place in self.path))
            else:
                found |= self.module(folder, module) or self.under(f"{folder}/__init__.py")
        return found

    def module(self, place: str, module: str) -> set[str]:
        """Return the files of a module: of a folder all, unless a file in it is what is named."""
        found: set[str] = set()
        here = place
        for part in filter(None, module.split(".")):
            there = f"{here}/{part}".lstrip("/")
            if f"{there}.py" in self.files:
                return {*found, f"{there}.py"}
            if there not in self.folders:
                break  # an attribute, or nothing of ours
            found |= {f"{there}/__init__.py"} & self.files
            here = there
        return {name for name in self.under(here) if name.endswith(".py")} if found else set()

    def reads(self, test: str) -> set[str]:
        """Return the files that a test file reads; all of the project when in doubt."""
        folder = str(Path(test).parent)
        conftests = {f"{parent}/conftest.py" for parent in map(str, Path(test).parents)}
        found = self.closure({test, *conftests & self.files})
        outside = [name for name in found if not name.startswith(f"{PACKAGE}/")]
        opened = OPENED.get(Path(test).stem)
        if opened is None and any("__file__" in self.text(name) for name in outside):
            return set(self.files)
        for name, hash_, view in (opening.partition("#") for opening in opened or ()):
            found |= {file + hash_ + view for file in self.under(name)}
        found |= self.closure(name for name in found if name.endswith(".py"))
        beside = {name for name in self.under(folder) if not name.endswith(".py")}
        if folder == "tests":  # and not what lies in the folders of other tests
            beside = {name for name in beside if name.count("/") == 1}
        return found | beside


def content(path: Path) -> bytes | None:
    """Return what is in a file, if there is one."""
    try:
        return path.read_bytes()
    except OSError:
        return None


def sources(name: str, text: str) -> list[str]:
    """Return the code of a file: of a module its text, of a chapter that of each cell."""
    if name.endswith(".py"):
        return [text]
    if name.endswith(".ipynb"):
        cells = json.loads(text)["cells"]
        return ["".join(cell["source"]) for cell in cells if cell["cell_type"] == "code"]
    return []


def strings(trees: Iterable[ast.AST]) -> Iterator[str]:
    """Yield the strings in some code."""
    for node in (node for tree in trees for node in ast.walk(tree)):
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            yield node.value


def imported(tree: ast.AST, name: str) -> Iterator[tuple[str | None, str]]:
    """Yield each module that a file imports: the folder it is relative to, if any, and its name."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from ((None, alias.name) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            folder = "/".join(name.split("/")[: -node.level]) if node.level else None
            for alias in node.names:
                yield folder, f"{node.module or ''}.{alias.name}"
