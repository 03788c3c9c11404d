"""What pages say twice: the years of references, the times of chapters; and pictures in grey."""

from __future__ import annotations

import re
from pathlib import Path
from xml.etree import ElementTree

import pytest

from parts import length
from parts.chapters import NOTEBOOKS, ROOT, chapters

BOOK = ROOT / "book"
ENTRIES = dict(re.findall(r"^@\w+\{(\w+),(.*?)^\}", (BOOK / "references.bib").read_text("utf-8"),
                          re.DOTALL | re.MULTILINE))  # fmt: skip
ARXIV = re.compile(r"\b(\d\d)(?:0[1-9]|1[0-2])\.\d{4,5}\b")


def test_all_references_are_read() -> None:
    assert len(ENTRIES) == (BOOK / "references.bib").read_text("utf-8").count("\n@") > 50
    assert sum(bool(ARXIV.search(entry)) for entry in ENTRIES.values()) > 40


@pytest.mark.parametrize("key", ENTRIES)
def test_a_reference_has_the_year_of_its_key_and_of_its_preprint(key: str) -> None:
    (year,) = re.findall(r"\byear\s*=\s*\{(\d{4})\}", ENTRIES[key])
    assert re.fullmatch(rf"[a-z]+{year}[a-z]+", key)
    for digits in ARXIV.findall(ENTRIES[key]):  # a conference may be a year later, or its paper
        assert abs(2000 + int(digits) - int(year)) <= 1, f"{key} is from {year}"


HEAD = re.compile(
    r"\*\*Reading\*\* (.+?) core · (.+?) all · (.+?) with exercises\. \*\*Running\*\* (\d+) s\."
)


def stated(path: Path) -> tuple[str, ...]:
    """Return the three times of reading and the seconds of running that a chapter's head names."""
    (found,) = HEAD.findall(" ".join(path.read_text(encoding="utf-8").split()))
    return found


def test_the_times_of_the_instructors_page_are_those_of_the_chapters() -> None:
    page = (BOOK / "instructors.md").read_text(encoding="utf-8")
    rows = re.findall(r"^\| \[\d+\]\(\.\./notebooks/(\w+)\.ipynb\) \| (.+) \|$", page, re.MULTILINE)
    assert [name for name, _ in rows] == [path.stem for path in chapters()]
    for path, (_, cells) in zip(chapters(), rows, strict=True):
        assert tuple(cells.split(" | ")[:3]) == stated(path)[:3], path.stem
    assert "more than two minutes of one processor core" in page
    assert max(int(stated(path)[3]) for path in chapters()) <= 120


def test_the_instructors_page_states_the_rule_of_the_times() -> None:
    page = (BOOK / "instructors.md").read_text(encoding="utf-8")
    seconds = length.SECONDS
    assert (
        f"prose at {length.WORDS_PER_MINUTE} words a minute, {seconds['lines']} seconds for a line "
        f"of visible code, {seconds['rows']} for a row of a table or a printed line, "
        f"{seconds['figures']} for a figure, {seconds['equations']} for a displayed equation, "
        f"{seconds['ticks']} for a claim, {seconds['turns'] // 60} minutes for "
        f"each *your turn*; a warm-up exercise takes {length.EXERCISE_MINUTES['warm-up']} minutes, "
        f"an open one {length.EXERCISE_MINUTES['open']}, any other {length.OTHER_EXERCISE}"
    ) in page


def test_the_chapters_that_read_long_studies_are_those_that_instructors_are_told_of() -> None:
    page = (BOOK / "instructors.md").read_text(encoding="utf-8")
    (words,) = re.findall(r"chapters ([\d, and]+) read long studies from it", page)
    stored = {int(path.name[:2]) for path in (NOTEBOOKS / "results").glob("*.csv")}
    assert {int(number) for number in re.findall(r"\d+", words)} == stored


# --- the players in grey, where no function of the package draws them


def classes(picture: str) -> dict[str, str]:
    """Return the style of each class of an SVG, its rules for the light theme joined."""
    root = ElementTree.fromstring((BOOK / "_static" / picture).read_text(encoding="utf-8"))
    css = "".join(style.text or "" for style in root.iter("{http://www.w3.org/2000/svg}style"))
    rules = re.findall(r"\.(\w+)\{([^}]*)\}", css.partition("@media")[0])
    return {name: ";".join(body for n, body in rules if n == name) for name, _ in rules}


@pytest.mark.parametrize("picture", ["hero.svg", "hero-still.svg"])
def test_the_picture_of_the_landing_page_tells_the_players_in_grey(picture: str) -> None:
    style = classes(picture)
    assert "stroke-dasharray" in style["data"]
    assert "stroke-dasharray" not in style["generator"] + style["discriminator"]
    assert re.search(r"fill:#", style["generator"])
    assert "fill" not in style["discriminator"] + style["data"]


def test_the_playgrounds_still_tells_the_players_in_grey() -> None:
    text = (BOOK / "playground" / "still.svg").read_text(encoding="utf-8")
    lines = {"data": 0, "generator": 0}
    for element in ElementTree.fromstring(text).iter():
        stroke = element.get("stroke", "")
        for kind in lines:
            if f"--{kind})" in stroke:
                lines[kind] += 1
                assert ("stroke-dasharray" in element.attrib) == (kind == "data")
    assert all(lines.values())


def test_the_playgrounds_canvas_tells_the_players_in_grey() -> None:
    code = (BOOK / "playground" / "ui" / "draw.js").read_text(encoding="utf-8")
    page = (BOOK / "playground" / "ui" / "element.js").read_text(encoding="utf-8")
    dash = dict(re.findall(r"hump\(\w+, c\.(data|generator), (\[[\d, ]*\])", code))
    assert dash == {"data": "[6, 3]", "generator": "[]"}  # densities
    sizes = dict(re.findall(r"dots\(\w+, c\.(data|generator), (\d+)\)", code))
    assert int(sizes["data"]) >= 3 * int(sizes["generator"])  # points of the plane
    losses = re.search(r"\[\[rows\[1\], '(\w+)'\], \[rows\[2\], '(\w+)', (\[4, 3\])\]\]", page)
    assert losses
    assert losses.groups()[:2] == ("discriminator", "generator")
