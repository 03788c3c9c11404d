"""What makes a chapter checkable: claims, exercises, and source that is read, never copied."""

import html
import inspect
import io
import json
import math
import os
import re
import sys
import types
from collections.abc import Callable, Iterator, Mapping
from functools import cache
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

# What `claim` prints, for the tools and the site; what is in ‹› may differ between machines.
STORED = r"stored (?:stud(?:y|ies)|models?) [^›\n]+"
ORIGIN = rf"exact|\d+ seeds(?: and {STORED})?|bound on a machine|{STORED}"
CLAIM_LINE = re.compile(
    r"^✔ (?P<sentence>.+?)(?: \((?P<seeds>\d+) seeds\))?"
    rf"(?: ‹(?P<measured>(?!(?:{ORIGIN})›)[^·›\n]+?)?(?: · )?(?P<origin>{ORIGIN})?›)?$",
    re.MULTILINE,
)

# How a sentence names its bound: "below 0.06", "over 30 %", "1 in 25", "to 8 digits", "by half".
COMPARISON = re.compile(
    r"\b(?:below|under|over|above|within|(?:more|less|fewer) than|at (?:least|most))"
    r"(?: \S+ =)? [-−]?\d"
)
NUMBER = re.compile(
    r"(?P<before>factor )?(?<![\w.])(?P<number>\d+(?:\u202f\d{3})*(?:\.\d+)?(?:e[-+]?\d+)?)"
    r"(?:(?P<link>/| in | log )(?P<other>\d+))?(?: ?(?P<unit>%|digits))?"
)
SHARES = {"half": 1 / 2, "third": 1 / 3, "quarter": 1 / 4, "fifth": 1 / 5, "tenth": 1 / 10}
RAISED = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")


