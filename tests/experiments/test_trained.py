"""Trained networks in files: what was learnt, whole, small, and of this code."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file, save_file
from small_studies import TARGET, discriminator, generator
from torch import nn

from gan_tutorial import ensemble, experiments, losses, training
from gan_tutorial.experiments import weights
from gan_tutorial.fingerprint import fingerprint

SEED = 14_000_000


def network(width: int = 8) -> nn.Module:
    layers = nn.Linear(2, width), nn.BatchNorm1d(width), nn.ReLU(), nn.Dropout(0.1)
    return nn.Sequential(*layers, nn.Linear(width, 3))


def fit(network: nn.Module, seed: int, stop: int | None = None) -> None:
    generator = torch.Generator().manual_seed(seed + 1)
    optimizer = torch.optim.Adam(network.parameters(), lr=1e-2)
    for _ in range(60 if stop is None else stop):
        x = torch.randn(16, 2, generator=generator)
        labels = (x[:, 0] > 0).long() + (x[:, 1] > 0).long()
        optimizer.zero_grad()
        nn.functional.cross_entropy(network(x), labels).backward()
        optimizer.step()


def options(**changes) -> dict:
    found = {"D": discriminator(), "target": TARGET, "loss": losses.nonsaturating, "steps": 60}
    return {**found, "batch_size": 16, "ema": 0.9, **changes}


CASES = {
    "classifier": lambda **changes: experiments.Trained(network(), fit, seed=SEED, **changes),
    "GAN": lambda **changes: experiments.Trained(generator(), options(), seed=SEED, **changes),
}
each_case = pytest.mark.parametrize("make", CASES.values(), ids=CASES)


@pytest.fixture
def computing(tmp_path, monkeypatch):
    """What `make experiments` sets, and how to end it."""
    monkeypatch.setenv("GAN_TUTORIAL_EXPERIMENTS", str(tmp_path / "cache"))
    monkeypatch.setenv("GAN_TUTORIAL_PROVENANCE", "# command: by hand\n# date: today\n")
    return lambda: monkeypatch.delenv("GAN_TUTORIAL_EXPERIMENTS")


@pytest.fixture
def stored(tmp_path, computing) -> Path:
    """A classifier's file, as `make experiments` has it written."""
    path = tmp_path / "results" / "judge.safetensors"
    CASES["classifier"]().stored(path)
    computing()
    return path


def close(a: nn.Module, b: nn.Module, atol: float) -> None:
    ours, theirs = a.state_dict(), b.state_dict()
    assert ours.keys() == theirs.keys()
    for name in ours:
        torch.testing.assert_close(ours[name], theirs[name], rtol=0, atol=atol)


# --- training


def by_hand(stop: int | None = None) -> nn.Module:
    found = network()
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(SEED)
        for layer in (found[0], found[1], found[4]):  # those with weights, in order
            layer.reset_parameters()
        fit(found, SEED, stop)  # dropout goes on with the same stream
    return found


def test_a_function_trains_from_weights_of_the_seed_and_leaves_all_else_alone():
    torch.manual_seed(1)
    given = network()
    before, state = [w.clone() for w in given.parameters()], torch.get_rng_state()
    found = experiments.Trained(given, fit, seed=SEED).run()
    assert torch.equal(torch.get_rng_state(), state)
    assert all(torch.equal(a, b) for a, b in zip(given.parameters(), before, strict=True))
    close(found, by_hand(), atol=0)
    close(experiments.Trained(network().eval(), fit, seed=SEED).run(), found, atol=0)
    other = experiments.Trained(network(), fit, seed=SEED + 1).run()
    assert not torch.equal(other[0].weight, found[0].weight)


def test_a_network_that_draws_its_own_weights_does_so():
    class Zero(nn.Linear):
        def reset_parameters(self) -> None:
            nn.init.zeros_(self.weight)
            nn.init.zeros_(self.bias)

    found = experiments.Trained(Zero(2, 2), lambda network, seed, stop: None, seed=3).run()
    assert found.weight.abs().sum() == 0


def test_options_train_a_gan_and_its_averaged_weights_are_taken():
    found = CASES["GAN"]().run()
    run = training.train(generator(), **options(), seed=SEED, progress=False)
    close(found, ensemble.member(run.ema_G, 0), atol=0)
    assert not torch.equal(found.model[0].weight, ensemble.member(run.G, 0).model[0].weight)
    plain = experiments.Trained(generator(), options(ema=None), seed=SEED).run()
    close(plain, ensemble.member(run.G, 0), atol=1e-12)


