"""Studies: paired exactly, trained together, kept on disk, and statistics that keep their word."""

from __future__ import annotations

import functools
import gc
import itertools
import json
import os
import subprocess
import sys
import textwrap
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
import pytest
import torch
from scipy import stats
from torch import Tensor, nn

from gan_tutorial import data, experiments, losses, metrics, networks, training

TARGET = data.gaussian(0.3, 0.15)
SEEDS, SEED = 4, 3


def generator(width: int = 8) -> nn.Module:
    return networks.MLPGenerator(3, 1, width).double()


def discriminator() -> nn.Module:
    return networks.MLPDiscriminator(1, 8, activation=nn.Tanh).double()


def w1(run: training.Run) -> Tensor:
    return metrics.wasserstein_distance(run.sample(50, seed=1), TARGET.quantiles(50).double())


def base(**changes) -> dict:
    options = {"G": generator(), "D": discriminator(), "target": TARGET, "steps": 60}
    return {**options, "loss": losses.nonsaturating, "batch_size": 16, "lr": 2e-3, **changes}


def study(variants: dict, **changes) -> experiments.Study:
    options = {"base": base(), "measure": w1, "seeds": SEEDS, "seed": SEED, **changes}
    return experiments.Study(variants=variants, **options)


def alone(**changes) -> Tensor:
    """Return what a variant gives when `train` is called for it by hand."""
    options = {"replicas": SEEDS, "seed": SEED, "on_nan": "freeze", "progress": False}
    return w1(training.train(**base(**changes), **options))


SHORT = {"base": base(steps=2)}


@pytest.fixture
def calls(monkeypatch) -> list[dict]:
    """Return the calls of `train`, which goes on as it is."""
    made: list[dict] = []
    real = training.train

    @functools.wraps(real)
    def train(*arguments, **options):
        made.append(options)
        return real(*arguments, **options)

    monkeypatch.setattr(training, "train", train)
    return made


VARIANTS = {
    "lr": {"lr": 4e-3},
    "two rates": {"lr": (1e-3, 3e-3)},
    "rate of each seed": {"lr": torch.tensor([1e-3, 3e-3, 4e-3, 5e-3], dtype=torch.float64)},
    "saturating": {"loss": losses.saturating},
    "both": {"loss": losses.saturating, "lr": 1e-3},
}


def test_the_example_of_the_docstring_runs(tmp_path, monkeypatch, capsys):
    code = experiments.__doc__.split("::\n\n")[1].split("\n\nVariants")[0]
    assert "steps=1000" in code
    monkeypatch.chdir(tmp_path)
    figure, ax = plt.subplots()
    exec(textwrap.dedent(code).replace("steps=1000", "steps=2"), {"ax": ax})
    assert len(list(Path("w1").iterdir())) == 4
    assert len(ax.get_yticks()) == 3
    assert capsys.readouterr().out.count("\n") == 4
    plt.close(figure)


# --- together or apart


@pytest.mark.no_cover
def test_variants_trained_together_are_what_each_is_alone(calls):
    result = study(VARIANTS).run()
    (call,) = calls
    assert call["replicas"] == [0, 1, 2, 3] * 6
    assert len(call["loss"]) == 6
    assert [rates.shape for rates in call["lr"]] == [(24,), (24,)]
    assert list(result.points) == ["base", *VARIANTS]
    for name, changes in {"base": {}, **VARIANTS}.items():
        apart = alone(**changes)
        torch.testing.assert_close(result.points[name], apart, rtol=0, atol=1e-12)
        if name != "base":
            assert (apart - alone()).abs().min() > 1e-6  # there was something to tell apart
            exact = result.points[name] - result.points["base"]
            assert torch.equal(result.differences(name), exact)


@pytest.mark.parametrize("options", [{"ema": 0.9}, {"penalty": losses.r1(0.1)}, {"d_steps": 2}])
def test_other_options_of_the_base_hold_for_all(options, calls):
    result = study({"saturating": {"loss": losses.saturating}}, base=base(**options)).run()
    assert len(calls) == 1
    for name, changes in {"base": {}, "saturating": {"loss": losses.saturating}}.items():
        apart = alone(**options, **changes)
        torch.testing.assert_close(result.points[name], apart, rtol=0, atol=1e-12)


def test_what_cannot_be_together_has_a_call_of_its_own(calls):
    variants = {
        "narrow": {"G": generator(4)},
        "lr": {"lr": 4e-3},
        "narrow, lr": {"G": generator(4), "lr": 4e-3},  # equal networks, though not the same
        "batch": {"batch_size": 8},
    }
    result = study(variants).run()
    sizes = [len(r) if isinstance(r, list) else r for r in (call["replicas"] for call in calls)]
    assert sizes == [8, 8, 4]
    assert all(call["loss"] is losses.nonsaturating for call in calls)  # nothing to make blocks of
    assert calls[2]["lr"] == 2e-3
    for name, changes in variants.items():
        torch.testing.assert_close(result.points[name], alone(**changes), rtol=0, atol=1e-12)


