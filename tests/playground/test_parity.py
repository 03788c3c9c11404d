"""The playground's engine against the package itself: the same seed gives the same numbers.

`run.mjs` trains in Node, and again in a page of Chromium, what the tests train here. Where a test
says `tape`, the engine gets the random numbers that PyTorch drew; everywhere else it draws its own.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from functools import cache
from typing import Any

import numpy as np
import pytest
import scipy.stats
import torch
from torch import Tensor, nn

from gan_tutorial import data, ensemble, losses, metrics, networks, training

Settings = dict[str, Any]
DTYPES = {"float32": torch.float32, "float64": torch.float64}
LOSSES = list(losses.LOSSES)
DRAWN = [0.0, 1, 3, 2, 0, 1, 4, 0.5]
POINTS = [0.5, 0.5, -0.5, 0.25, 0.0, -1.0]

# These losses feel only differences of logits. Some gradients of biases are then exactly 0, and in
# float32 what is left of them is rounding noise, which Adam turns into steps of full size.
DIFFERENCES = ["hinge", "Wasserstein", "relativistic"]
ABSOLUTE = [name for name in LOSSES if name not in DIFFERENCES]

BASE: Settings = {
    "target": "gaussian", "drawn": [], "networks": "mlp", "width": 16, "depth": 2, "noise": 8,
    "batch": 16, "k": 1, "lrG": 2e-3, "lrD": 2e-3, "beta1": 0.5, "beta2": 0.999,
    "loss": "non-saturating", "penalty": "none", "gamma": 0.5, "ema": 0, "seed": 0, "member": 0,
}  # fmt: skip
TARGETS: dict[str, Callable[[], Any]] = {
    "gaussian": lambda: data.gaussian(mean=0.3, std=0.15),
    "mixture": lambda: data.mixture([-0.5, 0.5], 0.1),
    "uniform": lambda: data.uniform(-1.0, 1.0),
    "drawn": lambda: data.mixture(
        [(2 * i + 1) / 8 - 1 for i in range(8) if DRAWN[i]], 1 / 8, [h for h in DRAWN if h]
    ),
    "ring": lambda: data.ring(std=0.05),
    "grid": lambda: data.grid(spacing=0.5, std=0.05),
    "points": lambda: data.empirical(torch.tensor(POINTS).view(-1, 2)),
}
PENALTIES: dict[str, Callable[[float], Any]] = {
    "none": lambda gamma: None,
    "R1": losses.r1,
    "R2": losses.r2,
    "R1 + R2": lambda gamma: losses.r1(gamma) + losses.r2(gamma),
    "gradient penalty": losses.gradient_penalty,
}


def case(**changes: Any) -> Settings:
    settings = {**BASE, **changes}
    settings["drawn"] = {"drawn": DRAWN, "points": POINTS}.get(settings["target"], [])
    return settings


def make(s: Settings, dtype: torch.dtype) -> tuple[nn.Module, nn.Module, Any]:
    """Return G, D and the target that these settings mean."""
    target = TARGETS[s["target"]]()
    if s["networks"] == "seed":
        G, D = networks.Generator(s["noise"]), networks.Discriminator()
    else:
        G = networks.MLPGenerator(s["noise"], target.dim, s["width"], s["depth"])
        D = networks.MLPDiscriminator(target.dim, s["width"], s["depth"])
    return G.to(dtype), D.to(dtype), target


def train(s: Settings, precision: str, steps: int, names: list[str] | None = None) -> training.Run:
    """Train the settings with each of several losses: member i of the run plays by names[i].

    What Node is compared with need not be trained again for Chromium.
    """
    return _train(json.dumps(s), precision, steps, tuple(names or [s["loss"]]))


@cache
def _train(settings: str, precision: str, steps: int, names: tuple[str, ...]) -> training.Run:
    s = json.loads(settings)
    G, D, target = make(s, DTYPES[precision])
    return training.train(
        G, D, target,
        loss=[losses.LOSSES[name] for name in names],
        penalty=PENALTIES[s["penalty"]](s["gamma"]),
        ema=s["ema"] or None, batch_size=s["batch"], lr=(s["lrG"], s["lrD"]),
        betas=(s["beta1"], s["beta2"]), d_steps=s["k"], steps=steps,
        replicas=[s["member"]] * len(names), seed=s["seed"], progress=False,
    )  # fmt: skip


def weights(run: training.Run, i: int) -> list[Tensor]:
    return [w[i].detach().flatten() for net in (run.G, run.D) for w in net.parameters()]


def apart(ours: list[Any], theirs: list[Tensor]) -> float:
    """Return the largest difference between two lists of arrays."""
    off = [
        (torch.tensor(a, dtype=torch.float64) - b.double()).abs().max()
        for a, b in zip(ours, theirs, strict=True)
    ]
    return max(off).item()


def assert_same_losses(out: Any, run: training.Run, i: int, within: float, what: str) -> None:
    """Compare the losses of all steps; large ones relative to their size."""
    for name in ("d_loss", "g_loss", "penalty"):
        theirs = getattr(run.history, name)[:, i].double()
        ours = torch.tensor(out[name], dtype=torch.float64)
        assert ours.shape == theirs.shape
        off = (ours - theirs).abs() / theirs.abs().clamp_min(1)
        worst = int(off.argmax())
        assert off[worst] <= within, (
            f"{what}: {name} is {off[worst]:.1e} off at step {worst + 1}, more than {within:.0e}: "
            f"here {ours[worst]:.9f}, in PyTorch {theirs[worst]:.9f}"
        )


# --- random numbers


def test_uniform_numbers_are_those_of_torch_bit_for_bit(engine):
    seeds = [0, 1, 42, 2**31, 2**32 - 1]
    answers = engine("numbers.mjs", [["stream", s, [["rand", 7], ["rand", 1500]]] for s in seeds])
    for seed, answer in zip(seeds, answers, strict=True):
        g = torch.Generator().manual_seed(seed)
        for ours, n in zip(answer, (7, 1500), strict=True):
            assert ours == torch.rand(n, generator=g).tolist(), f"seed {seed}"
    (doubles,) = engine("numbers.mjs", [["doubles", 3, 700]])
    g = torch.Generator().manual_seed(3)
    assert doubles == torch.rand(700, generator=g, dtype=torch.float64).tolist()


def test_normal_numbers_are_those_of_torch(engine):
    # below 16 numbers torch draws pairs, of which the second may wait; from 16 on blocks
    sizes = [1, 1, 2, 15, 3, 16, 17, 31, 32, 5, 100, 512, 1, 513]
    seeds = [0, 7, 123456789]
    answers = engine("numbers.mjs", [["stream", s, [["randn", n] for n in sizes]] for s in seeds])
    for seed, answer in zip(seeds, answers, strict=True):
        g = torch.Generator().manual_seed(seed)
        for ours, n in zip(answer, sizes, strict=True):
            theirs = torch.randn(n, generator=g)
            off = (torch.tensor(ours) - theirs).abs().max()
            assert off <= 1e-6, f"{n} normal numbers of seed {seed} are {off:.1e} off"
            assert n >= 16 or ours == theirs.tolist()


def test_members_have_the_streams_of_the_ensemble(engine):
    pairs = [(s, m) for s in (0, 1, 2**32 - 1) for m in (0, 1, 7, 2**32 - 1)]
    ours = engine("numbers.mjs", [["member", *pair] for pair in pairs])
    assert ours == [ensemble.member_seed(*pair) for pair in pairs]


@pytest.mark.parametrize("networks", ["seed", "mlp"])
def test_initial_weights_are_bit_equal(engine, networks):
    cases = [
        case(networks=networks, noise=noise, seed=seed, member=member, width=width, depth=depth)
        for noise, seed, member, width, depth in [
            (1, 0, 0, 16, 2), (8, 0, 0, 64, 2), (3, 5, 2, 7, 1), (64, 2**32 - 1, 1, 1, 3),
        ]
    ]  # fmt: skip
    jobs = [
        {"settings": s, "precision": p, "steps": 0, "want": ["initial"]}
        for p in ("float32", "float64")
        for s in cases
    ]
    for job, out in zip(jobs, engine("run.mjs", jobs), strict=True):
        G, D, _ = make(job["settings"], DTYPES[job["precision"]])
        streams = ensemble.Streams(job["settings"]["seed"], [job["settings"]["member"]])
        G, D = ensemble.replicate(G, streams), ensemble.replicate(D, streams)
        theirs = [w.detach().flatten() for net in (G, D) for w in net.parameters()]
        if job["precision"] == "float32":
            for ours, w in zip(out["initial"], theirs, strict=True):
                assert ours == w.tolist()
        else:  # torch may round once where we round twice
            assert apart(out["initial"], theirs) <= 2**-53


# --- training


def first_step(s: Settings, precision: str) -> dict[str, Any]:
    """Return gradients and losses of the first update of D and of the first of G, by hand."""
    G, D, target = make(s, DTYPES[precision])
    streams = ensemble.Streams(s["seed"], [s["member"]])
    G, D = ensemble.replicate(G, streams), ensemble.replicate(D, streams)
    loss, penalty = losses.LOSSES[s["loss"]], PENALTIES[s["penalty"]](s["gamma"])
    x_real = target.sample(s["batch"], generator=streams).to(DTYPES[precision])
    x_fake = G(streams.randn(s["batch"], s["noise"]).to(DTYPES[precision]))
    d_loss = loss.d(D.logits(x_real), D.logits(x_fake.detach()))
    extra = torch.zeros(1) if penalty is None else penalty(D, x_real, x_fake.detach(), streams)
    optimizer = torch.optim.Adam(D.parameters(), lr=s["lrD"], betas=(s["beta1"], s["beta2"]))
    (d_loss + extra).sum().backward()
    grad_D = [w.grad.flatten().clone() for w in D.parameters()]
    optimizer.step()
    g_loss = loss.g(D.logits(x_real).detach(), D.logits(x_fake))
    g_loss.sum().backward(inputs=list(G.parameters()))
    grad_G = [w.grad.flatten() for w in G.parameters()]
    values = {"d_loss": d_loss.detach(), "penalty": extra.detach(), "g_loss": g_loss.detach()}
    return {"grad_D": grad_D, "grad_G": grad_G, **values}


@pytest.mark.parametrize("penalty", PENALTIES)
def test_first_gradients_and_first_losses(engine, penalty):
    mlp = [
        (case(loss=name, penalty=penalty, target="ring", noise=2), precision, simd)
        for name in LOSSES
        for precision, simd in (("float32", True), ("float64", False))
    ]
    seed = [
        (case(loss=name, penalty=penalty, target="mixture", networks="seed"), "float32", simd)
        for name, simd in (("non-saturating", True), ("relativistic", False))
    ]
    jobs = [
        {"settings": s, "precision": precision, "simd": simd, "steps": 1, "want": ["gradients"]}
        for s, precision, simd in mlp + seed
    ]
    for job, out in zip(jobs, engine("run.mjs", jobs), strict=True):
        s = job["settings"]
        theirs = first_step(s, job["precision"])
        what = f"{s['loss']}, {penalty}, {s['networks']}, {job['precision']}"
        # G's part comes after D's update, which in float32 may hold noise: see DIFFERENCES
        whole = job["precision"] == "float64" or s["loss"] in ABSOLUTE
        for name in ("grad_D", "grad_G") if whole else ("grad_D",):
            assert apart(out[name], theirs[name]) <= 1e-6, f"{what}: {name}"
        for name in ("d_loss", "penalty", "g_loss") if whole else ("d_loss", "penalty"):
            assert apart([out[name]], [theirs[name]]) <= 1e-6, f"{what}: {name}"


@pytest.mark.parametrize(
    ("penalty", "target", "k", "noise", "ema"),
    [
        ("none", "mixture", 2, 2, 0.9),
        ("R1", "gaussian", 1, 8, 0),
        ("R1", "uniform", 3, 1, 0.99),
        ("R2", "ring", 2, 4, 0),
        ("R1 + R2", "grid", 1, 1, 0),
        ("gradient penalty", "mixture", 1, 8, 0),
        ("gradient penalty", "ring", 2, 3, 0.9),
    ],
)
def test_float64_over_300_steps(engine, penalty, target, k, noise, ema):
    """Every loss, with the random numbers that PyTorch drew."""
    s = case(penalty=penalty, target=target, k=k, noise=noise, ema=ema, lrG=1e-3, lrD=1e-3)
    run, tape = recorded(json.dumps(s))
    jobs = [
        {"settings": {**s, "loss": name}, "precision": "float64", "steps": 300, "want": ["trained"]}
        for name in LOSSES
    ]
    outs = engine("run.mjs", {"jobs": jobs, "tape": tape})
    for i, (name, out) in enumerate(zip(LOSSES, outs, strict=True)):
        what = f"{name}, {penalty}, {target}, k = {k}"
        assert_same_losses(out, run, i, 1e-6, what)
        assert apart(out["trained"], weights(run, i)) <= 1e-6, what


@cache
def recorded(settings: str) -> tuple[training.Run, list[float]]:
    """Train with every loss; return the run and the random numbers that it drew."""
    s = json.loads(settings)
    drawn: list[float] = []

    def listening(method):
        def draw(self, *shape):
            numbers = method(self, *shape)
            drawn.extend(numbers[0].flatten().tolist())
            return numbers

        return draw

    with pytest.MonkeyPatch.context() as patch:
        for name in ("rand", "randn"):
            patch.setattr(ensemble.Streams, name, listening(getattr(ensemble.Streams, name)))
        make(s, torch.float64)[2].sample(16, generator=ensemble.Streams(0, 1))  # as train tries it
        tried = len(drawn)
        drawn.clear()
        return train(s, "float64", 300, LOSSES), drawn[tried:]


@pytest.mark.parametrize(
    "settings",
    [
        case(),
        case(networks="seed"),
        case(penalty="R1", ema=0.999, member=3, seed=11),
        case(target="ring", noise=2, width=24, loss="hinge", penalty="R1 + R2"),
        case(target="mixture", k=3, loss="Wasserstein", penalty="gradient penalty"),
    ],
)
def test_float64_from_the_seed_alone_over_300_steps(engine, settings):
    (out,) = engine("run.mjs", [{"settings": settings, "precision": "float64", "steps": 300}])
    assert_same_losses(out, train(settings, "float64", 300), 0, 1e-6, str(settings))


# networks: what else is set, how many seeds, and how many trainings must agree for so many steps
FLOAT32 = {
    "mlp": ({"target": "mixture", "k": 3, "noise": 2}, 8, {10: 30, 50: 24}),
    "seed": ({}, 2, {10: 6}),
}


@pytest.mark.parametrize(
    ("nets", "penalty"),
    [
        ("mlp", "none"),
        ("mlp", "R1 + R2"),
        ("mlp", "gradient penalty"),
        ("seed", "none"),
        ("seed", "gradient penalty"),
    ],
)
def test_float32_from_the_seed_alone(engine, nets, penalty):
    """Most trainings agree to 1e-6, in every loss, for 10 steps and for 50.

    D is made of flat pieces. Where a sample lies on the edge of two, rounding decides to which it
    belongs, here as in PyTorch. Of 960 trainings on 24 seeds 1 % departed within 10 steps and 7 %
    within 50. PyTorch departed from itself in 3.5 % when the rows of its batches were reversed. On
    another processor it is other trainings that depart, so which ones is not asked.
    """
    options, seeds, agree = FLOAT32[nets]
    settings = [
        case(networks=nets, penalty=penalty, batch=64, seed=seed, **options)
        for seed in range(seeds)
    ]
    jobs = [{"settings": {**s, "loss": name}, "steps": 50} for s in settings for name in ABSOLUTE]
    outs = iter(engine("run.mjs", jobs))
    departed = []
    for s in settings:
        run = train(s, "float32", 50, ABSOLUTE)
        departed += [departure(next(outs), run, i) for i in range(len(ABSOLUTE))]
    for steps, least in agree.items():
        assert sum(step > steps for step in departed) >= least, f"departures at steps {departed}"


def departure(out: Any, run: training.Run, i: int) -> int:
    """Return the first step at which a loss is more than 1e-6 off; or one more than there are."""
    off = torch.zeros(run.steps, dtype=torch.bool)
    for name in ("d_loss", "g_loss", "penalty"):
        theirs = getattr(run.history, name)[:, i].double()
        ours = torch.tensor(out[name], dtype=torch.float64)
        off |= ~((ours - theirs).abs() <= 1e-6 * theirs.abs().clamp_min(1))  # NaN is off, too
    return next((step for step, wrong in enumerate(off.tolist(), start=1) if wrong), len(off) + 1)


@pytest.mark.parametrize("name", DIFFERENCES)
def test_where_float32_fails_pytorch_fails_against_itself(engine, monkeypatch, name):
    """Reverse the rows of every batch: the same mathematics, but the sums round otherwise."""
    s = case(batch=64, width=32, loss=name)
    run = train(s, "float32", 50)
    (out,) = engine("run.mjs", [{"settings": s, "steps": 50}])
    for method in (ensemble.Streams.rand, ensemble.Streams.randn):
        reverse = lambda self, *shape, draw=method: draw(self, *shape).flip(1)  # noqa: E731
        monkeypatch.setattr(ensemble.Streams, method.__name__, reverse)
    other = _train.__wrapped__(json.dumps(s), "float32", 50, (name,))
    ours = (torch.tensor(out["g_loss"]) - run.history.g_loss[:, 0]).abs().max()
    theirs = (other.history.g_loss - run.history.g_loss).abs().max()
    assert theirs > 1e-5  # so no program can promise 1e-6
    assert ours <= 100 * theirs


def test_every_target_trains_alike(engine):
    cases = [
        case(target=target, batch=20 if target == "points" else 16, noise=3) for target in TARGETS
    ]
    jobs = [{"settings": s, "precision": "float64", "steps": 20} for s in cases]
    for s, out in zip(cases, engine("run.mjs", jobs), strict=True):
        assert_same_losses(out, train(s, "float64", 20), 0, 1e-6, s["target"])


def test_odd_sizes_train_alike(engine):
    """Sizes that are no multiple of the kernel's blocks, and batches of a single sample."""
    cases = [
        case(width=w, depth=d, batch=m, noise=n, penalty="R1", target=target)
        for w, d, m, n, target in [
            (1, 1, 1, 1, "gaussian"), (9, 1, 3, 1, "ring"), (13, 3, 5, 7, "mixture"),
            (40, 6, 2, 5, "grid"),
        ]
    ]  # fmt: skip
    jobs = [{"settings": s, "steps": 10, "simd": simd} for s in cases for simd in (True, False)]
    for job, out in zip(jobs, engine("run.mjs", jobs), strict=True):
        run = train(job["settings"], "float32", 10)
        assert_same_losses(out, run, 0, 1e-6, str(job))


