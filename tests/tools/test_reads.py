"""What a test or a chapter of this project reads is found, and each is proven by one step."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest

import check
from check import Step
from parts.proofs import PINS, Proofs
from parts.reads import OPENED, Tree


@pytest.fixture(scope="module")
def tree() -> Tree:
    found = check.project()
    if not found.files:
        pytest.skip("not a git checkout")
    return found


@pytest.fixture
def proofs(tree: Tree, tmp_path: Path) -> Proofs:
    return Proofs(tmp_path, lambda: tree)


def steps(proofs: Proofs) -> dict[str, Step]:
    """Return the steps by the first word of their titles."""
    return {step.title.split()[0]: step for step in check.all_steps(proofs, Path("site"))}


def test_coverage_is_required_where_all_tests_of_the_package_run(proofs: Proofs, capsys) -> None:
    step = steps(proofs)["package,"]
    (whole,) = step.commands(step.proofs)
    assert "--cov" in whole
    (part,) = step.commands(step.proofs[1:])
    assert "--cov" not in part
    assert "coverage is measured where all of them run" in capsys.readouterr().out


def test_the_site_is_built_for_what_looks_at_it(proofs: Proofs) -> None:
    found = steps(proofs)
    build = next(step for step in found.values() if step.beside)
    assert len(build.commands([])) == 1
    site, other = [], []
    for proof in found["site"].proofs:
        (site if proof.name.startswith("tests/site/") else other).append(proof)
    assert "--site=" in " ".join(found["site"].commands([*site, *other])[0])
    assert "--site=" not in " ".join(found["site"].commands(other)[0])
    proofs.keep(site[1:])
    assert len(build.commands([])) == 1
    proofs.keep(site)
    proofs.unproven.cache_clear()
    assert build.commands([]) == []


def test_every_file_of_tests_is_in_one_step(tree: Tree) -> None:
    named = [proof.name for proof in check.package(tree) + check.in_a_browser(tree)]
    rest = [name for name in check.found_tests(tree, "tests") if name not in named]
    assert {str(Path(name).parent) for name in rest} == {"tests/notebooks"}
    assert len(named) == len(set(named))


@pytest.mark.no_cover
def test_every_test_of_a_stored_chapter_is_in_one_proof(tree: Tree) -> None:
    command = [sys.executable, "-m", "pytest", "tests/notebooks", "--collect-only", "-q"]
    command += ["-p", "no:cacheprovider"]
    done = subprocess.run(command, cwd=tree.root, capture_output=True, text=True, check=True)
    ids = [line for line in done.stdout.splitlines() if "::" in line]
    assert len(ids) > 200
    expressions = [proof.argument for proof in check.as_stored(tree)]
    for test in ids:
        chosen = [expression for expression in expressions if chooses(expression, test)]
        assert len(chosen) == 1, (test, chosen)


def chooses(expression: str, test: str) -> bool:
    """Return whether an expression for pytest's -k chooses a test."""

    def contained(word: re.Match[str]) -> str:
        return word[0] if word[0] in ("and", "or", "not") else str(word[0] in test)

    return bool(eval(re.sub(r"\w+", contained, expression)))


def test_what_is_named_by_hand_is_there(tree: Tree) -> None:
    tests = {Path(name).stem for name in check.found_tests(tree, "tests")}
    assert OPENED.keys() <= tests
    for names in OPENED.values():
        for name in names:
            path, _, view = name.partition("#")
            assert tree.under(path), name
            assert not view or view in tree.views, name


def test_one_module_is_read_by_what_imports_it(tree: Tree) -> None:
    def readers(module: str) -> set[str]:
        tests = check.found_tests(tree, "tests")
        return {Path(test).stem for test in tests if module in tree.reads(test)}

    ensemble = next(iter(tree.under("gan_tutorial/ensemble.py", "gan_tutorial/ensemble")))
    assert {"test_step", "test_replication", "test_architecture"} <= readers(ensemble)
    assert not {"test_checks", "test_notebook", "test_verify"} & readers(ensemble)
    plotting = next(iter(tree.under("gan_tutorial/plotting.py", "gan_tutorial/plotting")))
    assert not {"test_step", "test_points", "test_checks"} & readers(plotting)


def test_stored_pictures_are_read_by_what_imports_data(tree: Tree) -> None:
    digits = "gan_tutorial/data/stored/digits8.npz"
    for test, reads in {"tests/data/test_digits.py": True, "tests/test_checks.py": False}.items():
        assert (digits in tree.reads(test)) is reads


SPY = """
import json, os, sys
from pathlib import Path
root, opened = Path.cwd(), set()
def note(event, values):
    if event == "open" and isinstance(values[0], str):
        opened.add(os.path.join(root, values[0]))
sys.addaudithook(note)
import pytest
status = pytest.main(sys.argv[2:])
opened |= {getattr(module, "__file__", None) or "" for module in list(sys.modules.values())}
files = {Path(name).resolve() for name in opened}
inside = [path.relative_to(root).as_posix() for path in files if path.is_relative_to(root)]
Path(sys.argv[1]).write_text(json.dumps([int(status), inside]))
"""


@pytest.mark.no_cover
@pytest.mark.parametrize("test", ["test_fingerprint", "test_devices"])
def test_a_test_reads_no_more_than_was_found(tree: Tree, tmp_path: Path, test: str) -> None:
    """What a run imports and opens, seen from inside, is among what was found by reading."""
    (name,) = [name for name in check.found_tests(tree, "tests") if Path(name).stem == test]
    options = ["-q", "-p", "no:cacheprovider", "-p", "no:benchmark", "-p", "no:xdist", name]
    command = [sys.executable, "-c", SPY, str(tmp_path / "seen.json"), *options]
    subprocess.run(command, cwd=tree.root, capture_output=True, check=True)
    status, opened = json.loads((tmp_path / "seen.json").read_text())
    assert status == 0
    used = set(opened) & tree.files
    assert name in used
    assert used - set(PINS) <= tree.reads(name)
