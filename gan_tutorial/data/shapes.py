"""Discs, squares and triangles, drawn from their formulas."""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from gan_tutorial.checks import whole
from gan_tutorial.data.factors import Factor, Factored

# Every shape fits into the picture, which spans [-1, 1], wherever it stands and however it turns.
PLACE, RADII = 0.4, (0.2, 0.38)


def _disc(x: Tensor, y: Tensor, radius: Tensor) -> Tensor:
    return torch.hypot(x, y) - radius


def _square(x: Tensor, y: Tensor, radius: Tensor) -> Tensor:
    half = radius * (math.sqrt(math.pi) / 2)  # (2 · half)² = π · radius²
    return torch.maximum(x.abs(), y.abs()) - half


def _triangle(x: Tensor, y: Tensor, radius: Tensor) -> Tensor:
    inner = radius * math.sqrt(math.pi / math.sqrt(27))  # √27 · inner² = π · radius²
    return torch.maximum(-y, (y + math.sqrt(3) * x.abs()) / 2) - inner


# Each gives the distance to the outline, below 0 inside. All have the area of the disc.
KINDS: dict[str, Callable[[Tensor, Tensor, Tensor], Tensor]] = {
    "disc": _disc,
    "square": _square,
    "triangle": _triangle,
}


@dataclass(frozen=True, eq=False)
class Shapes(Factored):
    """One shape a picture, on black; made by `shapes`."""

    size: int
    kinds: tuple[str, ...]
    colour: bool
    rotated: bool
    labelled: bool

    @property
    def channels(self) -> int:  # type: ignore[override]
        """Three for colours, one for white."""
        return 3 if self.colour else 1

    @property
    def ranges(self) -> tuple[Factor, ...]:  # type: ignore[override]
        """Return what varies, lengths in a picture of [-1, 1]², the hue and the angle in turns."""
        kind = (Factor("kind", kinds=len(self.kinds)),) if len(self.kinds) > 1 else ()
        place = (Factor("x", -PLACE, PLACE), Factor("y", -PLACE, PLACE), Factor("radius", *RADII))
        hue = (Factor("hue"),) if self.colour else ()
        angle = (Factor("angle"),) if self.rotated else ()
        return (*kind, *place, *hue, *angle)

    def render(self, factors: Tensor) -> Tensor:
        """Return the pictures of these shapes, in [-1, 1]: (..., F) to (..., C, size, size).

        x = 2 · colour · clip(½ - d, 0, 1) - 1, d the distance to the outline in pixels

        The ramp of one pixel stands for the share of a pixel that is covered.
        """
        columns = self._checked(factors)[..., None, None].unbind(-3)
        named = dict(zip(self.factors, columns, strict=True))
        place = _pixels(self.size).to(factors)
        right, up = place - named["x"], -place[:, None] - named["y"]  # the first row is on top
        turn = 2 * math.pi * named.get("angle", torch.zeros((), device="cpu"))
        cos, sin = torch.cos(turn), torch.sin(turn)
        x, y = cos * right + sin * up, cos * up - sin * right
        d = torch.stack([KINDS[kind](x, y, named["radius"]) for kind in self.kinds])
        if "kind" in named:
            kind = self._kinds(named["kind"], len(self.kinds))
            d = d.gather(0, kind.expand(d.shape[1:])[None])
        ink = (0.5 - d[0] * self.size / 2).clamp(0, 1)[..., None, :, :]
        colour = _colour(factors[..., self.factors.index("hue")]) if self.colour else 1.0
        return 2 * ink * colour - 1

    def read(self, images: Tensor) -> Tensor:
        """Return the factors of discs from their pictures: (..., C, size, size) to (..., F).

        x, y = Σ ink · place / Σ ink, radius = √(Σ ink / π - 1/12) in pixels

        The ramp at the outline adds 1/12 to the squared radius. The hue is that of the summed
        colour.

        Raises
        ------
        ValueError
            If the shapes are not all discs, or the pictures have another shape.
        """
        if self.kinds != ("disc",):
            raise ValueError(f"only discs can be read from their pictures, not {self.kinds}")
        if images.shape[-3:] != self.shape:
            wanted, got = ", ".join(map(str, self.shape)), tuple(images.shape)
            raise ValueError(f"images must have shape (..., {wanted}), got {got}")
        light = (images + 1) / 2
        ink = light.amax(-3)
        area = ink.sum((-2, -1)).clamp(min=1e-6)  # of a black picture, 0 by 0 would be no number
        place = _pixels(self.size).to(images)
        found = {
            "x": (ink * place).sum((-2, -1)) / area,
            "y": -(ink * place[:, None]).sum((-2, -1)) / area,
            "radius": (area / math.pi - 1 / 12).clamp(min=0).sqrt() * 2 / self.size,
        }
        if self.colour:
            found["hue"] = _hue(light.sum((-2, -1)))
        return torch.stack([found.get(name, torch.zeros_like(area)) for name in self.factors], -1)