# --- what the page shows of a run


@pytest.mark.parametrize("name", ["non-saturating", "relativistic"])
@pytest.mark.parametrize("target", ["mixture", "ring"])
def test_samples_logits_and_pulls(engine, name, target):
    s = case(loss=name, target=target, ema=0.99, member=2, noise=3)
    run = train(s, "float64", 20)
    dim = TARGETS[target]().dim
    at = torch.linspace(-1, 1, 300 * dim, dtype=torch.float64).float().double().view(1, 300, dim)
    job = {
        "settings": s,
        "precision": "float64",
        "steps": 20,
        "sample": [700, 9],
        "points": at.flatten().tolist(),
    }
    (out,) = engine("run.mjs", [job])
    assert apart([out["sample"]], [run.sample(700, seed=9).flatten()]) <= 1e-6
    x = at.requires_grad_()
    logits = run.D.logits(x)
    assert apart([out["logits"]], [logits.detach().flatten()]) <= 1e-6
    if name == "non-saturating":
        real = logits.detach()  # not used
        (slope,) = torch.autograd.grad(300 * losses.LOSSES[name].g(real, logits).sum(), x)
        assert apart([out["pull"]], [-slope.flatten()]) <= 1e-6


def test_the_pull_of_a_paired_loss_is_its_mean_over_the_last_batch(engine):
    s = case(loss="relativistic", noise=3)
    run = train(s, "float64", 1)
    streams = ensemble.Streams(0, 1)
    G, D, target = make(s, torch.float64)
    ensemble.replicate(D, (ensemble.replicate(G, streams), streams)[1])
    x_real = target.sample(16, generator=streams).double()
    at = torch.tensor([[-0.7], [0.1], [0.9]], dtype=torch.float64)
    (out,) = engine(
        "run.mjs",
        [
            {
                "settings": s,
                "precision": "float64",
                "steps": 1,
                "points": at.float().flatten().tolist(),
            }
        ],
    )
    x = at.float().double()[None].requires_grad_()
    with torch.no_grad():
        real = run.D.logits(x_real)  # after G's step D is still the one that G listened to
    fake = run.D.logits(x)  # (1, 3, 1)
    pairs = torch.nn.functional.softplus(real.view(16, 1) - fake.view(1, 3)).mean(0).sum()
    (slope,) = torch.autograd.grad(pairs, x)
    assert apart([out["pull"]], [-slope.flatten()]) <= 1e-6


