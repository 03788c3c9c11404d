"""Checkpoints: whole or absent, safe to read, and a resumed run is the run never stopped."""

from __future__ import annotations

import io
import os
import pickle
import random
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from gan_tutorial import data, losses, networks, training
from gan_tutorial.training.checkpoints import FORMAT

TARGET = data.mixture([-0.5, 0.5], 0.1)


def pair(width: int = 6) -> tuple[nn.Module, nn.Module]:
    return networks.MLPGenerator(2, 1, width), networks.MLPDiscriminator(1, width)


def look(run: training.Run) -> Tensor:
    return run.sample(3, seed=5).flatten()


OPTIONS = {
    "loss": losses.nonsaturating,
    "penalty": losses.r1(0.1),
    "ema": 0.9,
    "schedule": training.cosine,
    "batch_size": 4,
    "d_steps": 2,
    "fresh_z": True,
    "steps": 12,
    "replicas": 3,
    "seed": 8,
    "observe": look,
    "observe_every": 5,
    "progress": False,
}


def train(*, checkpoint=None, every=4, resume=False, **options) -> training.Run:
    G, D = options.pop("networks", None) or pair()
    if checkpoint is not None:
        options["checkpoint"] = training.Checkpoint(checkpoint, every=every, resume=resume)
    return training.train(G, D, options.pop("target", TARGET), **(OPTIONS | options))


def everything(run: training.Run) -> dict[str, Tensor]:
    """Return all that must be the same in a run that was stopped and one that was not."""
    history = run.history
    parts = {"streams": run.streams.state(), "steps": torch.tensor(run.steps)}
    parts |= {row: getattr(history, row) for row in ("d_loss", "g_loss", "penalty")}
    parts |= {"observed_at": torch.tensor(history.observed_at)}
    parts |= {f"observed {i}": value for i, value in enumerate(history.observed)}
    for network in ("G", "D", "ema_G"):
        state = getattr(run, network).state_dict()
        parts |= {f"{network}.{name}": weight for name, weight in state.items()}
    return parts


def assert_same(run: training.Run, other: training.Run) -> None:
    ours, theirs = everything(run), everything(other)
    assert ours.keys() == theirs.keys()
    for name, tensor in ours.items():
        assert torch.equal(tensor, theirs[name]), name
    assert run.frozen == other.frozen
    assert run.interrupted == other.interrupted


@pytest.fixture(scope="module")
def never_stopped() -> training.Run:
    return train()


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "run.pt"


class StopError(Exception):
    """Something that ends the process in the middle of a step."""


class Stopping(data.Target):
    """TARGET, which stops at its n-th draw: in the middle of a step. The first draw is a trial."""

    def __init__(self, call: int) -> None:
        self.left = call + 1

    def sample(self, n: int, **how):
        self.left -= 1
        if self.left == 0:
            raise StopError
        return TARGET.sample(n, **how)


# --- going on


@pytest.mark.parametrize("call", range(9, 25, 3))
@pytest.mark.parametrize("every", [1, 4])
def test_a_run_stopped_in_the_middle_of_a_step_goes_on_as_if_never_stopped(
    call, every, path, never_stopped
):
    with pytest.raises(StopError):
        train(checkpoint=path, every=every, target=Stopping(call))
    kept = torch.load(path, weights_only=True)["steps"]
    assert kept == (call - 1) // 2 // every * every  # two calls a step
    assert_same(train(checkpoint=path, resume=True), never_stopped)


def test_a_run_stopped_twice(path, never_stopped):
    for call in (11, 5):
        with pytest.raises(StopError):
            train(checkpoint=path, every=2, target=Stopping(call), resume=path.exists())
    assert torch.load(path, weights_only=True)["steps"] == 6
    assert_same(train(checkpoint=path, resume=True), never_stopped)


def test_writing_changes_nothing_and_leaves_one_file(path, never_stopped):
    assert_same(train(checkpoint=path), never_stopped)
    assert [file.name for file in path.parent.iterdir()] == ["run.pt"]
    assert_same(train(checkpoint=str(path), resume=True), never_stopped)  # nothing left to do