def test_a_variant_that_changes_nothing_differs_by_exactly_nothing(calls):
    variants = {"same": {"lr": 2e-3}, "equal networks": {"G": generator()}, "lr": {"lr": 4e-3}}
    result = study(variants).run()
    assert len(calls[0]["replicas"]) == 2 * SEEDS  # what is equal is trained once
    for name in ("same", "equal networks"):
        assert torch.equal(result.differences(name), torch.zeros(SEEDS, dtype=torch.float64))
    row = result.table()[0]
    assert (row.difference, row.interval, row.family_interval) == (0, (0, 0), (0, 0))
    assert (row.p, row.p_holm, row.verdict) == (1, 1, "unknown at this size")


def test_a_study_repeats_itself_and_other_seeds_differ():
    variants = {"lr": {"lr": 4e-3}}
    first, again, other = (study(variants, seed=s).run() for s in (3, 3, 4))
    for name in first.points:
        assert torch.equal(first.points[name], again.points[name])
        assert (first.points[name] - other.points[name]).abs().min() > 1e-6
    assert first.table()[0].interval == again.table()[0].interval


def test_a_measure_sees_a_run_of_one_variant(calls):
    seen = []

    def measure(run: training.Run) -> Tensor:
        widths = {weight.shape[0] for weight in [*run.G.parameters(), *run.D.parameters()]}
        seen.append((widths, run.history.d_loss.shape, len(run.streams), run.steps))
        return run.history.d_loss[-1]

    result = study({"saturating": {"loss": losses.saturating}}, measure=measure).run()
    assert len(calls) == 1
    assert seen == [({SEEDS}, (60, SEEDS), SEEDS, 60)] * 2
    options = {"replicas": SEEDS, "seed": SEED, "progress": False}
    run = training.train(**base(loss=losses.saturating), **options)
    torch.testing.assert_close(
        result.points["saturating"], run.history.d_loss[-1].double(), rtol=1e-6, atol=0
    )


def test_several_outcomes_give_several_results():
    def both(run: training.Run) -> dict[str, Tensor]:
        samples = run.sample(50, seed=1)
        return {"W1": w1(run), "positive": (samples > 0).sum((1, 2))}

    results = study({"lr": {"lr": 4e-3}}, measure=both).run()
    assert list(results) == ["W1", "positive"]
    torch.testing.assert_close(results["W1"].points["lr"], alone(lr=4e-3), rtol=0, atol=1e-12)
    counts = results["positive"].points["lr"]
    assert counts.dtype == torch.float64
    assert (counts == counts.round()).all()
    assert counts.max() > 1


def breaks(real_logits: Tensor, fake_logits: Tensor) -> Tensor:
    return losses.discriminator_loss(real_logits, fake_logits) * float("nan")


broken = losses.Loss(breaks, losses.nonsaturating.g)


def test_a_seed_that_is_lost_costs_no_other(calls):
    result = study({"broken": {"loss": broken}, "lr": {"lr": 4e-3}}).run()
    assert len(calls) == 1
    assert result.frozen == {"base": 0, "broken": SEEDS, "lr": 0}
    torch.testing.assert_close(result.points["base"], alone(), rtol=0, atol=1e-12)
    rows = result.table()
    assert [row.frozen for row in rows] == [SEEDS, 0]
    assert str(rows).count("4 frozen") == 1
    with pytest.raises(training.DivergedError):
        study({"broken": {"loss": broken}}, base=base(on_nan="raise")).run()


# --- what is kept on disk


def test_a_second_run_reads_what_the_first_wrote(calls, tmp_path):
    fresh = study(VARIANTS).run()
    first = study(VARIANTS).run(cache=tmp_path / "new" / "folder")
    files = sorted((tmp_path / "new" / "folder").iterdir())
    assert len(files) == 6
    assert all(file.suffix == ".json" and file.stat().st_size < 1000 for file in files)
    calls.clear()
    again = study(VARIANTS).run(cache=str(tmp_path / "new" / "folder"))
    assert calls == []
    for name in fresh.points:
        assert torch.equal(first.points[name], fresh.points[name])
        assert torch.equal(first.points[name], again.points[name])
    assert again.frozen == first.frozen


def test_a_new_variant_is_all_that_is_computed(calls, tmp_path):
    study({"lr": {"lr": 4e-3}}).run(cache=tmp_path)
    calls.clear()
    result = study({"lr": {"lr": 4e-3}, "sat": {"loss": losses.saturating}}).run(cache=tmp_path)
    (call,) = calls
    assert call["replicas"] == SEEDS
    assert call["loss"] is losses.saturating
    torch.testing.assert_close(
        result.points["sat"], alone(loss=losses.saturating), rtol=0, atol=1e-12
    )


def test_another_name_for_the_same_variant_costs_nothing(calls, tmp_path):
    study({"lr": {"lr": 4e-3}}).run(cache=tmp_path)
    calls.clear()
    study({"twice the rate": {"lr": 4e-3}}).run(cache=tmp_path)
    assert calls == []


