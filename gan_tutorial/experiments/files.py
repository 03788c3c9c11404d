"""Files of a study: finished parts, and whole results that chapters read.

Each is text, written whole or not at all, and read only if it is what was written.
"""

import csv
import functools
import hashlib
import io
import json
import os
import platform
import re
import sys
import tempfile
from dataclasses import asdict, dataclass
from pathlib import Path

import torch

from gan_tutorial.fingerprint import digest

FORMAT = "gan_tutorial part 3"


@dataclass(frozen=True)
class Part:
    """One variant, measured.

    Outcome -> N numbers; the step at which each of N members met a NaN, 0 if none did; CPU-seconds.
    """

    points: dict[str, list[float]]
    frozen: list[int]
    seconds: float


@functools.cache
def package(root: Path = Path(__file__).parent.parent) -> str:
    """Return a hash of this package's source."""
    files = sorted(root.rglob("*.py"), key=lambda file: file.relative_to(root).as_posix())
    named = [(file.relative_to(root).as_posix(), file.read_bytes()) for file in files]
    return hashlib.sha256(repr(named).encode()).hexdigest()


def write_whole(path: Path, content: bytes) -> None:
    """Write a file whole or not at all."""
    partial = path.with_name(f"{path.name}.{os.getpid()}.partial")
    try:
        with partial.open("wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        os.replace(partial, path)
    finally:
        partial.unlink(missing_ok=True)


# --- finished parts


def try_folder(folder: Path) -> None:
    """Make a folder, and see that a file can be written there.

    Raises
    ------
    ValueError
        If it cannot.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder):
            pass
    except OSError as error:
        raise ValueError(
            f"cache must be a folder that files can be written in, got {str(folder)!r}: {error}"
        ) from error


def save(folder: Path | None, key: str, part: Part) -> None:
    """Keep a finished part under its key."""
    if folder is not None:
        content = asdict(part)
        whole = {"format": FORMAT, "part": content, "checksum": digest([key, content])}
        write_whole(folder / f"{key}.json", json.dumps(whole).encode())


def load(folder: Path | None, key: str) -> Part | None:
    """Read a finished part; None if there is none, or if it is damaged, which is said."""
    if folder is None or not (path := folder / f"{key}.json").is_file():
        return None
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
        if content["format"] != FORMAT or content["checksum"] != digest([key, content["part"]]):
            raise ValueError("it is not what was written")
        return Part(**content["part"])
    except (ValueError, TypeError, KeyError) as error:
        print(f"{str(path)!r} is damaged and is computed afresh: {error}", file=sys.stderr)
        return None


# --- whole results in files: what `make experiments` stores, and chapters read


def block_file(path: str | Path, block: int) -> Path:
    """Return where block b of a study is kept: 08_ring.csv, and for block 1 08_ring-1.csv."""
    path = Path(path)
    return path.with_name(f"{path.stem}-{block}{path.suffix}") if block else path


def block_seed(seed: int, block: int) -> int:
    """Return what a seed of a study is in block b: seed + 1000 b + 500, which no other use has."""
    return seed + 1000 * block + 500 if block else seed


def further_blocks(path: Path) -> list[int]:
    """Return the blocks that are kept beside the first."""
    name = re.compile(rf"{re.escape(path.stem)}-([1-9]\d*){re.escape(path.suffix)}")
    found = (name.fullmatch(file.name) for file in path.parent.glob("*"))
    return sorted(int(match[1]) for match in found if match)


def block_asked() -> int | None:
    """Return the block that GAN_TUTORIAL_STUDY_BLOCK asks for, or None.

    Raises
    ------
    ValueError
        If it is no whole number of at least 0.
    """
    only = os.environ.get("GAN_TUTORIAL_STUDY_BLOCK") or None
    if only is not None and not only.isdecimal():
        raise ValueError(
            f"GAN_TUTORIAL_STUDY_BLOCK must be a whole number of at least 0, got {only!r}"
        )
    return None if only is None else int(only)


def how_to_compute(path: Path, block: int) -> str:
    """Return the command that computes a file, which must be there.

    Raises
    ------
    ValueError
        If it is missing.
    """
    how = "make experiments" + (f" BLOCK={block}" if block else "")
    if not path.is_file():
        raise ValueError(
            f"there is no {str(path)!r} in {str(Path.cwd())!r}: run the chapter from its own "
            f"folder, notebooks/, as JupyterLab does; or {how} computes it"
        )
    return how


def about(text: str) -> dict[str, str]:
    """Return the lines that say where a result comes from, by name."""
    lines = (line[2:].split(": ", 1) for line in text.splitlines() if line.startswith("# "))
    return {name: value for name, value in lines}


def cost_and_versions(seconds: float) -> dict[str, str]:
    """Return what a result took, and the software of today, as a file says it."""
    return {
        "cost": f"{seconds:.0f} CPU-seconds on one thread",
        "versions": f"python {platform.python_version()}, torch {torch.__version__}",
    }


def _streams(seeds: int, seed: int) -> str:
    return f"{seeds}, paired; seed i of the study is stream ({seed}, i)"


def write(path: Path, parts: dict[str, Part], seed: int, provenance: str = "") -> None:
    """Write a study, after the lines that say where it comes from."""
    outcomes = list(next(iter(parts.values())).points)
    text = [["variant", "seed", "frozen at", *(outcome or "value" for outcome in outcomes)]]
    for name, part in parts.items():
        columns = zip(*(part.points[outcome] for outcome in outcomes), strict=True)
        for i, (step, values) in enumerate(zip(part.frozen, columns, strict=True)):
            text.append([name, str(i), str(step), *(f"{value:.6g}" for value in values)])
    rows = io.StringIO()
    csv.writer(rows, lineterminator="\n").writerows(text)
    lines = {
        "seeds": _streams(len(part.frozen), seed),
        **cost_and_versions(sum(part.seconds for part in parts.values())),
        "checksum": digest(text),
    }
    said = "".join(f"# {name}: {value}\n" for name, value in lines.items())
    path.parent.mkdir(parents=True, exist_ok=True)
    write_whole(path, f"{provenance}{said}{rows.getvalue()}".encode())


def read(path: Path, names: list[str], seeds: int, seed: int, block: int = 0) -> dict[str, Part]:
    """Read a block of a study with these variants on so many seeds.

    Raises
    ------
    ValueError
        If the file is missing, damaged, or of another study.
    """
    path, seed = block_file(path, block), block_seed(seed, block)
    how = how_to_compute(path, block)
    content = path.read_text(encoding="utf-8")
    said = about(content)
    text = list(csv.reader(line for line in content.splitlines() if not line.startswith("# ")))
    if not text or said.get("checksum") != digest(text):
        raise ValueError(f"{str(path)!r} is damaged: it is not what make experiments wrote")
    (_, _, header, *outcomes), *rows = text
    if [row[:2] for row in rows] != [[name, str(i)] for name in names for i in range(seeds)]:
        raise ValueError(
            f"{str(path)!r} holds {', '.join(dict.fromkeys(row[0] for row in rows))} on "
            f"{len({row[1] for row in rows})} seeds, and this study has {', '.join(names)} on "
            f"{seeds}: {how} computes it anew"
        )
    if said.get("seeds") != _streams(seeds, seed):
        raise ValueError(
            f"{str(path)!r} holds seeds {said.get('seeds')!r}, and this study has "
            f"{_streams(seeds, seed)!r}: {how} computes it anew"
        )
    parts = {}
    for name in names:
        mine = [row for row in rows if row[0] == name]
        frozen = [int(row[2]) for row in mine]
        if header == "frozen" and any(frozen):  # files once held the count alone
            raise ValueError(
                f"{str(path)!r} does not say which {frozen[0]} seeds of {name!r} are frozen: "
                f"{how} computes it anew"
            )
        columns = zip(*(map(float, row[3:]) for row in mine), strict=True)
        points = {
            "" if o == "value" else o: list(c) for o, c in zip(outcomes, columns, strict=True)
        }
        parts[name] = Part(points, frozen, 0.0)
    return parts
