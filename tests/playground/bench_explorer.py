"""How soon the explorer draws and follows a slider: python tests/playground/bench_explorer.py.

Whatever else runs can only make both longer, so the best of some loads, and the median of many
moves of a slider in the best of them, is what it takes.
"""

import statistics
import sys
from pathlib import Path

from playwright.sync_api import sync_playwright

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests"))

from browsers import Server, launch  # noqa: E402

HTML = """<!doctype html><html lang="en"><link rel="icon" href="data:,">
<latent-explorer></latent-explorer><script src="/book/_static/js/explorer.letters.js"></script>
<script src="/book/_static/js/explorer.js"></script></html>"""
FIRST = """async () => {
  const e = document.querySelector('latent-explorer');
  while (!e.letters) await new Promise(requestAnimationFrame);
  return performance.now();
}"""
MOVES = """() => {
  const e = document.querySelector('latent-explorer');
  e.visit('#letters?word=HAMBURGEFONS');
  const slider = e.shadowRoot.querySelector('[name=weight]');
  return Array.from({ length: 60 }, (_, i) => {
    const from = performance.now();
    slider.value = i / 30 - 1;
    slider.dispatchEvent(new Event('input', { bubbles: true }));
    e.shadowRoot.querySelector('canvas').getBoundingClientRect();
    return performance.now() - from;
  });
}"""

with Server(ROOT) as server, sync_playwright() as play:
    browser = launch(play)
    loads = []
    for _ in range(8):
        with browser.new_context(viewport={"width": 390, "height": 844}) as context:
            page = context.new_page()
            page.route("**/bench.html", lambda r: r.fulfill(body=HTML, content_type="text/html"))
            page.goto(server.address + "bench.html")
            loads.append((page.evaluate(FIRST) / 1000, statistics.median(page.evaluate(MOVES))))
    first, update = map(min, zip(*loads, strict=True))
    print(f"first letters after {first:.2f} s (at most 0.5 wanted)")
    print(f"twelve letters follow a slider in {update:.1f} ms (at most 30 wanted)")
