"""The explorer's letters against the package: same weights, same z, same picture.

`letters.mjs` draws in Node, and again in a page of Chromium, what the tests draw here.
"""

from __future__ import annotations

import random
from itertools import product
from typing import Any

import pytest
import torch
from ideas import bad_idea
from torch import Tensor

import explorer
from gan_tutorial import networks
from gan_tutorial.data.letters import ALPHABET

WORDS = ["A", "ZEBRA", ALPHABET[:12], ALPHABET[12:24], "YZ"]  # all letters are among them
WITHIN = 1e-5  # a sum of 64 products in single precision, in another order, through two layers more


@pytest.fixture(scope="module")
def written() -> dict[str, Any]:
    return explorer.written()


def labels(word: str) -> Tensor:
    return torch.tensor([ALPHABET.index(letter) for letter in word])


def drawn(G: networks.Labelled, word: str, z: Tensor) -> Tensor:
    with torch.no_grad():
        return G(z.expand(len(word), -1), labels(word)).flatten()


def assert_close(ours: list[float], theirs: Tensor, within: float = WITHIN) -> None:
    torch.testing.assert_close(
        torch.tensor(ours, dtype=torch.float64), theirs.double(), rtol=0, atol=within
    )


# --- numbers


@pytest.mark.parametrize(("noise", "width", "depth"), [(3, 64, 2), (8, 20, 1), (1, 7, 3)])
def test_any_such_generator_draws_the_same_in_float32(engine, noise, width, depth):
    inner = networks.PixelGenerator(noise + 5, (1, 16, 16), width=width, depth=depth)
    G = networks.Labelled(inner, 26, dim=5)
    ways = [torch.zeros(3, noise), torch.zeros(3, noise), torch.zeros(3, 9)]
    tensors = [G.embed.weight, *G.G.parameters(), *ways]
    z = 2 * torch.randn(len(WORDS), noise)
    answers = engine(
        "letters.mjs",
        {
            "tensors": [value.flatten().tolist() for value in tensors],
            "reach": 2,
            "asked": [{"word": w, "z": each.tolist()} for w, each in zip(WORDS, z, strict=True)],
        },
    )
    for word, each, answer in zip(WORDS, z, answers, strict=True):
        assert_close(answer["fake"], drawn(G, word, each))


def test_the_page_draws_what_the_package_draws_with_the_same_numbers(engine, written):
    G, ways = explorer.as_shipped(written)
    stream = torch.Generator().manual_seed(0)
    steps = explorer.REACH * (2 * torch.rand(len(WORDS), 3, generator=stream) - 1)
    steps[0], steps[1] = torch.tensor([-2.0, 2.0, 0.0]), torch.tensor([2.0, -2.0, 2.0])
    z = steps @ ways.directions
    asked = [
        {"word": w, "z": at.tolist(), "steps": s.tolist()}
        for w, at, s in zip(WORDS, z, steps, strict=True)
    ]
    answers = engine("letters.mjs", {"written": written, "asked": asked})
    for word, s, at, answer in zip(WORDS, steps, z, answers, strict=True):
        assert_close(answer["fake"], drawn(G, word, at))
        assert_close(answer["z"], at)
        assert_close(answer["style"], ways.style(s))


def test_the_font_is_the_mean_of_the_eight_styles_around(engine, written):
    """By hand, corner by corner; at the kept styles themselves it is what the package renders."""
    levels, places = explorer.unpack(written)[1].double(), written["places"]
    kept = [[0.0, 0.0, 0.0], [1.0, 1.0, 1.0], [places[0][1], places[1][2], 0.5]]
    styles = [*kept, [0.3, 0.4, 0.9], [0.99, 0.01, 0.5]]
    asked = [{"word": w, "style": s} for w, s in zip(WORDS, styles, strict=True)]
    answers = engine("letters.mjs", {"written": written, "asked": asked})
    for word, style, answer in zip(WORDS, styles, answers, strict=True):
        total = torch.zeros(256, len(word), dtype=torch.float64)
        axes = list(zip(places, style, strict=True))
        lows = [sum(place <= s for place in axis[1:-1]) for axis, s in axes]
        for corner in product((0, 1), repeat=3):
            share, at = 1.0, []
            for (axis, s), low, up in zip(axes, lows, corner, strict=True):
                after = (s - axis[low]) / (axis[low + 1] - axis[low])
                share *= after if up else 1 - after
                at.append(low + up)
            total += share * levels[:, labels(word), *at]
        assert_close(answer["real"], (total / 8 - 1).T.flatten())
    for word, style, answer in zip(WORDS[:3], kept, answers[:3], strict=True):
        factors = torch.tensor([[k, *style] for k in labels(word).tolist()])
        assert_close(answer["real"], explorer.letters.render(factors).flatten())


