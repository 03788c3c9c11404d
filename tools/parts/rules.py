"""The rules that every chapter keeps, a function for each group; CONTRIBUTING.md says why."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from typing import Any

from nbformat import NotebookNode

from gan_tutorial.notebook import misnames_bound
from parts.chapters import code_cells, output_texts, tags
from parts.reading import (
    EXERCISE_LINE,
    bound_of,
    called,
    calls,
    constant,
    draws,
    is_study,
    mentions,
    plots,
    printed,
    printed_claims,
    sentence_pattern,
)

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
PICTURES, FEWER_SEEDS = 13, 8  # the first chapter with pictures, whose runs take longer
CODE_WIDTH = 88  # columns: a longer line scrolls sideways on the page
ALT_TEXT = 40  # characters: shorter words cannot say what a figure shows
OFFSETS = 100  # SEED + 0 ... SEED + 99 belong to a chapter
ROUNDING = 1e-4  # bounds below this are about floating point, not about chance
GLOBAL_DRAWS = {"rand", "randn", "randint", "randperm", "normal", "bernoulli", "multinomial"}


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
    found += _exercise_problems(cells, notebook)
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
        if position in trees and plots(trees[position]) and not draws(cell):
            found.append(f"cell {position} plots but does not end with plt.show()")
        if not draws(cell):
            continue
        image = cell.metadata.get("mystnb", {}).get("image", {})
        tree = trees.get(position)
        pictures = tree and any(called(call) == "images" for call in calls(tree))
        if bool(pictures) != (image.get("classes") == "pictures"):
            found.append(f"cell {position}: what plotting.images draws has classes: pictures")
        alt = image.get("alt", "")
        if len(alt) < ALT_TEXT:
            found.append(f"cell {position}: the figure's alt text has {len(alt)} characters")
        elif alt in seen:
            found.append(f"cell {position} has the alt text of cell {seen[alt]}")
        seen[alt] = position
    return found


def _number(notebook: NotebookNode) -> int:
    """Return the number in a chapter's title, or 0."""
    title = re.match(r"# (\d+)\. ", notebook.cells[0].source)
    return int(title[1]) if title else 0


def _claim_problems(notebook: NotebookNode, trees: dict[int, ast.Module]) -> list[str]:
    found = []
    printed = printed_claims(notebook)
    sentences = [claim.sentence for claim in printed]
    if len(sentences) < CLAIMS_REQUIRED:
        found.append(f"the chapter makes {len(sentences)} claims, {CLAIMS_REQUIRED} are required")
    for sentence in sorted({s for s in sentences if sentences.count(s) > 1}):
        found.append(f"the claim {sentence!r} is made twice")
    required = FEWER_SEEDS if _number(notebook) >= PICTURES else SEEDS_REQUIRED
    for sentence, seeds, *_ in printed:
        if seeds is not None and seeds < required:
            found.append(f"the claim {sentence!r} has {seeds} seeds, not {required}")
    compared = _names_of_comparisons(trees)
    for position, tree in trees.items():
        claims = [call for call in calls(tree) if called(call) == "claim"]
        chance = any(called(call) in {"train", "sample"} for call in calls(tree))
        for call in claims:
            found += _bound_problems(call, sentences)
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


def _bound_problems(call: ast.Call, sentences: list[str]) -> Iterator[str]:
    """Yield what a claim prints if its sentence names another bound than the code."""
    pattern, bound = sentence_pattern(call), bound_of(call)
    if pattern is not None and bound is not None:
        for sentence in filter(pattern.fullmatch, sentences):
            if misnames_bound(sentence, bound):
                yield f"the sentence names another bound than {bound:g}: {sentence!r}"


def _exercise_problems(cells: list[tuple[int, NotebookNode]], notebook: NotebookNode) -> list[str]:
    found = []
    history: dict[str, list[tuple[int, str]]] = {}
    for index, (_, cell) in enumerate(cells):
        for match in EXERCISE_LINE.finditer(printed(cell)):
            history.setdefault(match["label"], []).append((index, match["mark"]))
    # The first evening, which comes before chapter 1, has blanks in place of exercises.
    evening = notebook.cells[0].source.startswith("# 0. ")
    counted = [label for label in history if label.isdigit() or evening]
    if len(counted) < EXERCISES_REQUIRED:
        found.append(f"the chapter has {len(counted)} exercises, {EXERCISES_REQUIRED} are required")
    for number, marks in sorted(history.items()):
        if [mark for _, mark in marks] != ["☐", "★"]:
            found.append(f"exercise {number} is not first unsolved, then solved")
            continue
        (stub, _), (solved, _) = marks
        between = [cell for _, cell in cells[stub + 1 : solved + 1]]
        if not any("hide-cell" in tags(cell) for cell in between):
            found.append(f"exercise {number} has no folded solution (tag hide-cell)")
    return found


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
        for call in calls(tree) if position not in studies else ():
            name = called(call)
            given = {keyword.arg: keyword.value for keyword in call.keywords}
            where = f"cell {position}: {ast.unparse(call)[:70]}"
            if "seed" in given and not mentions(given["seed"], derived):
                found.append(f"{where} has a seed that does not come from SEED")
            if name in {"manual_seed", "default_rng", "RandomState"}:
                if not call.args or not mentions(call.args[0], derived):
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
            if source is not None and target is not None and mentions(source, names):
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
