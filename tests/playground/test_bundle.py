"""The committed bundle is what the sources give, it is small, and the types hold."""

from __future__ import annotations

import gzip
import re
import subprocess
from pathlib import Path

HERE = Path(__file__).resolve().parent
BOOK = HERE.parents[1] / "book"
SCRIPTS = BOOK / "_static" / "js"
LIMIT = 15_000  # bytes after gzip


def run(packages, *command: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(command, cwd=packages, capture_output=True, text=True)


def test_building_again_gives_the_same_bytes(packages):
    done = run(packages, "node", "build.mjs", "--check")
    assert done.returncode == 0, done.stdout + done.stderr


def test_types_hold(packages):
    done = run(packages, "node", "node_modules/typescript/bin/tsc", "--project", "tsconfig.json")
    assert done.returncode == 0, done.stdout


def test_the_engine_keeps_its_promises(node):
    done = subprocess.run(
        ["node", "--test", HERE / "engine.test.js"], capture_output=True, text=True
    )
    assert done.returncode == 0, done.stdout


def test_the_bundle_is_small():
    size = len(gzip.compress((SCRIPTS / "playground.js").read_bytes(), 9))
    assert size <= LIMIT, f"playground.js has {size} bytes after gzip, {LIMIT} are allowed"


def test_the_scripts_ask_for_nothing():
    """No address, no request, no module: they work offline and under file://."""
    for path in [*SCRIPTS.glob("playground*.js"), *SCRIPTS.glob("explorer*.js")]:
        text = path.read_text(encoding="utf-8")
        assert text.startswith("/*! "), path.name
        assert not re.search(r"https?:|\bfetch\(|XMLHttpRequest|\bimport\(|\bexport\b", text), (
            path.name
        )


def test_the_lock_file_names_no_registry():
    assert "resolved" not in (BOOK / "playground" / "package-lock.json").read_text()
