"""Claims that can fail, exercises that know whether they are solved, source as it is today."""

from __future__ import annotations

import inspect
import json
import math
import os
import re
import subprocess
import sys
from types import SimpleNamespace
from xml.etree import ElementTree

import matplotlib as mpl
import pytest
import torch

from gan_tutorial import losses, notebook
from gan_tutorial.notebook import (
    CLAIM_LINE,
    claim,
    exercise,
    in_short,
    names_bound,
    show_source,
    start,
    table,
)

# --- claims


@pytest.mark.parametrize("value", [True, torch.tensor(True), torch.tensor([True]), 1])
def test_a_true_claim_is_printed(value, capsys):
    assert claim("the two are equal", value) is None
    assert capsys.readouterr().out == "✔ the two are equal\n"


@pytest.mark.parametrize("value", [False, torch.tensor(False), 0, None])
def test_a_false_claim_raises_with_its_value(value, capsys):
    with pytest.raises(AssertionError, match=f"^✘ the two are equal: the value is {value}$"):
        claim("the two are equal", value)
    assert capsys.readouterr().out == ""


@pytest.mark.parametrize("seeds", [16, 64])
def test_a_claim_of_chance_names_its_seeds(seeds, capsys):
    claim("W1 stays below 0.02", 0.01, below=0.02, seeds=seeds)
    assert capsys.readouterr().out == f"✔ W1 stays below 0.02 ({seeds} seeds) ‹0.01›\n"


@pytest.mark.parametrize(
    ("value", "bound", "measured"),
    [
        (0.0191234, {"below": 0.02}, "0.0191"),
        (-5, {"below": 0.0}, "−5"),
        (0.021, {"above": 0.02}, "0.021"),
        (torch.tensor([0.3, 0.1]), {"below": 0.31}, "median 0.2, closest 0.3"),
        (torch.tensor([[0.3], [0.1]]), {"above": 0.09}, "median 0.2, closest 0.1"),
        ([1, 2, 3.25], {"below": 3.5}, "median 2, closest 3.25"),
        ([1, 2, 3.25], {"above": 0.5}, "median 2, closest 1"),
        (math.inf, {"above": 1e300}, "∞"),
        (torch.tensor([-math.inf, 1.0]), {"below": 2}, "median −∞, closest 1"),
        (5.1234e-13, {"below": 1e-12}, "5.12 × 10⁻¹³"),
        (52_912.0, {"above": 1e4}, "52\u202f912"),
    ],
)
def test_a_bound_that_holds(value, bound, measured, capsys):
    claim("so it is", value, **bound)
    assert capsys.readouterr().out == f"✔ so it is ‹{measured}›\n"


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        (0.03264, "0.0326"), (-0.5, "−0.5"), (1e-4, "0.0001"), (1e-12, "10⁻¹²"), (0, "0"),
        (16, "16"), (999.6, "1\u202f000"), (1e6, "10⁶"), (-2.5e7, "−2.5 × 10⁷"), (math.nan, "nan"),
    ],
)  # fmt: skip
def test_numbers_are_written_as_people_do(value, shown):
    assert in_short(value) == shown


@pytest.mark.parametrize(
    ("value", "bound", "words"),
    [
        (0.03, {"below": 0.02}, "the worst of 1 is 0.03, the bound is 0.02"),
        (0.02, {"below": 0.02}, "the worst of 1 is 0.02, the bound is 0.02"),  # strictly
        (0.02, {"above": 0.02}, "the worst of 1 is 0.02, the bound is 0.02"),
        (0.01, {"above": 0.02}, "the worst of 1 is 0.01, the bound is 0.02"),
        (torch.tensor([0.1, 0.9, 0.2]), {"below": 0.5}, "the worst of 3 is 0.9, the bound is 0.5"),
        (torch.tensor([0.6, 0.1, 0.7]), {"above": 0.5}, "the worst of 3 is 0.1, the bound is 0.5"),
        (math.nan, {"below": 1.0}, "the worst of 1 is nan, the bound is 1"),
        (math.nan, {"above": 1.0}, "the worst of 1 is nan, the bound is 1"),
        (torch.tensor([0.1, math.nan]), {"below": 1.0}, "the worst of 2 is nan"),
        (torch.tensor([math.nan, 7.0]), {"above": 1.0}, "the worst of 2 is nan"),
    ],
)
def test_a_bound_that_does_not_hold(value, bound, words, capsys):
    with pytest.raises(AssertionError, match=f"^✘ so it is: {words}"):
        claim("so it is", value, **bound, seeds=16)
    assert capsys.readouterr().out == ""


