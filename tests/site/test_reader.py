"""What a reader does on the built pages: search, go on by keyboard, play."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page
from test_pages import CHAPTERS, PHONE, ROOT, WIDE, pages

pytestmark = pytest.mark.site

LANDING = "book/index.html"


@pytest.fixture
def page(browser: Browser, address: str) -> Iterator[Page]:
    """A fresh page, for tests that do something on it."""
    context = browser.new_context(viewport=WIDE, color_scheme="light", base_url=address)
    yield context.new_page()
    context.close()


def test_the_entrance_leads_to_the_landing_page(page: Page, address: str) -> None:
    page.goto(address)
    page.wait_for_url(address + LANDING)
    assert page.locator("h1").first.inner_text().startswith("GANs, tested")


# --- search, keyboard, motion --------------------------------------------------------------------


@pytest.mark.parametrize(
    ("words", "wanted"),
    [
        ("softplus", "notebooks/04_losses.html"),
        ("detach", "notebooks/05_training.html"),
        ("LeakyReLU", "notebooks/03_discriminator.html"),
        ("tanh", "notebooks/02_generator.html"),
        ("mode collapse", "book/glossary.html"),
        ("wasserstein_distance", "book/api_data.html"),
        ("syllabus", "book/instructors.html"),
    ],
)
def test_search_finds(page: Page, site: Path, words: str, wanted: str) -> None:
    if not (site / wanted).exists():
        pytest.skip(f"{wanted} is not part of this site")
    page.goto(f"search.html?q={words}")
    page.wait_for_function(
        "() => /finished|found|did not match/i.test("
        "document.querySelector('#search-results').innerText)"
    )
    results = page.locator("#search-results ul.search li a").evaluate_all(
        "links => links.map((link) => new URL(link.href).pathname)"
    )
    assert any(result.endswith(wanted) for result in results), results


def test_everything_is_reached_by_keyboard(page: Page) -> None:
    page.goto(f"notebooks/{CHAPTERS[0]}.html")
    wanted = {
        "skip link": "#pst-skip-link a",
        "logo": "a.navbar-brand",
        "search": ".search-button-field",
        "chapters": "nav.bd-links a",
        "sidebar": ".primary-toggle",
        "theme": ".theme-switch-button",
        "folded code": "details.hide > summary",
        "claim": "p.claim a.number",
        "next page": ".prev-next-area a",
        "sections": ".page-toc a",
    }
    script = "wanted => Object.keys(wanted).filter(k => document.activeElement.matches(wanted[k]))"
    reached: list[str] = []
    for _ in range(600):
        page.keyboard.press("Tab")
        reached += page.evaluate(script, wanted)
        if set(reached) == wanted.keys():
            break
    assert set(reached) == wanted.keys()
    assert reached[0] == "skip link"


def test_keys_open_folded_code_and_change_the_theme(page: Page) -> None:
    page.goto(f"notebooks/{CHAPTERS[0]}.html")
    folded = page.locator("details.hide").first
    folded.locator("summary").focus()
    page.keyboard.press("Enter")
    assert folded.evaluate("box => box.open")
    assert page.evaluate(
        "() => parseFloat(getComputedStyle(document.activeElement).outlineWidth) >= 2"
    ), "the focus cannot be seen"
    button = page.locator(".theme-switch-button")
    button.focus()
    themes = set()
    for _ in range(3):
        page.keyboard.press("Enter")
        page.wait_for_timeout(50)
        themes.add(page.evaluate("() => document.documentElement.dataset.theme"))
    assert themes == {"light", "dark"}


def test_the_skip_link_leads_to_the_text(page: Page) -> None:
    page.goto("book/using.html")
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")  # the browser follows the link after it has answered
    page.wait_for_url("**/book/using.html#main-content")


def test_the_moving_picture_rests_for_those_who_ask(browser: Browser, address: str) -> None:
    shown = {}
    for motion in ("reduce", "no-preference"):
        context = browser.new_context(reduced_motion=motion)
        landing = context.new_page()
        landing.goto(address + LANDING)
        shown[motion] = landing.locator("figure.hero img").evaluate("image => image.currentSrc")
        assert "two humps" in landing.locator("figure.hero img").get_attribute("alt")
        context.close()
    assert shown["reduce"].endswith("hero-still.svg")
    assert shown["no-preference"].endswith("hero.svg")


def test_the_moving_picture_is_light_and_moves() -> None:
    text = (ROOT / "book" / "_static" / "hero.svg").read_text(encoding="utf-8")
    assert "<animate " in text
    assert len(text.encode()) < 160_000
    assert "<animate " not in (ROOT / "book/_static/hero-still.svg").read_text(encoding="utf-8")


def test_a_figure_that_goes_on_beyond_a_phone_fades_there(browser: Browser, address: str) -> None:
    with browser.new_context(viewport=PHONE) as context:
        page = context.new_page()
        page.goto(f"{address}notebooks/{CHAPTERS[0]}.html")
        figure = page.locator(".figure-scroll").first
        faded = []
        for left in (0, 9999):
            figure.evaluate("(box, left) => { box.scrollLeft = left; }", left)
            page.wait_for_timeout(100)
            faded.append(figure.evaluate("box => getComputedStyle(box).getPropertyValue('--more')"))
    assert faded[0] not in ("", "0px")
    assert faded[1] == "0px"


# --- the playground in the book -------------------------------------------------------------------


def test_the_playground_repeats_what_chapter_5_prints(page: Page, site: Path) -> None:
    stored = json.loads((ROOT / "notebooks" / "05_training.ipynb").read_text(encoding="utf-8"))
    printed = "".join(
        "".join(output.get("text", ""))
        for cell in stored["cells"]
        for output in cell.get("outputs", [])
    )
    wanted = re.findall(r"^step (\d):  L_D (\S+),  L_G (\S+)$", printed, re.MULTILINE)
    assert len(wanted) == 3
    page.goto("notebooks/05_training.html")
    playground = page.locator("gan-playground").first
    playground.scroll_into_view_if_needed()
    for step, d_loss, g_loss in wanted:
        playground.get_by_role("button", name="Step D").click()
        playground.get_by_role("button", name="Step G").click()
        numbers = playground.locator(".numbers")
        numbers.get_by_text(f"step {step}").wait_for()
        shown = re.search(r"step (\d+)\s+L_D ([\d.]+)\s+L_G ([\d.]+)", numbers.inner_text())
        assert shown is not None
        assert [f"{float(value):.3f}" for value in shown.groups()[1:]] == [d_loss, g_loss]


def test_every_playground_opens_in_the_state_that_its_page_names(page: Page, site: Path) -> None:
    found = 0
    for name in pages(site):
        if "<gan-playground" not in (site / name).read_text(encoding="utf-8"):
            continue
        page.goto(name)
        for playground in page.locator("gan-playground").all():
            playground.scroll_into_view_if_needed()
            playground.locator("canvas").first.wait_for()
            assert playground.locator(".words").inner_text() == "", name
            found += 1
    assert found >= 6  # the playground's page, chapters 1, 3, 4, and 5 twice


def test_every_explorer_draws_the_word_that_its_page_names(page: Page, site: Path) -> None:
    found = 0
    for name in pages(site):
        if "<latent-explorer" not in (site / name).read_text(encoding="utf-8"):
            continue
        page.goto(name)
        for explorer in page.locator("latent-explorer").all():
            explorer.scroll_into_view_if_needed()
            explorer.get_by_role("img", name="drawn by the generator").wait_for()
            assert explorer.locator(".words").inner_text() == "", name
            found += 1
    assert found >= 1
