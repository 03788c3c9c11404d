"""Read and write the records of claims: provenance, rows, and a checksum over the rows."""

from __future__ import annotations

import csv
import io
from pathlib import Path

from gan_tutorial.fingerprint import digest
from parts.chapters import write_atomically

COLUMNS = [
    "sentence",
    "direction",
    "bound",
    "seeds",
    "blocks",
    "held",
    "worst",
    "room",
    "distinct",  # values among the blocks; empty in records that are older than this column
    "study",  # the stored results that the value was read from,
    "study_blocks",  # how many blocks of them are kept,
    "study_held",  # and in how many of these the claim holds
]


def write(path: Path, about: dict[str, str], rows: list[dict[str, str]]) -> None:
    """Write a record whole or not at all."""
    table = [COLUMNS, *([row.get(column, "") for column in COLUMNS] for row in rows)]
    lines = {**about, "checksum": digest(table)}
    stream = io.StringIO()
    stream.writelines(f"# {name}: {value}\n" for name, value in lines.items())
    csv.writer(stream, lineterminator="\n").writerows(table)
    write_atomically(path, stream.getvalue())


def read(path: Path) -> tuple[dict[str, str], list[dict[str, str]]]:
    """Return provenance and rows of a record.

    Raises ``ValueError`` when its rows are not those that were written.
    """
    text = path.read_text(encoding="utf-8")
    comments = [line[2:] for line in text.splitlines() if line.startswith("# ")]
    about = {name: value for name, _, value in (line.partition(": ") for line in comments)}
    table = list(csv.reader(line for line in text.splitlines() if not line.startswith("# ")))
    if about.pop("checksum", "") != digest(table):
        raise ValueError(f"{path.name} is not what make records wrote: its checksum is another")
    if table[0] != COLUMNS:
        raise ValueError(f"{path.name} has the columns {', '.join(table[0])}")
    return about, [dict(zip(COLUMNS, row, strict=True)) for row in table[1:]]
