"""Terms with a right answer: cross-entropy by another hand, medians and means, and G's own term."""

from __future__ import annotations

from types import SimpleNamespace

import pytest
import torch
from torch import Tensor, nn
from torch.nn.functional import cross_entropy

from gan_tutorial import losses, networks
from gan_tutorial.training.game import Given


def noise(*shape: int, seed: int = 0) -> Tensor:
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed)).double()


def told(labels: Tensor, classes: int = 4) -> Given:
    D = networks.AuxiliaryDiscriminator(networks.MLPDiscriminator(2, 8), classes).double()
    return Given(D, (labels,))


def test_auxiliary_terms_are_cross_entropies_on_real_and_on_fake():
    labels = torch.tensor([0, 3, 1, 1, 2])
    D, x_real, x_fake = told(labels), noise(5, 2), noise(5, 2, seed=1)
    d_term, g_term = losses.auxiliary(0.7)
    for term, x in ((d_term, x_real), (g_term, x_fake)):
        by_torch = 0.7 * cross_entropy(D.class_logits(x), labels)
        torch.testing.assert_close(term(D, x_real, x_fake), by_torch, rtol=1e-12, atol=0)


def test_auxiliary_terms_are_one_for_each_member():
    labels = torch.randint(4, (3, 5), generator=torch.Generator().manual_seed(2))
    x = noise(3, 5, 2)
    D, (d_term, _) = told(labels), losses.auxiliary()
    values = d_term(D, x, x)
    assert values.shape == (3,)
    for i in range(3):
        by_torch = cross_entropy(D.class_logits(x[i]), labels[i])
        torch.testing.assert_close(values[i], by_torch, rtol=1e-12, atol=0)


def test_auxiliary_can_be_added_to_r1():
    labels = torch.tensor([[0, 3, 1]])  # one member: Given repeats labels along its axis of m
    D, x = told(labels), noise(1, 3, 2)
    d_term, _ = losses.auxiliary()
    apart = d_term(D, x, x) + losses.r1(0.3)(D, x, x)
    for both in (d_term + losses.r1(0.3), losses.r1(0.3) + d_term):
        torch.testing.assert_close(both(D, x, x), apart, rtol=1e-12, atol=0)


def test_auxiliary_says_what_it_lacks():
    d_term, _ = losses.auxiliary()
    x, plain = noise(3, 2), networks.MLPDiscriminator(2, 8).double()
    words = "auxiliary needs labels .* and a D with class_logits, .*, got MLPDiscriminator$"
    for D in (plain, Given(plain, (torch.tensor([0, 1, 2]),))):
        with pytest.raises(ValueError, match=words):
            d_term(D, x, x)
    with pytest.raises(ValueError, match="weight must be a finite number of at least 0, got -1"):
        losses.auxiliary(-1)


IMAGES = SimpleNamespace(data_dims=3)


@pytest.mark.parametrize(("D", "shape"), [
    (nn.Identity(), (5, 2)), (nn.Identity(), (3, 5, 2)), (nn.Identity(), (3, 5, 2, 4, 4)),
    (IMAGES, (5, 2, 4, 4)), (IMAGES, (3, 5, 2, 4, 4)),
])  # fmt: skip
@pytest.mark.parametrize("power", [1, 2, 1.5])
def test_reconstruction_is_the_mean_over_all_numbers_of_a_member(D, shape, power):
    x_real, x_fake = noise(*shape), noise(*shape, seed=1)
    value = losses.reconstruction(10, power)(D, x_real, x_fake)
    members = shape[0] if len(shape) in (3, 5) else None
    assert value.shape == (() if members is None else (members,))
    for i in [...] if members is None else range(members):
        a, b = x_real[i].flatten().tolist(), x_fake[i].flatten().tolist()
        by_hand = sum(abs(q - p) ** power for p, q in zip(a, b, strict=True)) / len(a)
        assert value[i].item() == pytest.approx(10 * by_hand, rel=1e-12)


@pytest.mark.parametrize(("power", "best"), [(1, 0.0), (2, 0.3)])
def test_the_best_constant_is_the_median_of_power_1_and_the_mean_of_power_2(power, best):
    x_real = torch.tensor([0.0] * 7 + [1.0] * 3).double()[:, None]  # seven zeros, three ones
    at = torch.linspace(-0.5, 1.5, 201, dtype=torch.float64)
    term = losses.reconstruction(1, power)
    values = [term(None, x_real, x.expand(10, 1)).item() for x in at]
    assert at[values.index(min(values))].item() == pytest.approx(best, abs=1e-9)


def test_reconstruction_moves_the_fake_and_refuses_strange_numbers():
    x_fake = noise(4, 2).requires_grad_()
    (slope,) = torch.autograd.grad(
        losses.reconstruction(3)(None, noise(4, 2, seed=1), x_fake), x_fake
    )
    torch.testing.assert_close(slope.abs(), torch.full_like(slope, 3 / 8))  # a sign each
    with pytest.raises(ValueError, match=r"^power must be at least 1, got 0\.5$"):
        losses.reconstruction(1, 0.5)
    with pytest.raises(ValueError, match="weight must be a finite number of at least 0, got inf"):
        losses.reconstruction(float("inf"))