@pytest.mark.parametrize(("steps", "every", "written"), [(12, 4, 4), (10, 4, 3), (3, 100, 1)])
def test_a_checkpoint_is_written_every_so_many_steps_and_at_the_end(
    steps, every, written, path, monkeypatch
):
    seen = []
    replace = os.replace

    def spy(source, destination) -> None:
        replace(source, destination)
        if Path(destination) == path:
            seen.append(torch.load(path, weights_only=True)["steps"])

    monkeypatch.setattr(os, "replace", spy)
    train(checkpoint=path, steps=steps, every=every)
    assert len(seen) == written
    assert seen == [*range(every, steps + 1, every), steps]


def test_an_interrupted_run_goes_on_from_its_last_checkpoint(path, never_stopped, capsys):
    def interrupt(run: training.Run) -> Tensor:
        if run.steps == 10:
            raise KeyboardInterrupt
        return look(run)

    stopped = train(checkpoint=path, observe=interrupt)
    assert stopped.interrupted
    assert stopped.steps == 10
    assert torch.load(path, weights_only=True)["steps"] == 10  # written after Ctrl-C
    resumed = train(checkpoint=path, resume=True)
    assert not resumed.interrupted
    assert_same(resumed, never_stopped)
    assert "interrupted after 10 of 12 steps" in capsys.readouterr().err


def test_a_run_without_schedule_may_be_made_longer(path):
    options = {"schedule": None, "observe_every": 4}
    train(checkpoint=path, steps=8, **options)
    assert_same(train(checkpoint=path, steps=12, resume=True, **options), train(**options))


def test_without_average_and_penalty_too(path):
    options = {"ema": None, "penalty": None, "observe": None}
    plain = train(**options)
    train(checkpoint=path, steps=5, schedule=None, **options)
    resumed = train(checkpoint=path, steps=12, schedule=None, resume=True, **options)
    assert resumed.ema_G is None
    never = train(schedule=None, **options)
    for ours, theirs in zip(resumed.G.parameters(), never.G.parameters(), strict=True):
        assert torch.equal(ours, theirs)
    assert not torch.equal(next(plain.G.parameters()), next(never.G.parameters()))


NEW_OPTIONS = {
    "rates": {"lr": torch.tensor([1e-3, 2e-3, 3e-3])},
    "losses and members": {
        "loss": [losses.hinge, losses.relativistic, losses.smoothed(losses.saturating)],
        "replicas": (4, 0, 4),
    },
    "layers that remember": {
        "networks": (
            networks.MLPGenerator(2, 1, 6, norm=torch.nn.BatchNorm1d),
            networks.spectral(networks.MLPDiscriminator(1, 6, norm=torch.nn.BatchNorm1d)),
        )
    },
    "noise, clipping and a penalty now and then": {
        "penalty": losses.gradient_penalty(0.1) + losses.r2(0.1),
        "penalty_every": 3,
        "penalty_schedule": training.geometric(1, 0.1),
        "constrain": losses.clipping(0.2),
        "instance_noise": training.linear(0.5),
    },
}


@pytest.mark.parametrize("name", NEW_OPTIONS)
@pytest.mark.parametrize("at", [1, 7])
def test_every_option_goes_on_as_if_never_stopped(name, at, path, capsys):
    def interrupt(run: training.Run) -> Tensor:
        if run.steps == at:
            raise KeyboardInterrupt
        return torch.zeros(0)

    options = NEW_OPTIONS[name] | {"observe_every": 1}
    nothing = options | {"observe": lambda run: torch.zeros(0)}
    train(checkpoint=path, every=1, **options, observe=interrupt)
    assert torch.load(path, weights_only=True)["steps"] == at
    assert_same(train(checkpoint=path, resume=True, **nothing), train(**nothing))


def spoiled(real_logits: Tensor, fake_logits: Tensor) -> Tensor:
    """A loss that is NaN for member 1 at one call. The count is no state of the loss's own."""
    os.environ["CALLS"] = str(int(os.environ["CALLS"]) + 1)
    factor = torch.ones(3)
    factor[1] = torch.nan if os.environ["CALLS"] == "7" else 1.0  # in step 4, and never again
    return losses.discriminator_loss(real_logits, fake_logits) * factor


