"""The built site, served on this machine under a sub-path, and one browser to look at it."""

from __future__ import annotations

import os
import shutil
import socketserver
import threading
from collections.abc import Iterator
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from browsers import launch
from playwright.sync_api import Browser, sync_playwright

from build import build

ROOT = Path(__file__).resolve().parents[2]
PREFIX = "/course/"  # the site must not mind where it stands


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add `--site DIR`: look at pages that are built already."""
    parser.addoption("--site", default=None, help="folder of a built site, such as _build/html")


@pytest.fixture(scope="session")
def site(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Folder of the site: built strictly for this session, or the one that `--site` names."""
    chosen = request.config.getoption("--site", default=None)
    if chosen:
        folder = Path(chosen).resolve()
        assert (folder / "index.html").exists(), f"no site in {folder}"
        return folder
    target = tmp_path_factory.mktemp("site")
    assert build(target) == 0, "the strict build failed: its warnings are above"
    return target / "_build" / "html"


class _Quiet(SimpleHTTPRequestHandler):
    """Serves the site below PREFIX and nothing beside it."""

    def translate_path(self, path: str) -> str:
        if not path.startswith(PREFIX):
            return os.devnull + "/nothing"
        return super().translate_path("/" + path[len(PREFIX) :])

    def log_message(self, *args: object) -> None:
        pass


class _Server(ThreadingHTTPServer):
    def handle_error(self, request: object, client_address: object) -> None:
        """A browser that closes a connection early is no error."""


@pytest.fixture(scope="session")
def address(site: Path) -> Iterator[str]:
    """Where the site is served: a loopback address that ends in PREFIX."""
    socketserver.TCPServer.allow_reuse_address = True
    with _Server(("127.0.0.1", 0), partial(_Quiet, directory=str(site))) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}{PREFIX}"
        server.shutdown()


@pytest.fixture(scope="session")
def program() -> str:
    """The Chromium of this system."""
    found = next(filter(None, map(shutil.which, ("chromium", "chromium-browser"))), None)
    found = found or shutil.which("google-chrome")
    if found is None:
        message = "no Chromium on this machine: the pages were not looked at"
        if os.environ.get("CI") == "true":
            pytest.fail(message)
        pytest.skip(message)
    return found


@pytest.fixture(scope="session")
def browser(program: str) -> Iterator[Browser]:
    """One headless browser for the tests that do something."""
    with sync_playwright() as playwright, launch(playwright, program) as running:
        yield running
