"""What was learnt by heart, against scipy, hand loops, exact copies and fresh samples."""

from __future__ import annotations

import math
import statistics

import pytest
import torch
from clouds import draws, near, points
from scipy import stats

from gan_tutorial import metrics

# --- fakes that are copies


def test_the_nearest_of_two_sets_by_hand():
    generator = torch.Generator().manual_seed(1)
    # points of a lattice: some fakes are as near to one set as to the other
    x_fake, x_train, x_held = (
        torch.randint(0, 6, (2, n, 2), generator=generator).double() for n in (25, 12, 12)
    )
    share, ratio = metrics.nearest_train(x_fake, x_train, x_held)
    ties = 0
    for i in range(2):
        points, ratios = 0.0, []
        for fake in x_fake[i].tolist():
            t = min(math.dist(fake, other) for other in x_train[i].tolist())
            h = min(math.dist(fake, other) for other in x_held[i].tolist())
            points += 0.5 if t == h else float(t < h)
            ties += t == h
            ratios.append(1.0 if t == h else t / h if h else math.inf)
        assert share[i].item() == pytest.approx(points / 25, rel=1e-12)
        assert ratio[i].item() == pytest.approx(statistics.median_low(ratios), rel=1e-12)
    assert ties > 2


def test_copies_are_all_nearer_to_what_they_were_copied_from():
    x_train, x_held = points(40, 3, seed=1), points(40, 3, seed=2)
    copies = torch.stack([x_train.flip(0), x_held.flip(0)])
    share, ratio = metrics.nearest_train(copies, x_train, x_held)
    assert share.tolist() == [1, 0]
    assert ratio.tolist() == [0, math.inf]
    both = metrics.nearest_train(x_train, x_train, x_train)
    assert (both.share, both.ratio) == (0.5, 1)


@pytest.mark.parametrize("dim", [2, 16])
def test_fresh_samples_are_as_near_to_either_set(dim):
    x_fake, x_train, x_held = (points(600, n, dim, seed=n) for n in (60, 40, 41))
    share, ratio = metrics.nearest_train(x_fake, x_train, x_held[:, :40])
    near(share, 1 / 2)  # exactly, since the two sets could be exchanged
    near(ratio.log(), 0)
    if dim == 2:  # 600 values know a variance to 6 %; the sets are small and have edges
        assert share.var().item() == pytest.approx(1 / 240 + 1 / (28 * 40), rel=0.2)


def test_bad_fakes_are_no_copies():
    x_fake, x_train, x_held = (points(300, n, 2, seed=n) for n in (30, 20, 21))
    near(metrics.nearest_train(3 * x_fake + 1, x_train, x_held[:, :20]).share, 1 / 2)


def test_a_share_of_copies_is_seen_as_half_of_it():
    x_train, x_held = points(200, 50, 4, seed=1), points(200, 50, 4, seed=2)
    x_fake = points(200, 50, 4, seed=3)
    x_fake[:, :20] = x_train[:, :20]  # .4 are copies, and of the others a half is nearer
    near(metrics.nearest_train(x_fake, x_train, x_held).share, 0.4 + 0.6 / 2)


def test_sets_of_which_one_is_larger_are_refused():
    words = "x_train and x_held must be equally many, got 9 and 8"
    with pytest.raises(ValueError, match=words):
        metrics.nearest_train(torch.zeros(5, 2), torch.zeros(9, 2), torch.zeros(8, 2))
    with pytest.raises(ValueError, match=r"x_fake and x_held must have the same .* 2 and 3"):
        metrics.nearest_train(torch.zeros(5, 2), torch.zeros(9, 2), torch.zeros(9, 3))


# --- a D that knows the samples


@pytest.mark.parametrize(("n", "k"), [(30, 30), (7, 50), (50, 1)])
def test_separation_is_mann_and_whitneys_u(n, k):
    train, held = draws(2, n, seed=1) + 0.5, draws(2, k, seed=2)
    for digits in (9, 0):  # without ties, and with many
        a, b = train.round(decimals=digits), held.round(decimals=digits)
        found = metrics.separation(a, b)
        for i in range(2):
            u = stats.mannwhitneyu(a[i, :, 0].numpy(), b[i, :, 0].numpy()).statistic
            assert found[i].item() == pytest.approx(u / (n * k), rel=1e-12)


def test_separation_at_its_ends():
    logits = draws(40, seed=3)
    assert metrics.separation(logits + 100, logits) == 1
    assert metrics.separation(logits, logits + 100) == 0
    assert metrics.separation(logits, logits.flip(0)) == 0.5
    assert metrics.separation(torch.zeros(5, 1), torch.zeros(3, 1)) == 0.5


def test_separation_of_gaussians_and_its_floor():
    n, k = 40, 60
    train, held = draws(2000, n, seed=4), draws(2000, k, seed=5)
    near(metrics.separation(train + 0.7, held), stats.norm.cdf(0.7 / math.sqrt(2)))
    fresh = metrics.separation(train, held)
    near(fresh, 1 / 2)
    # 2000 values know a spread to 1.6 %
    expected = math.sqrt((n + k + 1) / (12 * n * k))
    assert fresh.std().item() == pytest.approx(expected, rel=0.06)


def test_one_held_out_set_serves_replicas():
    train, held = draws(2, 3, 20, seed=6), draws(25, seed=7)
    together = metrics.separation(train, held)
    assert together.shape == (2, 3)
    assert together[1, 2] == metrics.separation(train[1, 2], held)
    mirrored = metrics.separation(held, train)
    torch.testing.assert_close(mirrored, 1 - together, rtol=1e-12, atol=0)
    of_means = metrics.place(train, held, draws(2, 1, 9, seed=8))
    assert of_means.shape == (2, 3)


def test_the_place_of_held_out_data():
    train, held, fake = (
        torch.tensor([[[3.0], [5.0]]]),
        draws(1000, seed=9),
        torch.full((7, 1), -1.0),
    )
    held = held - held.mean()
    for mean, expected in ((4.0, 1.0), (-1.0, 0.0), (1.5, 0.5), (-3.5, -0.5)):
        found = metrics.place(train.double(), held + mean, fake.double())
        assert found.item() == pytest.approx(expected, abs=1e-12)


@pytest.mark.parametrize(
    ("bad", "words"),
    [
        (torch.zeros(5), r"\(..., n, 1\) with n > 0, got \(5,\)"),
        (torch.zeros(5, 2), r"got \(5, 2\)"),
        (torch.full((5, 1), math.nan), "holds 5 values that are not finite"),
    ],
)
def test_logits_of_another_kind_are_refused(bad, words):
    good = torch.zeros(4, 1)
    for arguments, name in (((bad, good), "train"), ((good, bad), "held")):
        with pytest.raises(ValueError, match=f"^{name}_logits .*{words}"):
            metrics.separation(*arguments)
        with pytest.raises(ValueError, match=f"^{name}_logits .*{words}"):
            metrics.place(*arguments, good)
    with pytest.raises(ValueError, match=f"^fake_logits .*{words}"):
        metrics.place(good, good, bad)
    with pytest.raises(ValueError, match=r"do not fit: \(2,\) and \(3,\)"):
        metrics.separation(torch.zeros(2, 4, 1), torch.zeros(3, 4, 1))