def test_small_differences_are_not_lost_in_float32():
    claim("between the two", 1 + 1e-12, above=1.0)
    with pytest.raises(AssertionError):
        claim("between the two", 1 + 1e-12, below=1.0)


def test_a_claim_that_makes_no_sense_is_refused():
    with pytest.raises(ValueError, match="a claim has one bound, got below=1 and above=0"):
        claim("between", 0.5, below=1, above=0)
    with pytest.raises(ValueError, match="got an empty value: all of none"):
        claim("all of none", torch.zeros(0), below=1)
    with pytest.raises(ValueError, match=r"one truth value, got 3: say .all\(\)"):
        claim("all three", torch.tensor([True, True, True]))
    with pytest.raises(ValueError, match="one truth value, got 0"):
        claim("all of none", torch.zeros(0, dtype=torch.bool))


@pytest.mark.parametrize(
    ("sentence", "bound"),
    [
        ("W1 ends within 0.06 of the data", 0.06),
        ("D errs on over 30 % of the fakes", 0.3),
        ("the excess grows by over 40 %", 1.4),
        ("under 1 in 25 fakes", 0.04),
        ("below 2/3 of the exact JSD", 2 / 3),
        ("the loss ends above 2 log 4", 2 * math.log(4)),
        ("finds D to 8 digits", 1e-8),
        ("equal up to a factor 1.6", math.log(1.6)),
        ("W1 falls by over half", 0.5),
        ("W1 grows by over a third", 4 / 3),
        ("the samples' lowest is below -0.3", -0.3),
        ("within 1e-12", 1e-12),
        ("over twice the distance", 2.0),
        ("more than 52\u202f900 steps", 52_900),
    ],
)
def test_a_sentence_names_its_bound_and_no_other(sentence, bound):
    assert names_bound(sentence, bound)
    assert not names_bound(sentence, bound * 4 / 3)
    assert not names_bound(sentence, bound * 0.7)


@pytest.mark.parametrize(
    "words", ["below 0.06", "within W1 = 0.06", "under 6 %", "less than 0.06", "at most 0.06"]
)
def test_a_sentence_with_another_bound_than_its_code_is_refused(words, capsys):
    sentence = f"every run ends {words} of it"
    with pytest.raises(
        ValueError, match=r"^the sentence names another bound than 0\.08: every run"
    ):
        claim(sentence, 0.01, below=0.08, seeds=16)
    assert capsys.readouterr().out == ""
    claim(sentence, 0.01, below=0.06, seeds=16)
    claim("of 16 runs all end near the data", 0.01, below=0.08)  # no bound is named
    claim("the loss never gets below 1.0064", -0.1, below=0)  # a difference, and its sign


def test_what_is_printed_can_be_read_again(capsys, tmp_path, monkeypatch):
    origins = tmp_path / "origins.json"
    tags = {"a": "16 seeds", "b": "exact", "c.+": "stored study 08_ring, 32 seeds"}
    origins.write_text(json.dumps(list(tags.items())))
    claim("plain", True)
    claim("with (brackets)", [1, 3], below=4, seeds=16)
    monkeypatch.setenv("GAN_TUTORIAL_ORIGINS", str(origins))
    claim("a", [1, 3], below=4, seeds=16)
    claim("b", True)
    claim("c: so many", 23, below=30)
    claim("d", 1e-13, below=1)
    lines = [match.groups() for match in CLAIM_LINE.finditer(capsys.readouterr().out)]
    assert lines == [
        ("plain", None, None, None),
        ("with (brackets)", "16", "median 2, closest 3", None),
        ("a", "16", "median 2, closest 3", "16 seeds"),
        ("b", None, None, "exact"),
        ("c: so many", None, "23", "stored study 08_ring, 32 seeds"),
        ("d", None, "10⁻¹³", None),
    ]


