"""What a study keeps on disk: whole or not at all, and read only if it is what was written."""

from __future__ import annotations

import functools
import json
import os
import subprocess
import sys

import pytest
import torch
from small_studies import SEEDS, SHORT, VARIANTS, alone, base, generator, study, w1
from torch import Tensor, nn

from gan_tutorial import data, losses, networks, training
from gan_tutorial.experiments import files
from gan_tutorial.experiments import study as study_module

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
        monkeypatch.setattr(files, "package", lambda: "another")
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
    "another format": lambda text, other: text.replace("part 3", "part 2"),
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
    assert list(tmp_path.iterdir()) == []


def test_a_cache_that_cannot_be_written_in_ends_a_study_before_it_trains(
    calls, tmp_path, monkeypatch
):
    file = tmp_path / "file"
    file.write_text("not a folder")
    words = "cache must be a folder that files can be written in, got '.*{}': "
    for folder in (file, file / "inside"):
        with pytest.raises(ValueError, match=words.format(folder.name)):
            study({}, **SHORT).run(cache=folder)

    study({}, **SHORT).run(cache=tmp_path / "full")
    calls.clear()

    def refuse(**options):
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(files.tempfile, "TemporaryFile", refuse)
    study({}, **SHORT).run(cache=tmp_path / "full")  # all is there: nothing is written
    with pytest.raises(ValueError, match=words.format("full") + ".*Permission denied"):
        study({"lr": {"lr": 4e-3}}, **SHORT).run(cache=tmp_path / "full")
    assert calls == []
    assert file.read_text() == "not a folder"


def test_all_of_the_package_counts(tmp_path):
    root = tmp_path / "gan_tutorial"
    for name in ("losses.py", "experiments/files.py", "experiments/study.py"):
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(f"# {name}")
    seen = [files.package.__wrapped__(root)]
    assert files.package.__wrapped__(root) == seen[0]
    (root / "experiments" / "study.py").write_text("# changed")
    seen.append(files.package.__wrapped__(root))
    (root / "losses.py").write_text("# changed")
    seen.append(files.package.__wrapped__(root))
    (root / "losses.py").rename(root / "gains.py")
    seen.append(files.package.__wrapped__(root))
    assert len(set(seen)) == 4


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

    class Bar(study_module.tqdm):
        def __init__(self, *arguments, **options):
            super().__init__(*arguments, **options)
            bars.append((self, options))

    monkeypatch.setattr(study_module, "tqdm", Bar)
    counts = []
    monkeypatch.setattr(Bar, "update", lambda self, n=1: counts.append(n))
    study(VARIANTS, base=base(steps=1)).run()
    study(VARIANTS, base=base(steps=1)).run(progress=False)
    assert [bar.total for bar, _ in bars] == [6, 6]
    assert counts == [1] * 12
    assert [options.get("disable") for _, options in bars] == [None, True]
