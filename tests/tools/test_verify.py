"""The checks of a chapter can fail: a sound one passes, and each single fault is named."""

from __future__ import annotations

import ast
import base64
import copy
import io
import math
import re
from collections.abc import Callable

import jupytext
import nbformat
import pytest
from nbformat import NotebookNode
from PIL import Image

from parts.chapters import outputs_digest
from parts.reading import constant
from parts.verify import problems

CLAIMS = "\n".join(
    f'claim("fact {number} is below 2", values, below=2, seeds=16)' for number in range(9)
)
SOUND = f"""\
# A chapter

```{{code-cell}} ipython3
from gan_tutorial.notebook import claim, exercise, start
SEED = start()
```

```{{code-cell}} ipython3
---
mystnb:
  image:
    alt: Two points joined by a line, which is all that a test of the checks needs.
tags: [nbval-ignore-output]
---
values = target.sample(16, seed=SEED + 1)
fig, ax = plt.subplots()
ax.plot(values)
plt.show()
```

```{{code-cell}} ipython3
{CLAIMS}
```
""" + "".join(
    f"""
**Exercise {number}.**

```{{code-cell}} ipython3
exercise({number}, check)
```

```{{code-cell}} ipython3
---
jupyter:
  source_hidden: true
tags: [hide-cell]
---
exercise({number}, check)
```
"""
    for number in (1, 2, 3)
)


def picture() -> str:
    stream = io.BytesIO()
    image = Image.new("RGB", (60, 60), "white")
    image.putpixel((30, 30), (0, 0, 0))
    image.save(stream, format="PNG")
    return base64.b64encode(stream.getvalue()).decode()


def printed(text: str, name: str = "stdout") -> list[NotebookNode]:
    return [nbformat.v4.new_output("stream", name=name, text=text)]


def run_in_mind(notebook: NotebookNode) -> NotebookNode:
    """Give a notebook the outputs that a run of it would leave."""
    asked: set[str] = set()
    count = 0
    for position, cell in enumerate(notebook.cells):
        cell["id"] = f"cell-{position:03d}"
        if cell.cell_type != "code":
            continue
        count += 1
        cell.execution_count = count
        if "plt.show()" in cell.source:
            data = {"image/png": picture(), "text/plain": "<Figure>"}
            cell.outputs = [nbformat.v4.new_output("display_data", data=data)]
        elif cell.source.startswith("claim"):
            lines = [f"✔ fact {number} is below 2 (16 seeds)\n" for number in range(9)]
            cell.outputs = printed("".join(lines))
        elif cell.source.startswith("exercise"):
            number = cell.source[9]
            solved = number in asked
            asked.add(number)
            mark, word = ("★", "solved") if solved else ("☐", "not solved yet")
            cell.outputs = printed(f"{mark} Exercise {number}: {word}\n")
    notebook.metadata["gan_tutorial"] = {"outputs": outputs_digest(notebook)}
    return notebook


@pytest.fixture
def stored() -> NotebookNode:
    return run_in_mind(jupytext.reads(SOUND, fmt="md:myst"))


def found(stored: NotebookNode, *, signed: bool = True) -> list[str]:
    """Return the problems of a chapter, as if a run had just stored it."""
    if signed:
        stored.metadata["gan_tutorial"] = {"outputs": outputs_digest(stored)}
    return problems(copy.deepcopy(stored), stored, 1000)


def code(stored: NotebookNode) -> list[NotebookNode]:
    return [cell for cell in stored.cells if cell.cell_type == "code"]


def test_a_sound_chapter_passes(stored: NotebookNode) -> None:
    assert found(stored, signed=False) == []


def source(index: int, old: str, new: str) -> Callable[[NotebookNode], None]:
    def change(stored: NotebookNode) -> None:
        cell = code(stored)[index]
        assert old in cell.source
        cell.source = cell.source.replace(old, new)

    return change


