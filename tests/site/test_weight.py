"""What the pages weigh, as a browser that has nothing of them yet sees it on a phone.

Each page is loaded once, with an empty cache; the tests then read what came. Pictures do not count.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, Response
from test_pages import CHAPTERS, PHONE, WIDE, pages

pytestmark = pytest.mark.site

PLAIN, WITH_EQUATIONS = 700_000, 1_500_000  # bytes, before any compression

# A script, and what a page must hold for it to be of use.
USES = {
    "playground.js": "gan-playground",
    "playground.en.js": "gan-playground",
    "explorer.js": "latent-explorer",
    "explorer.letters.js": "latent-explorer",
    "searchindex.js": "#search-results",
    "searchtools.js": "#search-results",
    "language_data.js": "#search-results",
    "copybutton.js": "button.copybtn",
    "clipboard.min.js": "button.copybtn",
}
STAY = {"documentation_options.js", "doctools.js", "sphinx_highlight.js", "book.js"}
STAY |= {"pydata-sphinx-theme.js", "sphinx-book-theme.js"}

LOOK = """(uses) => ({
  math: document.querySelectorAll(".math").length,
  uses: Object.keys(uses).filter((name) => document.querySelector(uses[name])),
  blocking: [...document.querySelectorAll("script[src]:not([defer], [async], [type=module])")]
    .map((script) => script.src),
  classes: [...document.querySelectorAll("[class*=fa-]")].map((node) => node.outerHTML),
  fonts: [...document.fonts].filter((font) => font.status === "loaded").map((f) => f.family),
})"""


@dataclass
class Load:
    """What one page brought."""

    bytes: dict[str, int] = field(default_factory=dict)  # by address
    kinds: dict[str, str] = field(default_factory=dict)
    wrong: list[str] = field(default_factory=list)
    seen: dict[str, Any] = field(default_factory=dict)

    @property
    def weight(self) -> int:
        return sum(size for url, size in self.bytes.items() if self.kinds[url] != "image")

    @property
    def scripts(self) -> set[str]:
        found = (url for url, kind in self.kinds.items() if kind == "script")
        return {url.partition("?")[0].rpartition("/")[2] for url in found}


def load(page: Page, address: str) -> Load:
    """Load a page, wait until nothing more comes, and look at it."""
    found = Load()
    responses: list[Response] = []
    page.on("response", lambda response: responses.append(response))
    page.on("requestfailed", lambda request: found.wrong.append(f"failed: {request.url}"))
    page.goto(address, wait_until="load")
    page.evaluate("document.fonts.ready")
    page.wait_for_timeout(100)  # for what a script asks for once it runs
    for response in responses:
        if response.status != 200:
            found.wrong.append(f"{response.status}: {response.url}")
        elif not response.url.startswith(("data:", "blob:")):
            found.bytes[response.url] = len(response.body())
            found.kinds[response.url] = response.request.resource_type
    found.seen = page.evaluate(LOOK, USES)
    return found


@pytest.fixture(scope="module")
def loads(browser: Browser, site: Path, address: str) -> dict[str, Load]:
    """Every page, each loaded by a browser that has nothing of it.

    Pages that show a file of the package are all alike: of them the two longest are loaded.
    """
    names = pages(site)
    sources = [name for name in names if name.startswith("_modules/")]
    sources.sort(key=lambda name: (site / name).stat().st_size)
    found = {}
    for name in sorted(set(names) - set(sources[:-2])):
        with browser.new_context(viewport=PHONE) as context, context.new_page() as page:
            found[name] = load(page, address + name)
    return found


def test_no_page_weighs_more_than_it_may(loads: dict[str, Load]) -> None:
    heavy = {
        name: each.weight
        for name, each in loads.items()
        if each.weight > (WITH_EQUATIONS if each.seen["math"] else PLAIN)
    }
    assert heavy == {}
    assert {bool(each.seen["math"]) for each in loads.values()} == {True, False}
    assert min(each.weight for each in loads.values()) > 100_000, "what comes was not seen"


def test_all_that_a_page_asks_for_is_there(loads: dict[str, Load], address: str) -> None:
    assert {name: each.wrong for name, each in loads.items() if each.wrong} == {}
    hosts = {url for each in loads.values() for url in each.bytes if not url.startswith(address)}
    assert hosts == set()


def test_a_page_loads_the_scripts_that_it_uses_and_no_others(loads: dict[str, Load]) -> None:
    for name, each in loads.items():
        assert each.scripts == STAY | set(each.seen["uses"]), name
    for script in USES:
        users = [name for name, each in loads.items() if script in each.scripts]
        assert users, f"no page has what {script} is for"
        assert len(users) < len(loads), f"every page has {script}"


def test_one_stylesheet_and_no_script_stand_between_a_page_and_its_first_paint(
    loads: dict[str, Load],
) -> None:
    for name, each in loads.items():
        assert list(each.kinds.values()).count("stylesheet") == 1, name
        assert each.seen["blocking"] == [], name


def test_no_font_of_icons_is_left(loads: dict[str, Load]) -> None:
    for name, each in loads.items():
        assert each.seen["classes"] == [], name
        assert {family.strip('"') for family in each.seen["fonts"]} == {"Source Serif 4"}, name


# --- icons ----------------------------------------------------------------------------------------

ICONS = """() => [...document.querySelectorAll("svg.gan-icon")].filter((icon) => {
  const box = icon.getBoundingClientRect();
  return box.width && getComputedStyle(icon).visibility !== "hidden";
}).map((icon) => {
  const [box, style] = [icon.getBoundingClientRect(), getComputedStyle(icon)];
  const shapes = [...icon.querySelectorAll("path, circle")];
  return { kind: icon.dataset.icon || "tick", width: box.width, height: box.height,
    stroke: style.stroke, ink: style.color, shapes: shapes.map((s) => s.getTotalLength()) };
})"""


def scroll_back(page: Page) -> None:
    """Scroll down and up again, which brings the button that leads to the top."""
    for height in (3000, 2000):
        page.evaluate(f"scrollTo({{top: {height}, behavior: 'instant'}})")
        page.wait_for_function(f"scrollY === {height}")
        page.evaluate("new Promise((r) => requestAnimationFrame(() => setTimeout(r)))")


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_every_icon_is_drawn_in_the_ink_around_it(
    browser: Browser, address: str, theme: str
) -> None:
    kinds = set()
    for viewport in (PHONE, WIDE):
        with browser.new_context(viewport=viewport) as context, context.new_page() as page:
            page.goto(f"{address}notebooks/{CHAPTERS[1]}.html")
            scroll_back(page)
            for mode in ("light", "dark", "auto"):
                page.evaluate(
                    "([theme, mode]) => Object.assign(document.documentElement.dataset,"
                    " {theme, mode})",
                    [theme, mode],
                )
                for icon in page.evaluate(ICONS):
                    kinds.add(icon["kind"])
                    assert 12 <= icon["width"] <= 32, icon
                    assert 12 <= icon["height"] <= 32, icon
                    assert icon["stroke"] == icon["ink"], icon
                    assert icon["shapes"], icon
                    assert all(length > 1 for length in icon["shapes"]), icon
    assert kinds == {
        "angle-left", "angle-right", "arrow-up", "bars", "circle-half-stroke", "list",
        "magnifying-glass", "moon", "sun", "tick",
    }  # fmt: skip


@pytest.mark.parametrize("dialog", [False, True])
def test_an_icon_stands_beside_the_words_of_the_search_field(
    browser: Browser, address: str, dialog: bool
) -> None:
    with browser.new_context(viewport=PHONE) as context, context.new_page() as page:
        page.goto(address + ("book/using.html" if dialog else "search.html"))
        if dialog:
            page.keyboard.press("Control+k")
        form = page.locator("#pst-search-dialog form" if dialog else "main form.bd-search")
        icon, words = form.locator("svg").bounding_box(), form.locator("input").bounding_box()
    assert icon is not None
    assert words is not None
    assert icon["x"] + icon["width"] <= words["x"]


def test_who_scrolls_back_is_led_to_the_top(browser: Browser, address: str) -> None:
    with browser.new_context(viewport=PHONE, reduced_motion="reduce") as context:
        page = context.new_page()
        page.goto(f"{address}notebooks/{CHAPTERS[1]}.html")
        button = page.get_by_role("button", name="Back to top")
        assert not button.is_visible()
        scroll_back(page)
        button.click()
        page.wait_for_function("scrollY === 0")
        button.wait_for(state="hidden")  # in the frame after, on a busy machine


# --- equations ------------------------------------------------------------------------------------

EQUATIONS = """() => [...document.querySelectorAll(".math")].map((box) => {
  for (let fold = box; fold = fold.closest("details:not([open])");) fold.open = true;
  const drawings = [...box.querySelectorAll("mjx-container > svg")];
  const glyphs = [...box.querySelectorAll("use")].map((use) => use.getAttribute("href").slice(1));
  const math = [...box.querySelectorAll("math")];
  return {
    sizes: drawings.map((svg) => svg.getBoundingClientRect()).map((r) => [r.width, r.height]),
    hidden: drawings.every((svg) => svg.getAttribute("aria-hidden") === "true"),
    glyphs: glyphs.length,
    lost: glyphs.filter((id) => !document.getElementById(id)?.getAttribute("d")),
    spoken: math.map((m) => m.textContent.trim()),
  };
})"""


def test_equations_need_no_script_and_can_be_heard(
    browser: Browser, address: str, site: Path
) -> None:
    number = 0
    with browser.new_context(viewport=PHONE, java_script_enabled=False) as context:
        page = context.new_page()
        for name in pages(site):
            text = (site / name).read_text(encoding="utf-8")
            if 'class="math"' not in text:
                continue
            page.goto(address + name, wait_until="commit")
            page.wait_for_load_state("domcontentloaded")
            for equation in page.evaluate(EQUATIONS):
                number += 1
                assert equation["sizes"], (name, equation)
                assert all(w > 2 and h > 2 for w, h in equation["sizes"]), (name, equation)
                assert equation["hidden"], (name, equation)
                assert equation["glyphs"], (name, equation)
                assert equation["lost"] == [], (name, equation)
                assert len(equation["spoken"]) == len(equation["sizes"]), (name, equation)
                assert all(equation["spoken"]), (name, equation)
            assert not re.search(r"\\\(|\\\[|\$\$", page.locator("article").inner_text()), name
    assert number > 1000


def test_a_screen_reader_meets_every_equation(browser: Browser, address: str) -> None:
    with browser.new_context(viewport=PHONE) as context, context.new_page() as page:
        page.goto(f"{address}notebooks/01_definition.html")
        page.evaluate("document.querySelectorAll('details').forEach((fold) => fold.open = true)")
        tree = context.new_cdp_session(page).send("Accessibility.getFullAXTree")["nodes"]
        met = [node for node in tree if node.get("role", {}).get("value") == "MathMLMath"]
        assert sum(not node["ignored"] for node in met) == page.locator("math").count() > 100
        snapshot = page.locator("div.math").first.aria_snapshot()
    assert "G ( z )" in snapshot
    assert "(1.1)" in snapshot
