"""Nobody's private settings reach a chapter that the tools run, and no home is needed."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from parts import chapters
from parts.chapters import environment

LOOK = """
import matplotlib, matplotlib.font_manager
from IPython.paths import get_ipython_dir
assert matplotlib.rcParams["lines.linestyle"] == "-"
assert matplotlib.rcParams["font.size"] == 10
print(get_ipython_dir())
"""


@pytest.fixture(autouse=True)
def fresh() -> Iterator[None]:
    chapters.home.cache_clear()
    yield
    chapters.home.cache_clear()


def run(env: dict[str, str]) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-c", LOOK]
    return subprocess.run(command, env=env, capture_output=True, text=True, check=False)


def test_a_style_of_ones_own_does_not_reach_a_chapter(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    style = tmp_path / ".config" / "matplotlib" / "matplotlibrc"
    style.parent.mkdir(parents=True)
    style.write_text("lines.linestyle: :\nfont.size: 30\nno.such.name: 1\n")
    monkeypatch.setenv("MATPLOTLIBRC", str(style))
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / ".config"))
    monkeypatch.setenv("MPLBACKEND", "none of ours")
    monkeypatch.setenv("IPYTHONDIR", str(tmp_path))
    assert "AssertionError" in run({**os.environ, "MPLBACKEND": "Agg"}).stderr  # it does reach us
    found = run(environment())
    assert (found.returncode, found.stderr) == (0, "")
    assert Path(found.stdout.strip()).parent == chapters.home()


def test_neither_a_home_nor_a_writable_copy_is_needed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    locked = tmp_path / "a file"  # nothing can be made in it, not even by root
    locked.touch()
    monkeypatch.setattr(chapters, "ROOT", locked)
    monkeypatch.setenv("HOME", str(locked / "home"))
    monkeypatch.setenv("XDG_CONFIG_HOME", str(locked / "config"))
    found = run(environment())
    assert (found.returncode, found.stderr) == (0, "")
    assert chapters.home().exists()
    assert locked not in chapters.home().parents


def test_what_is_asked_for_wins() -> None:
    assert environment(IPYTHONDIR="here")["IPYTHONDIR"] == "here"
    assert environment()["OMP_NUM_THREADS"] == "1"
