"""The recipes of the Makefile that decide something, in a shell whose programs are made up."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest
from browsers import missing

from parts.chapters import ROOT


def program(path: Path, body: str) -> None:
    path.write_text(f"#!/bin/sh\n{body}\n")
    path.chmod(0o755)


@pytest.mark.parametrize(
    ("user", "words"), [("0", "-m jupyterlab notebooks --allow-root"),
                        ("1000", "-m jupyterlab notebooks"), ("", "-m jupyterlab notebooks")]
)  # fmt: skip
def test_jupyterlab_opens_for_root_too(user: str, words: str, tmp_path: Path) -> None:
    make = shutil.which("make") or missing("no make on this machine")
    program(tmp_path / "python", 'echo "$@"')
    program(tmp_path / "id", f"echo {user}" if user else "exit 127")
    outside = {name: value for name, value in os.environ.items() if not name.startswith("MAKE")}
    plan = subprocess.run(
        [make, "-n", "lab", f"VENV={tmp_path}"],
        cwd=ROOT,
        env=outside,  # under make test another make would speak of its folders
        capture_output=True,
        text=True,
        check=True,
    )
    recipe = plan.stdout[plan.stdout.index("TQDM_DISABLE=") :]
    variables = {**os.environ, "PATH": f"{tmp_path}{os.pathsep}{os.environ['PATH']}"}
    done = subprocess.run(
        ["sh", "-c", recipe], env=variables, capture_output=True, text=True, check=True
    )
    assert (done.stdout.strip(), done.stderr) == (words, "")