def start() -> int:
    """Set the book's figure style and return the seed from which a chapter takes all others.

    The seed is 0, or the number in the environment variable GAN_TUTORIAL_SEED: that is how a
    chapter is run again on fresh seeds, to see whether its claims hold there too.

    The style replaces whatever a `matplotlibrc` of yours says. Where standard output goes to a file
    in an encoding without ✔, ★ and ☐, as on some Windows systems, it becomes UTF-8.

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
    """State a fact and check it: print `✔ sentence ‹what was measured›`, or raise with the numbers.

    Without a bound `value` must be true. With `below` or `above` every element of `value` must be
    strictly on that side. The bracket holds the value, or the median of several and the one
    closest to the bound, to three digits; and, where the chapter was run by `make notebooks`,
    where the value comes from.

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
        If the arguments make no sense, the sentence compares with another number than the bound,
        or a run in sight was interrupted.
    """
    _refuse_interrupted(sys._getframe(1))
    if below is not None and above is not None:
        raise ValueError(f"a claim has one bound, got below={below} and above={above}")
    bound = below if above is None else above
    facts = []
    if bound is None:
        worst, holds = None, _is_true(value)
        finding = f"the value is {value}"
    else:
        values = torch.as_tensor(value, dtype=torch.float64)
        if not values.numel():
            raise ValueError(f"a claim needs at least one number, got an empty value: {sentence}")
        if misnames_bound(sentence, bound):
            raise ValueError(f"the sentence names another bound than {bound:g}: {sentence}")
        worst = (values.max() if above is None else values.min()).item()  # NaN stays NaN
        holds = worst < bound if above is None else worst > bound
        finding = f"the worst of {values.numel()} is {worst:.6g}, the bound is {bound:g}"
        facts = [in_short(worst)]
        if values.numel() > 1:
            facts = [f"median {in_short(_middle(values)[1])}, closest {in_short(worst)}"]
    about = {"below": below, "above": above, "seeds": seeds, "held": bool(holds)}
    _record({"sentence": sentence, "value": worst, **about})
    if not holds and not os.environ.get("GAN_TUTORIAL_RECORD"):
        raise AssertionError(f"✘ {sentence}: {finding}")
    facts += _origin(sentence, seeds)
    line = f"{'✔' if holds else '✘'} {sentence}" + (f" ({seeds} seeds)" if seeds else "")
    print(line + (f" ‹{' · '.join(facts)}›" if facts else ""))


def names_bound(sentence: str, bound: float) -> bool:
    """Say whether a sentence holds a bound: as a number, as a share, or as a word such as half."""
    return any(math.isclose(abs(bound), named, rel_tol=1e-3) for named in _named(sentence))


def misnames_bound(sentence: str, bound: float) -> bool:
    """Say whether a sentence compares with a number, and none of its numbers is the bound."""
    # A bound of 0 belongs to a difference, whose sentence names the two.
    return bool(bound and COMPARISON.search(sentence)) and not names_bound(sentence, bound)


def table(
    rows: Mapping[str, Any],
    *,
    below: bool = True,
    floor: float | Mapping[str, float] | None = None,
    caption: str = "",
) -> None:
    """Show one row of numbers a variant: median, spread and worst over its seeds, and the floor.

    spread = half the interquartile range; worst = the largest value, or the smallest one

    Parameters
    ----------
    rows
        Name -> the values of all seeds, a tensor of shape (N,).
    below
        Whether small values are good, so that the largest is the worst.
    floor
        What a perfect sample would give: one number, or one for each name.
    caption
        What was measured, in words, and over how many seeds.

    Raises
    ------
    ValueError
        If there is no row, or a row has no values.
    """
    if not rows:
        raise ValueError("a table needs at least one row")
    columns = ["median", "half the IQR", "worst"] + (["floor"] if floor is not None else [])
    cells = {}
    for name, values in rows.items():
        numbers = torch.as_tensor(values, dtype=torch.float64)
        if not numbers.numel():
            raise ValueError(f"the row {name!r} of a table has no values")
        low, median, high = _middle(numbers)
        found = [median, (high - low) / 2, (numbers.max() if below else numbers.min()).item()]
        if floor is not None:
            found.append(floor[name] if isinstance(floor, Mapping) else floor)
        cells[name] = [in_short(number) for number in found]
    text, markup = _as_text(columns, cells, caption), _as_html(columns, cells, caption)
    display({"text/plain": text, "text/html": markup}, raw=True)


def in_short(value: float) -> str:
    """Write a number with three digits, as people do: 0.0326, 52 900, 5.1 × 10⁻¹³."""
    if math.isinf(value):
        return "∞" if value > 0 else "−∞"
    if value and not 1e-4 <= abs(value) < 1e6 and not math.isnan(value):
        digits, _, power = f"{value:.2e}".partition("e")
        digits = digits.rstrip("0").rstrip(".")
        raised = str(int(power)).translate(RAISED)
        return (f"{digits} × 10{raised}" if digits != "1" else f"10{raised}").replace("-", "−")
    shown = f"{value:,.0f}" if abs(value) >= 999.5 else f"{value:.3g}"
    return shown.replace(",", "\N{NARROW NO-BREAK SPACE}").replace("-", "−")


def exercise(number: int | str, check: Callable[[], object]) -> None:
    """Run the check of an exercise and say whether it is solved: a check fails by raising.

    Exercises have numbers. A blank to fill in the middle of a chapter, *your turn*, has a letter.
    The line ends with the first line of what was raised, after its type if the error is not the
    check's own. To see all of an error, call the check itself.
    """
    name = f"Your turn {number}" if isinstance(number, str) else f"Exercise {number}"
    try:
        check()
    except Exception as error:
        print(f"☐ {name}: not solved yet{_hint(error)}")
    else:
        print(f"★ {name}: solved")


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


def _named(sentence: str) -> Iterator[float]:
    """Yield the bounds that a sentence may mean by its numbers and its words for shares."""
    for match in NUMBER.finditer(sentence):
        number = float(match["number"].replace("\u202f", ""))
        if match["link"]:
            yield float(match["other"])
            other = math.log(float(match["other"]) or 1) if match["link"] == " log " else 0.0
            yield number * other if other else number / (float(match["other"]) or 1)
        if match["unit"] == "%":
            yield from (number / 100, 1 + number / 100)
        elif match["unit"] == "digits":
            yield from (10**-number, 10**-number / 2)
        elif 1 < number < 2:
            yield number - 1  # "above 1.05" of what is 1 at most: by 0.05
        if match["before"] and number:
            yield abs(math.log(number))
        yield number
    for word, share in SHARES.items():
        if re.search(rf"\b{word}\b", sentence):
            yield from (share, 1 + share)
    if re.search(r"\b(?:twice|doubles)\b", sentence):
        yield 2.0


def _middle(values: torch.Tensor) -> list[float]:
    """Return the quartiles: linear between neighbours, for any number of values."""
    ordered = values.flatten().sort().values
    places = torch.tensor([0.25, 0.5, 0.75], dtype=torch.float64) * (len(ordered) - 1)
    low, high = ordered[places.floor().long()], ordered[places.ceil().long()]
    return torch.lerp(low, high, places.frac()).tolist()


def _as_text(columns: list[str], cells: dict[str, list[str]], caption: str) -> str:
    width = max(map(len, cells))
    lines = [caption] if caption else []
    lines.append(" " * width + "  " + "".join(f"{column:>14}" for column in columns))
    for name, row in cells.items():
        lines.append(f"{name:{width}} ‹{''.join(f'{cell:>14}' for cell in row)} ›")
    return "\n".join(lines)


def _as_html(columns: list[str], cells: dict[str, list[str]], caption: str) -> str:
    """Return the table in HTML; its numbers stand in brackets that only the source shows."""
    parts = ['<table class="gan-table">']
    if caption:
        parts.append(f"<caption>{html.escape(caption)}</caption>")
    heads = "".join(f'<th scope="col">{column}</th>' for column in columns)
    parts.append(f"<thead><tr><td></td>{heads}</tr></thead><tbody>")
    for name, row in cells.items():
        numbers = "".join(f"<td><!-- ‹ -->{cell}<!-- › --></td>" for cell in row)
        parts.append(f'<tr><th scope="row">{html.escape(name)}</th>{numbers}</tr>')
    return "\n".join([*parts, "</tbody></table>"])


@cache
def _origins(path: str) -> list[tuple[str, str]]:
    with open(path, encoding="utf-8") as file:
        return [(pattern, tag) for pattern, tag in json.load(file)]


def _origin(sentence: str, seeds: int | None) -> list[str]:
    """Say where a value comes from, as `make notebooks` has read it from the chapter's code."""
    path = os.environ.get("GAN_TUTORIAL_ORIGINS")
    known = _origins(path) if path else []
    tags = [tag for pattern, tag in known if re.fullmatch(pattern, sentence)]
    return [tag.replace("{seeds}", str(seeds)) for tag in tags[:1]]


def _record(line: dict[str, Any]) -> None:
    """Keep a claim for `make records`, where it may fail, or for `make notebooks`."""
    for name in ("GAN_TUTORIAL_RECORD", "GAN_TUTORIAL_CLAIMS"):
        if path := os.environ.get(name):
            with open(path, "a", encoding="utf-8") as file:
                file.write(json.dumps(line) + "\n")


def _refuse_interrupted(frame: types.FrameType) -> None:
    """Look at what the caller can see: a claim about half a run would be a claim about nothing."""
    for name, thing in {**frame.f_globals, **frame.f_locals}.items():
        if name.startswith("_") or name == "Out":
            continue  # Jupyter's memory of old outputs, which running a cell again does not mend
        parts = list(thing.values()) if isinstance(thing, dict) else thing
        for run in parts if isinstance(parts, (list, tuple)) else [thing]:
            if getattr(run, "interrupted", False) is True:
                raise ValueError(f"{name} was interrupted after {run.steps} steps: run it again")