CHANGES = {
    "an option": {"base": dict(batch_size=8)},
    "steps": {"base": dict(steps=3)},
    "width": {"base": dict(G=generator(9))},
    "activation": {"base": dict(D=networks.MLPDiscriminator(1, 8).double())},
    "initialisation": {
        "base": dict(G=networks.MLPGenerator(3, 1, 8, init=networks.he_normal).double())
    },
    "dtype": {"base": dict(G=networks.MLPGenerator(3, 1, 8), D=networks.MLPDiscriminator(1, 8))},
    "target": {"base": dict(target=data.gaussian(0.3, 0.16))},
    "gamma": {"base": dict(penalty=losses.r1(0.1))},
    "other gamma": {"base": dict(penalty=losses.r1(0.2))},
    "schedule": {"base": dict(schedule=training.cosine)},
    "its own schedule": {"base": dict(schedule=lambda progress: 1 - progress)},
    "another of that name": {"base": dict(schedule=lambda progress: 1 - progress / 2)},
    "seeds": {"seeds": 5},
    "seed": {"seed": 4},
    "measure": {"measure": lambda run: w1(run)},
    "another measure": {"measure": lambda run: 2 * w1(run)},
}


def test_a_change_of_anything_that_counts_is_another_part(calls, tmp_path):
    variants = {"lr": {"lr": 4e-3}}
    study(variants, base=base(steps=2)).run(cache=tmp_path)
    for name, changes in CHANGES.items():
        short = base(**{"steps": 2, **changes.get("base", {})})
        for expected in (1, 0):  # calls of train: once, and then it is known
            calls.clear()
            study(variants, **{**changes, "base": short}).run(cache=tmp_path)
            assert len(calls) == expected, name


def test_another_loop_is_another_part(calls, tmp_path):
    def once(G, D, target, *, steps, replicas, seed, progress, loss, batch_size, lr):
        return training.train(G, D, target, steps=steps, replicas=replicas, seed=seed,
            progress=progress, loss=loss, batch_size=batch_size, lr=lr)  # fmt: skip

    def slower(G, D, target, *, steps, replicas, seed, progress, loss, batch_size, lr):
        return training.train(G, D, target, steps=steps, replicas=replicas, seed=seed,
            progress=progress, loss=loss, batch_size=batch_size, lr=lr / 2)  # fmt: skip

    loops = (None, 1), (once, 1), (slower, 1), (once, 0), (slower, 0), (None, 0)
    for loop, expected in loops:
        calls.clear()
        study({}, **SHORT, train=loop).run(cache=tmp_path)
        assert len(calls) == expected


def test_a_study_can_have_a_loop_of_its_own(calls):
    """It may lack options of `train` and have others; the differences are then of its runs."""

    def twice(G, D, target, *, times=1, steps, loss, batch_size, lr, replicas, seed, progress):
        return training.train(G, D, target, loss=loss, steps=times * steps, batch_size=batch_size,
            lr=lr, replicas=replicas, seed=seed, progress=progress)  # fmt: skip

    found = study({"twice": {"times": 2}}, **SHORT, train=twice).run()
    torch.testing.assert_close(found.points["base"], alone(steps=2))
    torch.testing.assert_close(found.points["twice"], alone(steps=4))
    with pytest.raises(ValueError, match="'ema' has the option 'ema', which train lacks"):
        study({"ema": {"ema": 0.9}}, **SHORT, train=twice)


@pytest.mark.parametrize("what", ["the package", "torch"])
def test_other_software_is_another_part(what, calls, tmp_path, monkeypatch):
    variants = {"lr": {"lr": 4e-3}}
    study(variants, base=base(steps=2)).run(cache=tmp_path)
    calls.clear()
    if what == "torch":
        monkeypatch.setattr(torch, "__version__", "9.9.9")
    else:
        monkeypatch.setattr(experiments, "_package", lambda: "another")
    study(variants, base=base(steps=2)).run(cache=tmp_path)
    assert len(calls) == 1


LAYERED = {
    "plain": generator,
    "norm": lambda: networks.MLPGenerator(3, 1, 8, norm=nn.BatchNorm1d),
    "spectral": lambda: networks.spectral(networks.MLPDiscriminator(1, 8)),
}


@pytest.mark.parametrize(("kind", "atol"), [("norm", 1e-7), ("spectral", 1e-12)])
def test_layers_with_statistics_are_the_same_together_and_alone(kind, atol, calls):
    """A bias before BatchNorm has no gradient but rounding noise, which Adam magnifies to 2·10⁻⁸.

    The running mean follows the bias, a little behind; samples are drawn by it.
    """
    player = {"norm": "G", "spectral": "D"}[kind]
    changed = {player: LAYERED[kind]().double()}
    variants = {"lr": {"lr": 4e-3}, "saturating": {"loss": losses.saturating}}
    found = study(variants, base=base(**changed)).run()
    assert len(calls) == 1
    for name, changes in {"base": {}, **variants}.items():
        apart = alone(**changed, **changes)
        torch.testing.assert_close(found.points[name], apart, rtol=0, atol=atol)


