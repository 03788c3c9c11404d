"""What the tests of the playground need: Node, and for the build its packages."""

from __future__ import annotations

import json
import shutil
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from browsers import Server, missing
from playwright.sync_api import Browser

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[1]
SOURCES = ROOT / "book" / "playground"
CALL = """async ([script, data]) =>
  JSON.stringify(await (await import(`/tests/playground/${script}`)).default(JSON.parse(data)))"""


@pytest.fixture(scope="session")
def node() -> Callable[..., Any]:
    """Call what a script of this folder exports, with data as JSON, and return its answer."""
    if shutil.which("node") is None:
        missing("Node is not installed, so the playground is not tested")

    def run(script: str, data: Any) -> Any:
        done = subprocess.run(
            ["node", HERE / "answer.mjs", script],
            input=json.dumps(data),
            capture_output=True,
            text=True,
        )
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout)

    return run


@pytest.fixture(scope="session")
def chromium(browser: Browser) -> Iterator[Callable[..., Any]]:
    """Call what a script of this folder exports, in a page of Chromium; see `node`."""
    with Server(ROOT) as server, browser.new_context() as context:
        page = context.new_page()
        page.goto(server.address)  # a list of files will do
        yield lambda script, data: json.loads(page.evaluate(CALL, [script, json.dumps(data)]))


@pytest.fixture(params=["node", "chromium"])
def engine(request: pytest.FixtureRequest) -> Callable[..., Any]:
    """Call what a script of this folder exports: once in Node, and once in Chromium.

    Their numbers are not the same: an exponential may differ in its last bit.
    """
    return request.getfixturevalue(request.param)


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
