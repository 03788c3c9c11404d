"""The mutants still fit the source, and the tool tells a survivor from a mutant that is killed."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

import mutants
from mutants import MUTANTS, Mutant, MutantError, Verdict, judge_all, mutate, report

# --- the list


@pytest.mark.parametrize("module", mutants.MIRRORS)
def test_every_mutant_fits_the_source_once_and_compiles(module):
    source = (mutants.ROOT / "gan_tutorial" / f"{module}.py").read_text(encoding="utf-8")
    made = [mutate(mutant, source) for mutant in MUTANTS if mutant.module == module]
    assert len(made) >= (5 if module == "fingerprint" else 40)
    assert len(set(made)) == len(made)  # none is there twice
    for broken in made:
        compile(broken, module, "exec")


def test_every_mutant_has_a_name_of_its_own_and_a_module_with_tests():
    names = [mutant.name for mutant in MUTANTS]
    assert len(set(names)) == len(names)
    assert {mutant.module for mutant in MUTANTS} == set(mutants.MIRRORS)
    for files in mutants.MIRRORS.values():
        for name in files:
            assert (mutants.ROOT / "tests" / name).is_file()


def test_the_slow_tests_are_there():
    # a name that is gone would leave nothing out, and no one would notice
    text = "".join(
        (mutants.ROOT / "tests" / name).read_text(encoding="utf-8")
        for files in mutants.MIRRORS.values()
        for name in files
    )
    for part in mutants.SLOW.split(" or "):
        assert re.search(rf"def test_\w*{part}", text)


@pytest.mark.parametrize(("old", "times"), [("absent", 0), ("x", 2)])
def test_a_mutant_that_no_longer_fits_is_named(old, times):
    with pytest.raises(MutantError, match=rf"'losses: half': .* in losses.py, it occurs {times}"):
        mutate(Mutant("losses", old, "y", "half"), "x = x_")


def test_a_mutant_that_changes_nothing_is_named():
    with pytest.raises(MutantError, match="'losses: half' changes nothing"):
        mutate(Mutant("losses", "a", "a", "half"), "a")


# --- a toy package, broken

SOURCE = "def twice(x):\n    return 2 * x + 0\n"
DIES = Mutant("losses", "2 * x", "3 * x", "three times")
LIVES = Mutant("losses", "+ 0", "- 0", "nothing subtracted")
HANGS = Mutant("losses", "2 * x", "[x for x in iter(int, 1)]", "it never ends")
BREAKS = Mutant("losses", "2 * x", "2 * x + unknown", "an unknown name", first="twice")
SEEN_ELSEWHERE = Mutant("losses", "2 * x + 0", "int(2 * x)", "whole numbers only")


@pytest.fixture
def tree(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    for name, value in mutants.SETTINGS.items():
        monkeypatch.setenv(name, value)  # put back after the test
    monkeypatch.setattr(mutants, "PRELOAD", ["pytest"])
    (tmp_path / "gan_tutorial").mkdir()
    (tmp_path / "gan_tutorial" / "__init__.py").touch()
    (tmp_path / "gan_tutorial" / "losses.py").write_text(SOURCE)
    (tmp_path / "tests").mkdir()
    (tmp_path / "tests" / "test_losses.py").write_text(
        "from gan_tutorial.losses import twice\ndef test_twice():\n    assert twice(4) == 8\n"
    )
    (tmp_path / "tests" / "test_other.py").write_text(
        "from gan_tutorial.losses import twice\ndef test_half():\n    assert twice(0.25) == 0.5\n"
    )
    return tmp_path


def files(tree: Path) -> dict[Path, bytes]:
    return {path: path.read_bytes() for path in tree.rglob("*") if path.is_file()}


def test_what_dies_what_lives_and_that_the_tree_stays_as_it_was(tree, capsys):
    before = files(tree)
    chosen = [DIES, LIVES, BREAKS, SEEN_ELSEWHERE]
    verdicts = judge_all(chosen, tree, jobs=2)
    assert [verdict.mutant for verdict in verdicts] == chosen
    assert [verdict.killer for verdict in verdicts] == [
        "test_losses.py::test_twice", "", "test_losses.py::test_twice", "test_other.py::test_half"
    ]  # fmt: skip
    assert files(tree) == before
    assert "[4/4] losses:" in capsys.readouterr().out
    assert report(verdicts) == 1
    printed = capsys.readouterr()
    assert re.search(r"losses +4 +3 +75.0%\nall +4 +3 +75.0%", printed.out)
    assert "survived  losses: nothing subtracted\n  - + 0\n  + - 0\n" in printed.out
    assert "losses: nothing subtracted: survived: a test is missing" in printed.err
    assert "75.0% of the mutants of losses are killed, 95% required" in printed.err
    assert "75.0% of all mutants are killed, 95% required" in printed.err


def test_a_mutant_that_hangs_is_killed_and_said_so(tree):
    (verdict,) = judge_all([HANGS], tree, jobs=1, limit=5)
    assert verdict.killer == "no answer in 5 s, which counts as killed"


def test_nothing_is_judged_by_tests_that_fail_anyway(tree):
    with (tree / "tests" / "test_losses.py").open("a") as file:
        file.write("def test_wrong():\n    assert twice(1) == 3\n")
    with pytest.raises(MutantError, match=r"must pass before .*: test_losses.py::test_wrong"):
        judge_all([DIES], tree, jobs=1)


def test_nothing_is_judged_by_no_tests(tree):
    (tree / "tests" / "test_losses.py").write_text("")
    with pytest.raises(MutantError, match="the tests did not run: there are none"):
        judge_all([DIES], tree, jobs=1)


def test_nothing_is_judged_by_another_copy_of_the_package(tree):
    (tree / "gan_tutorial" / "losses.py").rename(tree / "losses.py")
    (tree / "gan_tutorial" / "__init__.py").unlink()
    (tree / "gan_tutorial").rmdir()
    copies = mutants.Copies(tree, tree, 1, 60)
    with pytest.raises(MutantError, match="another copy of the package"):
        mutants.check_unmutated(copies, [["tests"]])


def test_a_process_that_never_reached_the_tests_kills_nothing():
    for status in (0, 1, 3):  # of Python, not of pytest
        with pytest.raises(MutantError, match=f"the tests did not run: status {status}"):
            mutants.killer_in(status, "")
    assert mutants.killer_in(mutants.PASSED, "") == ""
    assert mutants.killer_in(-11, "") == "the tests crashed with signal 11"


# --- the exit status


def verdicts(killed: int, *others: Verdict) -> list[Verdict]:
    return [Verdict(DIES._replace(meaning=f"{i}"), "a test", 1.0) for i in range(killed)] + [
        *others
    ]


def test_at_least_95_percent_must_die_and_each_survivor_be_explained(capsys):
    explained = Verdict(LIVES._replace(equivalent="adding nothing is exact"), "", 1.0)
    assert report(verdicts(19, explained)) == 0
    assert "adding nothing is exact" in capsys.readouterr().out
    assert report(verdicts(18, explained)) == 1
    assert report(verdicts(19, Verdict(LIVES, "", 1.0))) == 1
    assert report(verdicts(20)) == 0


def test_95_percent_of_every_module_must_die(capsys):
    explained = Verdict(LIVES._replace(module="metrics", equivalent="adding is exact"), "", 1.0)
    killed = [v._replace(mutant=v.mutant._replace(module="metrics")) for v in verdicts(19)]
    assert report([*verdicts(80), *killed, explained]) == 0
    assert report([*verdicts(81), *killed[1:], explained]) == 1  # 99 % of all
    error = capsys.readouterr().err
    assert error == "94.7% of the mutants of metrics are killed, 95% required\n"


def test_an_explanation_of_a_mutant_that_dies_is_wrong(capsys):
    wrong = Verdict(DIES._replace(equivalent="no one can tell"), "test_x", 1.0)
    assert report(verdicts(30, wrong)) == 1
    assert "killed by test_x, so its explanation is wrong" in capsys.readouterr().err


def test_an_unknown_module_is_refused(capsys):
    with pytest.raises(SystemExit):
        mutants.main(["plotting"])
    assert "mutants of losses, ensemble, metrics, training" in capsys.readouterr().err
