"""The built site, served on this machine under a sub-path."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from browsers import Server

from build import build

ROOT = Path(__file__).resolve().parents[2]
PREFIX = "/course/"  # the site must not mind where it stands


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add `--site DIR`, to look at pages that are built already, and `--seen DIR`."""
    parser.addoption("--site", default=None, help="folder of a built site, such as _build/html")
    parser.addoption("--seen", default=None, help="where to keep what was seen on unchanged pages")


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


@pytest.fixture(scope="session")
def address(site: Path) -> Iterator[str]:
    """Where the site is served: a loopback address that ends in PREFIX."""
    with Server(site, PREFIX) as server:
        yield server.address