def test_a_frozen_member_stays_frozen(path, monkeypatch):
    options = {"on_nan": "freeze", "loss": losses.nonsaturating._replace(d=spoiled)}
    monkeypatch.setenv("CALLS", "0")
    whole = train(**options)
    assert whole.frozen == {1: 4}
    monkeypatch.setenv("CALLS", "0")
    with pytest.raises(StopError):
        train(checkpoint=path, target=Stopping(20), **options)
    monkeypatch.setenv("CALLS", "100")
    resumed = train(checkpoint=path, resume=True, **options)
    assert resumed.frozen == {1: 4}
    ours, theirs = everything(resumed), everything(whole)
    for name in ours:
        torch.testing.assert_close(ours[name], theirs[name], rtol=0, atol=0, equal_nan=True)


@pytest.mark.gpu
def test_a_run_on_a_gpu_goes_on_as_if_never_stopped(path):
    on_gpu = {"networks": [network.cuda() for network in pair()]}
    with pytest.raises(StopError):
        train(checkpoint=path, target=Stopping(20), **on_gpu)
    resumed = train(checkpoint=path, resume=True, **on_gpu)
    assert next(resumed.ema_G.parameters()).is_cuda
    assert_same(resumed, train(**on_gpu))


# --- a process that is killed

CHILD = """
import sys
sys.path.insert(0, sys.argv[1])
import test_checkpoints
test_checkpoints.train(
    checkpoint=sys.argv[2], resume=sys.argv[3] == "resume", every=1, steps=400
)
"""


@pytest.mark.no_cover
def test_a_killed_process_leaves_a_checkpoint_that_goes_on(path):
    """Killed at random moments, three times in one run: while it computes or while it writes."""
    moments = random.Random(4)
    kills, resume, done = 0, "start", 0
    for _ in range(3):
        child = subprocess.Popen(
            [sys.executable, "-c", CHILD, str(Path(__file__).parent), str(path), resume]
        )
        try:
            patience = time.monotonic() + 100
            while time.monotonic() < patience and child.poll() is None:
                if path.exists() and torch.load(path, weights_only=True)["steps"] > done:
                    break
                time.sleep(0.05)
            time.sleep(moments.uniform(0, 0.3))
        finally:
            child.kill()
            kills += child.wait() != 0
        state = torch.load(path, weights_only=True)
        assert state["steps"] > done  # each process went on where the last one was killed
        done, resume = state["steps"], "resume"
    assert kills >= 2  # a fast machine may have finished in the third
    assert_same(train(checkpoint=path, steps=400, resume=True), train(steps=400))


# --- atomic


def failing(error: BaseException, monkeypatch) -> list[int]:
    """Let every write but the first put half a file on the disk and raise; return their count."""

    def half(state: object, file) -> None:
        calls.append(state["steps"])
        whole = io.BytesIO()
        save(state, whole)
        file.write(whole.getvalue()[: None if len(calls) == 1 else 2000])
        if len(calls) > 1:
            raise error

    save, calls = torch.save, []
    monkeypatch.setattr(torch, "save", half)
    return calls


@pytest.mark.parametrize(
    "error", [OSError(28, "No space left on device"), RuntimeError("file write failed")]
)
def test_a_write_that_fails_ends_with_the_run_and_the_old_file(
    error, path, monkeypatch, never_stopped
):
    calls = failing(error, monkeypatch)
    words = rf"after step 8 .*run.pt': .*{error.args[-1]}.* \.run, and the file still holds step 4$"
    with pytest.raises(training.SaveError, match=words) as caught:
        train(checkpoint=path)
    monkeypatch.undo()
    assert isinstance(caught.value, OSError)
    run = caught.value.run
    assert (run.steps, len(run.history.d_loss)) == (8, 8)
    assert torch.equal(run.history.d_loss, never_stopped.history.d_loss[:8])
    assert calls == [4, 8]
    assert torch.load(path, weights_only=True)["steps"] == 4
    assert [file.name for file in path.parent.iterdir()] == ["run.pt"]
    assert_same(train(checkpoint=path, resume=True), never_stopped)


