"""Look at a stored chapter and list what is wrong with it: nothing is executed here.

``nbval`` runs the chapters again and compares text. These checks see what it does not: an output
that was taken away, a figure that is no picture, a number changed in a cell that is not compared,
two halves of a pair that drifted apart, and the rules that every chapter keeps.
"""

from __future__ import annotations

import ast
import base64
import binascii
import io
import math
import re
from collections.abc import Iterator
from typing import Any

from nbformat import NotebookNode
from PIL import Image, UnidentifiedImageError

from parts.chapters import SIZE_LIMIT, code_cells, output_texts, outputs_digest, tags

# Tags that Jupyter Book or nbval act on and a chapter may use; any other is a mistake.
ALLOWED_TAGS = {
    "hide-cell",
    "hide-input",
    "hide-output",
    "remove-input",
    "nbval-ignore-output",
    "skip-record",
    "experiment",
}
IGNORED_CELLS = 3  # cells of a chapter whose output may differ between machines, at most
CLAIMS_REQUIRED = 8
EXERCISES_REQUIRED = 3
SEEDS_REQUIRED = 16
CODE_WIDTH = 88  # columns: a longer line scrolls sideways on the page
ALT_TEXT = 40  # characters: shorter words cannot say what a figure shows
OFFSETS = 100  # SEED + 0 ... SEED + 99 belong to a chapter
ROUNDING = 1e-4  # bounds below this are about floating point, not about chance

ABSOLUTE_PATH = re.compile(
    r"(?<![\w.:/<])/(?:home|root|Users|tmp|usr|opt|work|var|mnt|private|content)/\w"
    r"|(?<!\w)[A-Za-z]:\\\w"
    r"|\bsite-packages\b"
)
MEMORY_ADDRESS = re.compile(r"\b0x[0-9a-fA-F]{8,}\b")
CLAIM_LINE = re.compile(r"^✔ (?P<sentence>.+?)(?: \((?P<seeds>\d+) seeds\))?$", re.MULTILINE)
FAILED_LINE = re.compile(r"^✘ .*$", re.MULTILINE)
EXERCISE_LINE = re.compile(r"^(?P<mark>[☐★]) Exercise (?P<number>\d+): (?P<word>.+)$", re.MULTILINE)
PICTURE = "image/png"
PRINTERS = {"claim", "exercise", "print", "show_source"}
GLOBAL_DRAWS = {"rand", "randn", "randint", "randperm", "normal", "bernoulli", "multinomial"}


def problems(text: NotebookNode, stored: NotebookNode, size: int) -> list[str]:
    """List everything that is wrong with a chapter: its ``.md``, its ``.ipynb`` and its size."""
    found = sync_problems(text, stored)
    found += integrity_problems(stored)
    found += output_problems(stored)
    found += rule_problems(stored)
    if size > SIZE_LIMIT:
        found.append(f"the stored chapter has {size} bytes, the limit is {SIZE_LIMIT}")
    return found


# --- The pair ------------------------------------------------------------------------------------


def sync_problems(text: NotebookNode, stored: NotebookNode) -> list[str]:
    """List where the two halves of a chapter differ in type, source or metadata of a cell."""
    found = []
    if len(text.cells) != len(stored.cells):
        found.append(f"the .md has {len(text.cells)} cells, the .ipynb {len(stored.cells)}")
    for position, (left, right) in enumerate(zip(text.cells, stored.cells, strict=False)):
        if left.cell_type != right.cell_type:
            found.append(f"cell {position} is {left.cell_type} in .md, {right.cell_type} in .ipynb")
        elif left.source != right.source:
            found.append(f"cell {position} differs in source: {_difference(left, right)}")
        elif left.metadata != right.metadata:
            found.append(f"cell {position} has metadata {left.metadata} in .md, {right.metadata}")
    return found


def _difference(left: NotebookNode, right: NotebookNode) -> str:
    pairs = zip(left.source.splitlines(), right.source.splitlines(), strict=False)
    return next((f"{a!r} against {b!r}" for a, b in pairs if a != b), "one is longer")


# --- The outputs ---------------------------------------------------------------------------------