def shapes(
    size: int = 16,
    kinds: Sequence[str] = ("disc",),
    colour: bool = True,
    rotated: bool = False,
    labelled: bool = False,
) -> Shapes:
    """Return pictures of shapes whose place, size, colour and angle vary.

    x, y ← U(-0.4, 0.4); radius ← U(0.2, 0.38); hue, angle ← U(0, 1), in turns

    The picture spans [-1, 1] from left to right and from the bottom to the top. A square or a
    triangle has the area of the disc of its radius.

    Parameters
    ----------
    size
        Pixels a side, at least 8.
    kinds
        Any of "disc", "square" and "triangle", each as likely as the others.
    colour
        Three channels, of one hue at full saturation; otherwise one channel, white.
    rotated
        Whether shapes are turned.
    labelled
        Whether `sample` gives pairs of a picture and its kind, a place in `kinds`.

    Raises
    ------
    ValueError
        If the size is too small, a kind is unknown or named twice, or one alone is to be labels.
    """
    kinds = (kinds,) if isinstance(kinds, str) else tuple(kinds)
    if not kinds or not set(kinds) <= KINDS.keys() or len(set(kinds)) < len(kinds):
        raise ValueError(f"kinds must be some of {', '.join(KINDS)}, each once, got {kinds}")
    if labelled and len(kinds) == 1:
        raise ValueError(f"labels need two kinds or more, got {kinds}")
    return Shapes(whole("size", size, 8), kinds, bool(colour), bool(rotated), bool(labelled))


def _pixels(size: int) -> Tensor:
    """Return the middles of the pixels of a row, in [-1, 1]."""
    return (torch.arange(size, dtype=torch.float64, device="cpu") + 0.5) * (2 / size) - 1


def _colour(hue: Tensor) -> Tensor:
    """Return red, green and blue in [0, 1] of hues in turns: (...) to (..., 3, 1, 1)."""
    shift = torch.tensor([0.0, 2.0, 4.0], device="cpu").to(hue)
    away = (hue[..., None] * 6 - shift + 3) % 6 - 3  # from pure red, green and blue, in sixths
    return (2 - away.abs()).clamp(0, 1)[..., None, None]


def _hue(colour: Tensor) -> Tensor:
    """Return the hues in turns of colours: (..., 3) to (...), the inverse of `_colour`."""
    red, green, blue = colour.unbind(-1)
    beside = torch.stack([green - blue, blue - red, red - green], -1)
    strongest = colour.argmax(-1, keepdim=True)
    chroma = (colour.amax(-1) - colour.amin(-1)).clamp(min=1e-6)  # grey has no hue: 0, 2/6 or 4/6
    return (beside.gather(-1, strongest)[..., 0] / chroma / 6 + strongest[..., 0] / 3) % 1