def test_ctrl_c_inside_a_write_is_as_good_as_elsewhere(path, monkeypatch, never_stopped):
    calls = failing(KeyboardInterrupt(), monkeypatch)
    run = train(checkpoint=path)
    monkeypatch.undo()
    assert run.interrupted
    assert calls == [4, 8, 8]  # it was tried once more
    assert torch.load(path, weights_only=True)["steps"] == 4
    assert [file.name for file in path.parent.iterdir()] == ["run.pt"]
    assert_same(train(checkpoint=path, resume=True), never_stopped)


@pytest.fixture
def ctrl_c():
    """Let SIGINT mean Ctrl-C here: a process started in the background may have it ignored."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


@pytest.mark.usefixtures("ctrl_c")
@pytest.mark.skipif(os.name == "nt", reason="Windows has no SIGINT to send to oneself")
@pytest.mark.parametrize("where", ["in D's half of a step", "in a write"])
def test_after_ctrl_c_the_step_is_ended_and_written(where, path, monkeypatch, never_stopped):
    def press(*_: object) -> None:
        os.kill(os.getpid(), signal.SIGINT)

    class Pressing(Stopping):
        def sample(self, n: int, **how):
            self.left -= 1
            if self.left == 0:
                press()
            return TARGET.sample(n, **how)

    if where == "in a write":
        fsync = os.fsync
        monkeypatch.setattr(os, "fsync", lambda handle: (fsync(handle), press()))
        run = train(checkpoint=path)
    else:
        run = train(checkpoint=path, target=Pressing(9))  # two draws a step: the fifth
    monkeypatch.undo()
    assert run.interrupted
    steps = {"in a write": 4}.get(where, 5)
    assert run.steps == torch.load(path, weights_only=True)["steps"] == steps
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler
    assert_same(train(checkpoint=path, resume=True), never_stopped)


@pytest.mark.usefixtures("ctrl_c")
@pytest.mark.skipif(os.name == "nt", reason="Windows has no SIGINT to send to oneself")
def test_a_second_ctrl_c_does_not_wait_and_half_a_step_is_not_written(path, never_stopped):
    class Twice(Stopping):
        def sample(self, n: int, **how):
            self.left -= 1
            if self.left == 0:
                os.kill(os.getpid(), signal.SIGINT)
                os.kill(os.getpid(), signal.SIGINT)
            return TARGET.sample(n, **how)

    run = train(checkpoint=path, target=Twice(10))  # in the second half of step 5
    assert run.interrupted
    assert run.steps == 4
    assert torch.load(path, weights_only=True)["steps"] == 4
    assert_same(train(checkpoint=path, resume=True), never_stopped)  # D's first half is not in it


def test_a_place_that_cannot_be_written_is_named_before_the_first_step(tmp_path, monkeypatch):
    file = tmp_path / "file"
    file.touch()
    places = {
        tmp_path: "it is a folder",
        tmp_path / "missing" / "run.pt": "there is no folder '.*missing'",
        file / "run.pt": "there is no folder '.*file'",
        tmp_path / ("x" * 300): "[Nn]ame too long",
    }
    for place, words in places.items():
        with pytest.raises(ValueError, match=f"a checkpoint cannot be written to .*: .*{words}"):
            train(checkpoint=place, target=Stopping(1))
    with pytest.raises(ValueError, match=r"needs the path of a file, got 3"):
        training.Checkpoint(3)
    with pytest.raises(ValueError, match=r"every must be an integer of at least 1, got 0"):
        training.Checkpoint("a", every=0)
    monkeypatch.setattr(Path, "open", refuse)
    with pytest.raises(ValueError, match=r"cannot be written to .*: not yours"):
        train(checkpoint=tmp_path / "run.pt", target=Stopping(1))
    assert [path.name for path in tmp_path.iterdir()] == ["file"]


def refuse(*_: object, **__: object) -> None:
    raise PermissionError("not yours")


def test_the_bytes_are_on_the_disk_before_they_get_the_files_name(path, monkeypatch):
    # else a power cut after the renaming leaves an empty file where a whole one was
    seen = []
    fsync, replace = os.fsync, os.replace

    def synced(handle: int) -> None:
        fsync(handle)
        seen.append(("on the disk", os.fstat(handle).st_size))

    def renamed(source, destination) -> None:
        seen.append(("named", os.stat(source).st_size))
        replace(source, destination)

    monkeypatch.setattr(os, "fsync", synced)
    monkeypatch.setattr(os, "replace", renamed)
    train(checkpoint=path, steps=4, every=100)
    size = path.stat().st_size
    assert seen == [("on the disk", size), ("named", size)]


# --- what is not of this run


class Ours:
    """A user's own constraint with a state; it does nothing."""

    def __init__(self, bound: float) -> None:
        self.bound = bound

    def __call__(self, D: nn.Module) -> None:
        pass


