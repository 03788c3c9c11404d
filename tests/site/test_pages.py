"""What the built pages are: complete, legible, on any width, with links that lead somewhere.

Each page is loaded once and looked at in both themes and on the width of a phone; the tests then
read what was seen. They name every page that is wrong, and not the first alone.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field
from html.parser import HTMLParser
from importlib.metadata import version
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urldefrag, urljoin, urlsplit

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page
from seen import Seen, looks

from gan_tutorial.notebook import CLAIM_LINE

pytestmark = pytest.mark.site

ROOT = Path(__file__).resolve().parents[2]
CHAPTERS = sorted(path.stem for path in (ROOT / "notebooks").glob("[0-9][0-9]_*.ipynb"))
WIDE, PHONE = {"width": 1400, "height": 900}, {"width": 390, "height": 844}
LEDGER = "book/claims.html"

COLOURS = ["color-contrast", "link-in-text-block"]  # axe's rules that depend on the theme
MODERATE = ["region"]  # slow, and never called serious
NAMES = "label-content-name-mismatch"  # what one sees on a button is in its name; off by default

LOOK = """
() => {
  for (const box of document.querySelectorAll("details")) box.open = true;
  const text = (node) => node ? node.textContent.replace(/\\s+/g, " ").trim() : "";
  return {
    math: document.querySelectorAll(".math").length,
    drawn: document.querySelectorAll(".math:has(mjx-container > svg)").length,
    mistaken: [...document.querySelectorAll(".math > code")].map(text),
    cut: [...document.querySelectorAll("div.math")]
      .filter((box) => box.scrollWidth > box.clientWidth + 2).map(text),
    images: [...document.images].map((image) => ({
      src: image.getAttribute("src"), alt: image.getAttribute("alt"),
      width: image.naturalWidth, decorative: !!image.closest("a.logo"),
    })),
    claims: Object.fromEntries([...document.querySelectorAll("p.claim[id]")].map(
      (line) => [line.id, [text(line.querySelector(".number")), text(line.querySelector(".sentence"))]])),
    facts: [...document.querySelectorAll("p.claim[id]")].map(
      (line) => [text(line.querySelector(".measured")), text(line.querySelector(".origin"))]),
    ledger: [...document.querySelectorAll("ul.ledger p.claim")].map((line) => [
      line.querySelector(".number").href, text(line.querySelector(".number")),
      text(line.querySelector(".sentence"))]),
    total: text(document.querySelector(".ledger-total")),
    headings: document.querySelectorAll("h1:not(.onlyprint h1)").length,
  };
}
"""  # noqa: E501
CODE_CONTRAST = """
() => {
  const parse = (colour) => colour.match(/[\\d.]+/g).map(Number);
  const light = (rgb) => rgb.slice(0, 3).map((v) => v / 255)
    .map((v) => v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4)
    .reduce((sum, v, i) => sum + v * [0.2126, 0.7152, 0.0722][i], 0);
  const ground = (node) => {
    for (; node; node = node.parentElement) {
      const colour = parse(getComputedStyle(node).backgroundColor);
      if (colour[3] === undefined || colour[3] === 1) return colour;
    }
    return [255, 255, 255];
  };
  const found = new Map();
  for (const span of document.querySelectorAll("pre span[class]")) {
    const block = span.closest("[class*=highlight-], .gan-source, .viewcode-block");
    const kind = span.className + " in " + (block ? block.className : "");
    if (found.has(kind) || !span.textContent.trim()) continue;
    const [a, b] = [light(parse(getComputedStyle(span).color)), light(ground(span))];
    found.set(kind, (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05));
  }
  return [...found].filter(([, ratio]) => ratio < 4.5).map(([kind, ratio]) => kind + ": " + ratio);
}
"""
# Formulas and code have a great many parts of one kind: axe gets them whole, and once.
THIN = """
() => {
  for (const block of document.querySelectorAll("pre")) block.textContent = block.textContent;
  for (const drawing of document.querySelectorAll("mjx-container > svg")) drawing.innerHTML = "";
}
"""
# Colours follow from an element's kind, its place, and the style on it: one of each is looked at.
STRIP = """
() => {
  for (const node of document.querySelectorAll("mjx-container, pre")) node.remove();
  const own = (node) => ["class", "style"].map((n) => node.getAttribute(n)) + node.tagName;
  const whole = (node) => own(node) + [...new Set([...node.children].map(whole))].sort();
  const seen = new Set();
  const walk = (node, place) => {
    for (const child of [...node.children]) {
      const kind = place + whole(child);
      if (seen.has(kind)) child.remove();
      else { seen.add(kind); walk(child, place + own(child) + ">"); }
    }
  };
  walk(document.body, "");
}
"""
TOO_WIDE = """
() => {
  const limit = document.documentElement.clientWidth;
  if (document.documentElement.scrollWidth <= limit) return [];
  return [...document.querySelectorAll("main *")]
    .filter((node) => node.getBoundingClientRect().right > limit + 1)
    .map((node) => node.tagName + "." + node.className).slice(0, 5);
}
"""


@dataclass
class Visit:
    """What one page showed."""

    seen: dict[str, Any] = field(default_factory=dict)
    requests: list[str] = field(default_factory=list)
    complaints: list[str] = field(default_factory=list)
    axe: dict[str, list[str]] = field(default_factory=dict)
    too_wide: list[str] = field(default_factory=list)


def pages(site: Path) -> list[str]:
    """Return every page of the site but its entrance, which only leads on."""
    found = (path.relative_to(site).as_posix() for path in site.rglob("*.html"))
    return sorted(page for page in found if page != "index.html" and not page.startswith("_static"))


def visit(page: Page, address: str) -> Visit:
    """Load a page once, and look at it in every way."""
    result = Visit()
    listeners = {
        "request": lambda request: result.requests.append(request.url),
        "pageerror": lambda error: result.complaints.append(str(error)),
        "console": lambda message: (
            message.type in ("error", "warning") and result.complaints.append(message.text)
        ),
    }
    for event, listener in listeners.items():
        page.on(event, listener)
    page.goto(address, wait_until="load")
    result.seen = page.evaluate(LOOK)
    for theme in ("light", "dark"):
        page.evaluate(f"document.documentElement.dataset.theme = '{theme}'")
        result.axe[f"code, {theme}"] = page.evaluate(CODE_CONTRAST)
    page.evaluate(THIN)
    rest = {rule: {"enabled": False} for rule in (*COLOURS, *MODERATE)}
    result.axe["structure"] = axe(page, {"rules": rest | {NAMES: {"enabled": True}}})
    page.set_viewport_size(PHONE)
    page.wait_for_timeout(60)  # for the handlers of resize
    result.too_wide = page.evaluate(TOO_WIDE)
    page.evaluate(STRIP)
    page.set_viewport_size(WIDE)
    for theme in ("light", "dark"):
        page.evaluate(f"document.documentElement.dataset.theme = '{theme}'")
        result.axe[f"colours, {theme}"] = axe(page, {"runOnly": COLOURS})
    for event, listener in listeners.items():
        page.remove_listener(event, listener)
    return result


def axe(page: Page, options: dict[str, Any]) -> list[str]:
    """Return what axe-core calls serious or critical."""
    quick = {"resultTypes": ["violations"], "preload": False}
    if not page.evaluate("!!window.axe"):
        page.evaluate(Axe().axe_script)
    report = page.evaluate("options => axe.run(document, options)", {**quick, **options})
    return [
        f"{found['id']}: {node['target']} {node['failureSummary']}"
        for found in report["violations"]
        if found["impact"] in ("serious", "critical")
        for node in found["nodes"]
    ]


@pytest.fixture(scope="module")
def visits(
    request: pytest.FixtureRequest, site: Path, address: str, browser: Browser
) -> Iterator[dict[str, Visit]]:
    """Every page, visited, in one tab: its compiled scripts serve all of them.

    A page that has not changed since all was green is not visited again, see `--seen`.
    """
    how = browser.version + version("axe-playwright-python") + Path(__file__).read_text("utf-8")
    look = looks(site, pages(site), how)
    folder = request.config.getoption("--seen", default=None)
    known = Seen(Path(folder), address) if folder else None
    old = {name: known.recall(name, look[name]) for name in look} if known else {}
    context = browser.new_context(viewport=WIDE, reduced_motion="reduce", color_scheme="light")
    with context, context.new_page() as page:
        found = {
            name: Visit(**seen) if (seen := old.get(name)) else visit(page, address + name)
            for name in pages(site)
        }
    yield found
    if known and not request.session.testsfailed:
        for name in found:
            known.remember(name, look[name], asdict(found[name]))


def faults(visits: dict[str, Visit], kind: str) -> dict[str, Any]:
    return {name: getattr(seen, kind) for name, seen in visits.items() if getattr(seen, kind)}


# --- every page ----------------------------------------------------------------------------------


def test_the_expected_pages_exist(visits: dict[str, Visit]) -> None:
    names = ("index", "using", "instructors", "notation", "glossary", "references", "api")
    more = ("api_data", "claims", "colophon", "pictures")
    expected = {f"book/{name}.html" for name in (*names, *more)}
    expected |= {f"notebooks/{name}.html" for name in CHAPTERS}
    assert expected <= visits.keys()
    assert len(CHAPTERS) >= 1


def test_nothing_is_asked_of_another_host(visits: dict[str, Visit], address: str) -> None:
    elsewhere = {
        name: [url for url in seen.requests if not url.startswith((address, "data:", "blob:"))]
        for name, seen in visits.items()
    }
    assert {name: urls for name, urls in elsewhere.items() if urls} == {}


def test_no_script_complains(visits: dict[str, Visit]) -> None:
    assert faults(visits, "complaints") == {}


def test_equations_are_drawn(visits: dict[str, Visit]) -> None:
    for name, page in visits.items():
        assert page.seen["drawn"] == page.seen["math"], name
        assert page.seen["mistaken"] == [], name
    assert all(visits[f"notebooks/{chapter}.html"].seen["math"] for chapter in CHAPTERS)


def test_no_equation_is_cut_off_on_a_wide_page(visits: dict[str, Visit]) -> None:
    cut = {name: page.seen["cut"] for name, page in visits.items() if page.seen["cut"]}
    assert cut == {}


def test_images_are_there_and_described(visits: dict[str, Visit]) -> None:
    wrong = []
    for name, page in visits.items():
        for image in page.seen["images"]:
            alt = image["alt"]
            described = alt is not None and "_images/" not in alt and len(alt) >= 40
            if not image["width"] or not (described or (image["decorative"] and alt == "")):
                wrong.append((name, image))
    assert wrong == []


def test_every_chapter_has_a_figure(visits: dict[str, Visit]) -> None:
    for chapter in CHAPTERS:
        images = visits[f"notebooks/{chapter}.html"].seen["images"]
        assert [image for image in images if not image["decorative"]], chapter


def test_axe_finds_nothing_serious_in_either_theme(visits: dict[str, Visit]) -> None:
    found = {
        (name, part): violations
        for name, seen in visits.items()
        for part, violations in seen.axe.items()
        if violations
    }
    assert found == {}


def test_nothing_is_wider_than_a_phone(visits: dict[str, Visit]) -> None:
    assert faults(visits, "too_wide") == {}


def test_each_page_has_one_title(visits: dict[str, Visit]) -> None:
    assert {name: seen.seen["headings"] for name, seen in visits.items()} == dict.fromkeys(
        visits, 1
    )


# --- links ---------------------------------------------------------------------------------------


class Links(HTMLParser):
    """Collects what a page points to, and what can be pointed to on it."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.targets: list[str] = []
        self.anchors: set[str] = {"", "top"}
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        for name, value in attrs:
            if name in ("href", "src", "srcset", "action") and value:
                self.targets.append(value)
            if name in ("id", "name") and value:
                self.anchors.add(value)


