"""Execute chapters and store their outputs: the only writer of ``notebooks/*.ipynb``.

    python tools/execute.py            # every chapter
    python tools/execute.py 03         # one of them
    python tools/execute.py 03 --text  # only its text has changed: keep the outputs of the last run

Each ``.md`` is run from its first cell in a fresh kernel. The ``.ipynb`` is replaced only when the
whole run went well, and holds nothing that depends on the machine or the hour: two runs with the
same outputs give the same bytes.
"""

from __future__ import annotations

import argparse
import base64
import io
import json
import math
import re
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import nbformat
from jupyter_client.kernelspec import KernelSpecManager
from jupyter_client.manager import AsyncKernelManager
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError, CellTimeoutError, DeadKernelError
from nbformat import NotebookNode
from PIL import Image

from parts.chapters import (
    SIZE_LIMIT,
    chapters,
    code_cells,
    environment,
    outputs_digest,
    read_text,
    write_atomically,
)
from parts.origins import origins
from parts.reading import printed_claims
from parts.verify import PICTURE, integrity_problems, output_problems

METADATA = {
    "jupytext": {"formats": "ipynb,md:myst"},
    "kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"},
    "language_info": {
        "file_extension": ".py",
        "mimetype": "text/x-python",
        "name": "python",
        "pygments_lexer": "ipython3",
    },
}
BUDGET = {"05": 120.0, "07": 90.0}  # CPU-seconds; of Part III PICTURES, of others DEFAULT_BUDGET
PICTURES, DEFAULT_BUDGET = 120.0, 60.0
COLOUR_CODE = re.compile(r"\x1b\[[0-9;]*m")
PROBE = "import time as _time\nprint(_time.process_time())"


class ChapterError(Exception):
    """A chapter that must not be stored, with the reason."""


def run_cells(notebook: NotebookNode, folder: Path, timeout: int) -> tuple[float, list[Any]]:
    """Execute ``notebook`` in place in a fresh kernel; return the CPU-seconds and the claims."""
    known = [[origin.pattern, origin.tag(folder)] for origin in origins(notebook)]  # by reading
    notebook.cells.append(nbformat.v4.new_code_cell(PROBE, id="probe"))
    with tempfile.TemporaryDirectory() as profile:
        tags, claims = Path(profile, "origins.json"), Path(profile, "claims.jsonl")
        tags.write_text(json.dumps(known), encoding="utf-8")
        # No installed kernel is asked for: the kernel is the interpreter that runs this file.
        manager = AsyncKernelManager(
            kernel_name="python3", kernel_spec_manager=KernelSpecManager(kernel_dirs=[])
        )
        client = NotebookClient(
            notebook,
            km=manager,
            timeout=timeout,
            record_timing=False,
            coalesce_streams=True,
            extra_arguments=["--IPKernelApp.log_level=40"],
            resources={"metadata": {"path": str(folder)}},
        )
        variables = {"GAN_TUTORIAL_ORIGINS": str(tags), "GAN_TUTORIAL_CLAIMS": str(claims)}
        client.execute(env=environment(IPYTHONDIR=profile, **variables))
        lines = claims.read_text(encoding="utf-8").splitlines() if claims.exists() else []
    probe = notebook.cells.pop()
    return float(probe.outputs[0].text), [json.loads(line) for line in lines]


