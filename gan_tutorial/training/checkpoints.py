"""Checkpoints: written whole or not at all, and read without running what is in them."""

import dataclasses
import os
import pickle
import zipfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from gan_tutorial.checks import whole
from gan_tutorial.fingerprint import fingerprint
from gan_tutorial.training.fit import name_of
from gan_tutorial.training.rules import Rules
from gan_tutorial.training.run import Run

FORMAT = "gan_tutorial checkpoint 3"


@dataclass(frozen=True)
class Checkpoint:
    """Where `train` keeps its whole state: at some steps, after Ctrl-C and at the end.

    Parameters
    ----------
    path
        The file. It is replaced in one step, so it is whole at any moment.
    every
        After how many steps it is written again.
    resume
        Go on from what the file holds. The run ends with bitwise the weights of one
        never stopped.

    Raises
    ------
    ValueError
        If `every` is not a positive integer, or `path` is no path.
    """

    path: str | Path
    every: int = 500
    resume: bool = False

    def __post_init__(self) -> None:
        if not isinstance(self.path, (str, os.PathLike)):
            raise ValueError(f"a checkpoint needs the path of a file, got {self.path!r}")
        object.__setattr__(self, "every", whole("every", self.every))


class SaveError(OSError):
    """A checkpoint could not be written. `run` holds the run so far; the old file is whole."""

    def __init__(self, message: str, run: Run) -> None:
        super().__init__(message)
        self.run = run


def as_checkpoint(given: Any) -> Checkpoint | None:
    """Return a checkpoint for a path, which means: a new run, written every 500 steps."""
    return given if given is None or isinstance(given, Checkpoint) else Checkpoint(given)


class Keeper:
    """Writes and reads the file of one run.

    Parameters
    ----------
    checkpoint
        Where and how often, or None: then nothing is written.
    about
        What else tells this run from another, by name: plain numbers, texts and tensors.
    rules
        Those of the run. Functions in them are known by their code and state.
    """

    def __init__(self, checkpoint: Checkpoint | None, rules: Rules, about: dict[str, Any]) -> None:
        self.checkpoint, self.step = checkpoint, -1
        if checkpoint is not None:
            self.path = Path(checkpoint.path)
            _try(self.path)
            self.options = _options(rules) | about

    def save_if_due(self, run: Run, tensors: list[Tensor]) -> None:
        """Write the state of a run at every so many steps."""
        if self.checkpoint is not None and run.steps % self.checkpoint.every == 0:
            self.save(run, tensors)

    def save(self, run: Run, tensors: list[Tensor]) -> None:
        """Write the state of a run beside the old file, then put it in its place in one step.

        Raises
        ------
        SaveError
            If the file cannot be written.
        """
        if self.checkpoint is None:
            return
        path, partial = self.path, _partial(self.path)
        try:
            with partial.open("wb") as file:
                torch.save(_state(run, tensors, self.options), file)
                file.flush()
                os.fsync(file.fileno())
            os.replace(partial, path)
        except BaseException as error:
            partial.unlink(missing_ok=True)
            if isinstance(error, (OSError, RuntimeError)):  # PyTorch says the latter of a full disk
                raise SaveError(
                    f"after step {run.steps} the checkpoint could not be written to {str(path)!r}: "
                    f"{error}. The run so far is this error's .run"
                    + (f", and the file still holds step {self.step}" if self.step > 0 else ""),
                    run,
                ) from error
            raise
        self.step = run.steps

    def load(self, run: Run, tensors: list[Tensor]) -> None:
        """Bring a new run to where the checkpoint was taken, if it is to be resumed.

        Raises
        ------
        FileNotFoundError
            If there is no file.
        ValueError
            If it is damaged, no checkpoint, or one of another run.
        """
        if self.checkpoint is None or not self.checkpoint.resume:
            return
        path, state = self.path, _read(self.path)
        _compare(path, self.options, state)
        try:
            run.G.load_state_dict(state["G"])
            run.D.load_state_dict(state["D"])
        except RuntimeError as error:
            raise ValueError(
                f"{str(path)!r} holds other networks than this run's: {error}"
            ) from error
        if run.ema_G is not None:
            run.ema_G.load_state_dict(state["ema_G"])
        for ours, theirs in zip(tensors, state["adam"], strict=True):
            ours.copy_(theirs)
        run.streams.restore(state["streams"])
        run.steps = self.step = state["steps"]
        run.frozen, history = state["frozen"], run.history
        history.observed, history.observed_at = state["observed"], state["observed_at"]
        for ours, theirs in zip(
            (history.d_loss, history.g_loss, history.penalty), state["losses"], strict=True
        ):
            ours[: run.steps] = theirs


