"""Repeat every claim of a chapter on fresh seeds and keep the record.

    python tools/record.py               # every chapter
    python tools/record.py 03            # one of them
    python tools/record.py --blocks 40   # more evidence than the twenty blocks required
    python tools/record.py --first 21    # blocks 21 to 40: a bound chosen on blocks 1 to 20 is
                                         # tested on others
    python tools/record.py 08 --studies  # only the stored studies: add to the record that exists
                                         # in how many of their blocks each claim holds

Block b runs the chapter's code with ``start()`` returning 1000 b, so no two blocks share a seed.
The cells run as one plain script, without a kernel; cells tagged ``skip-record`` are left out. The
record, ``book/records/NN_name.csv``, holds for each claim its worst value over the blocks and the
room between that value and the bound. The exit status is 1 when a claim failed in any block or has
less than ROOM_REQUIRED of room.

A claim whose value is read from a stored study is the same in every block of seeds. Such claims are
looked at again in every block in which ``make experiments`` ran their studies: the chapter runs as
before, with SEED 0, and reads the files of that block. How often they hold is kept, and need not be
always.
"""

from __future__ import annotations

import argparse
import math
import platform
import re
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import cache
from importlib.metadata import version
from pathlib import Path
from typing import Any

from gan_tutorial.experiments.files import further_blocks
from parts import records
from parts.chapters import RECORDS, ROOT, chapters, read_text
from parts.origins import origins
from parts.scripts import RecordError, forgiving, run_script, script

BLOCKS_REQUIRED = 20
ROOM_REQUIRED = 0.30
SEEDS_PER_BLOCK = 1000
VARIES = 0.01  # of the bound: a claim that moves by more than this is one of chance ...
ROUNDING = 1e-4  # ... unless what moves is only the rounding of floating-point numbers


@dataclass
class Row:
    """One bound of one claim, over all blocks."""

    sentence: str
    direction: str  # "below", "above", or "" for an exact fact
    bound: float | None
    seeds: int | None
    values: list[float] = field(default_factory=list)
    held: int = 0
    blocks: int = 0

    @property
    def worst(self) -> float | None:
        """The value nearest to, or furthest beyond, the bound."""
        if not self.direction:
            return None
        if any(math.isnan(value) for value in self.values):
            return math.nan
        return max(self.values) if self.direction == "below" else min(self.values)

    @property
    def room(self) -> float | None:
        """How much further the worst value could go: a fraction of the smaller of the two."""
        if self.bound is None or self.worst is None:
            return None
        return room(self.direction, self.bound, self.worst)

    @property
    def distinct(self) -> int | None:
        """How many values the blocks gave, to the digits that are kept."""
        return len({number(value) for value in self.values}) if self.direction else None

    @property
    def varies(self) -> bool:
        """Whether chance decides the value: blocks differ by more than rounding does."""
        if self.bound is None or not self.values:
            return False
        spread = max(self.values) - min(self.values)
        return spread > max(VARIES * abs(self.bound), ROUNDING)

    @property
    def problem(self) -> str:
        """What is wrong with this claim; empty when nothing is."""
        if self.held < self.blocks:
            return f"failed in {self.blocks - self.held} of {self.blocks} blocks"
        if self.seeds is None and self.varies:
            return "its value changes with the seed: claim it over at least 16 seeds"
        if self.seeds is not None and self.bound == 0:
            return "a bound of 0 leaves no room to measure: claim a margin"
        if self.room is not None and not self.room >= ROOM_REQUIRED:
            return f"room {self.room:.2f}, {ROOM_REQUIRED:.2f} required"
        return ""


def room(direction: str, bound: float, worst: float) -> float:
    """Return bound / worst - 1 for "below" and worst / bound - 1 for "above".

    On the far side of zero the larger magnitude is the safer one, so the ratio turns round. A worst
    value on the other side of zero than the bound has unlimited room.
    """
    inner, outer = (worst, bound) if direction == "below" else (bound, worst)  # inner < outer holds
    if inner <= 0 <= outer:
        return math.inf if inner < outer else 0.0
    smaller, larger = (inner, outer) if inner > 0 else (-outer, -inner)
    return larger / smaller - 1


def run_block(code: str, block: int, folder: Path, timeout: int) -> list[dict[str, Any]]:
    """Run ``code`` with the seeds of ``block`` and return the claims it made, in order."""
    seed = str(SEEDS_PER_BLOCK * block)
    return run_script(code, f"block {block}", folder, timeout, GAN_TUTORIAL_SEED=seed).made


