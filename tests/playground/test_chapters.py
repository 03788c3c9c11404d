"""What the chapters say of the playgrounds in them is so, for the seed shown and twenty others."""

from __future__ import annotations

import re
from pathlib import Path

import torch

NOTEBOOKS = Path(__file__).resolve().parents[2] / "notebooks"
SEEDS = list(range(21))  # 0 is the seed that the page plays


def addresses(chapter: str) -> list[str]:
    """Return the states that a chapter opens or links to, in order."""
    (path,) = NOTEBOOKS.glob(f"{chapter}_*.md")
    return re.findall(r"#gan\?[^\"\s]*", path.read_text(encoding="utf-8"))


def test_chapter_1_without_help_g_loses_and_with_it_the_loss_comes_back(node) -> None:
    fast, slow = addresses("01")
    played = node("addresses_played.mjs", {slow: [SEEDS, 50], fast: [SEEDS, 300]})
    without, helped = (torch.tensor(played[address]["losses"]) for address in (slow, fast))
    assert without[:, -1].max() < 0.05  # "drops to zero within fifty steps"
    late = helped[:, -100:].mean(dim=1)
    assert (late - 1.386).abs().max() < 0.25  # "comes back to about 1.386"


def test_chapters_4_and_5_show_stories_that_are_tested(node) -> None:
    (four,), (five,) = addresses("04"), addresses("05")
    played = node("addresses_played.mjs", {four: [[], 0], five: [[], 0]})
    assert played[four]["story"] == "saturation"
    assert played[five]["story"] == "orbit"


def test_chapter_3_d_finds_the_fakes_at_once_and_is_sure_where_there_is_nothing(node) -> None:
    (three,) = addresses("03")
    played = node("addresses_played.mjs", {three: [SEEDS, 20, [-1.3, 1.3]]})
    D = torch.tensor(played[three]["losses"]).sigmoid()
    assert D[:, 0].max() < 0.5  # "dips where the fakes crowd"
    assert D[:, 1:].max(dim=1).values.min() > 0.9  # "nearly to 1, on one side at least"