def integrity_problems(stored: NotebookNode) -> list[str]:
    """List what shows that outputs were changed after the run that made them."""
    found = []
    kept = stored.metadata.get("gan_tutorial", {}).get("outputs")
    if kept != outputs_digest(stored):
        found.append("the outputs are not those of one run: make notebooks stores them")
    for number, (position, cell) in enumerate(code_cells(stored), start=1):
        if cell.get("execution_count") != number:
            found.append(f"cell {position} has count {cell.get('execution_count')}, not {number}")
    for position, cell in enumerate(stored.cells):
        if cell.get("id") != f"cell-{position:03d}":
            found.append(f"cell {position} has the id {cell.get('id')!r}, not cell-{position:03d}")
    return found


def output_problems(notebook: NotebookNode) -> list[str]:
    """List what may not be in the outputs of any chapter, and what is missing from them."""
    found = []
    for position, cell in code_cells(notebook):
        where = f"cell {position}"
        pictures = 0
        for output in cell.get("outputs", []):
            for kind, text in output_texts(output):
                if kind == PICTURE:
                    pictures += 1
                found += [f"{where} {problem}" for problem in _part_problems(kind, text)]
        if draws(cell) and pictures != 1:
            found.append(f"{where} calls plt.show() and stores {pictures} figures, not one")
        if pictures and not draws(cell):
            found.append(f"{where} stores a figure but does not end with plt.show()")
        if _prints(cell) and not cell.get("outputs"):
            found.append(f"{where} prints something but stores no output")
    return found


def _part_problems(kind: str, text: str) -> Iterator[str]:
    if kind == "error":
        yield f"stores an error: {text.splitlines()[0]}"
    elif kind == "stderr":
        yield f"wrote to stderr: {text.strip()[:200]!r}"
    elif kind == PICTURE:
        try:
            decode_png(text)
        except ValueError as error:
            yield f"has a figure that is {error}"
    else:
        if match := ABSOLUTE_PATH.search(text):
            yield f"shows a path of one machine: {match.group()!r}"
        if match := MEMORY_ADDRESS.search(text):
            yield f"shows a memory address: {match.group()!r}"
        if match := FAILED_LINE.search(text):
            yield f"stores a claim that failed: {match.group()!r}"


def decode_png(text: str) -> None:
    """Raise ``ValueError`` unless ``text`` is the base64 of a PNG with something drawn on it."""
    try:
        raw = base64.b64decode("".join(text.split()), validate=True)
    except (binascii.Error, ValueError) as error:
        raise ValueError(f"not base64 ({error})") from None
    try:
        with Image.open(io.BytesIO(raw)) as image:
            image.load()
            kind, (width, height) = image.format, image.size
            flat = image.convert("RGBA").getcolors(maxcolors=1) is not None
    except (UnidentifiedImageError, OSError, SyntaxError) as error:
        raise ValueError(f"not a readable image ({type(error).__name__})") from None
    if kind != "PNG":
        raise ValueError(f"a {kind}, not a PNG")
    if width < 50 or height < 50:
        raise ValueError(f"only {width} x {height} pixels")
    if flat:
        raise ValueError("one flat colour")


def draws(cell: NotebookNode) -> bool:
    """Whether the cell ends with ``plt.show()``."""
    lines = [line for line in cell.source.splitlines() if line.strip()]
    return bool(lines) and lines[-1].strip() == "plt.show()"


def printed_claims(stored: NotebookNode) -> list[tuple[str, int | None]]:
    """Return the sentences that the chapter's claims printed, each with its number of seeds."""
    return [
        (match["sentence"], int(match["seeds"]) if match["seeds"] else None)
        for _, cell in code_cells(stored)
        for match in CLAIM_LINE.finditer(_printed(cell))
    ]


def _printed(cell: NotebookNode) -> str:
    parts = (part for output in cell.get("outputs", []) for part in output_texts(output))
    return "\n".join(text for kind, text in parts if kind == "stdout")


# --- The rules of a chapter ----------------------------------------------------------------------


