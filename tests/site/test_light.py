"""What is taken out of a page and of the stylesheet, on small examples, and that no more is."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from playwright.sync_api import Browser
from test_pages import CHAPTERS, ROOT

with pytest.MonkeyPatch.context() as patch:
    patch.syspath_prepend(ROOT / "book" / "_ext")
    from gan_book import light

PAGE = '<body class="on"><p id="here" class="a b">text</p><div class="in"></div></body>'


def pruned(css: str, scripts: str = "") -> str:
    words = light.Words([PAGE], [scripts])
    return light.prune(css, words, PAGE + scripts).strip()


@pytest.mark.parametrize(
    "css",
    [
        ".a{color: red}",
        "#here{color: red}",
        "p.a.b > *{color: red}",
        "html body{color: red}",
        ".a:not(.gone){color: red}",
        ":is(.gone, .b){color: red}",
        ".on:has(.in){color: red}",
        "::selection{color: red}",
        "[data-theme=dark] .a:hover::before{color: red}",
        "@media print{.a{color: red}}",
        "@supports (color: red){.a{color: red}}",
        ".a{--x: 1px;margin: var(--x)}",
        ".a{--x: 1px;--y: var(--x);margin: calc(2 * var(--y, 3px))}",
        '@font-face{font-family: "One";src: url("one.woff2")}\n.a{font: 1em "One", serif}',
        "@keyframes turn { to { rotate: 1turn } }\n.a{animation: turn 1s}",
        '.a{background: url("data:image/svg+xml;a{b:c}")}',
    ],
)
def test_what_can_match_stays(css: str) -> None:
    assert pruned(css) == css


@pytest.mark.parametrize(
    ("css", "left"),
    [
        (".gone{color: red}", ""),
        ("#gone{color: red}", ""),
        ("table .a{color: red}", ""),
        (".a .gone{color: red}", ""),
        (".a,.gone,.b{color: red}", ".a,.b{color: red}"),
        (":is(.gone, .lost){color: red}", ""),
        (".a:has(.gone){color: red}", ""),
        ("@media print{.gone{color: red}}", ""),
        (".a{--x: 1px}", ""),
        (".a{--x: 1px;--y: var(--x);color: red}", ".a{color: red}"),
        ('@font-face{font-family: "One";src: url("one.woff2")}', ""),
        ("@keyframes turn { to { rotate: 1turn } }", ""),
        ("/* words */ .a{color: red}", ".a{color: red}"),
        ("/*! licence */ .a{color: red}", "/*! licence */\n.a{color: red}"),
    ],
)
def test_what_cannot_match_goes(css: str, left: str) -> None:
    assert pruned(css) == left


def test_a_name_that_a_script_gives_stays() -> None:
    assert pruned(".shown{color: red}", 'box.classList.add("shown")') == ".shown{color: red}"
    script = 'style.getPropertyValue("--more")'
    assert pruned(".a{--more: 1px}", script) == ".a{--more: 1px}"


def test_a_page_keeps_the_scripts_that_it_uses() -> None:
    scripts = "".join(
        f'<script src="_static/{name}?v=1"></script>\n'
        for name in ("book.js", "playground.js", "bootstrap.js")
    )
    plain, playing = light.lighten(scripts), light.lighten(scripts + "<gan-playground>")
    assert plain == '<script defer src="_static/book.js?v=1"></script>\n'
    assert 'defer src="_static/playground.js' in playing
    assert "bootstrap" not in playing
    inline = "<script>\n  document.documentElement.dataset.mode = 1;\n</script>"
    assert light.lighten(inline) == inline, "the theme must be known before the first paint"
    assert light.lighten("<script>DOCUMENTATION_OPTIONS.pagename = 'x';</script>") == ""


def test_a_picture_in_the_page_itself_is_no_file(tmp_path: Path) -> None:
    (tmp_path / "one.js").touch()
    long = "A" * 5000  # longer than the name of a file may be
    page = f'<img src="data:image/png;base64,{long}"><script src="one.js?v=1"></script>'
    found = light._files({tmp_path / "page.html": page}, tmp_path, light.SOURCE.finditer)
    assert found == [tmp_path / "one.js"]


def test_an_icon_becomes_a_drawing_and_an_unknown_one_a_warning(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    said: list[str] = []
    monkeypatch.setattr(light.logger, "warning", lambda text, *rest: said.append(text % rest))
    drawn = light.lighten('<i class="theme-switch fa-solid fa-sun fa-lg" data-mode="light"></i>')
    assert drawn.startswith('<svg class="gan-icon gan-icon-large theme-switch" data-icon="sun"')
    assert 'data-mode="light"' in drawn
    assert said == []
    light.lighten('<i class="fa-solid fa-rocket"></i>')
    assert said == ["no drawing of the icon fa-solid fa-rocket in light.py"]


def test_code_keeps_each_part_that_has_a_colour() -> None:
    code = '<pre><span class="n">x</span> <span class="k">in</span> <span class="p">(</span></pre>'
    assert light.lighten(code) == '<pre>x <span class="k">in</span> (</pre>'
    css = (ROOT / "book" / "_static" / "css" / "book.css").read_text(encoding="utf-8")
    coloured = re.findall(r"\.highlight (:is\([^)]*\)|\.\w+) \{ color", css)
    names = {name for group in coloured for name in re.findall(r"\.(\w+)", group)}
    assert {"k", "s2", "mi", "sd"} <= names
    assert names.isdisjoint(light.PLAIN)


# Every rule of the sheets the site was given that matches something, with its selectors one by one.
MATCHING = """async (sheets) => {
  const parts = (selector) => {
    const found = [""];
    let depth = 0;
    for (const sign of selector) {
      if (sign === "(" || sign === "[") depth += 1;
      if (sign === ")" || sign === "]") depth -= 1;
      if (sign === "," && !depth) found.push("");
      else found[found.length - 1] += sign;
    }
    return found.map((part) => part.trim());
  };
  const rules = (list) => [...list].flatMap((rule) =>
    rule.selectorText !== undefined ? [rule] : rule.cssRules ? rules(rule.cssRules) : []);
  const ours = [...document.styleSheets].find((sheet) => sheet.href?.includes("site.css"));
  const kept = new Set(rules(ours.cssRules).flatMap((rule) => parts(rule.selectorText)));
  const lost = [];
  let number = 0;
  for (const text of sheets) {
    const sheet = await new CSSStyleSheet().replace(text);
    for (const rule of rules(sheet.cssRules)) {
      const own = [...rule.style].filter((name) => !name.startsWith("--"));
      for (const part of own.length ? parts(rule.selectorText) : []) {
        const plain = part.replace(/::?[a-z-]+(\\([^()]*\\))?/g, (pseudo) =>
          /^:(not|is|where|has|nth-|first-|last-|only-)/.test(pseudo) ? pseudo : "") || "*";
        try {
          if (!document.querySelector(plain.replace(/([>+~ ])$/, "$1*"))) continue;
        } catch { continue; }
        number += 1;
        if (!kept.has(part)) lost.push(part);
      }
    }
  }
  return { lost, number };
}"""


@pytest.mark.site
def test_no_rule_that_matches_something_is_lost(browser: Browser, address: str, site: Path) -> None:
    static = site / "_static"
    names = [*static.glob("*.css"), *static.glob("styles/*.css"), static / "css" / "book.css"]
    sheets = [re.sub(r"@import[^;]*;", "", path.read_text(encoding="utf-8")) for path in names]
    assert len(sheets) >= 9
    chapters = [f"notebooks/{CHAPTERS[number]}.html" for number in (0, 4)]
    others = ["book/index.html", "book/api.html", "book/playground.html", "search.html?q=loss"]
    with browser.new_context() as context, context.new_page() as page:
        for name in (*chapters, *others):
            page.goto(address + name, wait_until="networkidle")
            found = page.evaluate(MATCHING, sheets)
            assert found["lost"] == [], name
            assert found["number"] > 200, name


def test_the_styles_that_no_page_needs_are_not_sent(site: Path) -> None:
    given = [*site.glob("_static/*.css"), *site.glob("_static/styles/*.css")]
    sent = (site / light.STYLES).stat().st_size
    assert sent < 160_000 < sum(path.stat().st_size for path in given) / 3
