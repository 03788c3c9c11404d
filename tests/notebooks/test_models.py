"""Stored models: each file belongs to a chapter's code of today, and its training starts the same.

The first steps of the training are done again, and the norms of the weights compared with those in
the file: to all their digits where it says that it was written with this machine's arithmetic, and
to a thousandth elsewhere. Rounding moves a weight of float32 by 1e-7; Adam divides by the size of a
gradient, and where that is about 0 its sign, and so the step of one weight, is another. In twenty
steps that moves a norm by less than a thousandth; a rate, a loss or a width that is another one
moves it by more. A model that was trained in less than MOST is trained again to the end, and has
the same weights, on such a machine.

What is not noticed: what a change does to a long training that its first steps do not show.
"""

from __future__ import annotations

from functools import cache
from pathlib import Path

import pytest

import experiments
from experiments import arithmetic, definition, digest, files, is_model, kept, provenance
from gan_tutorial.experiments import weights
from parts.chapters import NOTEBOOKS, chapters
from parts.models import NEARLY, again, differs

CODE = {path.stem: code for path in chapters() if (code := definition(path))}
FILES = [
    (chapter, name) for chapter, code in CODE.items() for name in files(code) if is_model(name)
]
ABOUT = {
    "command", "date", "commit", "definition", "arithmetic", "seed", "cost", "versions", "sample",
}  # fmt: skip
models = cache(experiments.studies)
each_model = pytest.mark.parametrize(("page", "name"), FILES)


@each_model
def test_a_model_says_what_made_it_and_that_has_not_changed(page: str, name: str) -> None:
    for block, file in kept(name).items():
        about = provenance(file)
        assert about.keys() == ABOUT
        wanted = f"make experiments CHAPTER={page[:2]}"
        assert about["definition"] == digest(CODE[page]), wanted
        assert "torch" in about["versions"]
        assert block or about["command"] == wanted
        assert file.stat().st_size <= weights.LIMIT


@each_model
def test_the_first_steps_of_a_model_give_what_is_stored(page: str, name: str) -> None:
    (path,) = chapters(page)
    for block, file in kept(name).items():
        model, _ = models(path, block, Path(name).stem)[file.relative_to(NOTEBOOKS).as_posix()]
        assert not (words := again(model, file, arithmetic())), f"{file.name}: {words}"


def test_another_norm_or_weight_is_noticed() -> None:
    old, new = {"a": "1.23456789", "b": "0"}, {"a": 1.23456789, "b": 0.0}
    assert not differs(old, new, exact=True)
    assert differs(old, {**new, "a": 1.2345679}, exact=True)
    assert not differs(old, {**new, "a": 1.2345679}, exact=False)
    assert differs(old, {**new, "a": 1.2345679 * (1 + 2 * NEARLY)}, exact=False)
    assert differs(old, {**new, "b": 0.01}, exact=False)
    assert "has a, c" in differs(old, {"a": 1.23456789, "c": 0.0}, exact=False)