def rule_problems(notebook: NotebookNode) -> list[str]:
    """List where a chapter breaks the rules that CONTRIBUTING.md explains."""
    cells = list(code_cells(notebook))
    trees: dict[int, ast.Module] = {}
    found = []
    for position, cell in cells:
        try:
            trees[position] = ast.parse(cell.source)
        except SyntaxError as error:
            found.append(f"cell {position} is not plain Python (no % and no !): {error.msg}")
    found += _width_problems(cells)
    found += _tag_problems(cells)
    found += _figure_problems(cells, trees)
    found += _claim_problems(notebook, trees)
    found += _exercise_problems(cells)
    found += _seed_problems(trees, {position for position, cell in cells if is_study(cell)})
    return found


def _width_problems(cells: list[tuple[int, NotebookNode]]) -> Iterator[str]:
    for position, cell in cells:
        shown = cell.source
        if "show_source(" in cell.source:
            for output in cell.get("outputs", []):
                shown += "\n" + dict(output_texts(output)).get("text/plain", "")
        for line in shown.splitlines():
            if len(line) > CODE_WIDTH:
                yield f"cell {position} shows a line of {len(line)} columns: {line.strip()[:60]!r}"


def _tag_problems(cells: list[tuple[int, NotebookNode]]) -> list[str]:
    found = []
    for position, cell in cells:
        for tag in tags(cell):
            if tag not in ALLOWED_TAGS:
                found.append(f"cell {position} has the tag {tag!r}, which chapters do not use")
        hidden = bool(cell.metadata.get("jupyter", {}).get("source_hidden"))
        if ("hide-cell" in tags(cell)) != hidden:
            found.append(f"cell {position}: hide-cell and jupyter.source_hidden go together")
    ignored = [
        index for index, (_, cell) in enumerate(cells) if "nbval-ignore-output" in tags(cell)
    ]
    if len(ignored) > IGNORED_CELLS:
        found.append(f"{len(ignored)} cells are not compared, at most {IGNORED_CELLS} may be")
    for index in ignored:
        after = cells[index + 1][1].source if index + 1 < len(cells) else ""
        if not re.search(r"^claim\(", after, re.MULTILINE):
            found.append(f"cell {cells[index][0]} is not compared, and no claim follows it")
    return found


def _figure_problems(
    cells: list[tuple[int, NotebookNode]], trees: dict[int, ast.Module]
) -> list[str]:
    found = []
    seen: dict[str, int] = {}
    for position, cell in cells:
        if position in trees and _plots(trees[position]) and not draws(cell):
            found.append(f"cell {position} plots but does not end with plt.show()")
        if not draws(cell):
            continue
        alt = cell.metadata.get("mystnb", {}).get("image", {}).get("alt", "")
        if len(alt) < ALT_TEXT:
            found.append(f"cell {position}: the figure's alt text has {len(alt)} characters")
        elif alt in seen:
            found.append(f"cell {position} has the alt text of cell {seen[alt]}")
        seen[alt] = position
    return found


def _claim_problems(notebook: NotebookNode, trees: dict[int, ast.Module]) -> list[str]:
    found = []
    printed = printed_claims(notebook)
    sentences = [sentence for sentence, _ in printed]
    if len(sentences) < CLAIMS_REQUIRED:
        found.append(f"the chapter makes {len(sentences)} claims, {CLAIMS_REQUIRED} are required")
    for sentence in sorted({s for s in sentences if sentences.count(s) > 1}):
        found.append(f"the claim {sentence!r} is made twice")
    for sentence, seeds in printed:
        if seeds is not None and seeds < SEEDS_REQUIRED:
            found.append(f"the claim {sentence!r} has {seeds} seeds, not {SEEDS_REQUIRED}")
    compared = _names_of_comparisons(trees)
    for position, tree in trees.items():
        claims = [call for call in _calls(tree) if _called(call) == "claim"]
        chance = any(_called(call) in {"train", "sample"} for call in _calls(tree))
        for call in claims:
            given = {keyword.arg: keyword.value for keyword in call.keywords}
            bound = given.get("below") or given.get("above")
            condition = call.args[1] if len(call.args) > 1 else given.get("value")
            if condition is None:
                found.append(f"cell {position}: a claim has no value")
            elif bound is None and _orders(condition, compared):
                found.append(
                    f"cell {position}: {ast.unparse(call.args[0])} compares with < or >;"
                    " say below= or above=, so that the room is kept"
                )
            elif bound is not None and chance and "seeds" not in given:
                size = constant(bound)
                if size is None or abs(size) >= ROUNDING:
                    found.append(
                        f"cell {position}: {ast.unparse(call.args[0])} is about an outcome of"
                        " chance and names no seeds"
                    )
    return found