OTHERS = [
    ({"batch_size": 5}, "batch_size = 4, this run has batch_size = 5"),
    ({"lr": 2e-3}, "lr_G = 0.001, this run has lr_G = 0.002"),
    ({"lr": (1e-3, 2e-3)}, "lr_D = 0.001, this run has lr_D = 0.002"),
    ({"betas": (0.5, 0.9)}, r"betas = \(0.5, 0.999\), this run has betas = \(0.5, 0.9\)"),
    ({"ema": 0.99}, "ema = 0.9, this run has ema = 0.99"),
    ({"ema": None}, "ema = 0.9, this run has ema = None"),
    ({"d_steps": 1}, "d_steps = 2, this run has d_steps = 1"),
    ({"fresh_z": False}, "fresh_z = True, this run has fresh_z = False"),
    ({"replicas": 2}, "replicas = 3, this run has replicas = 2"),
    ({"seed": 9}, "seed = 8, this run has seed = 9"),
    ({"on_nan": "freeze"}, "on_nan = raise, this run has on_nan = freeze"),
    ({"loss": losses.saturating}, "loss = .*nonsaturating.*, this run has loss = .*saturating"),
    ({"penalty": losses.r2(0.1)}, "penalty = .*at='real'.*, this run has .*at='fake'"),
    ({"penalty": losses.r1(0.2)}, "penalty = .*gamma=0.1.*, this run has .*gamma=0.2"),
    ({"lr": torch.tensor([0.5, 1.0, 2.0])}, r"lr_G = 0.001, .* lr_G = \[0.5, 1.0, 2.0\]"),
    ({"replicas": [0, 1, 3]}, r"replicas = 3, this run has replicas = \[0, 1, 3\]"),
    ({"loss": [losses.hinge] * 3}, "loss = .*nonsaturating.*, this run has loss = hinge_"),
    ({"loss": losses.smoothed(losses.nonsaturating)}, r"this run has loss = Smoothed.*real=0.9"),
    ({"penalty_every": 2}, "penalty_every = 1, this run has penalty_every = 2"),
    ({"penalty_schedule": training.geometric(1, 2)}, "penalty_schedule = None, .*end=2.0"),
    ({"constrain": losses.clipping(2)}, r"constrain = None, .* Clipping\(bound=2.0\)"),
    ({"instance_noise": training.linear(2)}, "instance_noise = None, .*start=2.0"),
    ({"penalty": None}, "penalty = .*gamma=0.1.*, this run has penalty = None"),
    (
        {"constrain": Ours(1)},
        r"it has constrain = None, this run has constrain = Ours$",
    ),
    ({"schedule": training.flat_then_cosine}, "schedule = cosine, .* = flat_then_cosine"),
    ({"schedule": None}, "schedule = cosine, this run has schedule = None"),
    ({"steps": 13}, "steps = 12, this run has steps = 13"),  # it would bend the schedule
    ({"target": data.gaussian()}, r"another run: it has x_real = tensor.*this run has x_real"),
    ({"networks": pair(7)}, "other networks than this run's: .*size mismatch"),
    (
        {"networks": (networks.MLPGenerator(2, 1, 6, 3), pair()[1])},
        "other networks than this run's: .*Missing key",
    ),
    ({"networks": (pair()[0], networks.MLPDiscriminator(1, 7))}, "other networks.*size mismatch"),
]


