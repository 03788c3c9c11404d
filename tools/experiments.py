"""Run the long studies of a chapter, train its models, and keep the results as small files.

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

A model is kept in the same way, ``experiments.Trained(...).stored("results/14_judge.safetensors")``
in one expression. It is what studies measure with, so their other blocks, and a study that is run
alone, read it as it is. It is trained in another block only if ``--study`` names it.

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


def is_model(name: str) -> bool:
    """Whether a file holds a model, and not a study."""
    return name.endswith(".safetensors")


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
        """Change the seeds that a call names, or the file that it stores in; a model is read."""
        match call:
            case ast.Call(
                func=ast.Attribute(attr="stored") as method, args=[ast.Constant(value=str(name))]
            ) if is_model(name) and Path(name).stem != self.study:
                method.attr = "read"
                return call
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
        named = [name for name in files(ast.unparse(statement)) if not is_model(name)]
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


def studies(path: Path, block: int = 0, study: str = "") -> dict[str, tuple[Any, Any]]:
    """Return a block of what a chapter stores, by file: a study or a model, and what it holds."""
    from gan_tutorial import experiments  # slow to load

    found: dict[str, tuple[Any, Any]] = {}
    kinds: Any = (experiments.Study, experiments.Trained)
    before, stored = Path.cwd(), [kind.stored for kind in kinds]

    def keeping(stored: Any) -> Any:
        def keep(thing: Any, file: str) -> Any:
            found[str(file)] = thing, stored(thing, file)
            return found[str(file)][1]

        return keep

    os.chdir(path.parent)
    for kind in kinds:
        kind.stored = keeping(kind.stored)
    try:
        exec(f"{PREAMBLE}\n{of_block(definition(path), block, study)}", {"__name__": "__main__"})
    finally:
        os.chdir(before)
        for kind, own in zip(kinds, stored, strict=True):
            kind.stored = own
    return found


def provenance(path: Path) -> dict[str, str]:
    """Return what a stored result says of itself, by name."""
    from gan_tutorial.experiments import files, weights  # slow to load

    if is_model(path.name):
        return weights.read(path)[1]
    return files.about(path.read_text(encoding="utf-8"))


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
    if block and any(is_model(name) and Path(name).stem == study for name in files(code)):
        command = f"python tools/experiments.py {path.stem[:2]} --block {block} --study {study}"
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
        print(f"      {name}: {provenance(NOTEBOOKS / name)['cost']}", flush=True)
    return 0


def main(arguments: list[str] | None = None) -> int:
    """Run the studies of the chapters named on the command line."""
    parser = argparse.ArgumentParser(
        description="run the long studies, train the models, and keep the results"
    )
    parser.add_argument("chapter", nargs="?", default="", help="08, 08_design_choices or a path")
    parser.add_argument("--block", type=int, default=0, help="1, 2, ...: on fresh seeds")
    parser.add_argument(
        "--study", default="", help="only the study or model of this name, such as 10_grid"
    )
    options = parser.parse_args(arguments)
    if options.block < 0:
        parser.error(f"--block must be at least 0, got {options.block}")
    found = [(path, definition(path)) for path in chapters(options.chapter)]
    found = [(path, code) for path, code in found if code]
    names = [Path(name).stem for _, code in found for name in files(code)]
    if options.study and options.study not in names:
        parser.error(f"--study must be one of {', '.join(names)}, got {options.study!r}")
    if options.study:
        found = [
            (path, code)
            for path, code in found
            if options.study in {Path(name).stem for name in files(code)}
        ]
    if not found:
        print("no chapter named here has a study to store", file=sys.stderr)
        return 1
    commit()  # as it is before a result is written
    for number, (path, code) in enumerate(found, start=1):
        what = options.study or f"{len(files(code))} results"
        print(f"[{number}/{len(found)}] {path.stem}: {what}", flush=True)
        if status := run(path, code, options.block, options.study):
            return status
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