@each_case
def test_what_is_returned_is_frozen_and_evaluates(make):
    found = make().run()
    assert not found.training
    assert not any(weight.requires_grad for weight in found.parameters())


def gan_by_hand(stop: int) -> nn.Module:
    run = training.train(generator(), **options(steps=stop), seed=SEED, progress=False)
    return ensemble.member(run.ema_G, 0)


@pytest.mark.parametrize(("case", "train"), [("classifier", by_hand), ("GAN", gan_by_hand)])
def test_a_sample_is_the_norms_after_the_first_steps(case, train):
    found = CASES[case]().sample()
    for name, value in train(stop=20).state_dict().items():
        norm = sum(x * x for x in value.double().flatten().tolist()) ** 0.5
        assert found.pop(name) == pytest.approx(norm, rel=1e-12)
    assert not found


@pytest.mark.parametrize(
    ("arguments", "changes", "words"),
    [
        ((network(), fit), {"seed": -1}, "seed must be an integer of at least 0, got -1"),
        ((network(), fit), {"dtype": torch.bfloat16}, "float16 or torch.float32, got torch.bfl"),
        ((generator(), options(seed=3, replicas=2)), {}, "replicas, seed is set here: take it out"),
    ],
)
def test_options_that_make_no_sense_are_refused(arguments, changes, words):
    with pytest.raises(ValueError, match=words):
        experiments.Trained(*arguments, **changes)


# --- files


@each_case
@pytest.mark.parametrize("dtype", weights.KINDS)
def test_a_stored_network_is_what_training_gives(make, dtype, tmp_path, computing):
    path = tmp_path / "results" / "model.safetensors"
    written = make(dtype=dtype).stored(path)
    assert path.stat().st_size <= weights.LIMIT
    assert {v.dtype for v in load_file(path).values()} <= {dtype, torch.int64}
    computing()
    kept, found = make(dtype=dtype).stored(str(path)), make().run()
    close(kept, written, atol=0)
    # a weight of size 1 has steps of 2⁻¹¹ in float16; the generator's own type is float64
    close(kept, found, atol=2e-3 if dtype == torch.float16 else 1e-6)
    assert next(kept.parameters()).dtype == next(make().network.parameters()).dtype
    assert not kept.training
    assert not any(weight.requires_grad for weight in kept.parameters())


def test_a_stored_file_says_where_it_comes_from(stored):
    _, about = weights.read(stored)
    assert sorted(about) == ["command", "cost", "date", "sample", "seed", "versions"]
    assert (about["command"], about["date"]) == ("by hand", "today")
    assert about["seed"] == str(SEED)
    assert torch.__version__ in about["versions"]
    assert about["cost"].endswith("CPU-seconds on one thread")
    sample = {name: float(norm) for name, norm in json.loads(about["sample"]).items()}
    assert sample == pytest.approx(CASES["classifier"]().sample(), rel=1e-8)  # nine digits
    assert [path.name for path in stored.parent.iterdir()] == [stored.name]


def test_what_was_trained_is_not_trained_again(tmp_path, computing):
    path, times = tmp_path / "a.safetensors", []

    def counted(network, seed, stop=None):
        times.append(stop)
        fit(network, seed, stop)

    for changed in (
        experiments.Trained(network(), counted, seed=SEED),
        experiments.Trained(network(9), counted, seed=SEED),
        experiments.Trained(network(), counted, seed=SEED + 1),
        experiments.Trained(network(), counted, seed=SEED, dtype=torch.float16),
    ):
        written = []
        for expected in ([None, 20], []):  # trained, and the sample; and then it is known
            times.clear()
            changed.stored(path)
            assert times == expected
            written.append(weights.read(path))
        assert fingerprint(written[0]) == fingerprint(written[1])


def change_a_digit(path: Path) -> None:
    content = bytearray(path.read_bytes())
    content[-3] ^= 1
    path.write_bytes(content)


def change_what_it_says(old: bytes, new: bytes):
    def change(path: Path) -> None:
        content = path.read_bytes()
        assert content.count(old) == 1
        path.write_bytes(content.replace(old, new))

    return change


def write_by_another(path: Path) -> None:
    save_file(load_file(path), path)