def gather(blocks: list[list[dict[str, Any]]], first: int = 1) -> list[Row]:
    """Merge the claims of all blocks into one row for each bound of each claim."""
    rows: dict[tuple[str, str], Row] = {}
    for number, claims in enumerate(blocks, start=first):
        sentences = [claim["sentence"] for claim in claims]
        for sentence in sentences:
            if sentences.count(sentence) > 1:
                raise RecordError(f"the claim {sentence!r} is made twice")
        for claim in claims:
            bounds = {side: claim[side] for side in ("below", "above") if claim[side] is not None}
            for direction, bound in (bounds or {"": None}).items():
                key = (claim["sentence"], direction)
                row = rows.setdefault(key, Row(key[0], direction, bound, claim["seeds"]))
                if (row.bound, row.seeds) != (bound, claim["seeds"]):
                    raise RecordError(
                        f"the claim {row.sentence!r} has bound {bound} and {claim['seeds']} seeds"
                        f" in block {number}, {row.bound} and {row.seeds} before: a bound may not"
                        " depend on the seed, nor how many there are"
                    )
                row.blocks += 1
                row.held += bool(claim["held"])
                if direction:
                    row.values.append(float(claim["value"]))
    for row in rows.values():
        if row.blocks != len(blocks):
            raise RecordError(
                f"the claim {row.sentence!r} was made in {row.blocks} of {len(blocks)} blocks:"
                " a sentence may not depend on the seed"
            )
    return list(rows.values())


@cache
def commit() -> str:
    """Return the commit that the working tree stood on at the first call, before it was written to.

    It is marked when files differed from it.
    """
    try:
        described = subprocess.run(
            ["git", "describe", "--always", "--abbrev=12", "--dirty", "--exclude=*"],
            cwd=ROOT,
            capture_output=True,
            text=True,
            check=True,
        )
    except (OSError, subprocess.CalledProcessError):
        return "unknown"
    return described.stdout.strip().replace("-dirty", " with local changes")


def number(value: float | int | None) -> str:
    """Write a number for the record: short, and enough to compare."""
    return "" if value is None else f"{value:.6g}"


def about(path: Path, blocks: range) -> dict[str, str]:
    """Return the provenance of a record."""
    versions = ", ".join(f"{name} {version(name)}" for name in ("torch", "numpy"))
    first = blocks[0]
    base = [SEEDS_PER_BLOCK * block for block in blocks]
    command = f"make records CHAPTER={path.stem[:2]}" + (f" FIRST={first}" if first > 1 else "")
    if len(blocks) != BLOCKS_REQUIRED:
        command = f"python tools/record.py {path.stem[:2]} --first {first} --blocks {len(blocks)}"
    return {
        "command": command,
        "date": f"{datetime.now(UTC):%Y-%m-%d %H:%M} UTC",
        "versions": f"python {platform.python_version()}, {versions}",
        "commit": commit(),
        "blocks": f"{len(blocks)}, with base seeds {base[0]}, {base[1]}, ..., {base[-1]}",
    }


def as_kept(row: Row) -> dict[str, str]:
    """Return a row as the record keeps it."""
    return {
        "sentence": row.sentence,
        "direction": row.direction,
        "bound": "" if row.bound is None else repr(float(row.bound)),
        "seeds": number(row.seeds),
        "blocks": str(row.blocks),
        "held": str(row.held),
        "worst": number(row.worst),
        "room": number(row.room),
        "distinct": number(row.distinct),
    }


def table(rows: list[Row]) -> str:
    """Return the rows as a table for the terminal."""
    lines = [f"  {'held':>7} {'worst':>11} {'':5} {'bound':>9} {'room':>7}  claim"]
    for row in rows:
        problem = f"   <-- {row.problem}" if row.problem else ""
        lines.append(
            f"  {f'{row.held}/{row.blocks}':>7} {number(row.worst):>11} {row.direction:5}"
            f" {number(row.bound):>9} {'' if row.room is None else f'{row.room:.2f}':>7}"
            f"  {row.sentence}{problem}"
        )
    return "\n".join(lines)


