"""Pack the letters' generator and its font for the page on which readers explore its latent space.

    python tools/explorer.py                # write the numbers and the still picture
    python tools/explorer.py --measure      # print what the page says of them

The generator is the one that chapter 16 stores. From it come three directions in z, the same for
all letters, along which weight, width and slant change, and the style that a typical letter shows
at each step along them. The font is a part of the grid of `data.letters`.
"""

from __future__ import annotations

import argparse
import base64
import io
import json
import zlib
from pathlib import Path
from typing import Any, NamedTuple

import torch
from PIL import Image
from torch import Tensor

from gan_tutorial import data, metrics, networks, plotting
from gan_tutorial.data.files import stored
from gan_tutorial.data.letters import ALPHABET, SIZE
from gan_tutorial.experiments import weights
from parts.chapters import ROOT, write_atomically

MODEL = ROOT / "notebooks" / "results" / "16_letters.safetensors"
NUMBERS = ROOT / "book" / "_static" / "js" / "explorer.letters.js"
STILL = ROOT / "book" / "playground" / "explorer.png"
BANNER = (
    "/*! A generator of letters, MIT, and letters of Roboto Flex, SIL Open Font License 1.1."
    " Made by `python tools/explorer.py`. */"
)
STYLE = ("weight", "width", "slant")
KEPT = ((0, 2, 4, 6, 9), (0, 2, 4, 6), (0, 1, 2))  # of the stored styles along each axis
READ = (19, 19, 17)  # styles along each axis among which that of a drawn letter is looked for
DRAWS = 60  # z from which the directions are learnt
REACH, STOPS = 2.0, 9  # how far a slider goes either way, in z; where the style is read on the way
MIDDLE = slice(6, 20)  # of 26 letters in order, those that count as typical
WHOLE = 2**15 - 1  # the largest number that 16 bits hold, with its sign
WORD, LOOKS = "LATENT", 5  # the still picture: a word, and in how many styles

letters = data.letters()


class Directions(NamedTuple):
    """What the sliders move: z = steps @ directions, and steps = coordinates z."""

    directions: Tensor  # (3, noise_dim), each of length 1
    coordinates: Tensor  # (3, noise_dim)
    curves: Tensor  # (3, STOPS): what a typical letter shows from -REACH to REACH along each

    def style(self, steps: Tensor) -> Tensor:
        """Return the style that the sliders name: (..., 3) to (..., 3)."""
        place = (steps.clamp(-REACH, REACH) / REACH + 1) / 2 * (STOPS - 1)
        low = place.floor().long().clamp(max=STOPS - 2)
        rows = torch.arange(len(STYLE))
        return self.curves[rows, low].lerp(self.curves[rows, low + 1], place - low)


def generator(path: Path = MODEL) -> networks.Labelled:
    """Return the stored generator."""
    kept, _ = weights.read(path)
    names = sorted(name for name in kept if name.endswith("weight") and name.startswith("G."))
    pairs = [(kept[name], kept[name.replace("weight", "bias")]) for name in names]
    return network(kept["embed.weight"], [value for pair in pairs for value in pair])


