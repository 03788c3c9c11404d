"""Every claim was repeated on fresh seeds, and the record belongs to the claims of today."""

from __future__ import annotations

import csv
import re
from pathlib import Path
from typing import Any

import pytest
from nbformat import NotebookNode

from parts.chapters import NOTEBOOKS, RECORDS
from gan_tutorial.notebook import names_bound
from record import BLOCKS_REQUIRED, COLUMNS, ROOM_REQUIRED, room
from parts.reading import claim_calls, constant, printed_claims, sentence_pattern


@pytest.fixture
def kept(path: Path) -> str:
    """The text of the chapter's record."""
    file = RECORDS / f"{path.stem}.csv"
    assert file.exists(), f"make records CHAPTER={path.stem[:2]}"
    return file.read_text(encoding="utf-8")


@pytest.fixture
def rows(kept: str) -> list[dict[str, Any]]:
    """The rows of the chapter's record."""
    lines = [line for line in kept.splitlines() if not line.startswith("# ")]
    reader = csv.DictReader(lines)
    found = list(reader)
    assert reader.fieldnames == COLUMNS
    return found


def test_provenance_is_kept(chapter: str, kept: str) -> None:
    comments = dict(line[2:].split(": ", 1) for line in kept.splitlines() if line.startswith("# "))
    comments.pop("bounds", "")  # bounds that were widened after the run, and claims withdrawn
    assert comments.keys() == {"command", "date", "versions", "commit", "blocks"}
    assert re.fullmatch(rf"make records CHAPTER={chapter[:2]}( FIRST=\d+)?", comments["command"])
    assert "torch" in comments["versions"]


def test_every_claim_has_its_record_and_every_record_its_claim(
    stored: NotebookNode, rows: list[dict[str, Any]]
) -> None:
    claims = {(claim.sentence, str(claim.seeds or "")) for claim in printed_claims(stored)}
    assert {(row["sentence"], row["seeds"]) for row in rows} == claims
    assert len({row["sentence"] for row in rows}) == len(rows)


def test_every_claim_held_in_every_block(rows: list[dict[str, Any]]) -> None:
    for row in rows:
        assert int(row["blocks"]) >= BLOCKS_REQUIRED, row
        assert int(row["held"]) == int(row["blocks"]), row


def test_every_bound_has_room(rows: list[dict[str, Any]]) -> None:
    for row in rows:
        if row["direction"]:
            kept_room = float(row["room"])
            again = room(row["direction"], float(row["bound"]), float(row["worst"]))
            assert kept_room == pytest.approx(again, rel=1e-3, abs=1e-3), row
            assert kept_room >= ROOM_REQUIRED, row
        else:
            assert (row["bound"], row["worst"], row["room"]) == ("", "", ""), row


def test_a_statistical_claim_has_a_margin_to_speak_of(rows: list[dict[str, Any]]) -> None:
    for row in rows:
        if row["seeds"] and row["direction"]:
            assert float(row["bound"]) != 0, row


def test_the_recorded_bounds_are_those_of_the_chapter(
    stored: NotebookNode, rows: list[dict[str, Any]]
) -> None:
    calls = [(sentence_pattern(call), call) for call in claim_calls(stored)]
    for row in rows:
        candidates = [
            call for pattern, call in calls if pattern and pattern.fullmatch(row["sentence"])
        ]
        assert candidates, f"no claim(...) in the chapter says {row['sentence']!r}"
        assert any(agrees(call, row) for call in candidates), row


def test_sentences_name_their_bounds(chapter: str, rows: list[dict[str, Any]]) -> None:
    """Those that do not are listed: a new one is somebody's choice."""
    listed = (NOTEBOOKS.parent / "tests" / "notebooks" / "unnamed_bounds.csv").read_text("utf-8")
    expected = [row for row in csv.DictReader(listed.splitlines()) if row["chapter"] == chapter]
    found = [
        {"chapter": chapter, "bound": row["bound"], "sentence": row["sentence"]}
        for row in rows
        if row["direction"] and not names_bound(row["sentence"], float(row["bound"]))
    ]
    assert found == expected


def agrees(call: Any, row: dict[str, Any]) -> bool:
    """Whether a call of ``claim`` states the bound, on the side, that the record has."""
    given = {keyword.arg: keyword.value for keyword in call.keywords}
    sides = {side for side in ("below", "above") if side in given}
    if sides != ({row["direction"]} - {""}) or bool(row["seeds"]) != ("seeds" in given):
        return False
    if not sides:
        return True
    written = constant(given[row["direction"]])
    bound = float(row["bound"])
    # A bound that is no literal must at least be the one that the sentence tells the reader.
    return f"{bound:g}" in row["sentence"] if written is None else written == pytest.approx(bound)