# --- tables


@pytest.fixture
def shown(monkeypatch):
    """What was displayed: a list of outputs, each by its kind."""
    outputs = []
    monkeypatch.setattr(notebook, "display", lambda data, raw: outputs.append(data))
    return outputs


ROWS = {"plain": torch.tensor([1.0, 2.0, 3.0, 4.0, 9.0]), "a < b": [0.5, 0.25]}


def test_a_table_shows_median_spread_and_worst(shown):
    table(ROWS, caption="W1, 5 seeds")
    (output,) = shown
    caption, head, plain, other = output["text/plain"].splitlines()
    assert (caption, head.split("  ")[-1].strip()) == ("W1, 5 seeds", "worst")
    assert re.fullmatch(r"plain ‹ +3 +1 +9 ›", plain)  # quartiles 2 and 4
    assert re.fullmatch(r"a < b ‹ +0.375 +0.0625 +0.5 ›", other)
    table(ROWS, below=False, floor={"plain": 0.1, "a < b": 0.2})
    head, plain, other = shown[1]["text/plain"].splitlines()
    assert head.split()[-2:] == ["worst", "floor"]
    assert re.fullmatch(r"plain ‹ +3 +1 +1 +0.1 ›", plain)
    assert re.fullmatch(r"a < b ‹ +0.375 +0.0625 +0.25 +0.2 ›", other)


def test_a_table_has_header_cells_and_a_caption(shown):
    table(ROWS, floor=0.125, caption="W1 < 1 & more")
    page = shown[0]["text/html"]
    root = ElementTree.fromstring(page)  # well-formed, for a start
    assert root.find("caption").text == "W1 < 1 & more"
    heads = root.findall("thead/tr/th")
    assert [head.text for head in heads] == ["median", "half the IQR", "worst", "floor"]
    assert {head.get("scope") for head in heads} == {"col"}
    rows = root.findall("tbody/tr")
    assert [row.find("th").text for row in rows] == ["plain", "a < b"]
    assert {row.find("th").get("scope") for row in rows} == {"row"}
    numbers = [["".join(cell.itertext()) for cell in row.findall("td")] for row in rows]
    assert numbers == [["3", "1", "9", "0.125"], ["0.375", "0.0625", "0.5", "0.125"]]


def test_a_table_of_nothing_is_refused():
    with pytest.raises(ValueError, match="at least one row"):
        table({})
    with pytest.raises(ValueError, match="the row 'plain' of a table has no values"):
        table({"plain": torch.zeros(0)})


# --- the record


def record(path) -> list[dict]:
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


def test_claims_are_recorded_and_do_not_stop_the_recorder(tmp_path, monkeypatch, capsys):
    path = tmp_path / "record.jsonl"
    monkeypatch.setenv("GAN_TUTORIAL_RECORD", str(path))
    claim("W₁ is small", torch.tensor([0.25, 0.5]), below=1.0, seeds=16)
    claim("far away", torch.tensor([0.25, 0.5]), above=0.375, seeds=32)
    claim("exact", True)
    claim("wrong", False)
    claim("undefined", math.nan, below=1)
    common = {"below": None, "above": None, "seeds": None, "value": None}
    lines = record(path)
    assert lines[:4] == [
        common | {"sentence": "W₁ is small", "value": 0.5, "below": 1.0, "seeds": 16, "held": True},
        common
        | {"sentence": "far away", "value": 0.25, "above": 0.375, "seeds": 32, "held": False},
        common | {"sentence": "exact", "held": True},
        common | {"sentence": "wrong", "held": False},
    ]
    assert math.isnan(lines[4]["value"])
    assert lines[4]["held"] is False
    assert capsys.readouterr().out.splitlines() == [
        "✔ W₁ is small (16 seeds) ‹median 0.375, closest 0.5›",
        "✘ far away (32 seeds) ‹median 0.375, closest 0.25›",
        "✔ exact",
        "✘ wrong",
        "✘ undefined ‹nan›",
    ]