DAMAGE = {
    "cut short": lambda text, other: text[: len(text) // 2],
    "empty": lambda text, other: "",
    "a digit": lambda text, other: text.replace("0.", "1.", 1),
    "another part": lambda text, other: other,
    "another format": lambda text, other: text.replace("part 2", "part 0"),
    "a list": lambda text, other: "[1, 2]",
    "a number": lambda text, other: "17",
    "not text": lambda text, other: "\udcff\udcfe" + text,
}


@pytest.mark.parametrize("kind", DAMAGE)
def test_a_damaged_part_is_computed_afresh_and_that_is_said(kind, calls, tmp_path, capsys):
    variants, short = {"lr": {"lr": 4e-3}}, {"base": base(steps=2)}
    whole = study(variants, **short).run(cache=tmp_path)
    one, two = sorted(tmp_path.iterdir())
    text, other = one.read_text(), two.read_text()
    one.write_text(DAMAGE[kind](text, other), errors="surrogateescape")
    capsys.readouterr()
    calls.clear()
    mended = study(variants, **short).run(cache=tmp_path)
    assert len(calls) == 1
    assert calls[0]["replicas"] == SEEDS  # the other part was read
    said = capsys.readouterr().err
    assert f"{str(one)!r} is damaged and is computed afresh" in said
    assert len(said.splitlines()) == 1
    before, after = (json.loads(content)["part"]["points"] for content in (text, one.read_text()))
    assert before == after
    for name in whole.points:
        assert torch.equal(whole.points[name], mended.points[name])


def test_a_part_is_written_whole_or_not_at_all(tmp_path, monkeypatch):
    def full(descriptor: int) -> None:
        raise OSError("no space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OSError, match="no space"):
        study({"lr": {"lr": 4e-3}}, base=base(steps=2)).run(cache=tmp_path)
    assert list(tmp_path.glob("*.json")) == []


def trips(run: training.Run) -> Tensor:
    """Measure, unless the environment says that this call is the one that fails."""
    left = int(os.environ.get("TRIP", "0"))
    os.environ["TRIP"] = str(left - 1)
    if left == 1:
        raise RuntimeError("tripped")
    return w1(run)


def test_a_study_that_broke_off_goes_on_where_it_was(calls, tmp_path, monkeypatch):
    variants = {"lr": {"lr": 4e-3}, "sat": {"loss": losses.saturating}, "wide": {"G": generator(9)}}
    monkeypatch.setenv("TRIP", "0")
    whole = study(variants, measure=trips).run()
    monkeypatch.setenv("TRIP", "3")
    with pytest.raises(RuntimeError, match="tripped"):
        study(variants, measure=trips).run(cache=tmp_path)
    assert len(list(tmp_path.iterdir())) == 2  # base and lr were done
    calls.clear()
    monkeypatch.setenv("TRIP", "0")
    result = study(variants, measure=trips).run(cache=tmp_path)
    assert [call["replicas"] for call in calls] == [SEEDS, SEEDS]
    assert calls[0]["loss"] is losses.saturating
    for name in whole.points:
        torch.testing.assert_close(result.points[name], whole.points[name], rtol=0, atol=1e-12)


SCRIPT = """
import os, signal, sys
from gan_tutorial import data, experiments, losses, networks, training

def measure(run):
    if len(os.listdir(sys.argv[1])) == 1 and sys.argv[2] == "kill":
        os.kill(os.getpid(), signal.SIGKILL)
    return run.sample(8, seed=1).mean((1, 2))

calls, train = [], training.train
def counted(*arguments, **options):
    print("train", options["batch_size"])
    return train(*arguments, **options)
counted.__wrapped__ = train
training.train = counted

study = experiments.Study(
    base=dict(G=networks.MLPGenerator(2), D=networks.MLPDiscriminator(), target=data.uniform(),
              loss=losses.nonsaturating, steps=2, batch_size=4),
    variants={"5": {"batch_size": 5}, "6": {"batch_size": 6}}, measure=measure, seeds=3)
print(study.run(cache=sys.argv[1]).points["6"].tolist())
"""


@pytest.mark.skipif(os.name == "nt", reason="there is no SIGKILL on Windows")
def test_a_study_that_was_killed_goes_on_in_another_process(tmp_path):
    script, cache = tmp_path / "script.py", tmp_path / "cache"
    script.write_text(SCRIPT)
    cache.mkdir()

    def run(how: str) -> tuple[int, list[str]]:
        command = [sys.executable, str(script), str(cache), how]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        return done.returncode, done.stdout.splitlines()

    status, _ = run("kill")
    assert status == -9
    assert len(list(cache.iterdir())) == 1
    status, lines = run("go on")
    assert status == 0
    assert lines[:-1] == ["train 5", "train 6"]
    assert len(json.loads(lines[-1])) == 3


def test_ctrl_c_ends_the_study_and_keeps_what_is_done(tmp_path, monkeypatch):
    real, done = training.train, []

    @functools.wraps(real)
    def train(*arguments, **options):
        run = real(*arguments, **options)
        run.interrupted = bool(done)
        done.append(run)
        return run

    monkeypatch.setattr(training, "train", train)
    variants = {"batch": {"batch_size": 8}}
    with pytest.raises(KeyboardInterrupt, match="1 of 2 are done"):
        study(variants, base=base(steps=2)).run(cache=tmp_path)
    assert len(list(tmp_path.iterdir())) == 1


def test_a_bar_counts_variants(capsys, monkeypatch):
    bars = []

    class Bar(experiments.tqdm):
        def __init__(self, *arguments, **options):
            super().__init__(*arguments, **options)
            bars.append((self, options))

    monkeypatch.setattr(experiments, "tqdm", Bar)
    counts = []
    monkeypatch.setattr(Bar, "update", lambda self, n=1: counts.append(n))
    study(VARIANTS, base=base(steps=1)).run()
    study(VARIANTS, base=base(steps=1)).run(progress=False)
    assert [bar.total for bar, _ in bars] == [6, 6]
    assert counts == [1] * 12
    assert [options.get("disable") for _, options in bars] == [None, True]


# --- what is refused


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"seeds": 1}, "seeds must be an integer of at least 2, got 1"),
        ({"seeds": 2.5}, "seeds must be an integer of at least 2, got 2.5"),
        ({"variants": {"base": {}}}, r"\"base\" is the base: no variant may be called that"),
        ({"variants": {"a": {"rate": 1}}}, "'a' has the option 'rate', which train lacks"),
        ({"base": base(momentum=0)}, "'base' has the option 'momentum', which train lacks"),
        ({"variants": {"a": {"seed": 1}}}, "seed is set by the study: take it out of 'a'"),
        ({"base": base(replicas=3)}, "replicas is set by the study: take it out of 'base'"),
        ({"base": base(checkpoint="x")}, "checkpoint is set by the study"),
        ({"base": {"G": 1, "loss": 1}}, "'base' does not say D, target"),
        ({"variants": {"a": {"loss": [losses.saturating]}}}, "'a' has a list of losses"),
    ],
)
def test_a_study_that_makes_no_sense_is_refused_before_it_trains(changes, words):
    with pytest.raises(ValueError, match=words):
        experiments.Study(
            **{"base": base(), "variants": {"a": {}}, "measure": w1, "seeds": 4, **changes}
        )