@pytest.fixture(scope="module")
def finished(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("finished") / "run.pt"
    train(checkpoint=path)
    return path


@pytest.mark.parametrize(("options", "words"), OTHERS)
def test_a_checkpoint_of_another_run_is_refused(options, words, finished):
    before = finished.read_bytes()
    with pytest.raises(ValueError, match=f"(?s)run.pt'.*{words}"):
        train(checkpoint=finished, resume=True, **options)
    assert finished.read_bytes() == before


def test_a_run_cannot_be_made_shorter_than_it_is(path):
    train(checkpoint=path, schedule=None)
    with pytest.raises(ValueError, match="it has steps = 12, this run has steps = 11"):
        train(checkpoint=path, schedule=None, steps=11, resume=True)


# --- what is no checkpoint


def test_a_missing_checkpoint(path):
    with pytest.raises(FileNotFoundError, match=r"there is no checkpoint at .*run.pt' to resume"):
        train(checkpoint=path, resume=True)
    with pytest.raises(ValueError, match="is a folder"):
        train(checkpoint=path.parent, resume=True)


def test_a_checkpoint_of_an_older_version_is_refused_with_a_sentence(path, finished):
    state = torch.load(finished, weights_only=True)
    torch.save(state | {"format": "gan_tutorial checkpoint 2"}, path)
    words = "its mark is 'gan_tutorial checkpoint 2', and not .* 3'; .* cannot be resumed"
    with pytest.raises(ValueError, match=words):
        train(checkpoint=path, resume=True)


def test_what_numpy_and_lists_say_is_kept_as_plain_numbers(path):
    """A NumPy scalar in a file would need more than tensors and numbers to be read."""
    loose = {
        "lr": np.float64(1e-3), "betas": [np.float32(0.5), 0.999], "ema": np.float64(0.9),
        "seed": np.int64(8), "replicas": np.int32(3), "batch_size": np.int64(4),
    }  # fmt: skip
    train(checkpoint=path, **loose)
    assert_same(train(checkpoint=path, resume=True), train(**loose))
    train(checkpoint=path, steps=np.int64(12), lr=(np.float64(1e-3), 2e-3))
    assert train(checkpoint=path, resume=True, lr=[1e-3, 2e-3]).steps == 12


def test_a_file_from_another_device_is_read_on_this_one(path, never_stopped, monkeypatch):
    """There is one device here: what it needs is that the reader maps all others to the CPU."""
    train(checkpoint=path)
    load, places = torch.load, []
    monkeypatch.setattr(
        torch, "load", lambda *a, **k: (places.append(k["map_location"]), load(*a, **k))[1]
    )
    assert_same(train(checkpoint=path, resume=True), never_stopped)
    assert places == ["cpu"]


RESUMES = """
import sys
sys.path.insert(0, sys.argv[1])
import torch
import test_checkpoints as tests
from gan_tutorial import losses

class Mine:
    def __init__(self, scale):
        self.scale = scale
    def __call__(self, D, x_real, x_fake, generator):
        return self.scale * losses.r1(0.1)(D, x_real, x_fake)

scale, factor, resume = float(sys.argv[3]), float(sys.argv[4]), sys.argv[5] == "resume"
loss = losses.nonsaturating._replace(g=lambda real, fake: factor * losses.saturating.g(real, fake))
run = tests.train(
    checkpoint=sys.argv[2], resume=resume, penalty=Mine(scale), loss=loss, schedule=None,
    steps=12 if resume else 8,
)
print(sum(weight.double().sum().item() for weight in run.G.parameters()))
"""


@pytest.mark.no_cover
def test_a_loss_of_ones_own_resumes_in_another_process_and_another_one_is_told_apart(path):
    def go(scale: float, factor: float, how: str) -> subprocess.CompletedProcess:
        here = str(Path(__file__).parent)
        command = [sys.executable, "-c", RESUMES, here, str(path), str(scale), str(factor), how]
        return subprocess.run(command, capture_output=True, text=True, check=False)

    assert go(2, 1, "start").returncode == 0
    other_state, other_code = go(3, 1, "resume"), go(2, 0.5, "resume")
    assert "its penalty has the same name, Mine, and other code or state" in other_state.stderr
    assert "its loss has the same name, " in other_code.stderr
    resumed = go(2, 1, "resume")
    assert resumed.returncode == 0, resumed.stderr
    path.unlink()
    assert go(2, 1, "start").returncode == 0
    assert go(2, 1, "resume").stdout == resumed.stdout


def test_what_cannot_be_told_from_another_is_refused_before_the_first_step(path):
    lock = threading.Lock()

    def penalty(D, x_real, x_fake, generator):
        with lock:
            return losses.r1(0.1)(D, x_real, x_fake)

    with pytest.raises(ValueError, match=r"penalty cannot be kept in a checkpoint: .*_thread.lock"):
        train(checkpoint=path, penalty=penalty)
    assert train(penalty=penalty, steps=1).steps == 1


@pytest.mark.parametrize("keep", [0, 1, 100, 0.5, -100, -1])
def test_a_checkpoint_cut_short_is_refused(keep, path, finished):
    content = finished.read_bytes()
    keep = int(keep * len(content)) if isinstance(keep, float) else keep
    path.write_bytes(content[:keep])
    size = len(content[:keep])
    with pytest.raises(ValueError, match=rf"not a whole checkpoint: .* \({size} bytes\)"):
        train(checkpoint=path, resume=True)


NO_CHECKPOINTS = {
    "text": b"not a checkpoint\n",
    "table": b"a,b\n1,2\n",
    "picture": b"\x89PNG\r\n\x1a\n" + bytes(50),
    "pickle": pickle.dumps({"format": FORMAT}),
    "old pickle": pickle.dumps([1, 2], protocol=0),
    "noise": random.Random(0).randbytes(500),
}


@pytest.mark.parametrize("name", NO_CHECKPOINTS)
def test_another_kind_of_file_is_refused(name, path):
    path.write_bytes(NO_CHECKPOINTS[name])
    with pytest.raises(ValueError, match="not a whole checkpoint: it is cut short, damaged, or"):
        train(checkpoint=path, resume=True)


def test_a_flipped_bit_is_noticed_or_harmless(path, finished, never_stopped):
    content, refused, flips = finished.read_bytes(), 0, random.Random(1)
    for _ in range(40):
        damaged = bytearray(content)
        damaged[flips.randrange(len(content))] ^= 1 << flips.randrange(8)
        path.write_bytes(damaged)
        try:
            run = train(checkpoint=path, resume=True)
        except ValueError as error:
            assert "not a whole checkpoint" in str(error)  # noqa: PT017
            refused += 1
        else:  # it fell on what no reader looks at, such as the padding between tensors
            assert_same(run, never_stopped)
    assert 10 < refused < 40


@pytest.mark.parametrize("thing", [{"weights": torch.zeros(3)}, torch.zeros(3), [1, 2]])
def test_what_train_did_not_write_is_refused(thing, path):
    torch.save(thing, path)
    with pytest.raises(
        ValueError, match="this version of train: its mark is None, and not 'gan_tutorial check"
    ):
        train(checkpoint=path, resume=True)


class Evil:
    """An object that runs a command when it is unpickled."""

    def __init__(self, trace: Path) -> None:
        self.trace = trace

    def __reduce__(self):
        return Path.touch, (self.trace,)


@pytest.mark.parametrize("way", ["torch", "pickle"])
def test_nothing_in_a_file_is_run(way, path, tmp_path):
    trace = tmp_path / "trace"
    state = {"format": FORMAT, "options": Evil(trace)}
    if way == "torch":
        torch.save(state, path)
    else:
        path.write_bytes(pickle.dumps(state))
    words = {"torch": "holds more than tensors", "pickle": "not a whole checkpoint"}
    with pytest.raises(ValueError, match=words[way]):
        train(checkpoint=path, resume=True)
    assert not trace.exists()
    pickle.loads(pickle.dumps(Evil(trace)))  # an unguarded reader does run it
    assert trace.exists()


def test_a_whole_network_in_a_file_is_refused(path):
    torch.save(pair()[0], path)
    with pytest.raises(ValueError, match="was not written by train: it holds more than tensors"):
        train(checkpoint=path, resume=True)
