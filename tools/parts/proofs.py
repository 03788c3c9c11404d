"""What is proven on this machine: a green run is not repeated while nothing that it reads changes.

A proof has a name and the files that its run reads. Its key is the SHA-256 of their contents, of
the programs and packages installed, and of the tool that runs it. After a green run the key is
kept in a folder, in a file of the proof's name, which two runs at once cannot spoil.
"""

from __future__ import annotations

import hashlib
import json
import os
import platform
import re
import shutil
import sys
from collections.abc import Callable, Iterable
from functools import cache
from importlib.metadata import distributions
from pathlib import Path
from typing import NamedTuple

from parts.chapters import write_atomically
from parts.reads import Tree

CHECK = "tools/check.py"
PINS = ("requirements.txt", "constraints.txt", "pyproject.toml", "Makefile")
PROGRAMS = ("chromium", "chromium-browser", "google-chrome", "node", "npm", "nvidia-smi")


class Proof(NamedTuple):
    """What is proven by one run: its name, what names it on a command line, what the run reads."""

    name: str
    argument: str
    files: frozenset[str]


@cache
def machine() -> str:
    """Return what a result may depend on beside the project's files."""
    programs = [Path(found).resolve() for name in PROGRAMS if (found := shutil.which(name))]
    lines = [sys.version, *platform.uname()]
    lines += sorted(f"{found.name} {found.version}" for found in distributions())
    lines += [f"{path} {path.stat().st_size} {path.stat().st_mtime_ns}" for path in programs]
    lines += sorted(f"{k}={v}" for k, v in os.environ.items() if k.startswith("PYTHON"))
    return "\n".join(lines)


def key(proof: Proof, tree: Tree) -> str:
    """Return what a proof is known by: another one when anything that it reads has changed."""
    things = proof.files | tree.closure({CHECK}) | set(PINS)
    contents = [[thing, tree.digest(thing)] for thing in sorted(things)]
    whole = json.dumps([proof.name, proof.argument, machine(), contents])
    return hashlib.sha256(whole.encode()).hexdigest()


class Proofs:
    """The proofs of this machine, kept in a folder.

    ``look`` returns the project's files as they are when it is called, which is at once, and again
    after each run: only what a run has found and left as it was at the start is proven. With
    ``again`` nothing counts as proven; nor does it without git, which lists the files.
    """

    def __init__(self, folder: Path, look: Callable[[], Tree], *, again: bool = False) -> None:
        self.folder, self.look = folder, look
        self.before = look()
        self.again = again or not self.before.files
        self.unproven = cache(self._unproven)

    def _file(self, proof: Proof) -> Path:
        return self.folder / re.sub(r"\W+", "-", proof.name)

    def _unproven(self, proof: Proof) -> bool:
        """Return whether a proof is to be run; say so if what was kept of it is damaged."""
        if self.again:
            return True
        try:
            kept = self._file(proof).read_text(encoding="utf-8")
        except FileNotFoundError:
            return True
        except (OSError, ValueError) as error:
            kept = str(error)
        if not re.fullmatch("[0-9a-f]{64}\n", kept):
            print(f"{self._file(proof)} is damaged: {proof.name} counts as not proven", flush=True)
            return True
        return kept.strip() != key(proof, self.before)

    def keep(self, green: Iterable[Proof]) -> None:
        """Keep what a green run has proven."""
        after = self.look()
        for proof in green:
            if key(proof, after) != key(proof, self.before):
                print(f"{proof.name}: a file changed meanwhile, so this is not proven", flush=True)
                continue
            try:
                write_atomically(self._file(proof), f"{key(proof, self.before)}\n")
            except OSError as error:
                print(f"{proof.name} passed, which could not be kept: {error}", flush=True)


def short(names: Iterable[str]) -> str:
    """Return names in a line: of a folder's files their number, of others each."""
    groups: dict[tuple[str, str], list[str]] = {}
    for name in names:
        folder, slash, _ = name.rpartition("/")
        kind, space, rest = ("", "", name) if slash else name.partition(" ")
        groups.setdefault((folder + slash, kind + space), []).append(rest or name)
    return ", ".join(
        f"{folder[:-1]} ({len(found)} files)"
        if folder and len(found) > 1
        else kind + ", ".join(found)
        for (folder, kind), found in groups.items()
    )