@pytest.mark.parametrize("gamma", [0.0, 0.3])
def test_the_dirac_gan_is_that_of_chapter_5(engine, gamma):
    """Taking turns from (1, 0) with the Wasserstein loss: equations (5.7) and (5.8)."""
    lr = 0.2
    s = case(networks="dirac", loss="Wasserstein", lrG=lr, lrD=lr, gamma=gamma, penalty="R1")
    jobs = [
        {"settings": s, "precision": "float64", "steps": n, "want": ["trained"]}
        for n in (0, 1, 7, 60)
    ]
    turn = np.array([[1 - lr**2, lr * (1 - lr * gamma)], [-lr, 1 - lr * gamma]])
    for out, n in zip(engine("run.mjs", jobs), (0, 1, 7, 60), strict=True):
        expected = np.linalg.matrix_power(turn, n) @ [1, 0]
        assert np.ravel(out["trained"]) == pytest.approx(expected, abs=1e-12)


@pytest.mark.parametrize("name", LOSSES)
def test_the_dirac_gan_plays_every_loss(engine, name):
    s = case(networks="dirac", loss=name, lrG=0.1, lrD=0.2, penalty="R1 + R2", gamma=0.1)
    theta, phi = torch.tensor([1.0, 0.0], dtype=torch.float64)
    loss = losses.LOSSES[name]
    for _ in range(25):
        phi = phi.detach().requires_grad_()
        total = loss.d((0 * phi).view(1, 1), (phi * theta).view(1, 1)) + 0.1 * phi**2
        phi = (phi - 0.2 * torch.autograd.grad(total, phi)[0]).detach()
        theta = theta.detach().requires_grad_()
        g_loss = loss.g((0 * phi).view(1, 1), (phi * theta).view(1, 1))
        theta = (theta - 0.1 * torch.autograd.grad(g_loss, theta)[0]).detach()
    job = {"settings": s, "precision": "float64", "steps": 25, "want": ["trained"]}
    (out,) = engine("run.mjs", [job])
    assert np.ravel(out["trained"]) == pytest.approx([theta.item(), phi.item()], abs=1e-12)


