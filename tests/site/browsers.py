"""How the tests start a browser, in their own process or in one that shares the work."""

from __future__ import annotations

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


def launch(playwright: Playwright, program: str) -> Browser:
    """Start the Chromium of this system without a window."""
    return playwright.chromium.launch(executable_path=program, args=FLAGS)
