"""The clinic: every trouble that a chapter reproduces has its row, and so has one from a test."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import torch
from torch.nn.functional import softplus

from gan_tutorial import networks
from parts.chapters import ROOT, chapters

CLINIC = (ROOT / "book" / "clinic.md").read_text(encoding="utf-8")


def links(html: str) -> set[str]:
    return set(re.findall(r'href="\.\./notebooks/([^"]+)"', html))


def troubles(html: str) -> list[str]:
    """Return the anchors of the sections under "What goes wrong" of a built chapter."""
    _, _, rest = html.partition('<section id="what-goes-wrong">')
    return re.findall(
        r'<section[^>]* id="([^"]+)">\s*<h3', rest.partition('<section id="exercises">')[0]
    )


@pytest.mark.site
def test_every_trouble_that_a_chapter_reproduces_has_a_row(site: Path) -> None:
    linked = links((site / "book" / "clinic.html").read_text(encoding="utf-8"))
    found = {
        f"{path.stem}.html#{anchor}"
        for path in chapters()
        for anchor in troubles((site / "notebooks" / f"{path.stem}.html").read_text("utf-8"))
    }
    assert len(found) > 40
    assert found <= linked


def test_each_row_has_a_complaint_a_cause_and_a_link() -> None:
    rows = [line for line in CLINIC.splitlines() if line.startswith("|") and "---" not in line]
    rows = [row for row in rows if not row.startswith("| you see")]
    assert len(rows) > 55
    for row in rows:
        cells = [cell.strip() for cell in re.split(r"(?<!\\)\|", row)[1:-1]]
        assert len(cells) in (3, 4), row
        assert all(cells), row
        assert "../notebooks/" in cells[-1], row
    complaints = [row.split("|")[1] for row in rows]
    assert len(set(complaints)) == len(complaints)


def play(*, stale: bool) -> list[torch.Tensor]:
    """Play a round of the game, and return G's slopes; stale: D's old logits serve G too."""
    torch.manual_seed(0)
    G, D = networks.MLPGenerator(2, width=8), networks.MLPDiscriminator(width=8)
    optimizer = torch.optim.SGD(D.parameters(), lr=0.1)
    x_real, x_fake = torch.randn(16, 1), G(torch.randn(16, 2))
    fake_logits = D.logits(x_fake)
    d_loss = softplus(-D.logits(x_real)).mean() + softplus(fake_logits).mean()
    optimizer.zero_grad()
    d_loss.backward(retain_graph=True)
    optimizer.step()
    g_loss = softplus(-(fake_logits if stale else D.logits(x_fake))).mean()
    g_loss.backward()
    return [weight.grad for weight in G.parameters()]


def test_steps_of_d_between_the_two_losses_are_refused_in_the_words_of_the_clinic() -> None:
    (words,) = re.findall(r'\| "(one of the variables[^"]+)"', CLINIC)
    with pytest.raises(RuntimeError, match=words):
        play(stale=True)
    assert all(slope.isfinite().all() for slope in play(stale=False))  # the cure