def test_every_internal_link_leads_somewhere(site: Path) -> None:
    parsed = {
        name: Links((site / name).read_text(encoding="utf-8"))
        for name in [*pages(site), "index.html"]
    }
    broken = []
    for name, links in parsed.items():
        for target in links.targets:
            if urlsplit(target).scheme or re.search(r"#(?:gan|letters)\?", target):  # a state
                continue
            url, anchor = urldefrag(urljoin(name, target))
            path = unquote(urlsplit(url).path) or name
            missing = not (site / path).is_file()
            if missing or (path in parsed and unquote(anchor) not in parsed[path].anchors):
                broken.append((name, target))
    assert broken == []


def test_links_stay_inside_the_site(site: Path) -> None:
    """A link that starts at the root would leave a site that stands under a sub-path."""
    for name in pages(site):
        targets = Links((site / name).read_text(encoding="utf-8")).targets
        assert [target for target in targets if target.startswith("/")] == [], name


# --- claims --------------------------------------------------------------------------------------


def stored_claims() -> dict[str, list[re.Match[str]]]:
    """Return the claims of each chapter, as the notebooks print them."""
    found: dict[str, list[re.Match[str]]] = {}
    for chapter in CHAPTERS:
        path = ROOT / "notebooks" / f"{chapter}.ipynb"
        cells = json.loads(path.read_text(encoding="utf-8"))["cells"]
        outputs = [output for cell in cells for output in cell.get("outputs", [])]
        printed = "".join("".join(output.get("text", "")) for output in outputs)
        found[chapter] = list(CLAIM_LINE.finditer(printed))
    return found


