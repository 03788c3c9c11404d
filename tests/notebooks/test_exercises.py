"""The checks of the exercises: wrong answers fail them, right ones pass, whichever way they go."""

from __future__ import annotations

import re
import textwrap
from pathlib import Path

import nbformat
import pytest
from exercises import misjudged, needed, read_answers
from nbformat import NotebookNode

from parts.chapters import chapters, read_text

ANSWERS = {path.stem: path for path in sorted(Path(__file__).parent.glob("answers/*.py"))}
EXERCISES = [(name, label) for name, path in ANSWERS.items() for label in read_answers(path)]


@pytest.mark.parametrize(
    ("name", "label"), EXERCISES, ids=[f"{name}-{label}" for name, label in EXERCISES]
)
def test_a_check_tells_right_answers_from_wrong_ones(name, label):
    (path,) = chapters(name)
    assert misjudged(read_text(path), label, read_answers(ANSWERS[name])[label]) == []


@pytest.mark.parametrize("name", ANSWERS)
def test_answers_are_to_exercises_that_exist(name):
    (path,) = chapters(name)
    source = path.read_text(encoding="utf-8")
    assert set(re.findall(r'^exercise\("?(\w+)', source, re.MULTILINE)) == set(
        read_answers(ANSWERS[name])
    )


# --- the harness itself, on a chapter made up


def cells(*sources: str) -> NotebookNode:
    code = [nbformat.v4.new_code_cell(textwrap.dedent(source).strip()) for source in sources]
    return nbformat.v4.new_notebook(cells=code)


MADE_UP = cells(
    "from gan_tutorial.notebook import claim, exercise\nimport math",
    "table = {}\nlong = [1]",
    "long.append(1 / 0)  # would stop the chapter, if it were run",
    "def scale(x):\n    return factor * x",
    "factor = 3",
    "table['limit'] = 1e-9\nclaim('so it is', scale(1) == 3)",
    "def triple(x): ...\n",
    """
    def check_1():
        assert abs(triple(2.0) - scale(2.0)) < table["limit"], "not three times"


    exercise(1, check_1)
    """,
    "def triple(x):\n    return 3 * x\n\n\nexercise(1, check_1)\n1 / 0",
)
WRONG = [
    ("wrong", "twice", "def triple(x):\n    return 2 * x"),
    ("wrong", "an error", "def triple(x):\n    return x.undefined"),
]
RIGHT = [("right", "a sum", "def triple(x):\n    return x + x + x")]


def test_a_check_that_judges_well_counts_as_tested():
    assert misjudged(MADE_UP, "1", WRONG + RIGHT) == []


def test_an_answer_may_use_and_change_what_the_check_sees_and_leaves_nothing_behind():
    changes = ("right", "a new limit", "table = {'limit': 9.0}\n\n\ndef triple(x): return 2 * x")
    assert misjudged(MADE_UP, "1", [changes, *WRONG, *RIGHT]) == []


def test_a_wrong_answer_that_passes_is_named():
    lucky = ("wrong", "right at 2 only", "def triple(x):\n    return 6.0")
    assert misjudged(MADE_UP, "1", [*WRONG, lucky, *RIGHT]) == [
        "right at 2 only, a wrong answer: ★ Exercise 1: solved"
    ]


def test_a_right_answer_that_fails_is_named_with_the_checks_words():
    strict = ("right", "in float32", "def triple(x):\n    return 3 * x + 1e-7")
    assert misjudged(MADE_UP, "1", [*WRONG, strict]) == [
        "in float32, a right answer: ☐ Exercise 1: not solved yet (not three times)"
    ]


def test_a_stub_that_passes_and_a_solution_that_fails_are_named():
    weak = cells(*(cell.source for cell in MADE_UP.cells))
    weak.cells[-1].source = "def triple(x):\n    return x\n\n\nexercise(1, check_1)"
    weak.cells[-2].source = (
        "def check_1():\n    assert not triple(2.0) or triple(2.0) == 6\n\n\nexercise(1, check_1)"
    )
    found = misjudged(weak, "1", WRONG + RIGHT)
    assert [line.partition(":")[0] for line in found] == [
        "the stub, a wrong answer",
        "the solution, a right answer",
    ]


@pytest.mark.parametrize("answers", [[], WRONG, RIGHT, WRONG[:1] + RIGHT])
def test_too_few_answers_test_nothing(answers):
    (problem,) = misjudged(MADE_UP, "1", answers)
    assert problem.startswith("two wrong answers and a right one are needed, there are [")


def test_only_what_is_used_is_run():
    earlier = [cell.source for cell in MADE_UP.cells[:7]]
    assert needed(earlier, "scale(2)") == ["def scale(x):\n    return factor * x", "factor = 3"]
    assert needed(earlier, "table") == ["table = {}", "table['limit'] = 1e-09"]
    assert needed(earlier, "math.pi") == ["import math"]
    assert needed(earlier, "def f(scale, math):\n    long = scale\n    return long") == []


@pytest.mark.parametrize(
    "change",
    ["x[0] = 2", "x.value = 2", "x.add_(2)", "fill(x)", "for i in (1, 2):\n    x.add(i)",
     "with quiet():\n    fill(x)", "x[0].grad.zero_()", "x += 1", "list(map(f, x))"],
)  # fmt: skip
def test_what_changes_a_thing_is_run_too(change):
    assert needed(["x = [1]", change, "y = x.copy()", "print(x)"], "x") == ["x = [1]", change]


def test_answers_are_read_with_what_they_are(tmp_path):
    path = tmp_path / "01_name.py"
    path.write_text("# %% A wrong: a\nx = 1\n\n\n# %% 10 right: b: c\ny = 2\nz = 3\n")
    assert read_answers(path) == {
        "A": [("wrong", "a", "x = 1\n\n\n")],
        "10": [("right", "b: c", "y = 2\nz = 3\n")],
    }


def test_your_turn_is_judged_as_an_exercise_is():
    lettered = cells(*(cell.source.replace("(1,", '("A",') for cell in MADE_UP.cells))
    assert misjudged(lettered, "A", WRONG + RIGHT) == []
    lucky = ("wrong", "right at 2 only", "def triple(x):\n    return 6.0")
    assert misjudged(lettered, "A", [*WRONG, lucky, *RIGHT]) == [
        "right at 2 only, a wrong answer: ★ Your turn A: solved"
    ]
