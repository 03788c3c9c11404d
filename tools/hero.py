"""Draw the moving picture of the landing page from one training run.

    python tools/hero.py

The package trains a generator on two humps and takes snapshots. Each snapshot becomes a frame of
`book/_static/hero.svg`; `hero-still.svg` is the last frame, for readers who asked their system for
less motion. The same seed gives the same files on the same machine.
"""

from __future__ import annotations

import sys
from pathlib import Path

import torch
from torch import Tensor

from gan_tutorial import data, losses, networks, plotting, training
from parts.chapters import ROOT, write_atomically

STATIC = ROOT / "book" / "_static"
WIDTH, HEIGHT, FLOOR = 960, 400, 372
LOW, HIGH, TOP = -1.0, 1.0, 1.9  # the axes: x, and the density at the upper edge
POINTS = 81  # of each curve
BANDWIDTH = 0.04  # of the Gaussian that smooths samples into a density
STEPS, EVERY, SEED = 4000, 10, 11
MOVES, HOLD = 9.0, 3.0  # seconds of motion, and of rest at the end
PACE = 1.3  # above 1 the run starts fast and slows down
ON_DARK = {"data": "#4aa8e0", "generator": "#f08a4b", "discriminator": "#3fc49a"}
SMALLEST_MOVE = 0.075  # a frame is kept once a curve moved by this share of the picture's height

x = torch.linspace(LOW, HIGH, POINTS)
target = data.mixture(means=[-0.4, 0.35], stds=[0.12, 0.18], weights=[0.4, 0.6])


def snapshots() -> tuple[Tensor, Tensor]:
    """Train; return the generator's density and D(x) at each step seen, shape (frames, POINTS)."""
    z = torch.randn(6000, 8, generator=torch.Generator().manual_seed(SEED))

    @torch.no_grad()
    def look(run: training.Run) -> Tensor:
        samples = run.ema_G(z[None]).flatten()
        kernel = torch.exp(-((x[:, None] - samples) / BANDWIDTH).square() / 2)
        density = kernel.mean(1) / (BANDWIDTH * (2 * torch.pi) ** 0.5)
        return torch.stack([density, run.D(x[None, :, None]).flatten()])

    run = training.train(
        networks.Generator(noise_dim=8, init=networks.he_normal),
        networks.Discriminator(init=networks.he_normal),
        target,
        loss=losses.nonsaturating,
        penalty=losses.r1(gamma=0.01),
        ema=0.995,
        schedule=training.flat_then_cosine,
        batch_size=128,
        lr=(1e-3, 2e-3),
        betas=(0.0, 0.99),
        steps=STEPS,
        seed=SEED,
        observe=look,
        observe_every=EVERY,
        progress=False,
    )
    density, probability = torch.stack(run.history.observed).unbind(1)
    return density, probability


def distinct(density: Tensor, probability: Tensor) -> list[int]:
    """Return the frames worth drawing: the first, the last, and each that moved far enough."""
    drawn = torch.cat([density / TOP, probability], dim=1)
    kept = [0]
    for frame in range(1, len(drawn)):
        if (drawn[frame] - drawn[kept[-1]]).abs().max() > SMALLEST_MOVE:
            kept.append(frame)
    return [*kept, len(drawn) - 1]


def path(height: Tensor, filled: bool = False) -> str:
    """Return SVG path data for values in units of the picture's height."""
    across = (x - LOW) / (HIGH - LOW) * WIDTH
    down = FLOOR - height * (FLOOR - 12)
    points = [f"{a:.0f} {b:.1f}" for a, b in zip(across, down, strict=True)]
    ends = [f"0 {FLOOR}", f"{WIDTH} {FLOOR}"] if filled else ["", ""]
    return "M" + "L".join(point for point in (ends[0], *points, ends[1]) if point)


def animated(element: str, frames: list[str], times: str) -> str:
    """Return an element whose path runs through the frames, for ever."""
    motion = (
        f'<animate attributeName="d" dur="{MOVES + HOLD:g}s" repeatCount="indefinite" '
        f'keyTimes="{times}" values="{";".join([*frames, frames[-1]])}"/>'
    )
    return element.replace("/>", f">{motion}</path>")


def style() -> str:
    """Return the stylesheet: the colours of every figure, and lighter ones for a dark page."""
    rules = [
        "path{fill:none;stroke-linejoin:round;vector-effect:non-scaling-stroke}",
        ".generator{fill-opacity:.25;stroke-width:3}",
        ".discriminator{stroke-width:2}",
        ".data{stroke-width:3;stroke-dasharray:9 6}",
    ]
    for colors, query in (
        (plotting.COLORS, "{}"),
        (ON_DARK, "@media(prefers-color-scheme:dark){{{}}}"),
    ):
        lines = "".join(f".{kind}{{stroke:{colors[kind]}}}" for kind in ON_DARK)
        rules.append(query.format(lines + f".generator{{fill:{colors['generator']}}}"))
    return "".join(rules)


def picture(density: Tensor, probability: Tensor, kept: list[int], moving: bool) -> str:
    """Return the SVG: the data dashed, the generator filled, the discriminator a thin line."""
    shares = torch.linspace(0, 1, len(kept)) ** PACE * MOVES / (MOVES + HOLD)
    times = ";".join([f"{share:.4f}" for share in shares] + ["1"])
    parts = [
        f'<path d="M0 {FLOOR}H{WIDTH}" stroke="#8a8a8a" stroke-opacity=".6" stroke-width="1.5"/>'
    ]
    for values, filled, kind in (
        (probability, False, "discriminator"),
        (density / TOP, True, "generator"),
    ):
        frames = [path(values[frame], filled) for frame in kept]
        element = f'<path d="{frames[-1]}" class="{kind}"/>'
        parts.append(animated(element, frames, times) if moving else element)
    exact = path(target.density(x[:, None]).flatten() / TOP)
    parts.append(f'<path d="{exact}" class="data"/>')
    title = "A generator's density finds the data" if moving else "The generator on the data"
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" role="img">\n'
        f"<title>{title}</title>\n<style>{style()}</style>\n" + "\n".join(parts) + "\n</svg>\n"
    )


def main() -> int:
    """Train once and write both pictures."""
    torch.set_num_threads(1)
    density, probability = snapshots()
    kept = distinct(density, probability)
    for name, moving in (("hero.svg", True), ("hero-still.svg", False)):
        svg = picture(density, probability, kept, moving)
        write_atomically(Path(STATIC / name), svg)
        print(f"{name}: {len(kept)} frames, {len(svg) / 1000:.0f} kB")
    return 0


if __name__ == "__main__":
    sys.exit(main())
