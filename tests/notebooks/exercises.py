"""Try answers on the check of an exercise, without running the whole chapter that it stands in.

Answers to chapter NN are in ``answers/NN_name.py``, in cells that say what they are::

    # %% 2 wrong: the two shares exchanged
    # %% 2 right: through the odds

A cell is what a reader would type in place of the stub. A check counts as tested when the stub and
two wrong answers fail it, and the folded solution and one other right answer pass.
"""

from __future__ import annotations

import ast
import contextlib
import io
import re
import symtable
from pathlib import Path
from typing import Any

from nbformat import NotebookNode

from parts.chapters import NOTEBOOKS, code_cells

HEADING = re.compile(r"^# %% (\d+|[A-Z]) (right|wrong): (.+)\n", re.MULTILINE)
TALK = {"claim", "exercise", "print", "show_source", "table"}  # what a check cannot depend on
READING = {"items", "logits", "mean", "parameters", "quantile", "sample"}  # change nothing

Answer = tuple[str, str, str]  # "right" or "wrong", what it is, its code


def read_answers(path: Path) -> dict[str, list[Answer]]:
    """Return the answers to each exercise of a chapter."""
    _, *parts = HEADING.split(path.read_text(encoding="utf-8"))
    answers: dict[str, list[Answer]] = {}
    for label, kind, words, code in zip(*[iter(parts)] * 4, strict=True):
        answers.setdefault(label, []).append((kind, words, code))
    return answers


def misjudged(chapter: NotebookNode, label: str, answers: list[Answer]) -> list[str]:
    """Return what the check of an exercise judges wrongly: nothing, if it counts as tested."""
    kinds = [kind for kind, _, _ in answers]
    if kinds.count("wrong") < 2 or kinds.count("right") < 1:
        return [f"two wrong answers and a right one are needed, there are {kinds}"]
    earlier, stub, verdict, solution = _parts(chapter, label)
    tried = [("wrong", "the stub", ""), ("right", "the solution", solution), *answers]
    code = "\n".join([stub, verdict, *(answer for _, _, answer in tried)])
    space: dict[str, Any] = {"__name__": "__main__"}
    found = []
    with contextlib.chdir(NOTEBOOKS):
        _run("\n".join([*needed(earlier, code), stub]), space)
        before = dict(space)
        for kind, words, answer in tried:
            line = _run(f"{answer}\n{verdict}", space)[-1]
            if not line.startswith("★" if kind == "right" else "☐"):
                found.append(f"{words}, a {kind} answer: {line}")
            space.clear()  # the same dictionary, in which the check looks up its names
            space.update(before)
    return found


def needed(earlier: list[str], code: str) -> list[str]:
    """Return those statements of earlier cells that ``code`` depends on, in their order.

    A statement is needed if it gives, or may change, a name that is used. All that give a name are
    kept, since a function looks its names up when it is called.
    """
    nodes = [node for cell in earlier for node in ast.parse(cell).body]
    used, given = [], []
    modules = {
        (alias.asname or alias.name).partition(".")[0]
        for node in nodes
        if isinstance(node, ast.Import | ast.ImportFrom)
        for alias in node.names
    }
    for node in nodes:
        used.append(_needs(node))
        given.append(_names(ast.unparse(node))[1] | (_changed(node) - modules))
    wanted, chosen = _names(code)[0], set[int]()
    while fresh := {i for i, names in enumerate(given) if names & wanted} - chosen:
        chosen |= fresh
        wanted = wanted.union(*(used[i] for i in fresh))
    return [ast.unparse(nodes[i]) for i in sorted(chosen)]


def _run(code: str, space: dict[str, Any]) -> list[str]:
    """Execute code and return the lines that it prints."""
    printed = io.StringIO()
    with contextlib.redirect_stdout(printed):
        exec(code, space)
    return printed.getvalue().splitlines()


def _parts(chapter: NotebookNode, label: str) -> tuple[list[str], str, str, str]:
    """Return the cells before an exercise, its stub and check, the call of it, its solution."""
    cells = [cell.source for _, cell in code_cells(chapter)]
    call = re.compile(rf'^exercise\("?{label}"?, .*\)$', re.MULTILINE)
    first, second = [i for i, cell in enumerate(cells) if call.search(cell)]
    (verdict,) = call.findall(cells[first])
    return cells[:first], call.sub("", cells[first]), verdict, call.split(cells[second])[0]


def _names(code: str) -> tuple[set[str], set[str]]:
    """Return the global names that code uses, inside its functions too, and those it binds."""
    tables = [symtable.symtable(code, "cell", "exec")]
    used = {s.get_name() for s in tables[0].get_symbols() if s.is_referenced()}
    bound = {s.get_name() for s in tables[0].get_symbols() if s.is_assigned() or s.is_imported()}
    for table in tables:  # which grows
        used |= {s.get_name() for s in table.get_symbols() if s.is_global() and s.is_referenced()}
        tables += table.get_children()
    return used, bound


def _needs(node: ast.stmt) -> set[str]:
    """Return the names that a statement takes from others, not those that it gave itself before."""
    match node:
        case ast.For(target=target, iter=source, body=body):
            first: ast.stmt = ast.fix_missing_locations(ast.Assign([target], source))
        case ast.With(items=items, body=body):
            first = ast.fix_missing_locations(ast.With(items, [ast.Pass()]))
        case ast.Try(body=[first, *body], handlers=handlers):
            body = [*body, *(inner for handler in handlers for inner in handler.body)]
        case _:
            return _names(ast.unparse(node))[0]
    needs, own = _names(ast.unparse(first))
    for inner in body:
        needs |= _needs(inner) - own
        own |= _names(ast.unparse(inner))[1]
    return needs


def _changed(node: ast.stmt) -> set[str]:
    """Return the names whose things a statement may change: x[0] = 1, x.append(1), fill(x)."""
    if isinstance(node, ast.FunctionDef | ast.ClassDef):
        return set()
    if isinstance(node, ast.Expr) and isinstance(node.value, ast.Call):
        if isinstance(node.value.func, ast.Name) and node.value.func.id in TALK:
            return set()
    things: list[ast.expr] = []
    for part in ast.walk(node):
        if isinstance(part, ast.Subscript | ast.Attribute) and isinstance(part.ctx, ast.Store):
            things.append(part)
        if isinstance(part, ast.Call) and not isinstance(node, ast.Assign):
            method = isinstance(part.func, ast.Attribute)
            things += [part.func] if method and part.func.attr not in READING else []
            if not method or _root(part.func) == "nn":  # x.append(y) leaves y alone
                things += part.args
    return {_root(thing) for thing in things}


def _root(thing: ast.expr) -> str:
    """Return the name at the start of an expression such as x[0].grad.add(1), or ""."""
    while isinstance(thing, ast.Subscript | ast.Attribute | ast.Call):
        if isinstance(thing, ast.Call) and not isinstance(thing.func, ast.Attribute):
            return ""  # what a function returns is a thing of its own
        thing = thing.func if isinstance(thing, ast.Call) else thing.value
    return thing.id if isinstance(thing, ast.Name) else ""
