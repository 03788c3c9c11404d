"""Find where the value of each claim comes from, by reading a chapter's code: nothing is executed.

Four things can be said of a value. It is *exact*: no chance decides it. It was measured over so
many *seeds*, which `make records` repeats on fresh ones. It was read from a *stored study* or made
with a *stored model*, which `make experiments` repeats. Or it is a time, and so a *bound on a
machine*. Where fresh seeds are measured with a stored model, both are said.

The code is followed statement by statement: a name carries the marks of what it was made from,
until it is made anew; a function carries those of the names that it uses; what a call returns
carries those of its arguments.
"""

from __future__ import annotations

import ast
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

from nbformat import NotebookNode

from parts.chapters import code_cells
from parts.reading import called, calls, sentence_pattern

CLOCK = "clock"
CLOCKS = {"perf_counter", "process_time", "monotonic", "perf_counter_ns", "process_time_ns"}
SEED = "SEED"
FILLING = {"append", "add", "extend", "insert", "setdefault", "update"}

WORDS = {"machine": "bound on a machine", "seeds": "{seeds} seeds", "exact": "exact"}

Marks = frozenset[str]
NONE: Marks = frozenset()


@dataclass
class Origin:
    """Where the value of the claims with one pattern of a sentence comes from."""

    pattern: str
    seeds: bool  # whether the claim names seeds
    marks: Marks  # the files, SEED and the clock that the value was made from

    @property
    def files(self) -> list[str]:
        """The stored results in the value, such as results/08_ring.csv."""
        return sorted(self.marks - {CLOCK, SEED})

    @property
    def kind(self) -> str:
        """One of machine, stored, seeds and exact."""
        if CLOCK in self.marks:
            return "machine"
        if self.studies or (self.models and not (self.seeds and SEED in self.marks)):
            return "stored"
        return "seeds" if self.seeds else "exact"

    @property
    def models(self) -> list[str]:
        """The stored models among the files."""
        return [file for file in self.files if is_model(file)]

    @property
    def studies(self) -> list[str]:
        """The stored studies among the files."""
        return [file for file in self.files if not is_model(file)]

    @property
    def repeated(self) -> list[str]:
        """The files whose blocks say how often the claim holds: a model beside them only serves."""
        return [] if self.kind == "seeds" else self.studies or self.models

    def tag(self, folder: Path) -> str:
        """Return the words that the claim prints; it puts its number of seeds in their place."""
        models = _listed("model", self.models)
        if self.kind == "seeds" and models:
            return f"{WORDS['seeds']} and {models}"
        if self.kind != "stored":
            return WORDS[self.kind]
        words = [models] if models else []
        if self.studies:
            texts = [(folder / file).read_text(encoding="utf-8") for file in self.studies]
            seeds = " or ".join(map(str, sorted({seeds_of(text) for text in texts})))
            words = [f"{_listed('study', self.studies)}, {seeds} seeds", *words]
        return " and ".join(words + ["fresh draws"] * (SEED in self.marks))


def is_model(file: str) -> bool:
    """Whether a stored result is a model, and not a study."""
    return file.endswith(".safetensors")


def _listed(kind: str, files: list[str]) -> str:
    """Return such as: stored studies 08_line and 08_ring."""
    plural = {"study": "studies", "model": "models"}[kind] if len(files) > 1 else kind
    return f"stored {plural} {' and '.join(Path(file).stem for file in files)}" if files else ""


def seeds_of(text: str) -> int:
    """Return over how many seeds a stored study went, as its provenance says."""
    (line,) = [line for line in text.splitlines() if line.startswith("# seeds: ")]
    return int(line.removeprefix("# seeds: ").split(",")[0])


def origins(notebook: NotebookNode) -> list[Origin]:
    """Return the origin of every claim of a chapter, those with a fixed sentence first."""
    reader = _Reader()
    for _, cell in code_cells(notebook):
        reader.run(ast.parse(cell.source).body)
    return sorted(reader.found.values(), key=lambda origin: origin.pattern.count(".+"))


