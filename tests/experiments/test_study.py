"""Studies: paired exactly, trained together, refused where they make no sense."""

from __future__ import annotations

import dataclasses
import functools
import textwrap
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
import pytest
import torch
from small_studies import (
    SEED,
    SEEDS,
    SHORT,
    VARIANTS,
    alone,
    base,
    broken,
    generator,
    study,
    w1,
)
from torch import Tensor

from gan_tutorial import experiments, losses, training
from gan_tutorial.experiments import grouping
from gan_tutorial.experiments.study import OURS


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


CONTROLS = {"nothing": {}, "same": {"lr": 2e-3}, "equal networks": {"G": generator()}}


def test_a_control_is_trained_and_measured_again(calls):
    """To 1e-12, in float64; and equal variants that are not the base are trained once."""
    changed = {"lr": {"lr": 4e-3}, "lr too": {"lr": 4e-3}}
    result = study({**CONTROLS, **changed}).run()
    assert len(calls[0]["replicas"]) == (1 + len(CONTROLS) + 1) * SEEDS
    for name in CONTROLS:
        assert result.differences(name).abs().max() < 1e-12
    assert torch.equal(result.points["lr"], result.points["lr too"])
    assert result.differences("lr").abs().min() > 1e-6


@pytest.mark.parametrize("noisy", ["the measure", "the loop"])
def test_a_control_shows_what_the_seed_does_not_determine(noisy):
    def noise(run: training.Run) -> Tensor:
        return torch.rand(len(run.streams))

    @functools.wraps(training.train)
    def restless(*arguments, **options) -> training.Run:
        run = training.train(*arguments, **options)
        with torch.no_grad():
            for weight in run.G.parameters():
                weight += 0.1 * torch.randn_like(weight)
        return run

    of = {"the measure": {"measure": noise}, "the loop": {"train": restless}}[noisy]
    found = study(CONTROLS, **SHORT, **of).run()
    for name in CONTROLS:
        assert found.differences(name).abs().min() > 1e-6


def test_a_control_has_a_part_of_its_own(calls, tmp_path):
    first = study({"nothing": {}, "again": {}}, **SHORT).run(cache=tmp_path)
    assert len(list(tmp_path.iterdir())) == 3
    calls.clear()
    second = study({"nothing": {}, "again": {}}, **SHORT).run(cache=tmp_path)
    assert calls == []
    assert torch.equal(first.points["nothing"], second.points["nothing"])


OPTIONS = sorted(experiments.options_of(training.train).keys() - OURS)


@pytest.mark.parametrize("option", OPTIONS)
def test_variants_that_differ_in_any_other_option_are_not_trained_together(option):
    """Each option of `train` is tried, those that it will have too."""
    options = experiments.options_of(training.train)
    variants = {str(value): {**options, option: value} for value in (1, 2)}
    together = option in ("lr", "loss")
    assert grouping.groups(variants) == ([["1", "2"]] if together else [["1"], ["2"]])


def test_the_options_of_a_loop():
    options = experiments.options_of(training.train)
    assert {"G", "loss", "penalty", "betas", "ema", "steps", "on_nan"} <= options.keys()
    assert {"loss", "lr"} <= set(OPTIONS)
    assert (options["batch_size"], options["d_steps"], options["steps"]) == (64, 1, 1500)
    assert options["loss"] is options["G"] is grouping.MISSING

    def loop(G, *, steps=3, seed): ...

    expected = {"G": grouping.MISSING, "steps": 3, "seed": grouping.MISSING}
    assert experiments.options_of(loop) == expected


def test_the_options_of_a_loop_that_takes_rules(monkeypatch):
    @dataclasses.dataclass(frozen=True, kw_only=True)
    class Rules:
        loss: object
        lr: float = 0.1

    def loop(G, *, steps=3, **rules): ...

    monkeypatch.setattr(training, "Rules", Rules, raising=False)
    nothing = grouping.MISSING
    assert experiments.options_of(loop) == {"G": nothing, "steps": 3, "loss": nothing, "lr": 0.1}


def test_numbers_of_numpy_are_taken():
    found = study({}, **{**SHORT, "seeds": np.int64(SEEDS), "seed": np.int32(SEED)})
    assert (type(found.seeds), type(found.seed)) == (int, int)
    expected = study({}, **SHORT).run().points["base"]
    assert torch.equal(found.run().points["base"], expected)


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


def test_a_seed_that_is_lost_costs_no_other(calls):
    result = study({"broken": {"loss": broken}, "lr": {"lr": 4e-3}}).run()
    assert len(calls) == 1
    assert result.frozen == {"base": 0, "broken": SEEDS, "lr": 0}
    torch.testing.assert_close(result.points["base"], alone(), rtol=0, atol=1e-12)
    rows = result.table()
    assert [row.frozen for row in rows] == [row.lost.count for row in rows] == [SEEDS, 0]
    assert str(rows).count("4 of 4 lost [39.8%, 100.0%], 4 frozen") == 1
    assert [row.n for row in rows] == [0, SEEDS]
    with pytest.raises(training.DivergedError):
        study({"broken": {"loss": broken}}, base=base(on_nan="raise")).run()


# --- what is refused


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"seeds": 1}, "seeds must be an integer of at least 2, got 1"),
        ({"seeds": 2.5}, "seeds must be an integer of at least 2, got 2.5"),
        ({"seeds": True}, "seeds must be an integer of at least 2, got True"),
        ({"seed": 1.0}, "seed must be an integer of at least 0, got 1.0"),
        ({"seed": -1}, "seed must be an integer of at least 0, got -1"),
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


def test_a_study_of_the_base_alone_has_points_and_no_rows(calls):
    found = study({}, **SHORT).run()
    torch.testing.assert_close(found.points["base"], alone(steps=2))
    assert found.table() == []
