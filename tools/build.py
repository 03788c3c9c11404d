"""Build the site strictly from the stored chapters, and say which page to open.

    python tools/build.py          # into _build
    python tools/build.py FOLDER   # into FOLDER/_build

Every warning is an error, and ``_build`` is removed first: a warm rebuild hides warnings.
"""

from __future__ import annotations

import argparse
import os
import shutil
import subprocess
import sys
import time
from pathlib import Path

from parts.chapters import ROOT, environment


def build(folder: Path) -> int:
    """Build the site into ``folder/_build``; return the builder's exit status."""
    shutil.rmtree(folder / "_build", ignore_errors=True)
    command = [sys.executable, "-c", "from jupyter_book.cli.main import main; main()"]
    command += ["build", ".", "--path-output", str(folder), "-W", "-n", "--keep-going", "-q"]
    path = os.pathsep.join([str(Path(sys.executable).parent), os.environ.get("PATH", "")])
    return subprocess.run(command, cwd=ROOT, env=environment(PATH=path), check=False).returncode


def main(arguments: list[str] | None = None) -> int:
    """Build into the repository's root, or into the folder named on the command line."""
    parser = argparse.ArgumentParser(description="build the site strictly")
    parser.add_argument("folder", nargs="?", type=Path, default=ROOT)
    folder = parser.parse_args(arguments).folder
    print("Building the site from the stored chapters; every warning is an error", flush=True)
    started = time.perf_counter()
    if status := build(folder):
        print("The site was not built: the warnings above are the reasons.", file=sys.stderr)
        return status
    page = folder / "_build" / "html" / "index.html"
    print(f"Built in {time.perf_counter() - started:.0f} s. Open {page.resolve()}")
    print(f"  {page.resolve().as_uri()}")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