def network(embed: Tensor, linear: list[Tensor]) -> networks.Labelled:
    """Return a generator with these weights, which say how large it is."""
    (width, taken), (classes, dim) = linear[0].shape, embed.shape
    inner = networks.PixelGenerator(taken, (1, SIZE, SIZE), width, depth=len(linear) // 2 - 1)
    G = networks.Labelled(inner, classes, dim=dim)
    G.embed.load_state_dict({"weight": embed})
    inner.load_state_dict(dict(zip(inner.state_dict(), linear, strict=True)))
    return G.eval().requires_grad_(False)


def every_letter(G: networks.Labelled, z: Tensor) -> Tensor:
    """Return all letters at each z: (m, noise_dim) to (m, 26, 16, 16)."""
    labels = torch.arange(len(ALPHABET)).expand(len(z), -1)
    return G(z[:, None].expand(*labels.shape, -1), labels).squeeze(-3)


def read_style(x: Tensor) -> Tensor:
    """Return the style in which the font comes nearest: (m, 26, 16, 16) to (m, 26, 3)."""
    styles = torch.cartesian_prod(*(torch.linspace(0, 1, steps) for steps in READ))
    found = []
    for row, drawn in enumerate(x.flatten(-2).unbind(1)):
        factors = torch.cat([torch.full((len(styles), 1), float(row)), styles], dim=1)
        nearest = torch.cdist(drawn, letters.render(factors).flatten(1)).argmin(dim=1)
        found.append(styles[nearest])
    return torch.stack(found, dim=1)


def find_directions(G: networks.Labelled, seed: int = 0) -> Directions:
    """Regress the letters' mean style on z, then look along the directions that this gives.

    They are those of chapter 16: along each, by the regression, one factor changes and the others
    stand still.
    """
    z = torch.randn(DRAWS, G.noise_dim, generator=torch.Generator().manual_seed(seed))
    style = read_style(every_letter(G, z)).mean(dim=1)  # (m, 3)
    directions = metrics.directions(z, style)
    steps = torch.linspace(-REACH, REACH, STOPS)
    along = [
        read_style(every_letter(G, steps[:, None] * way))[..., k]
        for k, way in enumerate(directions)
    ]
    middle = torch.stack(along).sort(dim=-1).values[..., MIDDLE]
    coordinates = torch.linalg.pinv(directions).mT.contiguous()
    return Directions(directions, coordinates, middle.mean(dim=-1))


def tensors(G: networks.Labelled, ways: Directions) -> list[Tensor]:
    """Return what the page computes with, in its order."""
    linear = [value for name, value in G.state_dict().items() if name.startswith("G.")]
    return [G.embed.weight, *linear, *ways]


def whole_numbers(value: Tensor) -> tuple[Tensor, float]:
    """Return 16-bit numbers, and what each is to be multiplied by."""
    scale = float(f"{value.abs().max().item() / WHOLE:.6g}")
    return (value.double() / scale).round().clamp(-WHOLE, WHOLE).to(torch.int16), scale


def levels() -> Tensor:
    """Return the part of the font's grid that is kept: (16 · 16, 26, weights, widths, slants).

    Pixels come first: one place has much the same level in many styles, which packs well.
    """
    grid = stored("letters")["levels"]
    for axis, kept in enumerate(KEPT, start=1):
        grid = grid.index_select(axis, torch.tensor(kept))
    return grid.flatten(-2).movedim(-1, 0).contiguous()


def pack(values: list[Tensor]) -> dict[str, Any]:
    """Return what the page unpacks: sizes, and all numbers in one string."""
    whole, scales = zip(*map(whole_numbers, values), strict=True)
    content = b"".join(value.numpy().astype("<i2").tobytes() for value in whole)
    content += levels().numpy().tobytes()
    return {
        "shapes": [list(value.shape) for value in values],
        "scales": list(scales),
        "reach": REACH,
        "places": [
            [place / (steps - 1) for place in kept]
            for kept, steps in zip(KEPT, stored("letters")["levels"].shape[1:4], strict=True)
        ],
        "packed": base64.b64encode(zlib.compress(content, 9)).decode(),
    }


def unpack(packed: dict[str, Any]) -> tuple[list[Tensor], Tensor]:
    """Return the tensors that the page has, in float32, and the levels of the font."""
    content = zlib.decompress(base64.b64decode(packed["packed"]))
    values = []
    for shape, scale in zip(packed["shapes"], packed["scales"], strict=True):
        size = 2 * torch.Size(shape).numel()
        whole = torch.frombuffer(bytearray(content[:size]), dtype=torch.int16)
        values.append((whole.double() * scale).float().view(shape))
        content = content[size:]
    sizes = [len(places) for places in packed["places"]]
    grey = torch.frombuffer(bytearray(content), dtype=torch.uint8)
    return values, grey.view(SIZE * SIZE, len(ALPHABET), *sizes)


def written(path: Path = NUMBERS) -> dict[str, Any]:
    """Read what was written for the page."""
    text = path.read_text(encoding="utf-8")
    return json.loads(text[text.index("{") : text.rindex("}") + 1])


def as_shipped(packed: dict[str, Any]) -> tuple[networks.Labelled, Directions]:
    """Return the generator and the directions with the numbers that the page has."""
    embed, *linear, directions, coordinates, curves = unpack(packed)[0]
    return network(embed, linear), Directions(directions, coordinates, curves)


# --- what the page says


def measure(
    G: networks.Labelled, ways: Directions, seed: int = 1, draws: int = 40
) -> dict[str, float]:
    """Return how far letters are from the style that the sliders name, at places of chance.

    `distance` is the root of the mean square between a letter and the font's at that style, and
    `floor` that to the font's nearest.
    """
    stream = torch.Generator().manual_seed(seed)
    steps = REACH * (2 * torch.rand(draws, len(STYLE), generator=stream) - 1)
    x = every_letter(G, steps @ ways.directions)
    named, shown = ways.style(steps)[:, None].expand(-1, len(ALPHABET), -1), read_style(x)
    off = (shown - named).abs().mean(dim=(0, 1))
    rows = torch.arange(len(ALPHABET)).expand(draws, -1)[..., None].float()
    far = [
        (x - letters.render(torch.cat([rows, style], dim=-1)).squeeze(-3)).square().mean((-2, -1))
        for style in (named, shown)
    ]
    distance, floor = (each.sqrt().mean().item() for each in far)
    return dict(zip(STYLE, off.tolist(), strict=True)) | {"distance": distance, "floor": floor}


def rounding(G: networks.Labelled, shipped: networks.Labelled, seed: int = 2) -> float:
    """Return the largest difference of a pixel that 16 bits make."""
    z = torch.randn(200, G.noise_dim, generator=torch.Generator().manual_seed(seed))
    return (every_letter(G, z) - every_letter(shipped, z)).abs().max().item()


# --- the still picture


def still(G: networks.Labelled, ways: Directions) -> Image.Image:
    """Return a word from thin to black: left in the generator's colour, right in the data's."""
    rows = torch.tensor([ALPHABET.index(letter) for letter in WORD])
    steps = torch.zeros(LOOKS, len(STYLE))
    steps[:, 0] = torch.linspace(-REACH, REACH, LOOKS)
    fake = every_letter(G, steps @ ways.directions)[:, rows]
    style = ways.style(steps)[:, None].expand(-1, len(rows), -1)
    labels = torch.arange(len(rows)).expand(LOOKS, -1)[..., None].float()
    real = data.letters(WORD).render(torch.cat([labels, style], dim=-1)).squeeze(-3)
    # (looks, players, letters, 16, 16) -> (looks, players, 16, letters · 16)
    x = torch.stack([fake, real], dim=1).transpose(2, 3).flatten(-2)
    ink = ((x + 1) * 127.5).round().to(torch.uint8)
    page = Image.new("RGBA", (2 * x.shape[-1] + SIZE, LOOKS * SIZE))
    for look in range(LOOKS):
        for player, kind in enumerate(("generator", "data")):
            mask = Image.fromarray(ink[look, player].numpy())
            paint = Image.new("RGBA", mask.size, plotting.COLORS[kind])
            paint.putalpha(mask)
            page.paste(paint, (player * (x.shape[-1] + SIZE), look * SIZE))
    return page


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--measure", action="store_true", help="print what the page says")
    asked = parser.parse_args()
    torch.set_num_threads(1)
    G = generator()
    if asked.measure:
        shipped, ways = as_shipped(written())
        print(json.dumps({**measure(shipped, ways), "rounding": rounding(G, shipped)}, indent=1))
        return
    packed = pack(tensors(G, find_directions(G)))
    text = f"{BANNER}\nglobalThis.ganLetters={json.dumps(packed, separators=(',', ':'))};\n"
    write_atomically(NUMBERS, text)
    shipped, ways = as_shipped(packed)
    content = io.BytesIO()
    still(shipped, ways).save(content, "PNG", optimize=True)
    STILL.write_bytes(content.getvalue())
    print(f"{NUMBERS.name}: {len(text):,} bytes; {STILL.name}: {len(content.getvalue()):,} bytes")


if __name__ == "__main__":
    main()