# --- data and metrics


@pytest.mark.parametrize("name", TARGETS)
def test_targets_are_those_of_the_package(engine, name):
    s, target = case(target=name), TARGETS[name]()
    x = torch.linspace(-1.2, 1.2, 60).view(-1, target.dim)
    questions = [["sample", s, n, 5] for n in (7, 64, 2000)]
    asked = [*questions, ["density", s, x.flatten().tolist()], ["means", s]]
    *samples, density, means = engine("numbers.mjs", asked)
    for n, ours in zip((7, 64, 2000), samples, strict=True):
        assert apart([ours], [target.sample(n, seed=5).flatten()]) <= 1e-6
    if name != "points":
        exact = target.density(x.double()).flatten()
        assert density == pytest.approx(exact.tolist(), rel=1e-5, abs=1e-6)
    if name in ("ring", "grid"):
        assert apart([means], [target.means.flatten()]) <= 1e-6
    if target.dim == 1:
        (quantiles,) = engine("numbers.mjs", [["quantiles", s, 501]])
        assert apart([quantiles], [target.quantiles(501).flatten()]) <= 1e-6


def test_distance_and_smoothed_density_against_scipy(engine):
    rng = np.random.default_rng(0)
    samples = [rng.normal(size=n).tolist() for n in (1, 2, 7, 64, 100)]
    pairs = [(x, y) for x in samples for y in samples]
    for (x, y), ours in zip(pairs, engine("numbers.mjs", [["w1", *p] for p in pairs]), strict=True):
        assert ours == pytest.approx(scipy.stats.wasserstein_distance(x, y), abs=1e-12)
    at = np.linspace(-3, 3, 21)
    (ours,) = engine("numbers.mjs", [["kde", samples[4], at.tolist()]])
    theirs = scipy.stats.gaussian_kde(samples[4], bw_method="silverman")(at)
    assert ours == pytest.approx(theirs.tolist(), abs=1e-12)


@pytest.mark.parametrize("name", ["ring", "grid"])
def test_mode_coverage_is_that_of_the_package(engine, name):
    target = TARGETS[name]()
    good, wide = target.sample(2500, seed=0), data.mixture([[0.0, 0.0]], 0.5).sample(500, seed=1)
    one = target.means[:1] + 0.01 * torch.randn(30, 2, generator=torch.Generator().manual_seed(2))
    none = torch.full((10, 2), 9.0)
    for x in (good, wide, one, none):
        args = [x.flatten().tolist(), target.means.flatten().tolist(), target.stds[0].item()]
        (ours,) = engine("numbers.mjs", [["modeCoverage", *args]])
        theirs = metrics.mode_coverage(x.double(), target.means, target.stds)
        assert ours["captured"] == theirs.captured
        assert ours["highQuality"] == pytest.approx(theirs.high_quality.item(), abs=1e-12)