def test_nothing_is_recorded_unless_asked_for(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("GAN_TUTORIAL_RECORD", raising=False)
    claim("exact", True)
    assert list(tmp_path.iterdir()) == []


def test_an_empty_name_of_a_record_is_none(monkeypatch):
    monkeypatch.setenv("GAN_TUTORIAL_RECORD", "")
    with pytest.raises(AssertionError):
        claim("wrong", False)


# --- interrupted runs

WHOLE = SimpleNamespace(interrupted=False, steps=100)


def half() -> SimpleNamespace:
    """Make an interrupted run; as a name of this file it would spoil every claim in it."""
    return SimpleNamespace(interrupted=True, steps=40)


@pytest.mark.parametrize("hide", [lambda r: r, lambda r: [WHOLE, r], lambda r: (r,),
                                  lambda r: {"a": WHOLE, "b": r}])  # fmt: skip
@pytest.mark.parametrize("scope", ["globals", "locals"])
def test_a_claim_about_an_interrupted_run_is_refused(hide, scope, capsys):
    things, around = {"runs": hide(half())}, {"claim": claim}
    spaces = (around | things,) if scope == "globals" else (around, things)
    code = "claim('all is well', True)"
    with pytest.raises(ValueError, match=r"^runs was interrupted after 40 steps: run it again$"):
        exec(code, *spaces)
    assert capsys.readouterr().out == ""
    exec(code, around | {"runs": hide(WHOLE)})
    assert capsys.readouterr().out == "✔ all is well\n"


@pytest.mark.parametrize("name", ["_", "__", "_7", "Out"])
def test_what_jupyter_keeps_of_old_outputs_does_not_matter(name, capsys):
    things = {name: {7: half()} if name == "Out" else half()}
    exec("claim('all is well', True)", {"claim": claim} | things)
    assert capsys.readouterr().out == "✔ all is well\n"


def test_a_run_in_a_function_is_seen():
    def check() -> None:
        run = half()
        claim(f"after {run.steps}", True)

    with pytest.raises(ValueError, match="run was interrupted after 40 steps"):
        check()


def test_only_what_the_caller_sees_matters():
    hidden = half()

    def check() -> None:
        claim("all is well", True)

    check()
    assert hidden.interrupted


# --- exercises


def test_an_exercise_that_is_solved(capsys):
    exercise(2, lambda: None)
    assert capsys.readouterr().out == "★ Exercise 2: solved\n"


def test_a_letter_is_a_blank_to_fill_in(capsys):
    exercise("A", lambda: None)
    assert capsys.readouterr().out == "★ Your turn A: solved\n"


@pytest.mark.parametrize(
    ("error", "hint"),
    [
        (AssertionError(), ""),
        (AssertionError("mind the sign"), " (mind the sign)"),
        (AssertionError("one\n  line"), " (one)"),
        (NotImplementedError(), " (NotImplementedError)"),
        (ValueError("lr must be positive, got -1"), " (ValueError: lr must be positive, got -1)"),
        (KeyError("W1"), " (KeyError: 'W1')"),
        (RuntimeError("shapes differ:\n(3,) and (4,)"), " (RuntimeError: shapes differ:)"),
    ],
)
def test_an_exercise_that_is_not_solved_leaves_the_notebook_running(error, hint, capsys):
    def check() -> None:
        raise error

    exercise(1, check)
    assert capsys.readouterr().out == f"☐ Exercise 1: not solved yet{hint}\n"


NOTHING = "None or ... in place of an answer"


@pytest.mark.parametrize(
    ("check", "kind"),
    [
        (lambda answer: answer.shape, "AttributeError"),
        (lambda answer: answer(1.0), "TypeError"),
        (lambda answer: [*answer], "TypeError"),
        (lambda answer: answer - 1.0, "TypeError"),
        (lambda answer: answer < torch.ones(2), "TypeError"),
        (lambda answer: torch.allclose(answer, torch.ones(2)), "TypeError"),
        (lambda answer: torch.stack([answer, answer]), "TypeError"),
        (lambda answer: torch.ones(2) * answer, "TypeError"),
    ],
)
@pytest.mark.parametrize("answer", [None, ...])
def test_a_stub_says_the_same_whatever_python_and_torch_call_it(check, kind, answer, capsys):
    exercise(3, lambda: check(answer))
    assert capsys.readouterr().out == f"☐ Exercise 3: not solved yet ({kind}: {NOTHING})\n"


def test_an_exercise_can_be_interrupted():
    def check() -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        exercise(1, check)


# --- source


@pytest.mark.parametrize("thing", [losses.r1, losses.Loss, notebook.claim])
def test_source_is_shown_as_it_is(thing, monkeypatch):
    shown = []
    monkeypatch.setattr(notebook, "display", lambda *data, **options: shown.append((data, options)))
    assert show_source(thing) is None
    (((bundle,), options),) = shown
    assert options == {"raw": True}
    assert bundle.keys() == {"text/plain", "text/html"}
    source = inspect.getsource(thing).rstrip()
    assert bundle["text/plain"] == source
    html = bundle["text/html"]
    assert '<div class="highlight gan-source">' in html
    assert "linenos" not in html
    assert thing.__name__ in html
    for words in ("gan_tutorial/", ".py", "/home", "0x"):  # neither path nor address
        assert words not in html


# --- start


@pytest.fixture
def style():
    with mpl.rc_context():
        mpl.rcdefaults()
        yield


@pytest.mark.usefixtures("style")
def test_start_sets_the_style_and_one_thread():
    assert mpl.rcParams["axes.spines.top"]
    assert start() == 0
    assert not mpl.rcParams["axes.spines.top"]
    assert not mpl.rcParams["axes.spines.right"]
    assert mpl.rcParams["figure.facecolor"] == "none"
    assert mpl.rcParams["figure.figsize"] == [7.2, 3.6]
    for name, value in notebook.FIGURES.items():
        ours = mpl.rcParams[name]
        assert ours == value or tuple(ours) == value
    assert torch.get_num_threads() == 1


@pytest.mark.usefixtures("style")
@pytest.mark.parametrize(("text", "seed"), [("0", 0), ("7", 7), ("20000", 20_000)])
def test_start_gives_the_seed_of_the_environment(text, seed, monkeypatch):
    monkeypatch.setenv("GAN_TUTORIAL_SEED", text)
    assert start() == seed


@pytest.mark.usefixtures("style")
@pytest.mark.parametrize("text", ["", "-1", "1.5", "one", "1e3"])
def test_a_seed_that_is_no_whole_number_is_refused(text, monkeypatch):
    monkeypatch.setenv("GAN_TUTORIAL_SEED", text)
    words = f"^GAN_TUTORIAL_SEED must be a whole number of at least 0, got '{text}'$"
    with pytest.raises(ValueError, match=words):
        start()


@pytest.mark.usefixtures("style")
def test_start_replaces_a_readers_own_style():
    mpl.rcParams.update({"lines.linestyle": ":", "font.size": 30, "image.cmap": "jet"})
    start()
    assert mpl.rcParams["lines.linestyle"] == "-"
    assert mpl.rcParams["image.cmap"] == mpl.rcParamsDefault["image.cmap"]
    assert mpl.rcParams["font.size"] == notebook.FIGURES["font.size"]


SCRIPT = """
from gan_tutorial.notebook import claim, exercise, start
start()
claim("W₁ ≤ σ", True)
exercise(1, lambda: None)
exercise(2, lambda: 1 / 0)
"""


@pytest.mark.parametrize("encoding", ["cp1252", "gb18030"])
def test_a_script_whose_output_goes_to_a_file_is_not_stopped_by_its_marks(encoding, tmp_path):
    path = tmp_path / "out.txt"
    with path.open("wb") as file:
        subprocess.run(
            [sys.executable, "-c", SCRIPT],
            stdout=file,
            check=True,
            env={**os.environ, "PYTHONIOENCODING": encoding, "PYTHONUTF8": "0"},
        )
    text = path.read_bytes().decode("utf-8" if encoding == "cp1252" else encoding)
    assert text.splitlines() == [
        "✔ W₁ ≤ σ",
        "★ Exercise 1: solved",
        "☐ Exercise 2: not solved yet (ZeroDivisionError: division by zero)",
    ]
