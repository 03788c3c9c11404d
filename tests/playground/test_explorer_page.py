"""The explorer in a browser: what a reader types, moves, sees and hears."""

from __future__ import annotations

import contextlib
import random
import re
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from browsers import Server
from playwright.sync_api import Browser, Page

ROOT = Path(__file__).resolve().parents[2]
pytestmark = pytest.mark.site

HTML = """<!doctype html>
<html lang="en" data-theme="light"><head><meta charset="utf-8"><title>Explorer</title>
<meta name="viewport" content="width=device-width, initial-scale=1">
<link rel="icon" href="data:,"><link rel="stylesheet" href="css/book.css">
<style>body { background: var(--ground); margin: 0 } main { margin: auto; max-width: 46rem }</style>
</head><body><main class="bd-article"><h1>Explorer</h1>
<latent-explorer><figure><figcaption>What the explorer shows.</figcaption></figure>
</latent-explorer>
</main><script src="js/explorer.letters.js"></script><script src="js/explorer.js"></script>
</body></html>"""
INK = """(kind) => {  // how much ink there is, its colour, and the size
  const { shadowRoot } = document.querySelector('latent-explorer');
  const canvas = shadowRoot.querySelector('canvas.' + kind);
  const { width, height } = canvas;
  const copy = Object.assign(document.createElement('canvas'), { width, height });
  const pen = copy.getContext('2d', { willReadFrequently: true });
  pen.drawImage(canvas, 0, 0);
  const { data } = pen.getImageData(0, 0, width, height);
  let [total, at] = [0, 0];
  for (let i = 0; i < data.length; i += 4) {
    total += data[i + 3];
    if (data[i + 3] > data[at + 3]) at = i;
  }
  const shown = canvas.getBoundingClientRect().width;
  return { total, colour: [...data.slice(at, at + 3)], width, height, shown };
}"""


