"""The mutants still fit the source, and the tool tells a survivor from a mutant that is killed."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

import mutants
from mutants import MODULES, MUTANTS, Mutant, judge_all, mirror_of, misfits, places, report

SMALL = ["checks", "fingerprint"]  # modules of few lines

# --- the list


def test_every_mutant_fits_the_source_once():
    assert misfits() == []


def test_the_runner_is_short():
    assert len(Path(mutants.__file__).read_text(encoding="utf-8").splitlines()) < 250


@pytest.mark.parametrize("module", MODULES)
def test_mutants_of_a_module_are_many_differ_and_compile(module):
    made = []
    for mutant in [mutant for mutant in MUTANTS if mutant.module == module]:
        for path in places(mutant):
            source = path.read_text(encoding="utf-8").replace(mutant.old, mutant.new)
            compile(source, path.name, "exec")
            made.append((path, source))
    assert len(made) >= (5 if module in SMALL else 40)
    assert len(set(made)) == len(made)  # none is there twice


def test_every_mutant_has_a_name_of_its_own_and_a_module_with_tests():
    names = [mutant.name for mutant in MUTANTS]
    assert len(set(names)) == len(names)
    assert all(mirror_of(module) for module in MODULES)


def words(module: str) -> str:
    """All that stands in a module's tests, and their names."""
    files = [mutants.ROOT / test for test in mirror_of(module)]
    files += [file for folder in files for file in folder.glob("*.py")]
    texts = [file.stem + file.read_text(encoding="utf-8") for file in files if file.is_file()]
    return "".join(texts).lower()


@pytest.mark.parametrize("module", MODULES)
def test_what_runs_first_is_there(module):
    there = words(module)
    for mutant in MUTANTS:
        if mutant.module == module:
            for word in set(re.findall(r"\w+", mutant.first.lower())) - {"and", "or", "not"}:
                assert word in there, f"{mutant.name}: no test has {word!r} in its name"


def test_the_slow_tests_are_there():
    # a name that is gone would leave nothing out, and no one would notice
    text = "".join(map(words, MODULES))
    for part in re.findall(r"\w+_\w+", mutants.NOT_SLOW):
        assert re.search(rf"def test_\w*{part}", text)


# --- a toy package, broken

SOURCE = "def twice(x):\n    return 2 * x + 0\n"
DIES = Mutant("losses", "three times", "2 * x", "3 * x")
LIVES = Mutant("losses", "nothing subtracted", "+ 0", "- 0")
HANGS = Mutant("losses", "it never ends", "2 * x", "[x for x in iter(int, 1)]")
BREAKS = Mutant("losses", "an unknown name", "2 * x", "2 * x + unknown", first="twice or no_such")
SEEN_ELSEWHERE = Mutant("losses", "whole numbers only", "2 * x + 0", "int(2 * x)", first="no_such")
IN_A_FOLDER = Mutant("training", "one step less", "range(steps)", "range(steps - 1)")


@pytest.fixture
def tree(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    for name, value in mutants.SETTINGS.items():
        monkeypatch.setenv(name, value)  # put back after the test
    monkeypatch.setattr(mutants, "PRELOAD", ["pytest"])
    for name, text in {
        "gan_tutorial/__init__.py": "",
        "gan_tutorial/losses.py": SOURCE,
        "gan_tutorial/other.py": "",
        "gan_tutorial/training/__init__.py": "from gan_tutorial.training.loop import train\n",
        "gan_tutorial/training/loop.py": "def train(steps):\n    return [*range(steps)]\n",
        "tests/test_losses.py": (
            "from gan_tutorial.losses import twice\n\ndef test_twice():\n    assert twice(4) == 8\n"
        ),
        "tests/test_other.py": (
            "from gan_tutorial.losses import twice\n\ndef test_half():\n"
            "    assert twice(0.25) == 0.5\n"
        ),
        "tests/training/small.py": "STEPS = 3\n",
        "tests/training/test_loop.py": (
            "from small import STEPS\nfrom gan_tutorial.training import train\n\n"
            "def test_steps():\n    assert len(train(STEPS)) == 3\n"
        ),
        "tests/site/test_pages.py": "def test_of_the_site():\n    assert False\n",
    }.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text, encoding="utf-8")
    return tmp_path


def files(tree: Path) -> dict[Path, bytes]:
    return {path: path.read_bytes() for path in tree.rglob("*") if path.is_file()}