def kept_claims(notebook: NotebookNode, made: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return sentence, full value, seeds and origin of the claims that the chapter prints."""
    values = {line["sentence"]: line["value"] for line in made}
    kept = []
    for sentence, seeds, _, origin in printed_claims(notebook):
        value = values.get(sentence)
        if value is not None and not math.isfinite(value):
            value = str(value)  # JSON has no infinity
        kept.append({"sentence": sentence, "value": value, "seeds": seeds, "origin": origin})
    return kept


def clean(notebook: NotebookNode) -> None:
    """Drop all that a run leaves behind besides its outputs, and number the cells from 1."""
    for number, (_, cell) in enumerate(code_cells(notebook), start=1):
        cell.execution_count = number
        cell.metadata.pop("execution", None)
        for output in cell.outputs:
            if "execution_count" in output:
                output.execution_count = number
            output.pop("transient", None)
            if PICTURE in output.get("data", {}):
                output.data[PICTURE] = with_palette(output.data[PICTURE])


def with_palette(png: str) -> str:
    """Return a figure (base64 of a PNG) in 256 colours: a third of the bytes, the same look."""
    stream = io.BytesIO()
    with Image.open(io.BytesIO(base64.b64decode(png))) as image:
        colours = image.convert("RGBA").quantize(256, method=Image.Quantize.FASTOCTREE)
        colours.save(stream, "PNG", optimize=True)
    return base64.b64encode(stream.getvalue()).decode()


def execute(path: Path, timeout: int) -> tuple[float, float, int]:
    """Run the chapter at ``path`` (.md) and write its ``.ipynb``.

    Returns the kernel's CPU-seconds, the elapsed seconds, and the size in bytes.
    """
    notebook = read_text(path)
    notebook.metadata = nbformat.from_dict(METADATA)
    started = time.perf_counter()
    try:
        cpu, made = run_cells(notebook, path.parent, timeout)
    except SyntaxError as error:
        raise ChapterError(f"a cell is not plain Python (no % and no !): {error.msg}") from None
    except CellExecutionError as error:
        raise ChapterError("a cell raised\n" + COLOUR_CODE.sub("", str(error))) from None
    except CellTimeoutError:
        raise ChapterError(f"a cell ran for more than {timeout} s") from None
    except DeadKernelError:
        raise ChapterError("the kernel died") from None
    elapsed = time.perf_counter() - started
    clean(notebook)
    return cpu, elapsed, store(path, notebook, kept_claims(notebook, made))


def keep_outputs(path: Path) -> int:
    """Give the text of the chapter at ``path`` (.md) the outputs that its ``.ipynb`` holds.

    Returns the size in bytes. Code and its order must be those of the run.
    """
    notebook = read_text(path)
    try:
        stored = nbformat.read(path.with_suffix(".ipynb"), as_version=4)
    except FileNotFoundError:
        raise ChapterError("it was never run") from None
    if problems := integrity_problems(stored):
        raise ChapterError("\n  ".join(problems))
    ours, theirs = ([cell for _, cell in code_cells(book)] for book in (notebook, stored))
    if [cell.source for cell in ours] != [cell.source for cell in theirs]:
        raise ChapterError("its code is not that of the run: run it again, without --text")
    for cell, run in zip(ours, theirs, strict=True):
        cell.outputs, cell.execution_count = run.outputs, run.execution_count
    return store(path, notebook, stored.metadata["gan_tutorial"]["claims"])


def store(path: Path, notebook: NotebookNode, claims: list[dict[str, Any]]) -> int:
    """Write the ``.ipynb`` of a chapter, with a digest of what its run determined."""
    notebook.metadata = nbformat.from_dict(METADATA)  # the run adds the kernel's exact version
    notebook.metadata["gan_tutorial"] = {"claims": claims}
    notebook.metadata["gan_tutorial"]["outputs"] = outputs_digest(notebook)
    notebook.nbformat, notebook.nbformat_minor = 4, 5
    nbformat.validate(notebook)
    text = nbformat.writes(notebook)
    text = text if text.endswith("\n") else text + "\n"
    size = len(text.encode())
    problems = output_problems(notebook)
    if size > SIZE_LIMIT:
        problems.append(f"the stored chapter has {size} bytes, the limit is {SIZE_LIMIT}")
    if problems:
        raise ChapterError("the outputs may not be stored:\n  " + "\n  ".join(problems))
    write_atomically(path.with_suffix(".ipynb"), text)
    return size


def main(arguments: list[str] | None = None) -> int:
    """Execute the chapters named on the command line; return 1 if any failed."""
    parser = argparse.ArgumentParser(description="execute chapters and store their outputs")
    parser.add_argument("chapter", nargs="?", default="", help="03, 03_discriminator or a path")
    parser.add_argument("--text", action="store_true", help="keep the outputs of the last run")
    parser.add_argument("--timeout", type=int, default=300, help="seconds for one cell")
    options = parser.parse_args(arguments)
    selected = chapters(options.chapter)
    failed = 0
    for number, path in enumerate(selected, start=1):
        doing = "keeping its outputs" if options.text else "running"
        print(f"[{number}/{len(selected)}] {path.stem}: {doing}", flush=True)
        try:
            if options.text:
                keep_outputs(path)
                continue
            cpu, elapsed, size = execute(path, options.timeout)
        except ChapterError as error:
            failed += 1
            print(f"{path.stem}: not stored: {error}", file=sys.stderr, flush=True)
            continue
        place = path.stem[:2]
        budget = BUDGET.get(place, PICTURES if place >= "13" else DEFAULT_BUDGET)
        print(
            f"      {cpu:.1f} CPU-seconds of {budget:.0f}, {elapsed:.1f} s elapsed,"
            f" {size / 1000:.0f} kB of {SIZE_LIMIT // 1000}",
            flush=True,
        )
        if cpu > budget:
            print(f"      WARNING: over the budget of {budget:.0f} CPU-seconds", file=sys.stderr)
    if not selected:
        print("no chapters found in notebooks/", file=sys.stderr)
        return 1
    return 1 if failed else 0


if __name__ == "__main__":
    raise SystemExit(main())