def squeeze(text: str) -> str:
    return " ".join(text.split())


def test_the_ledger_lists_every_claim(visits: dict[str, Visit]) -> None:
    listed = [(label, sentence) for _, label, sentence in visits[LEDGER].seen["ledger"]]
    stored = [
        (f"Claim {int(chapter[:2])}.{number}", squeeze(claim["sentence"]))
        for chapter, claims in stored_claims().items()
        for number, claim in enumerate(claims, start=1)
    ]
    assert listed == stored
    assert stored


def test_the_ledger_counts_them(visits: dict[str, Visit]) -> None:
    claims = [claim for some in stored_claims().values() for claim in some]
    stored = sum(1 for claim in claims if (claim["origin"] or "").startswith("stored"))
    machine = sum(1 for claim in claims if claim["origin"] == "bound on a machine")
    exact = sum(1 for claim in claims if claim["origin"] == "exact")
    seeds = len(claims) - stored - machine - exact
    total = visits[LEDGER].seen["total"]
    assert total == (
        f"{len(claims)} claims: {seeds} over fresh seeds, {stored} from stored studies,"
        f" {exact} exact, {machine} on a machine."
    )
    assert min(seeds, stored, machine, exact) > 0


def test_each_claim_shows_its_value_and_its_origin(visits: dict[str, Visit]) -> None:
    for chapter, claims in stored_claims().items():
        facts = visits[f"notebooks/{chapter}.html"].seen["facts"]
        assert len(facts) == len(claims)
        for claim, (measured, origin) in zip(claims, facts, strict=True):
            assert measured == squeeze(claim["measured"] or "")
            assert origin.startswith(claim["origin"] or "no origin")


def test_each_claim_of_the_ledger_links_to_its_place(
    visits: dict[str, Visit], address: str
) -> None:
    for link, label, sentence in visits[LEDGER].seen["ledger"]:
        url, anchor = urldefrag(link)
        claims = visits[url.removeprefix(address)].seen["claims"]
        assert claims[anchor] == [label, sentence]
