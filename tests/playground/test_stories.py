"""Each story of the playground shows what it says: for its own seed, and for twenty others."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor

SEEDS = range(21)  # 0 is the seed that the page plays


@pytest.fixture(scope="module")
def played(node) -> dict[str, list[dict[str, Tensor]]]:
    """What `stories.mjs` measured: for each story a list over seeds of its looks and rows."""

    def table(rows: list[list[float | None]]) -> Tensor:
        return torch.tensor([[float("nan") if v is None else v for v in row] for row in rows])

    return {
        story: [{name: table(rows) for name, rows in run.items()} for run in runs]
        for story, runs in node("stories.mjs", list(SEEDS)).items()
    }


def looks(runs: list[dict[str, Tensor]]) -> Tensor:
    """Return (seeds, looks, columns): the step, then what each run measured."""
    return torch.stack([run["looks"] for run in runs])


def test_orbit_the_fakes_still_swing_in_the_last_third(played) -> None:
    w1 = looks(played["orbit"])[:, -20:, 1]
    assert w1.max(dim=1).values.min() > 0.08
    assert (w1.max(dim=1).values > 1.2 * w1.min(dim=1).values).all(), "they swing, not stand aside"


def test_cure_r1_ends_near_the_data_and_its_twin_does_not(played) -> None:
    cured, plain = looks(played["cure"])[:, -20:, 1:].mean(dim=1).T
    assert cured.max() < 0.08
    assert (plain > 1.8 * cured).all()


def test_strong_d_wins_and_g_knows_few_modes(played) -> None:
    late = torch.stack([run["rows"][-40:, 0].mean() for run in played["strong"]])
    assert late.max() < 0.7, "D's loss is far below 2 log 2 = 1.386"
    modes = looks(played["strong"])[:, -1, 1]
    assert modes.max() <= 4
    assert modes.min() >= 1


def test_collapse_from_step_100_no_look_finds_half_of_the_modes(played) -> None:
    assert looks(played["collapse"])[:, 10:, 1].max() < 4


def test_saturation_the_saturating_loss_is_left_behind(played) -> None:
    saturating, twin = looks(played["saturation"])[:, -1, 1:].T
    assert (saturating > 1.5 * twin).all()


def test_dirac_gan_keeps_its_distance(played) -> None:
    for run in played["dirac"]:  # no randomness: every seed plays the same
        far = run["rows"][:, 1:].norm(dim=1)
        assert far.min() > 0.9
        assert far.max() < 1.1
        assert torch.equal(run["looks"], played["dirac"][0]["looks"])
        assert run["looks"][:, 1].min() < 0.2, "theta passes the data, and does not stay"
