"""Claims and tables on a page: a small book, built by the extension from what is printed."""

from __future__ import annotations

import contextlib
import io
import json
from collections.abc import Iterator
from pathlib import Path

import nbformat
import pytest
from bs4 import BeautifulSoup
from sphinx.errors import ExtensionError
from sphinx.testing.util import SphinxTestApp

from gan_tutorial import notebook
from gan_tutorial.notebook import claim, table
from parts.chapters import ROOT

CONF = """
extensions = ["myst_nb", "gan_book.claims"]
nb_execution_mode = "off"
root_doc = "notebooks/01_try"
html_theme = "basic"
"""
LEDGER = """
# Ledger

{claims}`total` claims: {claims}`seeds`, {claims}`stored`, {claims}`exact`, {claims}`machine`

```{claim-ledger}
```

```{claim-line} the ring keeps more than 6 modes
```
"""
ROWS = """\
sentence,direction,bound,seeds,blocks,held,worst,room,study,study_blocks,study_held
all stay below 4,below,4.0,16,20,20,3.1,0.290323,,,
the ring keeps more than 6 modes,above,6.0,32,20,20,7,0.166667,08_ring,3,2
"""


ORIGINS = {
    "all stay.*": "16 seeds",
    "the ring.*": "stored study 08_ring, 32 seeds",
    "one is one": "exact",
    "fast": "bound on a machine",
}


@pytest.fixture(scope="module")
def pages(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, str]]:
    """The pages of a book of one chapter, in which four claims and a table were printed."""
    source = tmp_path_factory.mktemp("book")
    (source / "notebooks").mkdir()
    (source / "book" / "records").mkdir(parents=True)
    (source / "book" / "records" / "01_try.csv").write_text(ROWS, encoding="utf-8")
    (source / "book" / "ledger.md").write_text(LEDGER, encoding="utf-8")
    (source / "conf.py").write_text(CONF, encoding="utf-8")
    cells = [
        nbformat.v4.new_markdown_cell("# 1. Try\n\n```{toctree}\n/book/ledger\n```"),
        nbformat.v4.new_code_cell("claim()", execution_count=1, outputs=run(source)),
    ]
    page = nbformat.v4.new_notebook(cells=cells)
    page.metadata.kernelspec = {"name": "python3", "display_name": "Python 3"}
    page.metadata.language_info = {"name": "python", "pygments_lexer": "ipython3"}
    nbformat.write(page, source / "notebooks" / "01_try.ipynb")
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(ROOT / "book" / "_ext")
        app = SphinxTestApp("html", srcdir=source)
        app.build()
        assert app.warning.getvalue() == ""
        names = ["notebooks/01_try.html", "book/ledger.html"]
        yield {name: (app.outdir / name).read_text(encoding="utf-8") for name in names}
        app.cleanup()


def run(folder: Path) -> list[nbformat.NotebookNode]:
    """Return what a cell with four claims and a table stores."""
    origins = folder / "origins.json"
    origins.write_text(json.dumps(list(ORIGINS.items())), encoding="utf-8")
    printed, shown = io.StringIO(), []
    with pytest.MonkeyPatch.context() as patch, contextlib.redirect_stdout(printed):
        patch.setenv("GAN_TUTORIAL_ORIGINS", str(origins))
        patch.setattr(notebook, "display", lambda data, raw: shown.append(data))
        claim("all stay below 4", [1, 3], below=4, seeds=16)
        claim("the ring keeps more than 6 modes", 7, above=6, seeds=32)
        claim("one is one", True)
        claim("fast", 1.25, below=2)
        table({"a < b": [1.0, 2.0]}, caption="W1")
    stream = nbformat.v4.new_output("stream", name="stdout", text=printed.getvalue())
    return [stream, nbformat.v4.new_output("display_data", data=shown[0])]


def texts(page: str, kind: str) -> list[str]:
    """Return the text of every element of a class."""
    found = BeautifulSoup(page, "html.parser").select(f".{kind}")
    return [" ".join(element.text.split()) for element in found]


def test_a_claim_shows_what_was_measured_and_where_it_comes_from(pages: dict[str, str]) -> None:
    page = pages["notebooks/01_try.html"]
    assert texts(page, "sentence") == [
        "all stay below 4", "the ring keeps more than 6 modes", "one is one", "fast",
    ]  # fmt: skip
    assert texts(page, "measured") == ["median 2, closest 3", "7", "1.25"]
    assert texts(page, "origin") == [
        "16 seeds, and 20 of 20 fresh blocks",
        "stored study 08_ring, 32 seeds; holds in 2 of 3 blocks",
        "exact",
        "bound on a machine",
    ]
    assert "‹median" not in page


def test_the_ledger_adds_the_worst_of_all_blocks(pages: dict[str, str]) -> None:
    assert texts(pages["book/ledger.html"], "evidence") == [
        "median 2, closest 3 · 16 seeds, and 20 of 20 fresh blocks"
        " · closest over all blocks 3.1 < 4 · room 29 %",
        "7 · stored study 08_ring, 32 seeds; holds in 2 of 3 blocks · room 17 %",
        "exact",
        "1.25 · bound on a machine",
    ]


def test_a_claim_may_be_repeated_on_another_page(pages: dict[str, str]) -> None:
    page = BeautifulSoup(pages["book/ledger.html"], "html.parser")
    line = [found for found in page.select("p.claim") if not found.find_parent("ul")]
    assert [" ".join(found.text.split()) for found in line] == [
        "Claim 1.2 the ring keeps more than 6 modes 7 · stored study 08_ring, 32 seeds;"
        " holds in 2 of 3 blocks"
    ]
    assert line[0].a["href"] == "../notebooks/01_try.html#claim-01-02"


def test_a_page_cannot_repeat_what_nobody_claims(tmp_path: Path) -> None:
    (tmp_path / "conf.py").write_text(CONF.replace("notebooks/01_try", "page"), encoding="utf-8")
    (tmp_path / "page.md").write_text(
        "# Page\n\n```{claim-line} two is one\n```\n", encoding="utf-8"
    )
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(ROOT / "book" / "_ext")
        app = SphinxTestApp("html", srcdir=tmp_path)
        with pytest.raises(ExtensionError, match="0 chapters claim 'two is one', not one"):
            app.build()
        app.cleanup()


def test_claims_are_counted_by_kind(pages: dict[str, str]) -> None:
    page = pages["book/ledger.html"]
    assert "<p>4 claims: 1, 1, 1, 1</p>" in page
    words = "4 claims: 1 over fresh seeds, 1 from stored studies, 1 exact, 1 on a machine"
    assert texts(page, "count") == [words]


def test_a_table_of_values_is_a_table_of_the_page(pages: dict[str, str]) -> None:
    (table,) = BeautifulSoup(pages["notebooks/01_try.html"], "html.parser").select(
        "table.gan-table"
    )
    assert table.caption.text == "W1"
    assert [cell.text for cell in table.select('th[scope="col"]')] == [
        "median", "half the IQR", "worst",
    ]  # fmt: skip
    assert [cell.text for cell in table.select('th[scope="row"]')] == ["a < b"]
    assert [cell.text for cell in table.select("tbody td")] == ["1.5", "0.25", "2"]