@pytest.mark.parametrize(
    ("values", "words"),
    [
        (torch.zeros(5), r"for 'base' it returned a tensor of shape \(5,\) with 0"),
        (0.5, r"4 finite numbers.* shape \(\) with 0"),
        (torch.tensor([0, float("nan"), 1, float("inf")]), r"shape \(4,\) with 2 that are not"),
        ({"hq": torch.zeros(4, 1)}, r"it returned hq of shape \(4, 1\)"),
    ],
)
def test_a_measure_returns_a_finite_number_for_each_seed(values, words, tmp_path):
    with pytest.raises(ValueError, match=words):
        study({"a": {}}, base=base(steps=1), measure=lambda run: values).run(cache=tmp_path)
    assert list(tmp_path.iterdir()) == []


# --- statistics


def result(points: dict[str, np.ndarray], seed: int = 0) -> experiments.Result:
    tensors = {name: torch.as_tensor(np.asarray(x, dtype=float)) for name, x in points.items()}
    return experiments.Result(tensors, dict.fromkeys(points, 0), seed)


def draws(*shape: int, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).normal(size=shape)


def test_a_row_against_scipy_on_the_same_points():
    common, own, more = draws(3, 12)
    found = result({"base": common, "a": common + 0.3 + 0.2 * own, "b": common * 1.5 + more})
    rows = found.table()
    assert [row.variant for row in rows] == ["a", "b"]
    for row in rows:
        a, b = found.points[row.variant].numpy(), common
        assert row.n == 12
        assert row.median == pytest.approx(np.median(a), abs=1e-12)
        assert row.difference == pytest.approx((a - b).mean(), abs=1e-12)
        np.testing.assert_array_equal(row.differences, a - b)
        paired = stats.permutation_test(
            (a, b), lambda x, y: (x - y).mean(), permutation_type="samples", n_resamples=2**12
        )
        assert row.p == pytest.approx(paired.pvalue, abs=1e-12)
        assert row.interval[0] < row.difference < row.interval[1]
        for level, interval in ((0.95, row.interval), (0.975, row.family_interval)):
            t = stats.ttest_1samp(a - b, 0).confidence_interval(level)
            width = interval[1] - interval[0]
            assert width == pytest.approx(t.high - t.low, rel=0.15)  # BCa leans; t does not


def test_p_is_the_share_of_sign_flips_that_go_as_far():
    d = np.array([0.8, 0.1, 0.4, -0.2, 0.9, 0.3, 0.7])
    flips = [np.mean(signs * d) for signs in itertools.product([-1, 1], repeat=7)]
    share = np.mean(np.abs(flips) >= d.mean() - 1e-12)
    row = result({"base": np.zeros(7), "a": d}).table()[0]
    assert row.p == pytest.approx(share, abs=1e-12)
    assert 0.01 < share < 0.2


def test_p_from_many_seeds_is_sampled():
    d = 0.35 + draws(40)
    row = result({"base": np.zeros(40), "a": d}).table()[0]
    expected = stats.ttest_1samp(d, 0).pvalue  # close by the central limit theorem
    assert row.p == pytest.approx(expected, rel=0.2)
    huge = result({"base": np.zeros(40), "a": d + 9}).table()[0]
    assert huge.p == pytest.approx(2e-4, rel=1e-9)  # as documented: never below


