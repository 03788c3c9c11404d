"""A page is looked at again when anything that it shows has changed, and only then."""

from __future__ import annotations

from pathlib import Path

import pytest
from seen import Seen, looks

PAGES = ["book/one.html", "book/two.html"]
FILES = {
    "book/one.html": '<img src="../_images/curve.png"><a href="two.html">two</a>',
    "book/two.html": "Two",
    "_images/curve.png": "a curve",
    "_static/book.css": "p {}",
    "searchindex.js": "[]",
}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for name, text in FILES.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(text)
    return tmp_path


@pytest.mark.parametrize(
    ("name", "again"),
    [
        ("book/one.html", {"book/one.html"}),
        ("book/two.html", {"book/two.html"}),
        ("_images/curve.png", {"book/one.html"}),
        ("_static/book.css", set(PAGES)),
        ("searchindex.js", set()),
    ],
)
def test_a_look_changes_with_what_the_page_loads(folder: Path, name: str, again: set[str]) -> None:
    before = looks(folder, PAGES, "how")
    (folder / name).write_text(FILES[name] + " ")
    after = looks(folder, PAGES, "how")
    assert {page for page in PAGES if before[page] != after[page]} == again


def test_a_look_changes_with_the_way_of_looking(folder: Path) -> None:
    before, after = looks(folder, PAGES, "how"), looks(folder, PAGES, "how else")
    assert not set(before.values()) & set(after.values())


def test_what_was_seen_is_recalled_wherever_the_site_is_served(tmp_path: Path) -> None:
    here, there = "http://127.0.0.1:4000/course/", "http://127.0.0.1:5000/course/"
    seen = {"requests": [here + "book.css"], "complaints": ["“curly”"]}
    Seen(tmp_path, here).remember("book/one.html", "look", seen)
    assert Seen(tmp_path, there).recall("book/one.html", "look") == {
        "requests": [there + "book.css"], "complaints": ["“curly”"]
    }  # fmt: skip
    assert Seen(tmp_path, there).recall("book/one.html", "another look") is None
    assert Seen(tmp_path, there).recall("book/two.html", "look") is None


def test_a_damaged_memory_is_none(tmp_path: Path) -> None:
    seen = Seen(tmp_path, "http://127.0.0.1:4000/")
    seen.remember("book/one.html", "look", {})
    (file,) = tmp_path.iterdir()
    for text in ("", "[]", '{"look": "look"}', "<<<<"):
        file.write_text(text)
        assert seen.recall("book/one.html", "look") is None
