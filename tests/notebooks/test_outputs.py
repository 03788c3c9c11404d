"""What a chapter stores is what one run of it printed, whole and untouched."""

from __future__ import annotations

import base64
import copy
import io
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from nbformat import NotebookNode
from PIL import Image

from parts.chapters import as_text, code_cells, outputs_digest
from parts.verify import integrity_problems, output_problems, problems


def test_nothing_is_wrong(path: Path, text: NotebookNode, stored: NotebookNode) -> None:
    size = path.with_suffix(".ipynb").stat().st_size
    assert problems(text, stored, size) == []


def outputs(stored: NotebookNode) -> Iterator[tuple[NotebookNode, int]]:
    """Yield each cell with the index of each of its outputs."""
    for _, cell in code_cells(stored):
        for index in range(len(cell.outputs)):
            yield cell, index


def another_digit(found: re.Match[str]) -> str:
    return str((int(found.group()) + 1) % 10)


def altered(output: NotebookNode) -> Iterator[NotebookNode]:
    """Yield copies of an output with one digit or one word changed, or one byte of a picture."""
    parts = {"text": output.text} if output.output_type == "stream" else dict(output.data)
    for kind, value in parts.items():
        value = as_text(value)
        if kind.startswith("image/"):
            middle = len(value) // 2
            changes = [
                value[:middle] + ("A" if value[middle] != "A" else "B") + value[middle + 1 :]
            ]
        else:
            changes = [re.sub(r"\d", another_digit, value, count=1), value + "Indeed.\n"]
        for changed in changes:
            if changed == value:
                continue
            twin = copy.deepcopy(output)
            if output.output_type == "stream":
                twin.text = changed
            else:
                twin.data[kind] = changed
            yield twin


def test_a_change_of_any_stored_output_is_noticed(stored: NotebookNode) -> None:
    tried = 0
    for cell, index in outputs(stored):
        original = cell.outputs[index]
        for changed in altered(original):
            cell.outputs[index] = changed
            assert integrity_problems(stored), f"unnoticed: {changed}"
            tried += 1
        cell.outputs[index] = original
    assert tried >= 10
    assert integrity_problems(stored) == []


def test_a_removed_output_is_noticed(stored: NotebookNode) -> None:
    for cell, index in outputs(stored):
        original = list(cell.outputs)
        del cell.outputs[index]
        assert integrity_problems(stored)
        cell.outputs = original


def test_a_removed_figure_is_noticed_even_with_a_new_digest(stored: NotebookNode) -> None:
    figures = 0
    for cell, index in outputs(stored):
        output = cell.outputs[index]
        if "image/png" not in output.get("data", {}):
            continue
        figures += 1
        original = list(cell.outputs)
        del cell.outputs[index]
        stored.metadata.gan_tutorial.outputs = outputs_digest(stored)
        assert not integrity_problems(stored)
        assert any("figures, not one" in found for found in output_problems(stored))
        cell.outputs = original
    assert figures >= 1


def blank() -> str:
    """A valid PNG that shows nothing."""
    stream = io.BytesIO()
    Image.new("RGBA", (600, 300), (255, 255, 255, 0)).save(stream, format="PNG")
    return base64.b64encode(stream.getvalue()).decode()


@pytest.mark.parametrize(
    ("picture", "word"),
    [
        ("not base64!", "not base64"),
        (base64.b64encode(b"GIF89a and so on").decode(), "not a readable image"),
        (blank(), "one flat colour"),
    ],
)
def test_a_broken_picture_is_noticed(stored: NotebookNode, picture: str, word: str) -> None:
    for cell, index in outputs(stored):
        if "image/png" in cell.outputs[index].get("data", {}):
            cell.outputs[index].data["image/png"] = picture
            assert any(word in found for found in output_problems(stored))
            return
    pytest.fail("the chapter has no figure")
