"""Letters of one font whose weight, width and slant vary without steps."""

from dataclasses import dataclass
from itertools import product

import torch
from torch import Tensor

from gan_tutorial.data.factors import Factor, Factored
from gan_tutorial.data.files import stored

ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
SIZE = 16
HIGHEST = 16  # grey levels 0 … 16, stored


@dataclass(frozen=True, eq=False)
class Letters(Factored):
    """Capital letters of Roboto Flex; made by `letters`."""

    text: str
    labelled: bool
    size = SIZE

    @property
    def ranges(self) -> tuple[Factor, ...]:  # type: ignore[override]
        """Return the factors, a letter of the text and three axes of the font from 0 to 1."""
        style = (Factor("weight"), Factor("width"), Factor("slant"))
        return (Factor("letter", kinds=len(self.text)), *style)

    def render(self, factors: Tensor) -> Tensor:
        """Return the letters in these styles, in [-1, 1]: (..., 4) to (..., 1, 16, 16).

        x = Σ over the 8 corners of the cell of the grid: Π weight · picture, the multilinear mean

        Raises
        ------
        ValueError
            If a letter is no place in the text, or a weight, width or slant lies outside [0, 1].
        """
        letter, style = self._checked(factors)[..., 0], factors[..., 1:]
        if not ((style >= 0) & (style <= 1)).all():
            bad = style[~((style >= 0) & (style <= 1))][0].item()
            raise ValueError(f"weight, width and slant must be from 0 to 1, got {bad}")
        grid = stored("letters")["levels"]  # (letters, weights, widths, slants, 16, 16)
        rows = torch.tensor([ALPHABET.index(each) for each in self.text], device="cpu")
        row = rows[self._kinds(letter, len(self.text))]
        steps = torch.tensor(grid.shape[1:4], device="cpu") - 1
        place = style * steps.to(style)
        low = place.floor().long().clamp(max=steps - 1)
        share = place - low  # (..., 3), of the way to the next picture
        x = torch.zeros((), dtype=factors.dtype, device="cpu")
        for corner in product((0, 1), repeat=3):
            up = torch.tensor(corner, device="cpu")
            weight = torch.where(up == 1, share, 1 - share).prod(-1)
            picture = grid[row, *(low + up).unbind(-1)]
            x = x + weight[..., None, None] * picture.to(factors)
        # the sum of shares is 1 up to rounding
        return (x * (2 / HIGHEST) - 1).clamp(max=1)[..., None, :, :]


def letters(text: str = ALPHABET, size: int = 16, labelled: bool = True) -> Letters:
    """Return pictures of letters in one font, of every weight, width and slant.

    x = render(letter, weight, width, slant); the letter a place in `text`, the others in [0, 1]

    From 0 to 1, the weight runs from 100 (thin) to 1000 (black), the width from 25 (narrow) to 151
    (wide), and the slant from upright to 10 degrees, in the font's own units. Between the stored
    styles, 10 × 7 × 3 of each letter, pictures are interpolated.

    Parameters
    ----------
    text
        Capital letters, each place as likely as the others.
    size
        Pixels a side, 16.
    labelled
        Whether `sample` gives pairs of a picture and the place of its letter in `text`.

    Raises
    ------
    ValueError
        If the text is empty or has other characters, or the size is another one.

    Source
    ------
    Roboto Flex, a variable font under the SIL Open Font License 1.1.
    """
    strange = sorted(set(text) - set(ALPHABET))
    if not text or strange:
        raise ValueError(f"text must be capital letters from A to Z, got {text!r}")
    if size != SIZE:
        raise ValueError(f"letters are stored at {SIZE} pixels a side, got size={size!r}")
    return Letters(text, labelled)
