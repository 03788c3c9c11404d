"""The film of the first evening moves, can be stopped, and stands still on paper and on request."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page

pytestmark = pytest.mark.site

SHOWN = """
() => Object.fromEntries(["moving", "still"].map((kind) => [kind,
  [...document.querySelectorAll(".film .film-" + kind)].map((node) => getComputedStyle(node).display)]))
"""  # noqa: E501
PAUSED = "document.querySelector('.film svg').animationsPaused()"
STROKE = """
() => getComputedStyle(document.querySelector(".film .film-fake")).stroke
"""
INK = """
() => getComputedStyle(document.querySelector(".film button")).color
"""


@pytest.fixture
def page(browser: Browser, address: str) -> Iterator[Page]:
    context = browser.new_context(viewport={"width": 1400, "height": 900})
    with context, context.new_page() as page:
        page.goto(address + "notebooks/00_first_evening.html")
        yield page


def test_one_of_film_and_still_is_shown(page: Page) -> None:
    for media, motion, seen in (
        ("screen", "no-preference", "moving"),
        ("screen", "reduce", "still"),
        ("print", "no-preference", "still"),
    ):
        page.emulate_media(media=media, reduced_motion=motion)
        shown = page.evaluate(SHOWN)
        unseen = {"moving": "still", "still": "moving"}[seen]
        assert shown[seen], (media, motion)
        assert "none" not in shown[seen], (media, motion)
        assert set(shown[unseen]) == {"none"}, (media, motion)


def test_the_film_stops_and_goes_on_at_the_press_of_a_button(page: Page) -> None:
    page.emulate_media(reduced_motion="no-preference")
    button = page.get_by_role("button", name="Pause or go on")
    assert page.evaluate(PAUSED) is False
    button.click()
    assert page.evaluate(PAUSED) is True
    button.click()
    assert page.evaluate(PAUSED) is False


def test_the_film_has_words_and_the_colours_of_the_theme(page: Page) -> None:
    film = page.locator(".film svg")
    assert len(film.get_attribute("aria-label") or "") > 100
    for theme, fakes, words in (
        ("light", "rgb(213, 94, 0)", "rgb(32, 37, 45)"),
        ("dark", "rgb(240, 138, 75)", "rgb(221, 226, 233)"),
    ):
        page.evaluate(f"document.documentElement.dataset.theme = '{theme}'")
        assert page.evaluate(STROKE) == fakes
        assert page.evaluate(INK) == words


def test_the_page_says_that_it_comes_before_the_first_chapter(page: Page) -> None:
    assert page.locator("h1 .chapter-number").first.text_content() == "Before chapter 1"
