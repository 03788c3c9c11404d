"""How soon a page is there, on a phone with an empty cache: python tests/site/bench_pages.py.

The first paint is read from the clock. Until all equations are drawn, what counts is the time that
the page's own thread has worked, since other processes take little part in that. Whatever else runs
can only make both longer, so the best of some loads is what a page takes. Needs `make book` first.
"""

import sys
from pathlib import Path

from playwright.sync_api import Browser, sync_playwright

ROOT = Path(__file__).resolve().parents[2]
sys.path += [str(ROOT / "tests"), str(ROOT / "tools")]

from browsers import Server, launch  # noqa: E402

NAMES = ["book/index.html", "book/clinic.html", "notebooks/01_definition.html",
         "notebooks/09_convergence.html"]  # fmt: skip
LOADS = 12


def measure(browser: Browser, address: str) -> tuple[float, float]:
    """Load a page once; return the seconds to its first paint, and those that its thread worked."""
    with browser.new_context(viewport={"width": 390, "height": 844}) as context:
        page = context.new_page()
        session = context.new_cdp_session(page)
        session.send("Performance.enable", {"timeDomain": "threadTicks"})
        page.goto(address, wait_until="load")
        page.evaluate("new Promise((r) => requestAnimationFrame(() => setTimeout(r)))")
        metrics = session.send("Performance.getMetrics")["metrics"]
        (work,) = (m["value"] for m in metrics if m["name"] == "ThreadTime")
        page.wait_for_function("performance.getEntriesByName('first-paint').length")
        first = page.evaluate("performance.getEntriesByName('first-paint')[0].startTime")
    return first / 1000, work


with Server(ROOT / "_build" / "html", "/course/") as server, sync_playwright() as play:
    browser = launch(play)
    for name in NAMES:
        loads = [measure(browser, server.address + name) for _ in range(LOADS)]
        paint, work = map(min, zip(*loads, strict=True))
        print(f"{name}: first paint {paint:.2f} s (at most 0.3 wanted),"
              f" {work:.2f} s of work until all was drawn (at most 1)")  # fmt: skip
