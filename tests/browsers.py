"""How the tests start a browser, serve it files, and say what is not on this machine."""

from __future__ import annotations

import os
import shutil
import threading
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Playwright

FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]


def missing(what: str) -> None:
    """Skip with a word on a reader's machine; fail where everything must be there.

    `make test` is left a note, so that what was skipped does not count as proven.
    """
    if os.environ.get("CI") == "true":
        pytest.fail(f"{what}, and CI=true allows no skip")
    if note := os.environ.get("CHECK_MISSING"):
        Path(note).touch()
    pytest.skip(what)


def launch(playwright: Playwright) -> Browser:
    """Start the Chromium of this system without a window."""
    names = ("chromium", "chromium-browser", "google-chrome")
    program = next(filter(None, map(shutil.which, names)), None)
    if program is None:
        missing("no Chromium on this machine: the pages were not looked at")
    return playwright.chromium.launch(executable_path=program, args=FLAGS)


class _Handler(SimpleHTTPRequestHandler):
    """Serves a folder below a prefix, quietly, and nothing beside it."""

    extensions_map = SimpleHTTPRequestHandler.extensions_map | {".mjs": "text/javascript"}

    def __init__(self, *args: Any, prefix: str, **options: Any) -> None:
        self.prefix = prefix
        super().__init__(*args, **options)

    def translate_path(self, path: str) -> str:
        if not path.startswith(self.prefix):
            return os.devnull + "/nothing"
        return super().translate_path("/" + path[len(self.prefix) :])

    def log_message(self, *args: object) -> None:
        pass


class Server(ThreadingHTTPServer):
    """Serves a folder on this machine, at `address`, until its `with` block ends."""

    allow_reuse_address = True

    def __init__(self, folder: Path, prefix: str = "/") -> None:
        super().__init__(("127.0.0.1", 0), partial(_Handler, directory=str(folder), prefix=prefix))
        self.address = f"http://127.0.0.1:{self.server_port}{prefix}"
        threading.Thread(target=self.serve_forever, daemon=True).start()

    def handle_error(self, request: object, client_address: object) -> None:
        """A browser that closes a connection early is no error."""

    def __exit__(self, *args: object) -> None:
        self.shutdown()
        super().__exit__(*args)
