"""The package as a whole: its version, its modules, and nothing done on import."""

from __future__ import annotations

import importlib
import re
import subprocess
import sys

import pytest

import gan_tutorial

MODULES = ["data", "ensemble", "losses", "metrics", "networks", "notebook", "plotting", "training"]


def test_the_version_is_a_version():
    assert re.fullmatch(r"\d+\.\d+\.\d+", gan_tutorial.__version__)


@pytest.mark.parametrize("name", MODULES)
def test_a_module_can_be_imported_by_name(name):
    assert importlib.import_module(f"gan_tutorial.{name}").__name__ == f"gan_tutorial.{name}"
    assert getattr(gan_tutorial, name) is sys.modules[f"gan_tutorial.{name}"]


def test_importing_touches_neither_the_random_stream_nor_the_style_nor_the_terminal():
    code = (
        "import torch, matplotlib; torch.manual_seed(0); before = torch.get_rng_state()\n"
        "style = dict(matplotlib.rcParams)\n"
        f"from gan_tutorial import {', '.join(MODULES)}\n"
        "assert torch.equal(torch.get_rng_state(), before)\n"
        "assert dict(matplotlib.rcParams) == style\n"
    )
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", code], capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