@dataclass
class _Reader:
    """What is known at one point of a chapter: name -> its marks, name -> its function."""

    marks: dict[str, Marks] = field(default_factory=dict)
    functions: dict[str, ast.FunctionDef] = field(default_factory=dict)
    found: dict[ast.Call, Origin] = field(default_factory=dict)

    def run(self, body: Iterable[ast.stmt]) -> None:
        for statement in body:
            self.step(statement)

    def step(self, node: ast.stmt) -> None:
        for inside in ast.walk(getattr(node, "test", node)):
            if isinstance(inside, ast.NamedExpr):
                self.assign(inside.target, self.of(inside.value))
        match node:
            case ast.FunctionDef(name=name):
                self.marks.pop(name, None)
                self.functions[name] = node
                return
            case ast.ClassDef(name=name):
                self.assign(ast.Name(name), self.of(ast.Module(node.body, [])))
                return
            case ast.For(target=target, iter=source, body=body, orelse=rest):
                for _ in range(2):  # what one round leaves behind, the next may use
                    before = dict(self.marks)
                    self.assign(target, self.of(source))
                    self.run([*body, *rest])
                    self.join(before)
                return
            case ast.While(body=body, orelse=rest) | ast.If(body=body, orelse=rest):
                for part in (body, rest, body):
                    before = dict(self.marks)
                    self.run(part)
                    self.join(before)
                return
            case ast.With(items=items, body=body):
                for item in items:
                    if item.optional_vars is not None:
                        self.assign(item.optional_vars, self.of(item.context_expr))
                self.run(body)
                return
            case ast.Try(body=body, handlers=handlers, orelse=rest, finalbody=last):
                self.run([*body, *rest])
                for handler in handlers:
                    before = dict(self.marks)
                    self.run(handler.body)
                    self.join(before)
                self.run(last)
                return
        for call in calls(node):
            self.look(call)
        match node:
            case ast.Assign(targets=targets, value=value):
                for target in targets:
                    self.assign(target, self.of(value), value)
            case ast.AugAssign(target=target, value=value):
                self.assign(target, self.of(value) | self.of(target))
            case ast.AnnAssign(target=target, value=ast.expr() as value):
                self.assign(target, self.of(value), value)

    def look(self, call: ast.Call) -> None:
        """Note a claim; fill a container; follow a function of the chapter that makes claims."""
        given = {keyword.arg: keyword.value for keyword in call.keywords}
        inner = self.functions.get(called(call))
        pattern = sentence_pattern(call) if called(call) == "claim" else None
        if pattern is not None:
            value = call.args[1] if len(call.args) > 1 else given.get("value", call)
            before = self.found.get(call)
            marks = self.of(value) | (before.marks if before else NONE)
            self.found[call] = Origin(pattern.pattern, "seeds" in given, marks)
        elif isinstance(call.func, ast.Attribute) and call.func.attr in FILLING:
            root = _root(call.func.value)
            if root:
                filled = [self.of(part) for part in (*call.args, *given.values())]
                self.marks[root] = self.marks.get(root, NONE).union(*filled)
        elif inner is not None and any(called(each) == "claim" for each in calls(inner)):
            outside = dict(self.marks)
            self.assign_all(inner.args, call)
            self.run(inner.body)
            self.marks = outside

    def assign_all(self, parameters: ast.arguments, call: ast.Call) -> None:
        names = [each.arg for each in (*parameters.posonlyargs, *parameters.args)]
        given = dict(zip(names, call.args, strict=False))
        given |= {keyword.arg: keyword.value for keyword in call.keywords if keyword.arg}
        for name, value in given.items():
            self.assign(ast.Name(name), self.of(value), value)

    def assign(self, target: ast.expr, marks: Marks, value: ast.expr | None = None) -> None:
        match target, value:
            case (ast.Name(id=name), _):
                self.functions.pop(name, None)
                self.marks = {n: m for n, m in self.marks.items() if not n.startswith(f"{name}[")}
                self.marks[name] = marks
                if isinstance(value, ast.Dict):
                    for key, part in zip(value.keys, value.values, strict=True):
                        if isinstance(key, ast.Constant):
                            self.marks[f"{name}[{key.value!r}]"] = self.of(part)
            case (ast.Tuple(elts=left), ast.Tuple(elts=right)) if len(left) == len(right):
                together = [self.of(part) for part in right]  # a, b = b, a
                for part, each in zip(left, together, strict=True):
                    self.assign(part, each)
            case (ast.Tuple(elts=left) | ast.List(elts=left), _):
                for part in left:
                    self.assign(part, marks)
            case _:  # x[i] = ..., x.name = ..., *rest
                if root := _root(target):
                    self.marks[root] = self.marks.get(root, NONE) | marks

    def join(self, before: dict[str, Marks]) -> None:
        """Keep what held before a part that may not run beside what holds after it."""
        for name, marks in before.items():
            self.marks[name] = self.marks.get(name, NONE) | marks

    def of(self, node: ast.AST, own: frozenset[str] = frozenset()) -> Marks:
        """Return the marks of an expression; `own` are names that it, or a function, binds."""
        own |= _bound(node)
        marks: set[str] = set()
        waiting = [node]
        while waiting:
            part = waiting.pop()
            waiting += ast.iter_child_nodes(part)
            match part:
                case ast.Subscript(value=ast.Name(id=name), slice=ast.Constant(value=key)):
                    if (
                        entry := self.marks.get(f"{name}[{key!r}]")
                    ) is not None and name not in own:
                        marks |= entry
                        waiting = [each for each in waiting if each is not part.value]
                case ast.Name(id=name) if name not in own:
                    marks |= self.marks.get(name, NONE)
                    if name in self.functions:
                        inner = self.functions.pop(name)  # it may call itself
                        marks |= self.of(inner, own)
                        self.functions[name] = inner
                case ast.Call(
                    func=ast.Attribute(attr="stored"), args=[ast.Constant(value=str(file))]
                ):
                    marks.add(file)
                case ast.Call(func=ast.Name(id="start")):
                    marks.add(SEED)
                case ast.Call() if called(part) in CLOCKS or ast.unparse(part.func) == "time.time":
                    marks.add(CLOCK)
        return frozenset(marks)


def _bound(node: ast.AST) -> frozenset[str]:
    """Return the names that belong to the expression or function itself."""
    inside = [
        each
        for each in ast.walk(node)
        if isinstance(each, ast.FunctionDef | ast.Lambda | ast.comprehension)
    ]
    names = {part.arg for each in inside for part in ast.walk(each) if isinstance(part, ast.arg)}
    for each in inside:
        stores = each.target if isinstance(each, ast.comprehension) else each
        names |= {
            part.id
            for part in ast.walk(stores)
            if isinstance(part, ast.Name) and isinstance(part.ctx, ast.Store)
        }
    return frozenset(names)


def _root(node: ast.expr) -> str:
    """Return the name that an expression such as x.parts[0] starts with, or nothing."""
    while isinstance(node, ast.Attribute | ast.Subscript | ast.Starred):
        node = node.value
    return node.id if isinstance(node, ast.Name) else ""
