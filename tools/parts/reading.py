"""Read a chapter: what its cells print, and what its code says. Nothing is executed here."""

from __future__ import annotations

import ast
import math
import re
from collections.abc import Iterator
from typing import NamedTuple

from nbformat import NotebookNode

from gan_tutorial.notebook import CLAIM_LINE
from parts.chapters import code_cells, output_texts, tags

EXERCISE_LINE = re.compile(
    r"^(?P<mark>[☐★]) (?:Exercise (?=\d)|Your turn (?=[A-Z]))(?P<label>\w+): (?P<word>.+)$",
    re.MULTILINE,
)
PRINTERS = {"claim", "exercise", "print", "show_source", "table"}


class Printed(NamedTuple):
    """What one claim printed; `measured` and `origin` stand in its bracket, or are empty."""

    sentence: str
    seeds: int | None
    measured: str = ""
    origin: str = ""


def draws(cell: NotebookNode) -> bool:
    """Whether the cell ends with ``plt.show()``."""
    lines = [line for line in cell.source.splitlines() if line.strip()]
    return bool(lines) and lines[-1].strip() == "plt.show()"


def printed_claims(stored: NotebookNode) -> list[Printed]:
    """Return what the chapter's claims printed, in order."""
    return [
        Printed(
            match["sentence"],
            int(match["seeds"]) if match["seeds"] else None,
            match["measured"] or "",
            match["origin"] or "",
        )
        for _, cell in code_cells(stored)
        for match in CLAIM_LINE.finditer(printed(cell))
    ]


def printed(cell: NotebookNode) -> str:
    """Return what the cell wrote to its output, without figures and tables."""
    parts = (part for output in cell.get("outputs", []) for part in output_texts(output))
    return "\n".join(text for kind, text in parts if kind == "stdout")


def is_study(cell: NotebookNode) -> bool:
    """Whether the cell defines a study whose result is stored: its seeds are numbers."""
    return "experiment" in tags(cell)


def constant(node: ast.AST) -> float | None:
    """Return the number that an expression stands for, such as 0.02 or 2 * log(4), or None."""
    if isinstance(node, ast.Constant) and isinstance(node.value, int | float):
        return float(node.value)
    if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub):
        inner = constant(node.operand)
        return None if inner is None else -inner
    if isinstance(node, ast.Call) and len(node.args) == 1 and called(node) in {"log", "sqrt"}:
        inner = constant(node.args[0])
        return None if inner is None else getattr(math, called(node))(inner)
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
        for call in calls(ast.parse(cell.source))
        if called(call) == "claim"
    ]


def bound_of(call: ast.Call) -> float | None:
    """Return the bound of this claim, or None if it has none or the code hides it."""
    given = {keyword.arg: keyword.value for keyword in call.keywords}
    bound = given.get("below", given.get("above"))
    return None if bound is None else constant(bound)


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


def calls(tree: ast.AST) -> list[ast.Call]:
    """Return every call in a piece of code."""
    return [node for node in ast.walk(tree) if isinstance(node, ast.Call)]


def called(call: ast.Call) -> str:
    """Return the name that is called: of a function, or of a method."""
    match call.func:
        case ast.Name(id=name) | ast.Attribute(attr=name):
            return name
    return ""


def top_level(tree: ast.Module) -> Iterator[ast.AST]:
    """Yield what the cell itself does, not what the functions do that it defines."""
    waiting: list[ast.AST] = list(tree.body)
    while waiting:
        node = waiting.pop()
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef | ast.Lambda):
            continue
        yield node
        waiting.extend(ast.iter_child_nodes(node))


def plots(tree: ast.Module) -> bool:
    """Whether the cell itself draws into a figure."""
    for node in top_level(tree):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
            owner = ast.unparse(node.func.value)
            if owner == "plotting" or (owner == "plt" and node.func.attr != "show"):
                return True
    return False


def prints(cell: NotebookNode) -> bool:
    """Whether the cell itself calls something that prints."""
    try:
        tree = ast.parse(cell.source)
    except SyntaxError:
        return False
    calls = (node for node in top_level(tree) if isinstance(node, ast.Call))
    return any(isinstance(call.func, ast.Name) and call.func.id in PRINTERS for call in calls)


def mentions(node: ast.AST, names: set[str]) -> bool:
    """Whether an expression holds one of these names."""
    return any(isinstance(part, ast.Name) and part.id in names for part in ast.walk(node))
