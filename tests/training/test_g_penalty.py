"""The generator's own term: by hand, with labels, kept in checkpoints, and what is refused."""

from __future__ import annotations

import pytest
import torch
from small import TARGET, distance, pair, same, train, weights
from torch import Tensor

from gan_tutorial import experiments, losses, networks, training
from gan_tutorial.ensemble import Streams, member, replicate


def squares(D, x_real: Tensor, x_fake: Tensor, generator) -> Tensor:
    """Return the mean square of the fakes, one value per member."""
    return x_fake.square().mean(dim=(-2, -1))


class Pairs:
    """x = 2 y + noise, with y as its label, a number."""

    def sample(self, n: int, *, generator) -> tuple[Tensor, Tensor]:
        y = generator.randn(n, 1)
        return 2 * y + 0.1 * generator.randn(n, 1), y


class Conditional(torch.nn.Module):
    noise_dim = 1

    def __init__(self) -> None:
        super().__init__()
        self.layer = torch.nn.Linear(2, 1)

    def forward(self, x: Tensor, y: Tensor) -> Tensor:
        return self.layer(torch.cat([x, y], dim=-1))

    logits = forward


@pytest.mark.no_cover
def test_a_run_is_the_loop_written_by_hand():
    """As in chapter 5: two losses, two optimisers, and a term more in one of them."""
    run = train(g_penalty=squares, replicas=2, steps=30)
    streams = Streams(3, [1])
    G, D = (member(replicate(network, streams), 0) for network in pair())
    g_optimizer = torch.optim.Adam(G.parameters(), lr=2e-3, betas=(0.5, 0.999))
    d_optimizer = torch.optim.Adam(D.parameters(), lr=2e-3, betas=(0.5, 0.999))
    for _ in range(30):
        x_real = TARGET.sample(16, generator=streams)[0].double()
        x_fake = G(streams.randn(16, 3)[0].double())
        d_optimizer.zero_grad()
        losses.nonsaturating.d(D.logits(x_real), D.logits(x_fake.detach())).backward()
        d_optimizer.step()
        g_optimizer.zero_grad()
        g_loss = losses.nonsaturating.g(None, D.logits(x_fake))
        (g_loss + x_fake.square().mean()).backward()
        g_optimizer.step()
    assert distance(weights(run.G, 1), weights(G)) < 1e-12
    assert distance(weights(run.D, 1), weights(D)) < 1e-12
    # the history is of the game alone, and the rule made a difference
    assert run.history.g_loss[-1, 1].item() == pytest.approx(g_loss.item(), rel=1e-6)
    assert distance(weights(run.G, 1), weights(train(replicas=2, steps=30).G, 1)) > 1e-4


def test_none_is_a_term_of_zero():
    zero = train(g_penalty=lambda D, x_real, x_fake, generator: 0 * x_fake.mean(dim=(-2, -1)))
    assert same(weights(zero.G), weights(train().G))


def test_it_is_taken_at_every_step_as_it_is():
    usual = train(g_penalty=squares)
    lazy = {"penalty_every": 3, "penalty_schedule": training.geometric(1, 0.1)}  # for D's alone
    assert same(weights(train(g_penalty=squares, **lazy).G), weights(usual.G))


def test_it_sees_the_labels_and_the_fakes_that_d_saw():
    seen = []

    def look(D, x_real: Tensor, x_fake: Tensor, generator) -> Tensor:
        seen.append((D, x_real, x_fake, generator))
        return x_fake.mean(dim=(-2, -1))

    training.train(
        Conditional(), Conditional(), Pairs(), loss=losses.nonsaturating, g_penalty=look,
        steps=1, replicas=2, batch_size=4,
    )  # fmt: skip
    ((D, x_real, x_fake, generator),) = seen
    (labels,) = D.labels
    assert labels.shape == x_real.shape == x_fake.shape == (2, 4, 1)
    assert (x_real - 2 * labels).abs().max() < 0.6  # .1 of noise: each sample and its own label
    assert x_fake.requires_grad
    assert not x_real.requires_grad
    assert generator.randn(1).shape == (2, 1)