def _exercise_problems(cells: list[tuple[int, NotebookNode]]) -> list[str]:
    found = []
    history: dict[int, list[tuple[int, str]]] = {}
    for index, (_, cell) in enumerate(cells):
        for match in EXERCISE_LINE.finditer(_printed(cell)):
            history.setdefault(int(match["number"]), []).append((index, match["mark"]))
    if len(history) < EXERCISES_REQUIRED:
        found.append(f"the chapter has {len(history)} exercises, {EXERCISES_REQUIRED} are required")
    for number, marks in sorted(history.items()):
        if [mark for _, mark in marks] != ["☐", "★"]:
            found.append(f"exercise {number} is not first unsolved, then solved")
            continue
        (stub, _), (solved, _) = marks
        between = [cell for _, cell in cells[stub + 1 : solved + 1]]
        if not any("hide-cell" in tags(cell) for cell in between):
            found.append(f"exercise {number} has no folded solution (tag hide-cell)")
    return found


def is_study(cell: NotebookNode) -> bool:
    """Whether the cell defines a study whose result is stored: its seeds are numbers."""
    return "experiment" in tags(cell)


def _seed_problems(trees: dict[int, ast.Module], studies: set[int]) -> list[str]:
    """List calls whose randomness does not come from ``SEED``, the chapter's one source of it."""
    found = []
    known = {"SEED"}
    started = False  # SEED = start() has been seen
    seeded = False  # torch.manual_seed(SEED ...) has been seen
    for position, tree in trees.items():
        started = started or "SEED = start()" in ast.unparse(tree)
        known = _names_from_seed(tree, known)
        parameters = {node.arg for node in ast.walk(tree) if isinstance(node, ast.arg)}
        derived = known | (parameters & {"seed"})
        found += [f"cell {position}: {text} leaves its block" for text in _far_offsets(tree)]
        for call in _calls(tree) if position not in studies else ():
            name = _called(call)
            given = {keyword.arg: keyword.value for keyword in call.keywords}
            where = f"cell {position}: {ast.unparse(call)[:70]}"
            if "seed" in given and not _mentions(given["seed"], derived):
                found.append(f"{where} has a seed that does not come from SEED")
            if name in {"manual_seed", "default_rng", "RandomState"}:
                if not call.args or not _mentions(call.args[0], derived):
                    found.append(f"{where} has a seed that does not come from SEED")
                seeded = seeded or ast.unparse(call.func) == "torch.manual_seed"
            if name in {"train", "sample"} and not given.keys() & {"seed", "generator", None}:
                found.append(f"{where} names no seed")
            drawn = ast.unparse(call.func) in {f"torch.{draw}" for draw in GLOBAL_DRAWS}
            if drawn and "generator" not in given and not seeded:
                found.append(f"{where} draws from a generator that nobody seeded")
    if not started:
        found.append("no cell says SEED = start()")
    return found


# --- Reading code --------------------------------------------------------------------------------


def constant(node: ast.AST) -> float | None:
    """Return the number that an expression stands for, such as 0.02 or 2 * log(4), or None."""
    if isinstance(node, ast.Constant) and isinstance(node.value, int | float):
        return float(node.value)
    if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub):
        inner = constant(node.operand)
        return None if inner is None else -inner
    if isinstance(node, ast.Call) and len(node.args) == 1 and _called(node) in {"log", "sqrt"}:
        inner = constant(node.args[0])
        return None if inner is None else getattr(math, _called(node))(inner)
    if isinstance(node, ast.BinOp):
        left, right = constant(node.left), constant(node.right)
        if left is not None and right is not None:
            match node.op:
                case ast.Add():
                    return left + right
                case ast.Sub():
                    return left - right
                case ast.Mult():
                    return left * right
                case ast.Div():
                    return left / right
                case ast.Pow():
                    return float(left**right)
    return None


def claim_calls(notebook: NotebookNode) -> list[ast.Call]:
    """Return every call of ``claim`` in the chapter."""
    return [
        call
        for _, cell in code_cells(notebook)
        for call in _calls(ast.parse(cell.source))
        if _called(call) == "claim"
    ]


