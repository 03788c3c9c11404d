"""Pack the letters' generator and its font for the page on which readers explore its latent space.

    python tools/explorer.py                # write the numbers and the still picture
    python tools/explorer.py --measure      # print what the page says of them

The generator is the one that chapter 16 stores. From it come, for each letter and for all together,
the directions in z along which weight, width and slant change: by regressions between z and the
style that a letter shows. The font is a part of the grid of `data.letters`.
"""

from __future__ import annotations

import argparse
import base64
import io
import json
import zlib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from PIL import Image
from torch import Tensor

from gan_tutorial import data, networks, plotting
from gan_tutorial.data.files import stored
from gan_tutorial.data.letters import ALPHABET, HIGHEST, SIZE
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
READ = (19, 13, 9)  # styles along each axis among which a drawn letter's own is looked for
DRAWS = 60  # z from which the directions are learnt
WHOLE = 2**15 - 1  # the largest number that 16 bits hold, with its sign
WORD, LOOKS = "LATENT", 5  # the still picture: a word, and in how many styles

letters = data.letters()


@dataclass(frozen=True)
class Directions:
    """Straight lines between z and style, one for each letter and, as the last, one for all.

    style ≈ mean + readout z, and z moves by a row of `directions` where its style moves by 1.
    """

    mean: Tensor  # (27, 3)
    readout: Tensor  # (27, 3, noise_dim)
    directions: Tensor  # (27, 3, noise_dim)

    def steer(self, z: Tensor, style: Tensor) -> Tensor:
        """Return each line's z for a style: (m, noise_dim), (m, 3) to (m, 27, noise_dim)."""
        missing = style[:, None] - self.mean - torch.einsum("ykd,md->myk", self.readout, z)
        return z[:, None] + torch.einsum("myk,ykd->myd", missing, self.directions)


def generator(path: Path = MODEL) -> networks.Labelled:
    """Return the stored generator; its sizes are those of its weights."""
    kept, _ = weights.read(path)
    linear = [value for name, value in kept.items() if name.endswith("weight") and "G." in name]
    taken, width, dim = linear[0].shape[1], linear[0].shape[0], kept["embed.weight"].shape[1]
    inner = networks.PixelGenerator(taken, (1, SIZE, SIZE), width=width, depth=len(linear) - 1)
    network = networks.Labelled(inner, len(ALPHABET), dim=dim)
    network.load_state_dict(kept)
    return network.eval().requires_grad_(False)


def every_letter(G: networks.Labelled, z: Tensor) -> Tensor:
    """Return all letters at each z: (m, noise_dim) or (m, 26, noise_dim) to (m, 26, 16, 16)."""
    z = z if z.dim() == 3 else z[:, None].expand(-1, len(ALPHABET), -1)
    return G(z, torch.arange(len(ALPHABET)).expand(z.shape[:-1])).squeeze(-3)


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
    """Regress the style of each letter, and the mean style of all, on z, and z on the style.

    The second regression keeps z among those that G knows: where z says little of a factor, the
    first alone would take long steps.
    """
    z = torch.randn(DRAWS, G.noise_dim, generator=torch.Generator().manual_seed(seed))
    style = read_style(every_letter(G, z))
    style = torch.cat([style, style.mean(dim=1, keepdim=True)], dim=1).movedim(1, 0)  # (27, m, 3)
    z_off, style_off = z - z.mean(dim=0), style - style.mean(dim=1, keepdim=True)
    readout = torch.linalg.lstsq(z_off, style_off).solution.mT
    directions = torch.linalg.lstsq(style_off, z_off.expand(len(style), -1, -1)).solution
    mean = style.mean(dim=1) - readout @ z.mean(dim=0)
    return Directions(mean, readout.contiguous(), directions.contiguous())


def tensors(G: networks.Labelled, lines: Directions) -> list[Tensor]:
    """Return what the page computes with, in its order."""
    linear = [value for name, value in G.state_dict().items() if name.startswith("G.")]
    return [G.embed.weight, *linear, lines.mean, lines.readout, lines.directions]


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