@pytest.fixture(scope="module")
def page_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The page as a file: nothing is served."""
    folder = tmp_path_factory.mktemp("explorer")
    static = ROOT / "book" / "_static"
    for part in ("css", "fonts"):
        shutil.copytree(static / part, folder / part)
    (folder / "js").mkdir()
    for script in ("explorer.letters.js", "explorer.js"):
        shutil.copy(static / "js" / script, folder / "js")
    (folder / "page.html").write_text(HTML, encoding="utf-8")
    return folder / "page.html"


@pytest.fixture
def visit(browser: Browser, page_file: Path) -> Iterator[Callable[..., Page]]:
    """Open the page; at the end nothing may have been complained of, or asked of another place."""
    complaints: list[str] = []
    allowed = ["about:", "data:", f"file://{page_file.parent}"]

    def open_page(
        address: str = "", script: str = "", served: bool = False, **options: Any
    ) -> Page:
        place = f"file://{page_file}"
        if served:
            server = own.enter_context(Server(page_file.parent))
            allowed.append(server.address)
            place = f"{server.address}{page_file.name}"
        options = {"viewport": {"width": 1000, "height": 900}} | options
        page = own.enter_context(browser.new_context(**options)).new_page()
        page.add_init_script(script)
        page.on("pageerror", lambda error: complaints.append(f"{error} {error.stack}"))
        page.on("console", lambda m: m.type in ("error", "warning") and complaints.append(m.text))
        page.on("request", lambda r: r.url.startswith(tuple(allowed)) or complaints.append(r.url))
        page.goto(place + address)
        return page

    with contextlib.ExitStack() as own:
        yield open_page
    assert complaints == []


def ready(page: Page) -> Page:
    page.get_by_role("img", name="drawn by the generator").wait_for()
    return page


def state(page: Page) -> dict[str, Any]:
    return page.evaluate("document.querySelector('latent-explorer').state")


def said(page: Page) -> str:
    return page.locator("latent-explorer .words").inner_text()


def test_a_word_is_drawn_twice_and_its_address_brings_it_back(visit) -> None:
    page = ready(visit())
    page.get_by_label("Your word").fill("gan")
    page.keyboard.press("Enter")
    for player in ("drawn by the generator", "in the font"):
        assert page.get_by_role("img", name=f"GAN, {player}").is_visible()
    assert state(page)["word"] == "GAN"
    assert said(page).startswith("GAN: weight 0.")
    page.get_by_role("slider", name="weight").fill("1.5")
    before = [page.evaluate(INK, kind) for kind in ("fake", "real")]
    assert page.url.endswith("#letters?word=GAN&weight=1.5")
    again = ready(visit("#letters?" + page.url.partition("#letters?")[2]))
    assert [again.evaluate(INK, kind) for kind in ("fake", "real")] == before


@pytest.mark.parametrize(
    ("typed", "sentence"),
    [
        ("CAFÉ", "“É” is no letter from A to Z"),
        ("A B", "“ ” is no letter from A to Z"),
        ("", "Type a word"),
        ("A" * 13, "this one has 13"),
    ],
)
def test_what_cannot_be_drawn_gets_a_sentence_and_nothing_changes(visit, typed, sentence) -> None:
    page = ready(visit("#letters?word=GAN"))
    before = page.evaluate(INK, "fake")
    field = page.get_by_label("Your word")
    field.fill(typed)
    page.keyboard.press("Enter")
    assert sentence in said(page)
    assert field.get_attribute("aria-invalid") == "true"
    assert page.evaluate(INK, "fake") == before
    assert page.url.endswith("#letters?word=GAN")
    field.fill("GANS")
    assert field.get_attribute("aria-invalid") == "false"
    assert state(page)["word"] == "GANS"


def test_the_sliders_make_both_words_heavier_and_name_the_style(visit) -> None:
    page = ready(visit("#letters?word=HAMBURG"))
    slider = page.get_by_role("slider", name="weight")
    ink = []
    for steps in ("-2", "0", "2"):
        slider.fill(steps)
        ink.append([page.evaluate(INK, kind)["total"] for kind in ("fake", "real")])
        named = float(slider.get_attribute("aria-valuetext"))
        assert page.locator("latent-explorer b.weight").inner_text() == f"{named:.2f}"
        assert abs(named - (0.5 + int(steps) / 4)) < 0.15  # from one end of the range to the other
    for thin, middle, black in zip(*ink, strict=True):
        assert 1.2 * thin < middle < black / 1.2


def test_another_z_is_that_of_the_next_seed(visit) -> None:
    page = ready(visit())
    seen = []
    for seed in range(3):
        page.get_by_role("button", name=f"Another z: seed {seed}").click()
        seen.append({name: value for name, value in state(page).items() if name != "word"})
        assert seen[-1]["seed"] == seed + 1
    assert len({each["weight"] for each in seen}) == 3
    again = ready(visit("#letters?seed=2"))
    again.get_by_role("button", name="Another z: seed 2").click()
    assert {k: v for k, v in state(again).items() if k != "word"} == seen[-1]
    assert again.url == page.url


def test_the_keyboard_alone_does_all(visit) -> None:
    page = ready(visit())
    reached = []
    for _ in range(5):
        page.keyboard.press("Tab")
        reached.append(
            page.evaluate("""() => { const e = document.activeElement.shadowRoot.activeElement;
              return e.name || e.tagName; }""")
        )
        if reached[-1] == "weight":
            page.keyboard.press("ArrowRight")
    assert reached == ["word", "BUTTON", "weight", "width", "slant"]
    assert state(page)["weight"] == 0.01
    assert said(page).startswith("LATENT: weight 0.")
    focus = "getComputedStyle(document.activeElement.shadowRoot.activeElement).outlineWidth"
    assert page.evaluate(focus) == "3px"


def test_a_live_region_speaks_when_the_reader_rests_not_while_a_slider_moves(visit) -> None:
    page = ready(visit())
    assert page.get_by_role("status").inner_text() == ""
    page.evaluate("""() => {
      const { shadowRoot } = document.querySelector('latent-explorer');
      const slider = shadowRoot.querySelector('[name=slant]');
      for (let i = 0; i < 50; i++) {
        slider.value = i / 25;
        slider.dispatchEvent(new Event('input', { bubbles: true }));
      }
    }""")
    assert said(page) == ""
    assert state(page)["slant"] == 1.96
    page.evaluate("""document.querySelector('latent-explorer').shadowRoot
      .querySelector('[name=slant]').dispatchEvent(new Event('change', { bubbles: true }))""")
    style = r"weight 0\.\d\d, width 0\.\d\d, slant [01]\.\d\d"
    assert re.fullmatch(rf"LATENT: {style}\. Distance from the font 0\.\d\d\.", said(page))


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_nothing_hinders_a_reader_in_either_theme(visit, theme: str) -> None:
    page = ready(visit("#letters?word=CAF%C3%89", served=True))
    page.evaluate(f"document.documentElement.dataset.theme = '{theme}'")
    page.evaluate("new Promise((r) => requestAnimationFrame(() => requestAnimationFrame(r)))")
    colours = {kind: page.evaluate(INK, kind)["colour"] for kind in ("fake", "real")}
    assert colours["fake"][0] > colours["fake"][2] + 60, "orange"
    assert colours["real"][2] > colours["real"][0] + 60, "blue"
    violations = Axe().run(page).response["violations"]
    assert [(v["id"], v["nodes"][0]["html"]) for v in violations] == []


@pytest.mark.parametrize("scale", [1, 2, 3])
def test_on_a_phone_letters_have_whole_pixels_and_stay_inside(visit, scale: int) -> None:
    page = ready(
        visit(
            "#letters?word=HAMBURGEFONS",
            viewport={"width": 390, "height": 844},
            device_scale_factor=scale,
        )
    )
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    for kind in ("fake", "real"):
        ink = page.evaluate(INK, kind)
        assert ink["height"] > 16, "two lines at least"
        times = ink["shown"] * scale / ink["width"]
        assert times == pytest.approx(round(times), abs=1e-3)
        assert times >= 2.5 * scale
    targets = page.locator("latent-explorer :is(button, input)").all()
    assert all(each.bounding_box()["height"] >= 16 for each in targets)


def test_a_picture_with_a_caption_without_javascript_and_in_print(visit) -> None:
    page = visit(java_script_enabled=False)
    assert page.get_by_text("What the explorer shows.").is_visible()
    page = ready(visit())
    caption = page.get_by_text("What the explorer shows.")
    assert not caption.is_visible()
    page.emulate_media(media="print")
    assert caption.is_visible()
    assert not page.get_by_role("button").is_visible()


def test_a_browser_that_cannot_unpack_says_so_and_keeps_the_picture(visit) -> None:
    page = visit(script="delete window.DecompressionStream")
    page.get_by_text("This browser cannot unpack the letters").wait_for()
    assert page.get_by_text("What the explorer shows.").is_visible()


# --- bad ideas

PIECES = ["A", "z", "GAN", "É", " ", "ß", "1", "<b>", "\0", "\U0001f600", "Q" * 9, "-", "null", ""]


def test_hundreds_of_random_words_and_moves_leave_no_exception(visit) -> None:
    page = ready(visit())
    chance = random.Random(0)
    words = ["".join(chance.choices(PIECES, k=chance.randrange(4))) for _ in range(300)]
    addresses = [f"#letters?{chance.choice(['word', 'weight', 'x'])}={word}" for word in words]
    bad = page.evaluate(
        """async ([words, addresses]) => {
          const e = document.querySelector('latent-explorer');
          const fields = [...e.shadowRoot.querySelectorAll('input')];
          const bad = [];
          for (const [i, word] of words.entries()) {
            const field = fields[i % fields.length];
            field.value = field.type === 'range' ? (i % 401) / 100 - 2 : word;
            field.dispatchEvent(new Event('input', { bubbles: true }));
            field.dispatchEvent(new Event('change', { bubbles: true }));
            if (i % 3 === 0) e.shadowRoot.querySelector('button').click();
            if (i % 5 === 0) e.visit(addresses[i]);
            if (i % 50 === 0) {  // it may be taken out and set in again
              const home = e.parentElement;
              e.remove();
              home.append(e);
            }
            const place = e.shadowRoot.querySelector('.words');
            const unknown = place.classList.contains('bad') ? /undefined/ : /NaN|undefined/;
            const said = place.textContent;
            if (!/^[A-Z]{1,12}$/.test(e.state.word) || unknown.test(said)) bad.push([word, said]);
          }
          return bad;
        }""",
        [words, addresses],
    )
    assert bad == []
    page.get_by_label("Your word").fill("FINE")
    page.get_by_role("img", name="FINE, drawn by the generator").wait_for()