def _partial(path: Path) -> Path:
    return Path(f"{path}.partial")


def _try(path: Path) -> None:
    """See before the first step whether a file can be written there: hours depend on it."""
    try:
        if path.is_dir():
            raise IsADirectoryError("it is a folder")
        if not path.parent.is_dir():
            raise FileNotFoundError(f"there is no folder {str(path.parent)!r}")
        _partial(path).open("wb").close()
        _partial(path).unlink()
        if path.exists() and not os.access(path, os.W_OK):
            raise PermissionError("the file there is write-protected")
    except OSError as error:
        raise ValueError(f"a checkpoint cannot be written to {str(path)!r}: {error}") from error


def _options(rules: Rules) -> dict[str, Any]:
    """Return the rules as a file keeps them: numbers, names of functions, and what these do."""
    options: dict[str, Any] = {}
    for field in dataclasses.fields(rules):
        value = getattr(rules, field.name)
        if field.name == "lr":
            for name, rate in zip(("lr_G", "lr_D"), value, strict=True):
                options[name] = rate.tolist() if isinstance(rate, Tensor) else rate
        elif value is None or isinstance(value, (bool, int, float)) or field.name == "betas":
            options[field.name] = value
        else:
            options[field.name] = name_of(value)
            try:
                options[f"{field.name}'s code or state"] = fingerprint(value)
            except ValueError as error:
                raise ValueError(f"{field.name} cannot be kept in a checkpoint: {error}") from error
    return options


def _state(run: Run, tensors: list[Tensor], options: dict[str, Any]) -> dict[str, Any]:
    history = run.history
    return {
        "format": FORMAT,
        "options": options,
        "steps": run.steps,
        "frozen": run.frozen,
        "streams": run.streams.state(),
        "G": run.G.state_dict(),
        "D": run.D.state_dict(),
        "ema_G": None if run.ema_G is None else run.ema_G.state_dict(),
        "adam": tensors,
        "losses": [history.d_loss[: run.steps], history.g_loss[: run.steps],
                   history.penalty[: run.steps]],
        "observed": history.observed,
        "observed_at": history.observed_at,
    }  # fmt: skip


def _read(path: Path) -> dict[str, Any]:
    """Return what a checkpoint holds, on the CPU: it may come from another device."""
    if not path.is_file():
        raise FileNotFoundError(f"there is no checkpoint at {str(path)!r} to resume from")
    size = path.stat().st_size
    try:
        with zipfile.ZipFile(path) as archive:
            if archive.testzip() is not None:  # torch.load does not compare checksums
                raise ValueError("a checksum is wrong")
        state = torch.load(path, weights_only=True, map_location="cpu")
    except pickle.UnpicklingError as error:
        raise ValueError(
            f"{str(path)!r} was not written by train: it holds more than tensors, numbers and "
            "texts, and is not read"
        ) from error
    except Exception as error:  # whatever a reader of strange bytes stumbles over
        raise ValueError(
            f"{str(path)!r} is not a whole checkpoint: it is cut short, damaged, or another kind "
            f"of file ({size} bytes)"
        ) from error
    if not isinstance(state, dict) or state.get("format") != FORMAT:
        mark = state.get("format") if isinstance(state, dict) else None
        raise ValueError(
            f"{str(path)!r} was not written by this version of train: its mark is {mark!r}, "
            f"and not {FORMAT!r}; an older version's file cannot be resumed, train again"
        )
    return state


def _compare(path: Path, options: dict[str, Any], state: dict[str, Any]) -> None:
    """Refuse a checkpoint of other options than this run's."""
    for name in dict.fromkeys([*options, *state["options"]]):
        ours, theirs = options.get(name), state["options"].get(name)
        if name == "steps" and options["schedule"] is None and ours >= state["steps"]:
            continue  # without a schedule a run may be made longer
        if torch.equal(ours, theirs) if isinstance(ours, Tensor) else ours == theirs:
            continue
        if name.endswith("'s code or state"):
            part = name.partition("'")[0]
            raise ValueError(
                f"{str(path)!r} is a checkpoint of another run: its {part} has the same name, "
                f"{options.get(part)}, and other code or state"
            )
        raise ValueError(
            f"{str(path)!r} is a checkpoint of another run: it has {name} = {theirs}, "
            f"this run has {name} = {ours}"
        )
