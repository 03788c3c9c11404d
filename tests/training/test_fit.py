"""What train refuses, with the value that made no sense."""

from __future__ import annotations

import concurrent.futures
import math
import warnings

import numpy as np
import pytest
import reference
import torch
from small import TARGET, pair, same, train, weights
from torch import Tensor, nn
from torch.utils.data import DataLoader

from gan_tutorial import data, losses, networks, training

# --- what train refuses

G, D = pair()


class Whole(data.Target):
    dim = 1

    def _draw(self, n, stream):
        return stream.rand(n, 1).long()


class Holed(data.Target):
    dim = 1

    def _draw(self, n, stream):
        x = stream.rand(n, 1)
        x[..., 2, 0] = math.nan
        return x


class WideLogits(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.layer = nn.Linear(1, 2).double()

    def logits(self, x: Tensor) -> Tensor:
        return self.layer(x)


REFUSED = [
    ({name: bad}, rf"^{name} must be an integer of at least 1, got {bad!r}$")
    for name in (
        "batch_size", "d_steps", "steps", "replicas", "observe_every",
        "penalty_every",
    )
    for bad in (0, -1, 2.5, True)
] + [
    ({"lr": 0.0}, "^lr_G must be positive and finite, got 0.0$"),
    ({"lr": -1e-3}, "^lr_G must be positive and finite, got -0.001$"),
    ({"lr": math.nan}, "^lr_G must be positive and finite, got nan$"),
    ({"lr": (1e-3, math.inf)}, "^lr_D must be positive and finite, got inf$"),
    ({"lr": (1e-3, 1e-3, 1e-3)}, r"^lr must be a number or a pair .*got \(0.001, 0.001, 0.001\)"),
    ({"lr": torch.tensor([1e-3, 1e-3])}, r"^lr_G must be .* tensor of 1 rates.* got shape \(2,\)$"),
    ({"lr": (1e-3, torch.tensor(1e-3))}, r"^lr_D must be a number or a tensor .* got shape \(\)$"),
    ({"lr": torch.tensor([0.0])}, "^lr_G must be positive and finite, got 0.0$"),
    ({"lr": (1e-3, torch.tensor([math.nan]))}, "^lr_D must be positive and finite, got nan$"),
    ({"replicas": []}, r"^replicas must be an integer of at least 1, got \[\]$"),
    ({"replicas": "12"}, "^replicas must be an integer of at least 1, got '12'$"),
    ({"replicas": [0, -1]}, "^a member must be a whole number from 0 to 4294967295, got -1$"),
    ({"replicas": [True]}, "^a member must be a whole number from 0 to 4294967295, got True$"),
    ({"loss": [losses.hinge] * 2, "replicas": 3}, "^3 members cannot be split .* for 2 losses$"),
    (
        {"networks": (G, networks.Packed(networks.MLPDiscriminator(3).double(), 3))},
        r"^samples must come in groups of 3, got shape \(16, 1\)$",
    ),
    (
        {"networks": (G, networks.MLPDiscriminator(group=5).double())},
        r"^samples must come in groups of 5, got shape \(16, 64\)$",
    ),
    ({"loss": []}, "^1 members cannot be split into equal blocks for 0 losses$"),
    ({"loss": [losses.hinge, len], "replicas": 2}, "^loss must be a pair .* got len$"),
    ({"betas": (0.5, 1.0)}, r"^betas must be two numbers in \[0, 1\), got \(0.5, 1.0\)$"),
    ({"betas": (-0.1, 0.9)}, r"^betas .* got \(-0.1, 0.9\)$"),
    ({"betas": (0.5,)}, r"^betas .* got \(0.5,\)$"),
    ({"betas": (0.5, math.nan)}, r"^betas .* got \(0.5, nan\)$"),
    ({"ema": 1.0}, r"^ema must be in \[0, 1\), or None, got 1.0$"),
    ({"ema": -0.1}, "^ema .* got -0.1$"),
    ({"ema": math.nan}, "^ema .* got nan$"),
    ({"on_nan": "ignore"}, "^on_nan must be \"raise\" or \"freeze\", got 'ignore'$"),
    ({"seed": -1}, "^seed must be a whole number from 0 to 4294967295, got -1$"),
    ({"seed": 1.5}, "^seed must be a whole number .* got 1.5$"),
    ({"networks": (G, networks.MLPDiscriminator())}, "one dtype, got cpu .*32, cpu .*64$"),
    ({"networks": (G, pair(data_dim=2)[1])}, r"data_dim = 2, got \(16, 1\)"),
    ({"networks": (G, D), "target": data.ring()}, "G makes samples with 1 .* target's have 2$"),
    ({"networks": pair(data_dim=2)}, "G makes samples with 2 coordinates, the target's have 1$"),
    ({"networks": (G, WideLogits())}, r"shape \(m, 1\), got \(16, 2\) for m = 16$"),
    ({"networks": (D, D)}, "^MLPDiscriminator needs .noise_dim, which train uses$"),
    ({"networks": (G, G)}, "^MLPGenerator needs .logits, which train uses$"),
    ({"target": Whole()}, "samples must be floating-point numbers, got torch.int64$"),
    ({"target": Holed()}, "^the target's samples must be finite, got nan$"),
    ({"loss": losses.discriminator_loss}, "^loss must be a pair .* got discriminator_loss$"),
]  # fmt: skip


@pytest.mark.parametrize(("options", "words"), REFUSED)
def test_what_makes_no_sense_is_refused_with_its_value(options, words):
    with pytest.raises(ValueError, match=words):
        train(**options)


def test_networks_without_memory_are_refused():
    with torch.device("meta"):
        nothing = pair()
    with pytest.raises(ValueError, match=r"floating-point weights, got torch.float64 on meta$"):
        train(networks=nothing)
    with pytest.raises(ValueError, match=r"one device and one dtype, got cpu .*, meta "):
        train(networks=(G, nothing[1]))


def test_complex_weights_are_refused():
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # torch warns that complex modules are new
        wrong = tuple(network.to(torch.complex64) for network in pair())
    with pytest.raises(ValueError, match=r"floating-point weights, got torch.complex64 on cpu$"):
        train(networks=wrong)


def test_an_unknown_option_is_refused():
    with pytest.raises(TypeError, match="momentum"):
        train(momentum=0.9)


def test_a_pair_without_a_word_on_real_logits_will_do():
    class Pair:
        d = staticmethod(losses.discriminator_loss)
        g = staticmethod(losses.nonsaturating_generator_loss)

    assert same(weights(train(loss=Pair).G), weights(train().G))


# --- what people hand over, and once trained something else in silence


def test_networks_in_evaluation_mode_are_trained_like_all_others():
    networks_ = [
        networks.MLPGenerator(reference.NOISE_DIM, 1, 8, norm=nn.BatchNorm1d).double(),
        networks.spectral(networks.MLPDiscriminator(1, 8)).double(),
    ]
    usual = train(networks=networks_, ema=0.9)
    asleep = train(networks=[network.eval() for network in networks_], ema=0.9)
    assert same(weights(usual.G), weights(asleep.G))
    assert same(weights(usual.D), weights(asleep.D))
    for ours, theirs in zip(usual.G.buffers(), asleep.G.buffers(), strict=True):
        assert torch.equal(ours, theirs)
    assert asleep.G.training
    assert not networks_[0].training  # the networks handed in stay as they were


def test_a_frozen_weight_is_refused_by_name():
    frozen = pair()[0]
    frozen.model[0].bias.requires_grad_(False)
    with pytest.raises(ValueError, match=r"the weight 'model.0.bias' of MLPGenerator is frozen"):
        train(networks=(frozen, D))


@pytest.mark.parametrize("player", ["d", "g"])
def test_a_mean_over_members_is_refused(player):
    def mean(real_logits: Tensor, fake_logits: Tensor) -> Tensor:
        return getattr(losses.nonsaturating, player)(real_logits, fake_logits).mean()

    loss = losses.nonsaturating._replace(**{player: mean})
    words = rf"loss.{player} must return one value for each of the 3 members, shape \(3,\), and"
    with pytest.raises(ValueError, match=words + r" returned a tensor of shape \(\); a mean"):
        train(loss=loss, replicas=3)
    alone = train(loss=loss)  # for one member it is what was asked for
    assert same(weights(alone.G), weights(train().G))
    assert alone.history.d_loss.shape == (10, 1)
    with pytest.raises(ValueError, match="and returned a float"):
        train(loss=losses.nonsaturating._replace(**{player: lambda real, fake: 1.0}))


def usual_gradient_penalty(D, x_real, x_fake, generator=None):
    """WGAN-GP as most tutorials write it."""
    alpha = torch.rand(x_real.size(0), 1).to(x_real)
    x = (alpha * x_real + (1 - alpha) * x_fake).requires_grad_()
    (slope,) = torch.autograd.grad(D.logits(x).sum(), x, create_graph=True)
    return ((slope.norm(2, dim=1) - 1) ** 2).mean()


def test_a_penalty_from_elsewhere_is_told_what_it_lacks():
    words = r"the penalty failed on samples of shape \(3, 16, 1\), a batch for each member: "
    with pytest.raises(ValueError, match=words + "The size of tensor a"):
        train(penalty=lambda D, x_real, x_fake, generator: torch.ones(3, 5) * x_real, replicas=3)
    with pytest.raises(ValueError, match=r"the penalty must return one value for each of the 3"):
        train(penalty=lambda *given: losses.r1(0.1)(*given).mean(), replicas=3)
    with pytest.raises(ValueError, match=r"^rand drew from PyTorch's global random stream"):
        train(penalty=usual_gradient_penalty)
    words = r"the penalty must take \(D, x_real, x_fake, generator\): "
    with pytest.raises(ValueError, match=words):
        train(penalty=lambda D, x_real, x_fake: 0)
    with pytest.raises(ValueError, match=words):
        train(penalty=lambda D, x_real, x_fake, device, lambda_gp: 0)


class Noisy(nn.Module):
    """A layer that adds noise of its own."""

    per_member = True

    def __init__(self, library: str) -> None:
        super().__init__()
        self.library = library

    def forward(self, x: Tensor) -> Tensor:
        if self.library == "NumPy":
            return x + torch.from_numpy(np.random.standard_normal(x.shape))
        return x + torch.randn(x.shape, dtype=x.dtype)


@pytest.mark.parametrize("library", ["PyTorch", "NumPy"])
@pytest.mark.parametrize("player", ["G", "D"])
def test_randomness_outside_the_streams_is_refused(library, player):
    G, D = pair()
    network = {"G": G, "D": D}[player]
    network.model.insert(0, Noisy(library))
    torch.manual_seed(0)
    with pytest.raises(ValueError, match="it draws random numbers that no seed governs"):
        train(networks=(G, D))


@pytest.mark.parametrize("library", ["PyTorch", "NumPy"])
def test_a_loss_that_draws_by_itself_is_refused(library):
    def smoothed(real_logits: Tensor, fake_logits: Tensor) -> Tensor:
        drawn = np.random.uniform() if library == "NumPy" else torch.rand(())
        return drawn * losses.nonsaturating.d(real_logits, fake_logits)

    with pytest.raises(ValueError, match=rf"{library}'s global random stream .*in the first step"):
        train(loss=losses.nonsaturating._replace(d=smoothed))


@pytest.mark.parametrize(
    "around",
    [torch.no_grad, torch.inference_mode, lambda: torch.autocast("cpu", dtype=torch.bfloat16)],
)
def test_modes_that_stand_around_do_not_matter(around):
    options = {"penalty": losses.r1(0.1), "ema": 0.9}
    usual = train(networks=[n.float() for n in pair()], **options)
    with around():
        inside = train(networks=[n.float() for n in pair()], **options)
    assert same(weights(usual.G), weights(inside.G))
    assert same(weights(usual.D), weights(inside.D))


def test_runs_in_several_threads_are_those_of_their_seeds():
    seeds = range(24)
    one_by_one = [weights(train(seed=seed).G) for seed in seeds]
    with concurrent.futures.ThreadPoolExecutor(8) as pool:
        together = list(pool.map(lambda seed: weights(train(seed=seed).G), seeds))
    assert all(same(ours, theirs) for ours, theirs in zip(one_by_one, together, strict=True))


def test_the_default_device_may_be_another_one():
    """No GPU is needed: nothing can be computed on "meta", so what lands there is noticed."""
    usual = train(penalty=losses.gradient_penalty(0.1), ema=0.9, replicas=2)
    G, D = pair()
    with torch.device("meta"):
        elsewhere = train(
            networks=(G, D), penalty=losses.gradient_penalty(0.1), ema=0.9, replicas=2
        )
        x_fake = elsewhere.sample(5, seed=1)
    assert same(weights(usual.G), weights(elsewhere.G))
    assert torch.equal(x_fake, usual.sample(5, seed=1))


def test_numbers_of_numpy_are_numbers():
    options = {
        "seed": np.int64(3), "steps": np.int32(10), "batch_size": np.uint8(16),
        "lr": np.float64(2e-3), "replicas": np.int64(2), "d_steps": np.int16(1),
    }  # fmt: skip
    run = train(**options)
    assert same(weights(run.G), weights(train(replicas=2).G))
    assert run.sample(np.int64(3), seed=np.int64(1)).shape == (2, 3, 1)
    members = train(replicas=[np.int64(0), np.int64(1)])
    assert same(weights(members.G), weights(run.G))


# --- raw errors that are sentences now


class Pairs(nn.Module):
    """A module that returns a tuple, as one with a hidden state does."""

    def __init__(self, network: nn.Module) -> None:
        super().__init__()
        self.network, self.noise_dim = network, reference.NOISE_DIM

    def forward(self, x: Tensor) -> tuple[Tensor, None]:
        return self.network(x), None

    def logits(self, x: Tensor) -> tuple[Tensor, None]:
        return self.network.logits(x), None


class Drawn:
    """A target whose draw is what a test says."""

    def __init__(self, sample) -> None:
        self.draw = sample

    def sample(self, n, generator):
        return self.draw(n, generator)


class Unaware:
    def sample(self, n):
        return torch.randn(n, 1)


SENTENCES = [
    ({"networks": (Pairs(G), D)}, "^G of Pairs must return one tensor, got a tuple$"),
    ({"networks": (G, Pairs(D))}, "^D.logits of Pairs must return one tensor, got a tuple$"),
    ({"target": torch.randn(9, 1)}, "got a Tensor; data.empirical makes a target of a tensor, an"),
    ({"target": DataLoader(torch.randn(9, 1))}, "got a DataLoader; data.empirical makes a target"),
    ({"target": Unaware()}, r"^Unaware.sample must take \(n, generator=...\): "),
    ({"target": Drawn(lambda n, streams: torch.zeros(n, 1))},
     r"have shape \(N, n, ...\), got \(16, 1\) for N = 1, n = 16: draw them by generator.rand"),
    ({"target": Drawn(lambda n, streams: streams.randn(n))}, r"got \(1, 16\) for N = 1"),
    ({"target": Drawn(lambda n, streams: streams.randn(n, 1).numpy())},
     "^the target's samples must be tensors, got a ndarray$"),
    ({"target": Drawn(lambda n, streams: (streams.randn(n, 1), torch.zeros(n)))},
     r"^the target's labels for streams .* got \(16,\)"),
    ({"target": Drawn(lambda n, streams: streams.randn(n, 1, 2, 2))},
     r"G makes samples of shape \(1,\), the target's have \(1, 2, 2\)$"),
    ({"lr": "1e-3"}, "^lr_G must be a number, got '1e-3'$"),
    ({"lr": (1e-3, "fast")}, "^lr_D must be a number, got 'fast'$"),
    ({"ema": "0.9"}, "^ema must be a number, got '0.9'$"),
    ({"betas": 0.5}, "^betas must be two numbers .* got 0.5$"),
    ({"penalty": 0.1}, "^penalty must be a function, or None, got 0.1$"),
    ({"schedule": 0.5}, "^schedule must be a function, or None, got 0.5$"),
]  # fmt: skip


@pytest.mark.parametrize(("options", "words"), SENTENCES)
def test_a_raw_error_is_a_sentence(options, words):
    with pytest.raises(ValueError, match=words):
        train(**options)


def test_an_option_is_looked_for_among_those_that_there_are():
    words = "^train has no option 'lrr'; those of a step are loss, penalty, .*, fresh_z, apart$"
    with pytest.raises(TypeError, match=words):
        train(lrr=0.1)
    with pytest.raises(TypeError, match=r"^train needs a loss, such as loss=losses.nonsaturating$"):
        training.train(G, D, TARGET, steps=1)


class Mixing(nn.Module):
    """A discriminator that looks at all members at once: it takes dim 0 for the batch."""

    def __init__(self) -> None:
        super().__init__()
        self.layer = nn.Linear(1, 1)

    def logits(self, x: Tensor) -> Tensor:
        return self.layer(x - x.mean(dim=0, keepdim=True))


def test_a_member_that_depends_on_the_others_is_refused():
    G = networks.MLPGenerator(2, 1, 8)
    for replicas in (1, 3):
        words = f"Mixing.logits member 0 of {replicas} does not compute what it computes alone"
        with pytest.raises(ValueError, match=words):
            train(networks=(G, Mixing()), replicas=replicas)


def test_what_is_refused_leaves_the_global_stream_alone():
    G, D = pair()
    D.model.insert(0, Noisy("PyTorch"))
    torch.manual_seed(0)
    before = torch.get_rng_state()
    with pytest.raises(ValueError, match="random numbers that no seed governs"):
        train(networks=(G, D))
    assert torch.equal(torch.get_rng_state(), before)