def test_holm_by_hand(monkeypatch):
    p = {"a": 0.01, "b": 0.04, "c": 0.03, "d": 0.005}
    # sorted .005 .01 .03 .04, times 4 3 2 1 = .02 .03 .06 .04; never falling: .02 .03 .06 .06
    found = result({"base": draws(8), **{name: draws(8, seed=i) for i, name in enumerate(p)}})
    values = iter(p.values())
    monkeypatch.setattr(experiments, "_sign_flip", lambda d, seed: next(values))
    corrected = {row.variant: row.p_holm for row in found.table()}
    assert corrected == pytest.approx({"a": 0.03, "b": 0.06, "c": 0.06, "d": 0.02}, abs=1e-12)


@pytest.mark.parametrize(
    ("level", "matter"), [(0.9, "abcd"), (0.95, "ad"), (0.975, "d"), (0.99, "")]
)
def test_a_row_is_judged_by_its_corrected_p_and_the_level(level, matter, monkeypatch):
    p = {"a": 0.01, "b": 0.04, "c": 0.03, "d": 0.005}  # by Holm .03 .06 .06 .02
    found = result({"base": draws(8), **{name: draws(8, seed=i) for i, name in enumerate(p)}})
    values = iter(p.values())
    monkeypatch.setattr(experiments, "_sign_flip", lambda d, seed: next(values))
    monkeypatch.setattr(experiments, "_interval", lambda d, level, seed: (0.1, 0.5))
    rows = found.table(level=level)
    assert "".join(row.variant for row in rows if row.verdict == "matters") == matter


@pytest.mark.parametrize(
    ("variants", "level", "family"), [(1, 0.95, 0.95), (4, 0.95, 0.9875), (2, 0.8, 0.9)]
)
def test_levels_of_the_intervals(variants, level, family, monkeypatch):
    asked = []
    monkeypatch.setattr(
        experiments, "_interval", lambda d, level, seed: asked.append(level) or (-1.0, 1.0)
    )
    result({"base": draws(8), **{str(i): draws(8, seed=i + 1) for i in range(variants)}}).table(
        level=level
    )
    assert sorted(asked) == pytest.approx(sorted([level, family] * variants), abs=1e-12)


def test_few_seeds_are_given_students_width():
    """Averaged over data sets: a bootstrap that is not widened has 0.77 of it at n = 8."""
    ratios = {8: [], 32: []}
    for n, found in ratios.items():
        for seed in range(60):
            d = draws(n, seed=seed)
            low, high = experiments._interval(torch.from_numpy(d), 0.95, 0)
            t = stats.ttest_1samp(d, 0).confidence_interval(0.95)
            found.append((high - low) / (t.high - t.low))
    assert np.mean(ratios[8]) == pytest.approx(1, abs=0.06)
    assert np.mean(ratios[32]) == pytest.approx(1, abs=0.03)


def test_the_width_is_students_to_within_a_percent(monkeypatch):
    """On evenly spaced normal quantiles; without the √(n / (n - 1)) it is 1.6 % too narrow."""
    monkeypatch.setattr(experiments, "RESAMPLES", 99_999)
    d = stats.norm.ppf((np.arange(32) + 0.5) / 32)
    ends = [experiments._interval(torch.from_numpy(d), 0.95, seed) for seed in range(4)]
    t = stats.ttest_1samp(d, 0).confidence_interval(0.95)
    width = np.mean([high - low for low, high in ends])
    # seed by seed it spreads by .004, so the mean of four by .002
    assert width / (t.high - t.low) == pytest.approx(1, abs=0.008)


def quick(monkeypatch, resamples: int) -> None:
    """Make thousands of tables cheap: statsmodels collects garbage for each of them."""
    monkeypatch.setattr(experiments, "RESAMPLES", resamples)
    monkeypatch.setattr(gc, "collect", lambda: 0)


def bounds(trials: int, share: float) -> tuple[float, float]:
    """Return the counts between which 99.9 % of binomial outcomes lie."""
    return stats.binom.interval(0.999, trials, share)


NOISE = {
    "normal": lambda rng, n: rng.normal(size=n),
    "skewed": lambda rng, n: rng.gamma(4, size=n) - 4,
    "counts": lambda rng, n: rng.poisson(1.0, size=n) - 1.0,
}


@pytest.mark.no_cover
@pytest.mark.parametrize("noise", NOISE)
def test_95_of_100_intervals_hold_the_true_difference(noise, monkeypatch):
    quick(monkeypatch, 1999)
    rng, held, outside = np.random.default_rng(11), 0, [0, 0]
    for seed in range(400):
        d = 0.7 + NOISE[noise](rng, 32)
        low, high = experiments._interval(torch.from_numpy(d), 0.95, seed)
        held += low <= 0.7 <= high
        outside[0] += low > 0.7
        outside[1] += high < 0.7
    low, high = bounds(400, 0.95)
    assert low <= held <= high
    for missed in outside:  # on either side, half of what is missed
        low, high = bounds(400, 0.025)
        assert low <= missed <= high + 6  # the skewed ones miss a little more on one side


