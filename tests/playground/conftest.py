"""What the tests of the playground need: Node, and for the build its packages."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

HERE = Path(__file__).resolve().parent
SOURCES = HERE.parents[1] / "book" / "playground"


def missing(what: str) -> None:
    """Skip with a word on a reader's machine; fail where everything must be there."""
    if os.environ.get("CI") == "true":
        pytest.fail(f"{what}, and CI=true allows no skip")
    pytest.skip(what)


@pytest.fixture(scope="session")
def node() -> Callable[..., Any]:
    """Run a script of this folder, give it data as JSON, and return the JSON that it prints."""
    if shutil.which("node") is None:
        missing("Node is not installed, so the playground is not tested")

    def run(script: str, data: Any) -> Any:
        done = subprocess.run(
            ["node", HERE / script], input=json.dumps(data), capture_output=True, text=True
        )
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout)

    return run


@pytest.fixture(scope="session")
def packages() -> Path:
    """Return the folder of the playground's sources, with the packages that build them."""
    if shutil.which("npm") is None:
        missing("npm is not installed, so the playground's bundle is not rebuilt")
    if not (SOURCES / "node_modules" / "esbuild").exists():
        done = subprocess.run(
            ["npm", "ci", "--ignore-scripts"], cwd=SOURCES, capture_output=True, text=True
        )
        if done.returncode:
            missing(f"npm could not install the playground's tools: {done.stderr[-300:]}")
    return SOURCES