def output(index: int, text: str, name: str = "stdout") -> Callable[[NotebookNode], None]:
    def change(stored: NotebookNode) -> None:
        code(stored)[index].outputs += printed(text, name)

    return change


def metadata(index: int, **values: object) -> Callable[[NotebookNode], None]:
    def change(stored: NotebookNode) -> None:
        code(stored)[index].metadata.update(nbformat.from_dict(values))

    return change


def show(text: str) -> Callable[[NotebookNode], None]:
    def change(stored: NotebookNode) -> None:
        code(stored)[2].source += "\nshow_source(f)"
        data = {"text/plain": text}
        code(stored)[2].outputs.append(nbformat.v4.new_output("display_data", data=data))

    return change


def unfold(stored: NotebookNode) -> None:
    for cell in code(stored):
        if "hide-cell" in cell.metadata.get("tags", []):
            cell.metadata = nbformat.from_dict({})
            return


def ignore_many(stored: NotebookNode) -> None:
    for cell in code(stored)[2:6]:
        cell.metadata["tags"] = ["nbval-ignore-output"]


FAULTS: dict[str, tuple[Callable[[NotebookNode], None], str]] = {
    "magic": (source(0, "SEED =", "%matplotlib inline\nSEED ="), "not plain Python"),
    "shell": (source(0, "SEED =", "!ls\nSEED ="), "not plain Python"),
    "no seed": (source(0, "SEED = start()", "SEED = 3"), "SEED = start()"),
    "own seed": (source(1, "seed=SEED + 1", "seed=7"), "does not come from SEED"),
    "far seed": (source(1, "SEED + 1", "SEED + 100"), "leaves its block"),
    "seed times": (source(1, "SEED + 1", "SEED * 2"), "leaves its block"),
    "no seed given": (source(1, ", seed=SEED + 1", ""), "names no seed"),
    "global": (source(1, "fig,", "torch.rand(3)\nfig,"), "nobody seeded"),
    "manual seed": (source(1, "fig,", "torch.manual_seed(1)\nfig,"), "does not come from SEED"),
    "no show": (source(1, "plt.show()", "plt.draw()"), "does not end with plt.show()"),
    "ordered": (source(2, "values, below=2", "values < 2"), "say below= or above="),
    "ordered, all": (source(2, "values, below=2", "(values < 2).all()"), "say below= or above="),
    "ordered, named": (
        source(2, "claim(", "fine = values < 2\nclaim('x', fine.all())\nclaim("),
        "say below= or above=",
    ),
    "chance": (
        source(2, "claim(", "claim('x', p.sample(9, seed=SEED), below=2)\nclaim("),
        "names no seeds",
    ),
    "bound": (source(2, "values, below=2", "values, below=3"), "another bound than 3"),
    "few seeds": (output(2, "✔ another (8 seeds)\n"), "has 8 seeds"),
    "twice": (output(2, "✔ fact 1 is below 2 (16 seeds)\n"), "made twice"),
    "few claims": (lambda stored: code(stored)[2].outputs.clear(), "claims, 8 are required"),
    "failed claim": (output(2, "✘ fact 12\n"), "a claim that failed"),
    "tag": (metadata(2, tags=["nbval-skip"]), "chapters do not use"),
    "raises": (metadata(2, tags=["raises-exception"]), "chapters do not use"),
    "half folded": (metadata(2, tags=["hide-cell"]), "go together"),
    "ignored alone": (metadata(0, tags=["nbval-ignore-output"]), "no claim follows"),
    "ignored often": (ignore_many, "at most 3"),
    "no alt text": (metadata(1, mystnb={"image": {"alt": "A figure."}}), "alt text"),
    "pictures": (source(1, "ax.plot(values)", "plotting.images(values, ax)"), "classes: pictures"),
    "no pictures": (
        metadata(1, mystnb={"image": {"alt": "Two points, " * 5, "classes": "pictures"}}),
        "classes: pictures",
    ),
    "no figure": (lambda stored: code(stored)[1].outputs.clear(), "figures, not one"),
    "stderr": (output(2, "UserWarning: beware", "stderr"), "wrote to stderr"),
    "home": (output(2, "see /home/someone/file.py\n"), "a path of one machine"),
    "drive": (output(2, r"see C:\Users\someone" + "\n"), "a path of one machine"),
    "address": (output(2, "<object at 0x7f3a5c1d2e80>\n"), "memory address"),
    "silent": (lambda stored: code(stored)[3].outputs.clear(), "stores no output"),
    "unfolded": (unfold, "no folded solution"),
    "wide code": (source(2, "claim(", "#" * 89 + "\nclaim("), "a line of 89 columns"),
    "wide source": (show("def f():\n" + " " * 81 + "return 9"), "a line of 89 columns"),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_a_fault_is_named(stored: NotebookNode, fault: str) -> None:
    change, words = FAULTS[fault]
    change(stored)
    assert any(words in problem for problem in found(stored)), found(stored)


@pytest.mark.parametrize(("number", "seeds", "few"), [(12, 8, True), (13, 8, False), (13, 7, True)])
def test_chapters_with_pictures_need_eight_seeds(
    stored: NotebookNode, number: int, seeds: int, few: bool
) -> None:
    stored.cells[0].source = stored.cells[0].source.replace("# A", f"# {number}. A")
    output(2, f"✔ another ({seeds} seeds)\n")(stored)
    assert any("seeds, not" in problem for problem in found(stored)) == few


def test_sizes_errors_and_unsigned_changes_are_named(stored: NotebookNode) -> None:
    assert any("500001 bytes" in problem for problem in problems(stored, stored, 500_001))
    error = nbformat.v4.new_output("error", ename="ValueError", evalue="no", traceback=[])
    code(stored)[2].outputs.append(error)
    assert any("stores an error: ValueError" in problem for problem in found(stored))
    code(stored)[2].outputs[0].text += " "
    assert any("not those of one run" in problem for problem in found(stored, signed=False))


def test_an_exercise_solved_from_the_start_is_named(stored: NotebookNode) -> None:
    code(stored)[3].outputs = printed("★ Exercise 1: solved\n")
    assert any("not first unsolved" in problem for problem in found(stored))


def test_blanks_count_as_exercises_before_the_first_chapter_only(stored: NotebookNode) -> None:
    for cell in code(stored)[3:]:
        cell.outputs[0].text = re.sub(r"Exercise \d", turn, cell.outputs[0].text)
    assert any("0 exercises, 3 are required" in problem for problem in found(stored))
    stored.cells[0].source = "# 0. A first evening"
    assert found(stored) == []
    code(stored)[-1].outputs.clear()
    code(stored)[-2].outputs.clear()
    assert any("2 exercises, 3 are required" in problem for problem in found(stored))


def turn(match: re.Match[str]) -> str:
    return f"Your turn {'_ABC'[int(match[0][-1])]}"


def test_what_is_exact_may_be_compared_and_bounded(stored: NotebookNode) -> None:
    code(stored)[2].source += "\nclaim('a', x == 2)\nclaim('b', (m[x > 0] == 1).sum() == 3)"
    assert any("say below=" in problem for problem in found(stored))  # the mask belongs above
    code(stored)[2].source = CLAIMS + "\nclaim('a', x == 2)"
    assert found(stored) == []
    code(stored)[2].source += "\nclaim('b', (train(seed=SEED) - hand).abs(), below=1e-12)"
    assert found(stored) == []


@pytest.mark.parametrize(
    ("expression", "value"),
    [("0.02", 0.02), ("-1e-3", -1e-3), ("2 * math.log(4)", 2 * math.log(4)), ("2**-3 / 4", 1 / 32)],
)
def test_bounds_are_read_from_the_code(expression: str, value: float) -> None:
    assert constant(ast.parse(expression, mode="eval").body) == value


def test_a_bound_that_is_no_number_is_not_guessed() -> None:
    assert constant(ast.parse("limit * 2", mode="eval").body) is None