def families(shift: float, trials: int, variants: int = 5, n: int = 24):
    """Return studies whose base is shared, so that the comparisons depend on one another."""
    rng = np.random.default_rng(5)
    for seed in range(trials):
        streams = rng.normal(size=n)  # what a seed's variants have in common
        points = {
            str(i): streams + 0.5 * rng.normal(size=n) + (shift if i else 0)
            for i in range(variants + 1)
        }
        points["base"] = points.pop("0")
        yield result(points, seed)


@pytest.mark.no_cover
def test_a_family_without_a_difference_seldom_finds_one(monkeypatch):
    quick(monkeypatch, 999)
    found = covered = 0
    for family in families(0, 200):
        rows = family.table()
        found += any(row.verdict == "matters" for row in rows)
        covered += all(row.family_interval[0] <= 0 <= row.family_interval[1] for row in rows)
    assert 1 <= found <= bounds(200, 0.05)[1]  # it can happen; at most 5 in 100
    assert bounds(200, 0.95)[0] <= covered < 200
    assert found <= 200 - covered


@pytest.mark.no_cover
def test_a_difference_that_is_there_is_found(monkeypatch):
    quick(monkeypatch, 999)
    verdicts = [row.verdict for family in families(0.6, 20) for row in family.table()]
    # 0.6 is 4.2 standard errors of a mean of 24 differences with variance 2 · 0.5²
    assert verdicts.count("matters") > 0.85 * len(verdicts)
    signs = {row.difference > 0 for family in families(0.6, 20) for row in family.table()}
    assert signs == {True}


@pytest.mark.no_cover
def test_no_difference_is_seldom_said_of_one_as_large_as_the_margin(monkeypatch):
    quick(monkeypatch, 999)
    wrong = right = 0
    for at_margin, none in zip(families(0.6, 100, 1), families(0, 100, 1), strict=True):
        wrong += at_margin.table(margin=0.6)[0].verdict == "no difference above 0.6"
        right += none.table(margin=0.6)[0].verdict == "no difference above 0.6"
    assert wrong <= bounds(100, 0.025)[1]
    assert right > 80


def test_verdicts():
    """Each rule by a case that is clear without statistics, and the ones beside it."""
    calm, zero = 0.01 * draws(16), np.zeros(16)
    found = result({"base": zero, "shift": 1 + calm, "none": calm, "loud": 50 * draws(16, seed=3)})

    def verdicts(**options) -> list[str]:
        return [row.verdict for row in found.table(**options)]

    unknown = "unknown at this size"
    assert verdicts() == ["matters", unknown, unknown]  # nothing is equal without a margin
    assert verdicts(margin=0.1) == ["matters", "no difference above 0.1", unknown]
    assert verdicts(margin=0.001) == ["matters", unknown, unknown]
    small = "no difference above 2"
    assert verdicts(margin=2.0) == [small, small, unknown]  # real, and too small to care
    # below the margin on average, but not surely
    assert verdicts(margin=1.0)[0] == "matters"


def test_both_the_interval_and_the_corrected_test_must_agree():
    interval = (0.1, 0.5)
    assert experiments._verdict(32, interval, 0.04, None, 0.05) == "matters"
    assert experiments._verdict(32, (-0.5, -0.1), 0.05, None, 0.05) == "matters"
    for other, p in ((interval, 0.06), ((-0.1, 0.5), 0.01), ((0.0, 0.5), 0.01)):
        assert experiments._verdict(32, other, p, None, 0.05) == "unknown at this size"
    for margin, said in ((0.51, "no difference above 0.51"), (0.5, "matters"), (0.3, "matters")):
        assert experiments._verdict(32, interval, 0.01, margin, 0.05) == said
        assert experiments._verdict(32, (-0.5, -0.1), 0.01, margin, 0.05) == said


def test_five_seeds_say_nothing():
    for n, said in ((5, "unknown at this size"), (6, "matters")):
        found = result({"base": np.zeros(n), "a": 1 + 0.001 * draws(n)})
        assert found.table()[0].verdict == said
        calm = found.table(margin=3.0)[0].verdict
        assert calm == ("no difference above 3" if n == 6 else said)


@pytest.mark.parametrize("value", [0.0, 1.0, -3.5])
def test_differences_that_are_all_equal_have_an_interval_without_width(value):
    row = result({"base": draws(8), "a": draws(8) + value}).table()[0]
    assert row.interval == pytest.approx((value, value), abs=1e-12)
    assert row.family_interval == row.interval
    assert row.verdict == ("matters" if value else "unknown at this size")


def test_the_table_prints_as_one():
    found = result({"base": np.zeros(8), "a": np.arange(8.0), "wider": 0.5 + draws(8)})
    rows = found.table()
    lines = str(rows).splitlines()
    assert lines[0].split() == [
        *("variant", "n", "median", "difference", "interval", "in", "the", "family", "p", "(Holm)")
    ]
    assert lines[1].startswith("a        8  3.5     +3.5 ")
    assert [line.split()[0] for line in lines[1:]] == ["a", "wider"]
    assert lines[1].endswith(rows[0].verdict)
    assert lines[1].index("[") == lines[2].index("[") == lines[0].index("interval")
    assert repr(rows) == str(rows)
    assert isinstance(rows, list)


