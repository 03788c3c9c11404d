"""What comes out of the printer: folds as the reader left them, ink on white, no empty frame."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page
from test_pages import CHAPTERS, pages

pytestmark = pytest.mark.site

A4 = {"width": 794, "height": 1123}

# Whatever takes room on paper and is of no use there, with what it looks like.
USELESS = """() => {
  const found = [];
  const name = (e) => `${e.tagName.toLowerCase()}.${e.className}`.slice(0, 60);
  const luminance = (rgb) => rgb.map((c) => c / 255)
    .map((c) => (c <= 0.03928 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4))
    .reduce((sum, c, i) => sum + c * [0.2126, 0.7152, 0.0722][i], 0);
  for (const e of document.body.querySelectorAll("*")) {
    const box = e.getBoundingClientRect();
    const style = getComputedStyle(e);
    if (!box.height || !box.width || style.visibility === "hidden") continue;
    const hidden = [...e.children].some((c) => !c.matches("summary") && !c.checkVisibility());
    if (e.matches("details:not([open])") && hidden) found.push(`a closed fold: ${name(e)}`);
    if (e.matches("button, input, select, textarea, canvas, iframe, a.headerlink"))
      found.push(`something to press: ${name(e)}`);
    if (e.closest("svg, mjx-container, td, th") || e.matches("img, hr, br")) continue;
    const sides = ["Top", "Right", "Bottom", "Left"];
    const framed = sides.filter((s) => parseFloat(style[`border${s}Width`]) > 0).length === 4;
    const full = e.innerText.trim() || e.querySelector("img, svg, mjx-container");
    if (framed && box.height > 3 && !full) found.push(`an empty frame: ${name(e)}`);
    const words = [...e.childNodes].some((c) => c.nodeType === 3 && c.data.trim());
    const ink = style.color.match(/[\\d.]+/g).map(Number);
    if (words && box.height > 3 && 1.05 / (luminance(ink.slice(0, 3)) + 0.05) < 3)
      found.push(`pale ink: ${name(e)} ${e.innerText.trim().slice(0, 30)}`);
  }
  return [...new Set(found)];
}"""


@pytest.fixture
def paper(browser: Browser, address: str) -> Iterator[Page]:
    """A page as the printer sees it, without scripts, so that it is there at once."""
    context = browser.new_context(viewport=A4, base_url=address, java_script_enabled=False)
    with context, context.new_page() as page:
        page.emulate_media(media="print")
        yield page


def test_no_page_prints_a_closed_fold_or_an_empty_frame(paper: Page, site: Path) -> None:
    found = {}
    for name in set(pages(site)) - {"search.html"}:
        paper.goto(name, wait_until="load")  # with its stylesheet, which the document outruns
        if useless := paper.evaluate(USELESS):
            found[name] = useless
    assert not found


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize(
    "name", [f"notebooks/{CHAPTERS[0]}.html", "book/playground.html", "book/explorer.html"]
)
def test_scripts_add_nothing_that_is_useless_on_paper(
    browser: Browser, address: str, name: str, theme: str
) -> None:
    context = browser.new_context(viewport=A4, base_url=address)
    with context, context.new_page() as page:
        page.goto(name)
        page.evaluate(f"document.documentElement.dataset.theme = '{theme}'")
        page.emulate_media(media="print")
        assert page.evaluate(USELESS) == []
        kinds = ".cell_output img, gan-playground svg, latent-explorer img"
        pictures = page.locator(f".bd-article :is({kinds})").all()
        assert pictures
        assert all(each.bounding_box()["height"] > 50 for each in pictures)


def sheets(page: Page) -> int:
    """Print the page; return the number of sheets."""
    return len(re.findall(rb"/Type\s*/Page\b", page.pdf(format="A4")))


def test_a_fold_that_the_reader_opened_is_printed(paper: Page) -> None:
    paper.goto(f"notebooks/{CHAPTERS[0]}.html")
    folded = sheets(paper)
    paper.evaluate("document.querySelectorAll('details').forEach((fold) => fold.open = true)")
    code = paper.locator("details[open] pre")
    assert code.count() >= 3
    assert all(each.bounding_box()["height"] > 10 for each in code.all())
    assert folded < sheets(paper) < 3 * folded


def test_a_deeper_section_is_printed_whether_it_is_open_or_not(paper: Page, site: Path) -> None:
    (name, *_) = (
        name
        for name in pages(site)
        if '<details class="deeper">' in (site / name).read_text(encoding="utf-8")
    )
    paper.goto(name)
    for fold in paper.locator("details.deeper").all():
        assert not fold.evaluate("fold => fold.open")
        assert not fold.locator("> summary").is_visible()
        assert fold.locator("> p").first.inner_text()
