"""Run the long studies of a chapter, and keep their results as small files.

    python tools/experiments.py               # every chapter
    python tools/experiments.py 08            # one of them
    python tools/experiments.py 08 --block 1  # again, on fresh seeds, kept beside the first
    python tools/experiments.py 10 --block 3 --study 10_grid  # one study of a chapter alone

A chapter defines a study in a cell tagged ``experiment`` and reads its result from a file there,
``study.stored("results/08_ring.csv")``. This program runs the chapter's first code cell and the
tagged ones as one script, in which ``stored`` computes and writes the file. Variants that are done
are kept in ``.experiments/``: after a kill, or when a variant is added, only the rest is computed.

Block 0 is what the cells say. In block b every seed that is a number, of the study and of what
measures it, is larger by 1000 b + 500, which no other use of seeds comes to: chapters and their
records add less than 100 to a multiple of 1000. The result of block 1 of ``08_ring.csv`` is
``08_ring-1.csv``.

Each file is written whole, its provenance first, so two runs at once do not disturb each other.
``definition`` is a hash of the tagged cells: when one of them changes, the tests fail until the
files are made anew. ``arithmetic`` is a hash of what a short game ends with on this machine, and of
its processor's model: where it is the same, a run gives the same digits again.
"""

from __future__ import annotations

import argparse
import ast
import hashlib
import os
import platform
import re
import subprocess
import sys
import tempfile
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import Any

from parts.chapters import (
    NOTEBOOKS,
    ROOT,
    chapters,
    code_cells,
    environment,
    read_text,
)
from parts.reading import is_study
from parts.scripts import PREAMBLE
from record import commit

CACHE = ROOT / ".experiments"


def definition(path: Path) -> str:
    """Return the code of a chapter's studies: its first code cell, and those with the tag."""
    cells = [cell for _, cell in code_cells(read_text(path))]
    chosen = [cell for number, cell in enumerate(cells) if number == 0 or is_study(cell)]
    return "\n\n".join(cell.source for cell in chosen) if len(chosen) > 1 else ""


def digest(code: str) -> str:
    """Return what a definition is known by."""
    return hashlib.sha256(code.encode()).hexdigest()[:16]


def files(code: str) -> list[str]:
    """Return the files that the studies of a chapter are stored in, as the code names them."""
    return [
        node.args[0].value
        for node in ast.walk(ast.parse(code))
        if isinstance(node, ast.Call)
        and isinstance(node.func, ast.Attribute)
        and node.func.attr == "stored"
        and isinstance(node.args[0], ast.Constant)
        and isinstance(node.args[0].value, str)
    ]


def kept(name: str, folder: Path = NOTEBOOKS) -> dict[int, Path]:
    """Return where the blocks of a study are kept, by their numbers: the first, and those found."""
    from gan_tutorial.experiments import files  # slow to load

    first = folder / name
    return {block: files.block_file(first, block) for block in (0, *files.further_blocks(first))}


class _Block(ast.NodeTransformer):
    """Writes the code of another block, fresh seeds and files of its own, or of one study alone."""

    def __init__(self, block: int, study: str = "") -> None:
        from gan_tutorial.experiments import files  # slow to load

        self.block, self.study, self.files = block, study, files

    def visit_Call(self, call: ast.Call) -> ast.Call:
        """Change the seeds that a call names, or the file that it stores in."""
        self.generic_visit(call)
        for keyword in call.keywords:
            if keyword.arg == "seed":
                keyword.value = self._fresh(keyword.value)
        match call:
            case ast.Call(func=ast.Attribute(attr="stored"), args=[ast.Constant(value=str(name))]):
                file = self.files.block_file(name, self.block)
                call.args = [ast.Constant(file.as_posix())]
        return call

    def visit_arguments(self, arguments: ast.arguments) -> ast.arguments:
        """Change the seed that a function has if none is given."""
        self.generic_visit(arguments)
        names = [*arguments.posonlyargs, *arguments.args][-len(arguments.defaults) :]
        for names_, values in (
            (names, arguments.defaults), (arguments.kwonlyargs, arguments.kw_defaults),
        ):  # fmt: skip
            for i, (name, value) in enumerate(zip(names_, values, strict=False)):
                if name.arg == "seed" and value is not None:
                    values[i] = self._fresh(value)
        return arguments

    def visit_Assign(self, statement: ast.Assign) -> ast.Assign | None:
        """Leave out what another study than the one asked for stores."""
        named = files(ast.unparse(statement))
        if self.study and named and self.study not in {Path(name).stem for name in named}:
            return None
        self.generic_visit(statement)
        return statement

    def _fresh(self, seed: ast.expr) -> ast.expr:
        match seed:
            case ast.Constant(value=int(number)):
                return ast.Constant(self.files.block_seed(number, self.block))
        return seed


def of_block(code: str, block: int, study: str = "") -> str:
    """Return the code of a chapter's studies, or of one of them, as block b runs it."""
    if block == 0 and not study:
        return code
    return ast.unparse(_Block(block, study).visit(ast.parse(code)))


