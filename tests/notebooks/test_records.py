"""Every claim was repeated on fresh seeds, and the record belongs to the claims of today."""

from __future__ import annotations

import csv
import re
from pathlib import Path
from typing import Any

import pytest
from nbformat import NotebookNode

from gan_tutorial.notebook import names_bound
from parts import records
from parts.chapters import NOTEBOOKS, RECORDS
from parts.origins import SEED, Origin, origins
from parts.reading import claim_calls, constant, printed_claims, sentence_pattern
from record import BLOCKS_REQUIRED, ROOM_REQUIRED, kept_blocks, number, room


@pytest.fixture
def record(path: Path) -> tuple[dict[str, str], list[dict[str, Any]]]:
    """The chapter's record: its provenance and its rows."""
    file = RECORDS / f"{path.stem}.csv"
    assert file.exists(), f"make records CHAPTER={path.stem[:2]}"
    return records.read(file)


@pytest.fixture
def rows(record: tuple[dict[str, str], list[dict[str, Any]]]) -> list[dict[str, Any]]:
    """The rows of the chapter's record."""
    return record[1]


def test_provenance_is_kept(
    chapter: str, record: tuple[dict[str, str], list[dict[str, Any]]]
) -> None:
    about, _ = record
    about.pop("bounds", "")  # bounds that were widened after the run, and claims withdrawn
    assert about.keys() == {"command", "date", "versions", "commit", "blocks"}
    assert re.fullmatch(rf"make records CHAPTER={chapter[:2]}( FIRST=\d+)?", about["command"])
    assert "torch" in about["versions"]


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


# --- where values come from


@pytest.fixture
def found(path: Path, text: NotebookNode) -> dict[str, Origin]:
    """The origin of each claim of the chapter's record, by its sentence."""
    known = origins(text)
    sentences = [row["sentence"] for row in records.read(RECORDS / f"{path.stem}.csv")[1]]
    return {
        sentence: next(each for each in known if re.fullmatch(each.pattern, sentence))
        for sentence in sentences
    }


def test_the_chapter_says_where_each_value_comes_from(
    path: Path, stored: NotebookNode, found: dict[str, Origin]
) -> None:
    for claim in printed_claims(stored):
        tag = found[claim.sentence].tag(path.parent).replace("{seeds}", str(claim.seeds))
        assert claim.origin == tag, f"make notebooks CHAPTER={path.stem[:2]}: {claim}"


def test_what_is_said_to_differ_from_block_to_block_does(
    stored: NotebookNode, rows: list[dict[str, Any]], found: dict[str, Origin]
) -> None:
    values = {each.sentence: each.value for each in stored.metadata.gan_tutorial.claims}
    for row in rows:
        origin = found[row["sentence"]]
        if row["direction"] and origin.kind == "seeds":
            alike = at_its_end(row) or row["sentence"] in ALIKE
            assert moves(row, values[row["sentence"]]) or alike, row
        if row["direction"] and origin.kind == "stored" and SEED not in origin.marks:
            assert not moves(row, values[row["sentence"]]), row


# Chance decides where these start, and not where they end.
ALIKE = {
    # every start ends on one cycle, whose size is the value
    "WGAN on two points, slope target 1, gamma = 1: |theta| exceeds 0.5 late, always",
}


def moves(row: dict[str, Any], here: float | str) -> bool:
    """Whether chance moves a value: between the blocks or, in older records, from the chapter's."""
    return row["distinct"] != "1" if row["distinct"] else number(float(here)) != row["worst"]


def at_its_end(row: dict[str, Any]) -> bool:
    """Whether a share or a count is such as 0, 1 or 7 of 8, which every block may come to."""
    return len(row["worst"].replace(".", "").strip("-0")) <= 2


def test_a_value_that_does_not_move_is_told_from_one_that_does() -> None:
    row = {"distinct": "", "worst": "0.541212"}
    assert moves(row, 0.54)
    assert not moves(row, 0.5412124)
    assert not moves({**row, "distinct": "1"}, 0.54)
    assert moves({"distinct": "9", "worst": "2.25"}, 2.25)  # a mean of counts, met again
    assert not at_its_end(row)
    assert at_its_end({"worst": "0"})
    assert at_its_end({"worst": "-0.25"})


def test_each_stored_value_says_in_how_many_blocks_its_claim_holds(
    path: Path, rows: list[dict[str, Any]], found: dict[str, Origin]
) -> None:
    for row in rows:
        files = found[row["sentence"]].repeated
        kept = row["study"], row["study_blocks"]
        if files:
            names = " ".join(Path(file).stem for file in files)
            advice = f"python tools/record.py {path.stem[:2]} --studies"
            assert kept == (names, str(len(kept_blocks(files, path)))), advice
            assert 1 <= int(row["study_held"]) <= int(row["study_blocks"]), row
        else:
            assert (*kept, row["study_held"]) == ("", "", ""), row


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