def sentence_pattern(call: ast.Call) -> re.Pattern[str] | None:
    """Return a pattern that the sentence of this claim matches, or None if the code hides it."""
    given = {keyword.arg: keyword.value for keyword in call.keywords}
    node = call.args[0] if call.args else given.get("sentence")
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        return re.compile(re.escape(node.value))
    if isinstance(node, ast.JoinedStr):
        parts = [
            re.escape(str(part.value)) if isinstance(part, ast.Constant) else ".+"
            for part in node.values
        ]
        return re.compile("".join(parts))
    return None


def _calls(tree: ast.AST) -> list[ast.Call]:
    return [node for node in ast.walk(tree) if isinstance(node, ast.Call)]


def _called(call: ast.Call) -> str:
    match call.func:
        case ast.Name(id=name) | ast.Attribute(attr=name):
            return name
    return ""


def _top_level(tree: ast.Module) -> Iterator[ast.AST]:
    """Yield what the cell itself does, not what the functions do that it defines."""
    waiting: list[ast.AST] = list(tree.body)
    while waiting:
        node = waiting.pop()
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef | ast.Lambda):
            continue
        yield node
        waiting.extend(ast.iter_child_nodes(node))


def _plots(tree: ast.Module) -> bool:
    for node in _top_level(tree):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
            owner = ast.unparse(node.func.value)
            if owner == "plotting" or (owner == "plt" and node.func.attr != "show"):
                return True
    return False


def _prints(cell: NotebookNode) -> bool:
    try:
        tree = ast.parse(cell.source)
    except SyntaxError:
        return False
    calls = (node for node in _top_level(tree) if isinstance(node, ast.Call))
    return any(isinstance(call.func, ast.Name) and call.func.id in PRINTERS for call in calls)


def _mentions(node: ast.AST, names: set[str]) -> bool:
    return any(isinstance(part, ast.Name) and part.id in names for part in ast.walk(node))


def _names_from_seed(tree: ast.Module, known: set[str]) -> set[str]:
    """Return the names that carry SEED after this cell: those known, and what is made of them."""
    names = set(known)
    for _ in range(3):  # a name from a name from a name
        for node in ast.walk(tree):
            source: ast.AST | None = None
            target: ast.AST | None = None
            if isinstance(node, ast.For | ast.comprehension):
                source, target = node.iter, node.target
            elif isinstance(node, ast.Assign):
                source, target = node.value, node.targets[0]
            if source is not None and target is not None and _mentions(source, names):
                names |= {part.id for part in ast.walk(target) if isinstance(part, ast.Name)}
    return names


def _far_offsets(tree: ast.Module) -> Iterator[str]:
    """Yield expressions such as SEED + 100, whose seeds another block could share."""
    for node in ast.walk(tree):
        if isinstance(node, ast.BinOp) and isinstance(node.left, ast.Name):
            offset = constant(node.right)
            plain = isinstance(node.op, ast.Add) and (offset is None or 0 <= offset < OFFSETS)
            if node.left.id == "SEED" and not plain:
                yield ast.unparse(node)


def _orders(node: ast.AST, compared: set[str]) -> bool:
    """Whether a condition orders numbers with < or >, by itself or through a name that does."""
    ordering = (ast.Lt, ast.LtE, ast.Gt, ast.GtE)
    for part in ast.walk(node):
        if isinstance(part, ast.Compare) and any(isinstance(op, ordering) for op in part.ops):
            return True
    plain = node
    while isinstance(plain, ast.Call):  # ok, ok.all(), bool(ok), all(ok)
        inner: Any = plain.func.value if isinstance(plain.func, ast.Attribute) else None
        plain = inner or (plain.args[0] if plain.args else ast.Constant(None))
    return isinstance(plain, ast.Name) and plain.id in compared


def _names_of_comparisons(trees: dict[int, ast.Module]) -> set[str]:
    return {
        name.id
        for tree in trees.values()
        for node in ast.walk(tree)
        if isinstance(node, ast.Assign) and isinstance(node.value, ast.Compare | ast.BoolOp)
        if _orders(node.value, set())
        for name in node.targets
        if isinstance(name, ast.Name)
    }