@pytest.mark.no_cover
def test_reconstruction_finds_what_pairs_have_in_common():
    run = training.train(
        Conditional(), Conditional(), Pairs(), loss=losses.nonsaturating, replicas=2, lr=2e-2,
        g_penalty=losses.reconstruction(50, 2), steps=300, seed=1, progress=False,
    )  # fmt: skip
    slope = run.G.layer.weight[:, 0, 1]  # of x on y: 2 in the data
    assert (slope - 2).abs().max() < 0.2


def test_an_auxiliary_pair_trains_and_d_learns_the_classes():
    class Two:
        def sample(self, n: int, *, generator) -> tuple[Tensor, Tensor]:
            y = (2 * generator.rand(n)).long()
            return (2.0 * y - 1)[..., None] + 0.1 * generator.randn(n, 1), y

    d_term, g_term = losses.auxiliary()
    run = training.train(
        networks.Labelled(networks.MLPGenerator(4, 1, 8), 2, 2),
        networks.AuxiliaryDiscriminator(networks.MLPDiscriminator(1, 8), 2), Two(),
        loss=losses.nonsaturating, penalty=d_term + losses.r1(0.1), g_penalty=g_term,
        steps=60, replicas=2, batch_size=32, lr=1e-2, progress=False,
    )  # fmt: skip
    guess = run.D.class_logits(torch.tensor([[-1.0], [1.0]])).argmax(dim=-1)
    assert torch.equal(guess, torch.tensor([[0, 1], [0, 1]]))
    labels = torch.tensor([0, 1]).repeat(100)
    x_fake = run.sample(200, seed=2, labels=labels)[..., 0]
    assert (x_fake[:, 1::2].mean(dim=1) > x_fake[:, ::2].mean(dim=1)).all()


def test_a_checkpoint_knows_the_rule(tmp_path):
    path = tmp_path / "run.pt"
    whole = train(g_penalty=losses.reconstruction(1))
    train(g_penalty=losses.reconstruction(1), steps=4, checkpoint=path)
    go_on = training.Checkpoint(path, resume=True)
    resumed = train(g_penalty=losses.reconstruction(1), checkpoint=go_on)
    assert same(weights(resumed.G), weights(whole.G))
    with pytest.raises(
        ValueError, match=r"g_penalty = .*weight=1\.0.*, this run has .*weight=2\.0"
    ):
        train(g_penalty=losses.reconstruction(2), checkpoint=go_on)
    with pytest.raises(ValueError, match=r"g_penalty = .*, this run has g_penalty = None"):
        train(checkpoint=go_on)


def test_a_study_trains_variants_of_it_apart():
    options = {"loss": losses.nonsaturating}
    assert experiments.grouping.options_of(training.train)["g_penalty"] is None
    groups = experiments.grouping.groups({
        "one": options | {"g_penalty": losses.reconstruction(1)},
        "two": options | {"g_penalty": losses.reconstruction(2)},
        "one again": {"loss": losses.hinge, "g_penalty": losses.reconstruction(1)},
    })  # fmt: skip
    assert groups == [["one", "one again"], ["two"]]


def test_what_is_no_term_is_refused():
    with pytest.raises(ValueError, match=r"^g_penalty must be a function, or None, got 0\.1$"):
        train(g_penalty=0.1)
    with pytest.raises(
        ValueError, match=r"^g_penalty must take \(D, x_real, x_fake, generator\): "
    ):
        train(g_penalty=lambda x_real, x_fake: 0)
    with pytest.raises(ValueError, match=r"^g_penalty must return one value for each of the 3 mem"):
        train(g_penalty=lambda *given: given[2].mean(), replicas=3)
    with pytest.raises(
        ValueError, match=r"^g_penalty failed on samples of shape \(1, 16, 1\), a b"
    ):
        train(g_penalty=lambda D, x_real, x_fake, generator: x_fake * torch.ones(3, 5))