@pytest.mark.parametrize(
    "damage",
    [
        change_a_digit,
        change_what_it_says(b'"14000000"', b'"14000001"'),
        change_what_it_says(b'"today"', b'"later"'),
        write_by_another,
        lambda path: path.write_bytes(path.read_bytes()[:-10]),
        lambda path: path.write_bytes(b""),
    ],
)
def test_a_file_that_was_changed_is_refused(damage, stored):
    damage(stored)
    with pytest.raises(ValueError, match=r"judge\.safetensors' is damaged: it is not what make"):
        CASES["classifier"]().stored(stored)


@pytest.mark.parametrize(
    ("changed", "words"),
    [
        (lambda: experiments.Trained(network(), fit, seed=4), "with seed 14000000, and this is 4"),
        (lambda: experiments.Trained(network(9), fit, seed=SEED), "holds another network's weig"),
        (lambda: experiments.Trained(generator(), fit, seed=SEED), "make experiments computes it"),
    ],
)
def test_a_file_of_another_network_is_refused(changed, words, stored):
    with pytest.raises(ValueError, match=words):
        changed().stored(stored)


def test_a_missing_file_is_a_sentence(tmp_path):
    with pytest.raises(ValueError, match=r"there is no '.*none\.safetensors' in '.*': run the ch"):
        CASES["classifier"]().stored(tmp_path / "none.safetensors")


def test_a_network_that_is_too_large_is_refused_before_it_is_trained(tmp_path, computing):
    def never(network, seed, stop=None):
        raise AssertionError("trained")

    large = nn.Linear(300, 251)  # 302 kB
    words = r"large\.safetensors' would have 302204 bytes, and 300000 are allowed: .*\.float16"
    with pytest.raises(ValueError, match=words):
        experiments.Trained(large, never).stored(tmp_path / "large.safetensors")
    half = experiments.Trained(large, lambda *_, **__: None, dtype=torch.float16)
    half.stored(tmp_path / "half.safetensors")
    assert (tmp_path / "half.safetensors").stat().st_size < 153_000
    edge = weights.weights_of(nn.Linear(299, 249), torch.float32)  # 298.8 kB, without a head
    with pytest.raises(ValueError, match=r"would have 300\d\d\d bytes"):
        weights.write(tmp_path / "edge", edge, {"a": "b" * 1400})


def test_weights_that_are_not_finite_are_refused(tmp_path, computing):
    def explode(network, seed, stop=None):
        with torch.no_grad():
            network.bias.fill_(1e5)

    with pytest.raises(
        ValueError, match=r"bias holds a number that is not finite as torch.float16"
    ):
        experiments.Trained(nn.Linear(2, 2), explode, dtype=torch.float16).stored(tmp_path / "a")
    experiments.Trained(nn.Linear(2, 2), explode).stored(tmp_path / "a")
    assert (tmp_path / "a").is_file()


# --- blocks of fresh seeds


def test_a_block_is_read_where_it_is_asked_for_and_never_by_read(stored, computing, monkeypatch):
    monkeypatch.setenv("GAN_TUTORIAL_EXPERIMENTS", str(stored.parent.parent / "cache"))
    one = experiments.Trained(network(), fit, seed=SEED + 1500)
    one.stored(stored.with_name("judge-1.safetensors"))
    computing()
    first, block = CASES["classifier"]().stored(stored), one.run()
    monkeypatch.setenv("GAN_TUTORIAL_STUDY_BLOCK", "1")
    close(CASES["classifier"]().stored(stored), block, atol=0)
    close(CASES["classifier"]().read(stored), first, atol=0)
    monkeypatch.setenv("GAN_TUTORIAL_STUDY_BLOCK", "2")
    with pytest.raises(ValueError, match=r"no '.*judge-2\.safetensors'.* BLOCK=2 computes it"):
        CASES["classifier"]().stored(stored)
    stored.with_name("judge-2.safetensors").write_bytes(stored.read_bytes())
    with pytest.raises(ValueError, match=r"seed 14000000, and this is 14002500: make .* BLOCK=2"):
        CASES["classifier"]().stored(stored)


# --- what a study that measures with it is known by


def test_a_study_notices_that_its_judge_was_trained_otherwise():
    one, other = (experiments.Trained(network(), fit, seed=seed).run() for seed in (1, 2))
    assert fingerprint(one) != fingerprint(other)
    assert fingerprint(one) == fingerprint(experiments.Trained(network(), fit, seed=1).run())
