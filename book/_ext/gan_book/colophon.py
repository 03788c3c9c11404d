"""Directives that show what was measured or asked on a machine, and with what."""

import csv
import platform
from collections.abc import Iterable
from importlib.metadata import version
from pathlib import Path

from docutils import nodes
from sphinx.application import Sphinx
from sphinx.util.docutils import SphinxDirective

PARTS = (
    "torch",
    "numpy",
    "matplotlib",
    "gan-tutorial",
    "jupyter-book",
    "sphinx",
    "myst-nb",
    "sphinx-book-theme",
    "nbval",
    "jupytext",
)


class VersionsDirective(SphinxDirective):
    """`{build-versions}`: a table of the versions that built this page."""

    def run(self) -> list[nodes.Node]:
        """Ask the environment of the build."""
        rows = [("Python", platform.python_version())]
        rows += [(part, version(part).partition("+")[0]) for part in PARTS]
        return [table(["part", "version"], rows)]


class BenchmarkDirective(SphinxDirective):
    """`{benchmark}`: the table that `make bench` wrote, or a sentence if it has not run."""

    def run(self) -> list[nodes.Node]:
        """Read `book/records/benchmark.csv`."""
        facts, found = _read(self, "benchmark.csv")
        if not found:
            return [nodes.paragraph("", "The benchmark has not been run for this build.")]
        rows = [
            (
                row["case"],
                _microseconds(row["reference_us"]),
                _microseconds(row["train_us"]),
                _seconds(row) if row["seconds"] else f"{row['ratio']}×",
                f"at most {row['most']} s" if row["most"] else f"at least {row['least']}×",
            )
            for row in found
        ]
        header = ["case", "reference, µs a step", "package, µs a step", "result", "wanted"]
        return [table(header, rows), facts]


class DevicesDirective(SphinxDirective):
    """`{devices}`: the table that `tools/devices.py` wrote."""

    def run(self) -> list[nodes.Node]:
        """Read `book/records/devices.csv`."""
        facts, found = _read(self, "devices.csv")
        if not found:
            raise self.error("book/records/devices.csv is missing: tools/devices.py writes it")
        rows = [(row["case"], row["cpu"], row["cuda"], f"{row['ratio']}×") for row in found]
        header = ["a step of", "CPU, ms", "GPU, ms", "gain"]
        return [table(header, rows), facts]


def _read(directive: SphinxDirective, name: str) -> tuple[nodes.paragraph, list[dict[str, str]]]:
    """Return a record's origin, which stands in its comments, and its rows."""
    path = Path(directive.env.srcdir) / "book" / "records" / name
    directive.env.note_dependency(str(path))
    lines = path.read_text(encoding="utf-8").splitlines() if path.exists() else []
    facts = "; ".join(line.lstrip("# ") for line in lines if line.startswith("#"))
    rows = csv.DictReader(line for line in lines if not line.startswith("#"))
    return nodes.paragraph("", f"{facts}.", classes=["table-source"]), list(rows)


def table(header: list[str], rows: Iterable[tuple[str, ...]]) -> nodes.table:
    """Build a table node."""
    group = nodes.tgroup(cols=len(header))
    group += [nodes.colspec(colwidth=1) for _ in header]
    head, body = nodes.thead(), nodes.tbody()
    head += _row(tuple(header))
    body += [_row(row) for row in rows]
    group += [head, body]
    return nodes.table("", group, classes=["colwidths-auto"])


def _seconds(row: dict[str, str]) -> str:
    """Say what a case took, and what it would take where the seconds wanted were set."""
    here = f"{row['seconds']} s at {row['gflops']} GFLOP/s"
    return f"{row['seconds_at_yardstick']} s ({here})"


def _microseconds(value: str) -> str:
    """Write a number with a space for the thousands; a case without a reference has none."""
    return f"{float(value):,.0f}".replace(",", " ") if value else "–"


def _row(cells: tuple[str, ...]) -> nodes.row:
    row = nodes.row()
    for cell in cells:
        row += nodes.entry("", nodes.paragraph("", cell))
    return row


def setup(app: Sphinx) -> None:
    """Register the directives."""
    app.add_directive("build-versions", VersionsDirective)
    app.add_directive("benchmark", BenchmarkDirective)
    app.add_directive("devices", DevicesDirective)