def test_what_a_result_refuses():
    found = result({"base": draws(8), "a": draws(8, seed=1)})
    with pytest.raises(ValueError, match="variant must be one of base, a, got 'b'"):
        found.differences("b")
    for margin in (0, -1, float("nan"), float("inf")):
        with pytest.raises(ValueError, match="margin must be positive and finite, or None"):
            found.table(margin=margin)
    for level in (0, 1, 95):
        with pytest.raises(ValueError, match=r"level must be in \(0, 1\)"):
            found.table(level=level)


STUDY = {"variants": {"lr": {"lr": 4e-3}, "saturating": {"loss": losses.saturating}}}


@pytest.fixture
def stored(tmp_path, monkeypatch) -> Path:
    """A study's file, as `make experiments` has it written."""
    path = tmp_path / "results" / "study.csv"
    monkeypatch.setenv("GAN_TUTORIAL_EXPERIMENTS", str(tmp_path / "cache"))
    study(**STUDY, **SHORT).stored(path)
    monkeypatch.delenv("GAN_TUTORIAL_EXPERIMENTS")
    return path


def test_a_stored_study_is_what_running_it_gives(stored, calls):
    kept = study(**STUDY, **SHORT).stored(stored)
    assert calls == []  # it was read
    found = study(**STUDY, **SHORT).run()
    assert kept.points.keys() == found.points.keys()
    for name, points in found.points.items():
        torch.testing.assert_close(kept.points[name], points, rtol=1e-5, atol=0)  # six digits
    assert kept.frozen == found.frozen
    assert kept.seed == found.seed
    assert [row.verdict for row in kept.table()] == [row.verdict for row in found.table()]


def test_a_stored_file_says_where_it_comes_from(stored):
    text = stored.read_text()
    about = dict(line[2:].split(": ", 1) for line in text.splitlines() if line.startswith("# "))
    assert about["seeds"] == f"{SEEDS}, paired; seed i of the study is stream ({SEED}, i)"
    assert torch.__version__ in about["versions"]
    assert about["cost"].endswith("CPU-seconds on one thread")
    rows = [line for line in text.splitlines() if not line.startswith("#")]
    assert rows[0] == "variant,seed,frozen,value"
    assert len(rows) == 1 + 3 * SEEDS
    assert [path.name for path in stored.parent.iterdir()] == [stored.name]


def test_the_cost_is_the_time_that_the_parts_took(tmp_path, monkeypatch):
    monkeypatch.setenv("GAN_TUTORIAL_EXPERIMENTS", str(tmp_path / "cache"))
    ticks = itertools.count(step=30.0)  # each group of variants takes 30 s
    monkeypatch.setattr(experiments.time, "process_time", lambda: next(ticks))
    variants = {"lr": {"lr": 4e-3}, "wide": {"G": generator(9)}}  # with the base: two groups
    study(variants, **SHORT).stored(tmp_path / "study.csv")
    assert "# cost: 60 CPU-seconds" in (tmp_path / "study.csv").read_text()


def test_outcomes_and_lost_seeds_are_stored_by_name(tmp_path, monkeypatch):
    monkeypatch.setenv("GAN_TUTORIAL_EXPERIMENTS", str(tmp_path / "cache"))

    def both(run):
        return {"W1": w1(run), "twice": 2 * w1(run)}

    lost = study({"lost": {"loss": broken}}, measure=both, base=base(steps=3))
    kept = lost.stored(tmp_path / "study.csv")
    assert list(kept) == ["W1", "twice"]
    torch.testing.assert_close(
        kept["twice"].points["base"], 2 * kept["W1"].points["base"], rtol=1e-5, atol=0
    )
    assert kept["W1"].frozen == lost.run()["W1"].frozen == {"base": 0, "lost": SEEDS}


@pytest.mark.parametrize(
    ("old", "new"),
    [("lr,0,0,", "lr,0,1,"), ("saturating,3", "saturating,2"), ("base,0,0,0.", "base,0,0,1.")],
)
def test_a_stored_number_that_was_changed_is_refused(stored, old, new):
    text = stored.read_text()
    assert old in text
    stored.write_text(text.replace(old, new, 1))
    with pytest.raises(ValueError, match=r"study\.csv' is damaged: it is not what make experim"):
        study(**STUDY, **SHORT).stored(stored)


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"seeds": 5}, "on 4 seeds, and this study has base, lr, saturating on 5"),
        ({"variants": {"lr": {"lr": 4e-3}}}, "holds base, lr, saturating on 4 seeds"),
    ],
)
def test_a_file_of_another_study_is_refused(stored, changes, words):
    with pytest.raises(ValueError, match=words):
        study(**{**STUDY, **SHORT, **changes}).stored(stored)


def test_a_missing_file_is_a_sentence(tmp_path):
    with pytest.raises(ValueError, match=r"there is no '.*none\.csv': make experiments computes"):
        study(**STUDY).stored(tmp_path / "none.csv")


def test_a_study_of_the_base_alone_has_points_and_no_rows(calls):
    found = study({}, **SHORT).run()
    torch.testing.assert_close(found.points["base"], alone(steps=2))
    assert found.table() == []