def test_what_dies_what_lives_and_that_the_tree_stays_as_it_was(tree, capsys):
    before = files(tree)
    chosen = [DIES, LIVES, BREAKS, SEEN_ELSEWHERE, IN_A_FOLDER]
    killers = judge_all(chosen, tree, jobs=2)
    assert killers == {
        DIES: "test_losses.py::test_twice",
        LIVES: "",
        BREAKS: "test_losses.py::test_twice",
        SEEN_ELSEWHERE: "test_other.py::test_half",
        IN_A_FOLDER: "training/test_loop.py::test_steps",
    }
    assert list(killers) == chosen
    assert files(tree) == before
    printed = capsys.readouterr().out
    assert "[2/5] losses: nothing subtracted: LIVES\n" in printed
    assert "[5/5] training: one step less: training/test_loop.py::test_steps\n" in printed
    assert report(killers) == 1
    printed = capsys.readouterr()
    assert re.search(r"losses +4 +3 +75.0%\ntraining +1 +1 +100.0%\nall +5 +4 +80.0%", printed.out)
    assert "lives: losses: nothing subtracted\n- + 0\n+ - 0\n" in printed.out
    assert printed.err.splitlines() == [
        "losses: nothing subtracted: lives: a test is missing",
        "75.0% of losses are killed, 95% required",
        "80.0% of all are killed, 95% required",
    ]


def test_all_mutants_that_do_not_fit_are_named_at_once(tree):
    wrong = [
        DIES,
        DIES._replace(old="absent", meaning="gone"),
        IN_A_FOLDER._replace(old="train", meaning="twice"),
        LIVES._replace(new=LIVES.old, meaning="the same"),
    ]
    named = [
        "losses: gone: 0 times in losses, not once: absent",
        "training: twice: 3 times in training, not once: train",
        "losses: the same: changes nothing: + 0",
    ]
    assert misfits(wrong, tree) == named
    with pytest.raises(SystemExit, match="\n".join(map(re.escape, named))):
        judge_all(wrong, tree)


def test_a_mutant_that_hangs_is_killed_and_said_so(tree):
    killers = judge_all([HANGS], tree, jobs=1, limit=5)
    assert killers == {HANGS: "no answer in 5 s, which counts as killed"}


def test_nothing_is_judged_by_tests_that_fail_anyway(tree):
    with (tree / "tests" / "test_losses.py").open("a") as file:
        file.write("def test_wrong():\n    assert twice(1) == 3\n")
    with pytest.raises(SystemExit, match=r"nothing is broken, .*: test_losses.py::test_wrong"):
        judge_all([DIES], tree, jobs=1)


def test_nothing_is_judged_by_no_tests(tree):
    (tree / "tests" / "test_losses.py").write_text("")
    with pytest.raises(SystemExit, match="the tests did not run: there are none"):
        judge_all([DIES], tree, jobs=1)


def test_nothing_is_judged_by_another_copy_of_the_package(tree):
    (tree / "gan_tutorial").rename(tree / "src")
    copies = mutants.Copies(tree, tree / "copies", 1, 60)
    with pytest.raises(SystemExit, match="another copy of the package"):
        copies.check_unmutated([["tests"]])


def test_a_process_that_never_reached_the_tests_kills_nothing():
    for status in (0, 1, 3):  # of Python, not of pytest
        with pytest.raises(SystemExit, match=f"the tests did not run: status {status}"):
            mutants.killer_in(status, "")
    assert mutants.killer_in(mutants.PASSED, "") == ""
    assert mutants.killer_in(-11, "") == "the tests crashed with signal 11"


# --- the exit status


def killed(count: int, module: str = "losses") -> dict[Mutant, str]:
    return {DIES._replace(module=module, meaning=f"{i}"): "a test" for i in range(count)}


def test_at_least_95_percent_must_die_and_each_survivor_be_explained(capsys):
    explained = {LIVES._replace(equivalent="adding nothing is exact"): ""}
    assert report(killed(19) | explained) == 0
    assert "adding nothing is exact" in capsys.readouterr().out
    assert report(killed(18) | explained) == 1
    assert report(killed(19) | {LIVES: ""}) == 1
    assert report(killed(20)) == 0


def test_95_percent_of_every_module_must_die(capsys):
    explained = {LIVES._replace(module="metrics", equivalent="adding is exact"): ""}
    assert report(killed(80) | killed(19, "metrics") | explained) == 0
    capsys.readouterr()
    assert report(killed(81) | killed(18, "metrics") | explained) == 1  # 99 % of all
    assert capsys.readouterr().err == "94.7% of metrics are killed, 95% required\n"


def test_an_explanation_of_a_mutant_that_dies_is_wrong(capsys):
    assert report(killed(30) | {DIES._replace(equivalent="no one can tell"): "test_x"}) == 1
    assert "killed by test_x, so its explanation is wrong" in capsys.readouterr().err


def test_an_unknown_module_is_refused(capsys):
    with pytest.raises(SystemExit):
        mutants.main(["plotting"])
    assert f"mutants of {', '.join(MODULES)}, and" in capsys.readouterr().err