def record(path: Path, blocks: range, jobs: int, timeout: int) -> bool:
    """Run all blocks of one chapter, write its record, and say whether every claim stands."""
    code = script(path)
    pool = ThreadPoolExecutor(max_workers=jobs)
    try:
        results = []
        running = [pool.submit(run_block, code, block, path.parent, timeout) for block in blocks]
        for block, future in zip(blocks, running, strict=True):
            results.append(future.result())
            if sys.stdout.isatty():
                print(f"      block {block} of {blocks[-1]} ", end="\r", flush=True)
    finally:
        pool.shutdown(cancel_futures=True)
    rows = gather(results, blocks[0])
    records.write(RECORDS / f"{path.stem}.csv", about(path, blocks), [as_kept(row) for row in rows])
    print(table(rows), flush=True)
    add_studies(path, timeout, jobs)
    return not any(row.problem for row in rows)


def add_studies(path: Path, timeout: int, jobs: int = 1) -> None:
    """Add to the record of one chapter in how many blocks of its studies each claim holds."""
    file = RECORDS / f"{path.stem}.csv"
    if not file.exists():
        raise RecordError(f"there is no record to add to: make records CHAPTER={path.stem[:2]}")
    provenance, rows = records.read(file)
    found = [origin for origin in origins(read_text(path)) if origin.repeated]
    code = forgiving(path)

    def claims_in(block: int) -> list[dict[str, Any]]:
        variables = {"GAN_TUTORIAL_SEED": "0", "GAN_TUTORIAL_STUDY_BLOCK": str(block)}
        what = f"block {block} of the studies"
        claims, words = run_script(code, what, path.parent, timeout, **variables)
        for line in words.splitlines():
            if line.startswith("STUDY: "):
                print(f"      {what}: {line.removeprefix('STUDY: ')}", flush=True)
        return claims

    every = sorted({block for origin in found for block in kept_blocks(origin.repeated, path)})
    with ThreadPoolExecutor(max_workers=jobs) as pool:
        runs = dict(zip(every, pool.map(claims_in, every), strict=True))
    for row in rows:
        row |= {"study": "", "study_blocks": "", "study_held": ""}
        origin = next((each for each in found if re.fullmatch(each.pattern, row["sentence"])), None)
        if origin is not None:
            blocks = kept_blocks(origin.repeated, path)
            held = sum(
                any(c["held"] and c["sentence"] == row["sentence"] for c in runs[block])
                for block in blocks
            )
            names = " ".join(Path(name).stem for name in origin.repeated)
            row |= {"study": names, "study_blocks": str(len(blocks)), "study_held": str(held)}
            print(
                f"  {f'{held}/{len(blocks)}':>7} blocks of {names}: {row['sentence']}", flush=True
            )
    records.write(file, provenance, rows)


def kept_blocks(files: list[str], path: Path) -> list[int]:
    """Return the blocks in which all these results are kept: 0, and those beside it."""
    found = ({0, *further_blocks(path.parent / name)} for name in files)
    return sorted(set.intersection(*found))


def main(arguments: list[str] | None = None) -> int:
    """Record the chapters named on the command line; return 1 if any claim does not stand."""
    parser = argparse.ArgumentParser(description="repeat claims on fresh seeds and record them")
    parser.add_argument("chapter", nargs="?", default="", help="03, 03_discriminator or a path")
    parser.add_argument("--blocks", type=int, default=BLOCKS_REQUIRED)
    parser.add_argument("--first", type=int, default=1, help="number of the first block")
    parser.add_argument("--studies", action="store_true", help="only blocks of stored studies")
    parser.add_argument("--jobs", type=int, default=2, help="blocks at a time")
    parser.add_argument("--timeout", type=int, default=900, help="seconds for one block")
    options = parser.parse_args(arguments)
    if options.blocks < BLOCKS_REQUIRED:
        parser.error(f"--blocks must be at least {BLOCKS_REQUIRED}, got {options.blocks}")
    if options.first < 1:
        parser.error(f"--first must be at least 1, got {options.first}")
    blocks = range(options.first, options.first + options.blocks)
    selected = chapters(options.chapter)
    stands = bool(selected)
    if not selected:
        print("no chapters found in notebooks/", file=sys.stderr)
    for position, path in enumerate(selected, start=1):
        what = "stored studies" if options.studies else f"blocks {blocks[0]} to {blocks[-1]}"
        print(f"[{position}/{len(selected)}] {path.stem}: {what}", flush=True)
        try:
            if options.studies:
                add_studies(path, options.timeout, options.jobs)
            else:
                stands &= record(path, blocks, options.jobs, options.timeout)
        except RecordError as error:
            stands = False
            print(f"{path.stem}: no record written: {error}", file=sys.stderr, flush=True)
    return 0 if stands else 1


if __name__ == "__main__":
    raise SystemExit(main())