def studies(path: Path, block: int = 0) -> dict[str, tuple[Any, Any]]:
    """Return a block of a chapter's studies by the file each is in, with what is stored there."""
    from gan_tutorial.experiments import Study  # slow to load

    found, stored = {}, Study.stored

    def keep(study: Any, file: str) -> Any:
        found[str(file)] = study, stored(study, file)
        return found[str(file)][1]

    before = Path.cwd()
    os.chdir(path.parent)
    Study.stored = keep  # type: ignore[method-assign, assignment]
    try:
        exec(f"{PREAMBLE}\n{of_block(definition(path), block)}", {"__name__": "__main__"})
    finally:
        os.chdir(before)
        Study.stored = stored  # type: ignore[method-assign]
    return found


def provenance(text: str) -> dict[str, str]:
    """Return the lines that a result begins with, by name."""
    lines = (line[2:].split(": ", 1) for line in text.splitlines() if line.startswith("# "))
    return {name: value for name, value in lines}


@cache
def arithmetic() -> str:
    """Return what this machine's floating-point numbers are known by: a short game, and its model.

    The game alone is not enough: two processors ended it alike, and parted in a wider network.
    """
    import torch  # slow to load

    from gan_tutorial import data, fingerprint, losses, networks, training

    torch.set_num_threads(1)
    game = training.train(
        networks.MLPGenerator(4, 2, width=32), networks.MLPDiscriminator(2, width=32), data.ring(),
        loss=losses.nonsaturating, steps=200, replicas=16, progress=False,
    )  # fmt: skip
    weights = [w.detach() for w in (*game.G.parameters(), *game.D.parameters())]
    return fingerprint.fingerprint([*weights, processor()])


def processor() -> str:
    """Return the model of this machine's processor, and what PyTorch makes of it."""
    import torch  # slow to load

    known = Path("/proc/cpuinfo")
    text = known.read_text(encoding="utf-8") if known.exists() else ""
    model = re.findall(r"^(?:cpu family|model|model name)\s*:.*$", text, re.MULTILINE)[:3]
    return " ".join([platform.processor(), torch.backends.cpu.get_cpu_capability(), *model])


def run(path: Path, code: str, block: int = 0, study: str = "") -> int:
    """Run a block of the studies of one chapter, which writes their files, provenance first."""
    command = f"make experiments CHAPTER={path.stem[:2]}" + (f" BLOCK={block}" if block else "")
    code_of_block = of_block(code, block, study)
    about = (
        f"# command: {command}\n"
        f"# date: {datetime.now(UTC):%Y-%m-%d}\n"
        f"# commit: {commit()}\n"
        f"# definition: {digest(code)}\n"
        f"# arithmetic: {arithmetic()}\n"
    )
    with tempfile.TemporaryDirectory() as scratch:
        program = Path(scratch, "studies.py")
        program.write_text(f"{PREAMBLE}\n{code_of_block}\n", encoding="utf-8")
        variables = environment(
            GAN_TUTORIAL_EXPERIMENTS=str(CACHE), GAN_TUTORIAL_PROVENANCE=about, MPLBACKEND="Agg"
        )
        if sys.stderr.isatty():
            variables.pop("TQDM_DISABLE")
        status = subprocess.run(
            [sys.executable, str(program)], cwd=path.parent, env=variables, check=False
        ).returncode
    if status:
        print(f"{path.stem}: stopped; what is finished is kept, run it again", file=sys.stderr)
        return status
    for name in files(code_of_block):
        text = (NOTEBOOKS / name).read_text(encoding="utf-8")
        print(f"      {name}: {provenance(text)['cost']}", flush=True)
    return 0


def main(arguments: list[str] | None = None) -> int:
    """Run the studies of the chapters named on the command line."""
    parser = argparse.ArgumentParser(description="run the long studies and keep their results")
    parser.add_argument("chapter", nargs="?", default="", help="08, 08_design_choices or a path")
    parser.add_argument("--block", type=int, default=0, help="1, 2, ...: on fresh seeds")
    parser.add_argument("--study", default="", help="only the study of this name, such as 10_grid")
    options = parser.parse_args(arguments)
    if options.block < 0:
        parser.error(f"--block must be at least 0, got {options.block}")
    found = [(path, definition(path)) for path in chapters(options.chapter)]
    found = [(path, code) for path, code in found if code]
    names = [Path(name).stem for _, code in found for name in files(code)]
    if options.study and options.study not in names:
        parser.error(f"--study must be one of {', '.join(names)}, got {options.study!r}")
    if options.study:
        found = [each for each in found if f"/{options.study}.csv" in each[1]]
    if not found:
        print("no chapter named here has a study to store", file=sys.stderr)
        return 1
    commit()  # as it is before a result is written
    for number, (path, code) in enumerate(found, start=1):
        what = options.study or f"{len(files(code))} studies"
        print(f"[{number}/{len(found)}] {path.stem}: {what}", flush=True)
        if status := run(path, code, options.block, options.study):
            return status
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
