"""Equations as the build draws them: MathJax's own drawings, and its words for mistakes."""

from __future__ import annotations

import io
import json
import re
from collections.abc import Iterator

import numpy as np
import pytest
from bs4 import BeautifulSoup
from PIL import Image
from playwright.sync_api import Browser
from test_pages import ROOT

with pytest.MonkeyPatch.context() as patch:
    patch.syspath_prepend(ROOT / "book" / "_ext")
    from gan_book import equations

# Fractions, roots, stretched braces, tables with lines, accents, scripts, letters in many fonts.
TEX = [
    r"V(G, D) = \mathbb{E}_{x \sim p_{\text{data}}}[\log D(x)] + \int_0^1 \log(1 - D(G(z)))\,dz",
    r"\frac{1}{2}\sqrt[3]{\frac{a^2 + b_{i_j}}{\hat\sigma}} \overline{xy} \le \tilde{\mathcal{L}}",
    r"\underbrace{\begin{pmatrix} 1 - \eta e & \eta a \\ 0 & 1 \end{pmatrix}}_{\text{G}}\mathsf{T}",
    r"\begin{aligned} L_D &= \operatorname{softplus}(-\ell), \\ L_G &= -\ell. \end{aligned}",
    r"f(x) = \begin{cases} 1 & x > 0 \\ 0 & \text{else} \end{cases} \longrightarrow \dot{x}",
    r"\begin{array}{l|cc} & g & d \\ \hline a & 1 & 2 \end{array} \quad \xrightarrow{n \to \infty}",
]
RAW = """const raw = (() => {
  const M = MathJax._, adaptor = M.adaptors.liteAdaptor.liteAdaptor();
  M.handlers.html_ts.RegisterHTMLHandler(adaptor);
  const page = M.mathjax.mathjax.document("", {
    InputJax: new M.input.tex_ts.TeX({ packages: M.input.tex.AllPackages.AllPackages }),
    OutputJax: new M.output.svg_ts.SVG({
      fontCache: "none", mtextInheritFont: false, font: new M.output.svg.fonts.tex_ts.TeXFont() }),
  });
  return (tex) => adaptor.outerHTML(page.convert(tex, { display: true, em: 16, ex: 7 }));
})()"""
STYLE = """<!doctype html><style>
  svg.glyphs, mjx-assistive-mml { display: none; }
  body { margin: 40px; font: 40px serif; background: white; }
  mjx-container { display: block; }
  mjx-container > svg { fill: currentColor; overflow: visible; stroke: currentColor; stroke-width: 0; }
  use, path[data-c] { stroke-width: 3; }
  line[data-line] { fill: none; stroke-width: 70px; }
</style>"""  # noqa: E501


@pytest.fixture(scope="module")
def pen() -> Iterator[equations.Pen]:
    made = equations.Pen()
    yield made
    made.engine.close()


@pytest.mark.site
@pytest.mark.parametrize("tex", TEX)
def test_a_drawing_is_the_one_that_mathjax_makes(
    browser: Browser, pen: equations.Pen, tex: str
) -> None:
    if "raw" not in str(pen.engine.eval("typeof raw === 'undefined' ? '' : 'raw'")):
        pen.engine.eval(RAW)
    ours = pen.draw(tex, True)
    theirs = str(pen.engine.eval(f"raw({json.dumps(tex)})"))
    assert len(ours.partition("<mjx-assistive-mml>")[0]) < len(theirs)
    pictures = []
    with browser.new_page(viewport={"width": 1200, "height": 300}) as page:
        for drawing in (pen.outlines(ours) + ours, theirs):
            page.set_content(STYLE + drawing)
            pictures.append(Image.open(io.BytesIO(page.screenshot())).convert("L"))
    a, b = (np.asarray(picture, dtype=float) for picture in pictures)
    assert (b < 128).sum() > 1000, "nothing was drawn"
    assert np.abs(a - b).max() <= 64, "a tenth of a thousandth of an em may move an edge's grey"
    assert (np.abs(a - b) > 16).mean() < 1e-4


@pytest.mark.parametrize(
    ("tex", "reason"),
    [
        (r"\losss(x)", r"Undefined control sequence \losss"),
        (r"\frac{1}{x", "Missing close brace"),
        (r"a & b", "Misplaced &"),
        (r"x^2^3", "Double exponent: use braces to clarify"),
    ],
)
def test_a_mistake_is_named(pen: equations.Pen, tex: str, reason: str) -> None:
    with pytest.raises(ValueError, match=re.escape(reason)):
        pen.draw(tex, False)
    assert "<math>" in pen.draw("x", False), "the engine goes on after a mistake"


def test_what_is_heard_is_the_equation(pen: equations.Pen) -> None:
    math = BeautifulSoup(pen.draw(r"\frac{\log D(x)}{2} < y", True), "html.parser").math
    assert math["display"] == "block"
    assert math.mfrac.mrow.text == "log\N{FUNCTION APPLICATION}D(x)"
    assert [child.name for child in math.find_all(recursive=False)] == ["mfrac", "mo", "mi"]
    assert math.find_all("mo")[-1].text == "<"


def test_outlines_are_those_of_the_glyphs_on_a_page_each_once(pen: equations.Pen) -> None:
    body = pen.draw("x + x + y", False) + pen.draw("y", False)
    outlines = BeautifulSoup(pen.outlines(body), "html.parser").find_all("path")
    names = [path["id"] for path in outlines]
    used = set(re.findall(r'href="#([^"]+)"', body))
    assert sorted(used) == names
    assert len(names) == 3
    assert all(path["d"].startswith("M") for path in outlines)
    assert pen.outlines("<p>no equation</p>") == ""