def test_a_seed_gives_the_z_of_torch_as_steps_of_the_sliders(engine, written):
    _, ways = explorer.as_shipped(written)
    seeds = [0, 1, 2, 3, 4, 5, 41, 2**32 - 1]
    answers = engine("letters.mjs", {"written": written, "asked": [{"seed": s} for s in seeds]})
    ends = 0
    for seed, answer in zip(seeds, answers, strict=True):
        z = torch.randn(ways.directions.shape[1], generator=torch.Generator().manual_seed(seed))
        exact = torch.linalg.lstsq(ways.directions.T, z[:, None]).solution[:, 0]
        ends += int((exact.abs() > explorer.REACH).sum())
        # rounded to hundredths
        assert_close(answer["steps"], exact.clamp(-explorer.REACH, explorer.REACH), 0.00501)
    assert ends < len(seeds), "most z are within reach"


def test_the_distance_is_the_root_of_the_mean_square(engine, written):
    pair = torch.rand(2, 512).tolist()
    (answer,) = engine("letters.mjs", {"written": written, "asked": [{"pair": pair}]})
    one, other = torch.tensor(pair)
    assert answer["distance"] == pytest.approx(
        (one - other).square().mean().sqrt().item(), rel=1e-5
    )


# --- addresses

KEYS = ["word", "weight", "width", "slant", "seed"]
VALUES = """GAN gan LATENT HAMBURGEFONSTIV É ß ı ſ ñ 1 -1 0 2 2.001 -2 -2.001 -9 0.5 1e-3 1e999 NaN
    -Infinity % %00 %E0%A4%A A+B A%20B %F0%9F%98%80 4294967295 4294967296 0x10 <b>
    null __proto__""".split()  # noqa: SIM905
VALUES += ["", " ", "\0", "A" * 12, "A" * 13, "\ud83d"]


def test_ten_thousand_addresses_give_a_word_or_a_sentence(engine) -> None:
    chance = random.Random(0)
    ideas = [bad_idea(chance, "letters", KEYS, VALUES) for _ in range(10_000)]
    refused = 0
    for idea, answer in zip(ideas, engine("words.mjs", ideas), strict=True):
        if "written" in answer:
            assert answer["written"] == answer["again"], idea
            assert 1 <= len(answer["state"]["word"]) <= 12, idea
            assert set(answer["state"]["word"]) <= set(ALPHABET), idea
            assert all(abs(answer["state"][name]) <= 2 for name in explorer.STYLE), idea
        else:
            refused += 1
            assert answer["kind"] == "RangeError", idea
            assert answer["sentence"].endswith("."), idea
    assert 1000 < refused < 9900, "both kinds are met"


@pytest.mark.parametrize(
    ("address", "sentence"),
    [
        ("#letters?word=CAFÉ", "“É” is no letter from A to Z, and the generator knows no others"),
        ("#letters?word=", "Type a word of letters from A to Z."),
        ("#letters?word=" + "A" * 13, "A word may have 12 letters here, and this one has 13."),
        ("#letters?weight=3", "weight must be from -2 to 2, got 3."),
        ("#letters?seed=0.5", "seed must be a whole number from 0 to 4294967295, got 0.5."),
        ("#letters?colour=red", 'there is no setting "colour".'),
    ],
)
def test_what_is_wrong_is_named(engine, address: str, sentence: str) -> None:
    (answer,) = engine("words.mjs", [address])
    assert answer["kind"] == "RangeError"
    assert sentence in answer["sentence"]


def test_a_state_is_written_by_what_is_not_as_usual(engine) -> None:
    (usual, other) = engine("words.mjs", ["", "#letters?word=gan&weight=1.50&seed=7"])
    assert usual["written"] == "#letters?"
    assert other["written"] == "#letters?word=GAN&weight=1.5&seed=7"
