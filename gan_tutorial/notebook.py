"""What makes a chapter checkable: claims, exercises, and source that is read, never copied."""

import inspect
import io
import json
import os
import sys
import types
from collections.abc import Callable
from typing import Any

import matplotlib.pyplot as plt
import torch
from IPython.display import display
from pygments import highlight
from pygments.formatters import HtmlFormatter
from pygments.lexers import PythonLexer

FIGURES: Any = {
    "figure.figsize": (7.2, 3.6),
    "figure.dpi": 144,
    "figure.facecolor": "none",  # the page is the paper
    "axes.facecolor": "none",
    "figure.constrained_layout.use": True,
    "font.size": 12,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.grid": True,
    "grid.color": "#8a8a8a",
    "grid.alpha": 0.25,
    "grid.linewidth": 0.6,
    "legend.frameon": False,
    "lines.linewidth": 2.0,
}


def start() -> int:
    """Set the book's figure style and return the seed from which a chapter takes all others.

    The style replaces whatever a `matplotlibrc` of yours says. Where standard output goes to a file
    in an encoding without ✔, ★ and ☐, as on some Windows systems, it becomes UTF-8.

    It is 0, or the number in the environment variable GAN_TUTORIAL_SEED: that is how a chapter is
    run again on fresh seeds, to see whether its claims hold there too.

    Raises
    ------
    ValueError
        If the variable does not hold a whole number of at least 0.
    """
    plt.rcdefaults()
    plt.rcParams.update(FIGURES)
    if isinstance(sys.stdout, io.TextIOWrapper):
        try:
            "✔✘★☐".encode(sys.stdout.encoding)
        except UnicodeEncodeError:
            sys.stdout.reconfigure(encoding="utf-8")
    torch.set_num_threads(1)
    text = os.environ.get("GAN_TUTORIAL_SEED", "0")
    if not text.isdecimal():
        raise ValueError(f"GAN_TUTORIAL_SEED must be a whole number of at least 0, got {text!r}")
    return int(text)


def claim(
    sentence: str,
    value: Any,
    *,
    below: float | None = None,
    above: float | None = None,
    seeds: int | None = None,
) -> None:
    """State a fact and check it: print `✔ sentence`, or raise with the numbers.

    Without a bound `value` must be true. With `below` or `above` every element of `value` must be
    strictly on that side; the distance between the two is what the records of claims keep.

    Parameters
    ----------
    sentence
        What is claimed, with its bound, in words.
    value
        True or false; or, with a bound, a number or a tensor of numbers.
    below, above
        The bound. At most one of them.
    seeds
        Over how many seeds the claim was checked, for an outcome of chance.

    Raises
    ------
    AssertionError
        If the claim does not hold.
    ValueError
        If the arguments make no sense, or a run in sight was interrupted.
    """
    _refuse_interrupted(sys._getframe(1))
    if below is not None and above is not None:
        raise ValueError(f"a claim has one bound, got below={below} and above={above}")
    bound = below if above is None else above
    if bound is None:
        worst, holds = None, _is_true(value)
        finding = f"the value is {value}"
    else:
        values = torch.as_tensor(value, dtype=torch.float64)
        if not values.numel():
            raise ValueError(f"a claim needs at least one number, got an empty value: {sentence}")
        worst = (values.max() if above is None else values.min()).item()  # NaN stays NaN
        holds = worst < bound if above is None else worst > bound
        finding = f"the worst of {values.numel()} is {worst:.6g}, the bound is {bound:g}"
    _record(sentence, worst, below, above, seeds, holds)
    if not holds and not os.environ.get("GAN_TUTORIAL_RECORD"):
        raise AssertionError(f"✘ {sentence}: {finding}")
    print(f"{'✔' if holds else '✘'} {sentence}" + (f" ({seeds} seeds)" if seeds else ""))


def exercise(number: int, check: Callable[[], object]) -> None:
    """Run the check of an exercise and say whether it is solved: a check fails by raising.

    The line ends with the first line of what was raised, after its type if the error is not the
    check's own. To see all of an error, call the check itself.
    """
    try:
        check()
    except Exception as error:
        print(f"☐ Exercise {number}: not solved yet{_hint(error)}")
    else:
        print(f"★ Exercise {number}: solved")


def show_source(thing: Any) -> None:
    """Show the source of a function or class as it is today.

    The text is part of the page's stored output, so a page that shows an older version fails.
    """
    source = inspect.getsource(thing).rstrip()
    html = highlight(source, PythonLexer(), HtmlFormatter(cssclass="highlight gan-source"))
    display({"text/plain": source, "text/html": html}, raw=True)


def _hint(error: Exception) -> str:
    words = str(error).strip().partition("\n")[0]
    if "NoneType" in str(error) or "ellipsis" in str(error):
        # Python and torch reword this from version to version; a stub's line is compared
        words = "None or ... in place of an answer"
    kind = "" if isinstance(error, AssertionError) else type(error).__name__
    hint = ": ".join(part for part in (kind, words) if part)
    return f" ({hint})" if hint else ""


def _is_true(value: Any) -> bool:
    if isinstance(value, torch.Tensor) and value.numel() != 1:
        raise ValueError(f"a claim needs one truth value, got {value.numel()}: say .all()")
    return bool(value)


def _record(sentence: str, worst: Any, below: Any, above: Any, seeds: Any, holds: bool) -> None:
    path = os.environ.get("GAN_TUTORIAL_RECORD")
    if path:
        line = {"sentence": sentence, "value": worst, "below": below, "above": above}
        with open(path, "a", encoding="utf-8") as file:
            file.write(json.dumps({**line, "seeds": seeds, "held": bool(holds)}) + "\n")


def _refuse_interrupted(frame: types.FrameType) -> None:
    """Look at what the caller can see: a claim about half a run would be a claim about nothing."""
    for name, thing in {**frame.f_globals, **frame.f_locals}.items():
        if name.startswith("_") or name == "Out":
            continue  # Jupyter's memory of old outputs, which running a cell again does not mend
        parts = list(thing.values()) if isinstance(thing, dict) else thing
        for run in parts if isinstance(parts, (list, tuple)) else [thing]:
            if getattr(run, "interrupted", False) is True:
                raise ValueError(f"{name} was interrupted after {run.steps} steps: run it again")