def as_shipped(G: networks.Labelled, packed: dict[str, Any]) -> tuple[networks.Labelled, Directions]:
    """Return the generator and the directions with the numbers that the page has."""
    (embed, *linear), _ = unpack(packed)
    names = [name for name in G.state_dict() if name.startswith("G.")]
    state = {"embed.weight": embed, **dict(zip(names, linear, strict=False))}
    other = networks.Labelled(
        networks.PixelGenerator(
            linear[0].shape[1], (1, SIZE, SIZE), len(linear[0]), len(names) // 2 - 1
        ),
        len(ALPHABET),
        embed.shape[1],
    )
    other.load_state_dict(state)
    return other.eval().requires_grad_(False), Directions(*linear[len(names) :])


# --- what the page says


def measure(G: networks.Labelled, lines: Directions, seed: int = 1, draws: int = 40) -> dict[str, Any]:
    """Return how well the letters have the style that is asked for, on fresh z and styles."""
    stream = torch.Generator().manual_seed(seed)
    z = torch.randn(draws, G.noise_dim, generator=stream)
    style = torch.rand(draws, len(STYLE), generator=stream)
    rows = torch.arange(len(ALPHABET)).expand(draws, -1)
    asked = style[:, None].expand(-1, len(ALPHABET), -1)
    truth = letters.render(torch.cat([rows[..., None].float(), asked], dim=-1)).squeeze(-3)
    steered = lines.steer(z, style)
    found = {}
    for name, way in (("own", steered[:, :-1]), ("common", steered[:, -1])):
        x = every_letter(G, way)
        off = (read_style(x) - asked).abs().mean(dim=(0, 1))
        far = (x - truth).square().mean(dim=(-2, -1)).sqrt().mean()
        found[name] = {**dict(zip(STYLE, off.tolist(), strict=True)), "distance": far.item()}
    return found


def rounding(G: networks.Labelled, shipped: networks.Labelled, seed: int = 2) -> float:
    """Return the largest difference of a pixel that 16 bits make."""
    z = torch.randn(200, G.noise_dim, generator=torch.Generator().manual_seed(seed))
    return (every_letter(G, z) - every_letter(shipped, z)).abs().max().item()


# --- the still picture


def still(G: networks.Labelled, lines: Directions) -> Image.Image:
    """Return a word from thin to black: above in the generator's colour, below in the data's."""
    z = torch.randn(1, G.noise_dim, generator=torch.Generator().manual_seed(0))
    rows = torch.tensor([ALPHABET.index(letter) for letter in WORD])
    sheets = []
    for step in torch.linspace(0, 1, LOOKS):
        style = torch.stack([step, torch.tensor(0.5), torch.tensor(0.0)])[None]
        fake = every_letter(G, lines.steer(z, style)[:, :-1])[0, rows]
        factors = torch.cat([rows[:, None].float(), style.expand(len(rows), -1)], dim=1)
        sheets.append(torch.stack([fake, letters.render(factors).squeeze(-3)]))
    # (looks, players, letters, 16, 16) -> (players · 16 · looks, letters · 16), looks below another
    x = torch.stack(sheets).permute(0, 1, 3, 2, 4).reshape(LOOKS, 2, SIZE, -1)
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
        shipped, lines = as_shipped(G, written())
        print(json.dumps({**measure(shipped, lines), "rounding": rounding(G, shipped)}, indent=1))
        return
    packed = pack(tensors(G, find_directions(G)))
    text = f"{BANNER}\nglobalThis.ganLetters={json.dumps(packed, separators=(',', ':'))};\n"
    write_atomically(NUMBERS, text)
    shipped, lines = as_shipped(G, packed)
    content = io.BytesIO()
    still(shipped, lines).save(content, "PNG", optimize=True)
    STILL.write_bytes(content.getvalue())
    print(f"{NUMBERS.name}: {len(text):,} bytes; {STILL.name}: {len(content.getvalue()):,} bytes")


if __name__ == "__main__":
    main()
