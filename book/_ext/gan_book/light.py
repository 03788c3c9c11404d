"""Light pages: when the site is written, each page keeps what it uses, and the rest is taken out.

The theme gives every page all its scripts, a script of 1.5 MB that draws icons, and the styles of
each component that some site might use. Here a page keeps the scripts that have something to do on
it, its icons become drawings of a line each, and one stylesheet for the whole site holds the rules
that can match something in it.
"""

import hashlib
import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

import tinycss2
from sphinx.application import Sphinx
from sphinx.util import logging
from tinycss2.ast import Node

logger = logging.getLogger(__name__)

STYLES = "_static/css/site.css"

# What a page must have for a script to be of use on it. A script that is not named here stays.
USES = {
    "fontawesome.js": None,
    "bootstrap.js": None,  # tooltips, which browsers have, and a button, which is in book.js
    "design-tabs.js": r'class="[^"]*\bsd-tab-',
    "togglebutton.js": r'class="(?:[^"]* )?(?:toggle|admonition [^"]*\bdropdown)[ "]',
    "clipboard.min.js": r'class="[^"]*(?:cell_input|gan-source|highlight-bash)\b',
    "copybutton.js": r'class="[^"]*(?:cell_input|gan-source|highlight-bash)\b',
    "playground.en.js": r"<gan-playground\b",
    "playground.js": r"<gan-playground\b",
    "explorer.letters.js": r"<latent-explorer\b",
    "explorer.js": r"<latent-explorer\b",
    "searchtools.js": r'id="search-results"',
    "language_data.js": r'id="search-results"',
    "searchindex.js": r'id="search-results"',
}
# Lines of script that set options of what is not there, or say what is so without them.
OPTIONS = r"(?:let|var) toggle\w+ = |DOCUMENTATION_OPTIONS\.(?:pagename|search_as_you_type) = "

SCRIPT = re.compile(r"[ \t]*<script\b([^>]*)>(.*?)</script>\n?", re.DOTALL)
SOURCE = re.compile(r'\bsrc="([^"]*)"')
PRELOAD = re.compile(r'[ \t]*<link rel="preload"[^>]*>\n?')
STYLE = re.compile(r'[ \t]*<link\b(?=[^>]*\brel="stylesheet")[^>]*\bhref="([^"]*)"[^>]*>\n?')

# Parts of code that book.css shows like the code around them.
PLAIN = ("n", "nn", "ne", "o", "p", "vm", "w")
TOKEN = re.compile(rf'<span class="(?:{"|".join(PLAIN)})">([^<]*)</span>')
CODE = re.compile(r"<pre>.*?</pre>", re.DOTALL)

# On a square of 16, with lines 2 wide.
ICONS = {
    "angle-left": '<path d="M10.5 2.5 5 8l5.5 5.5"/>',
    "angle-right": '<path d="M5.5 2.5 11 8l-5.5 5.5"/>',
    "arrow-up": '<path d="M8 14V2.5M3 7.5l5-5 5 5"/>',
    "bars": '<path d="M1.5 3h13M1.5 8h13M1.5 13h13"/>',
    "circle-half-stroke": '<circle cx="8" cy="8" r="6.5"/><path class="full" d="M8 1.5a6.5 6.5 0 0 0 0 13z"/>',  # noqa: E501
    "list": '<path d="M6 3h8.5M6 8h8.5M6 13h8.5M1.5 3h1M1.5 8h1M1.5 13h1"/>',
    "magnifying-glass": '<circle cx="6.5" cy="6.5" r="5"/><path d="m10.3 10.3 4.5 4.5"/>',
    "moon": '<path class="full" d="M13.8 10.4A6.2 6.2 0 1 1 6 2a5 5 0 0 0 7.8 8.4z"/>',
    "sun": '<circle class="full" cx="8" cy="8" r="2.7"/><path d="M8 1v1M8 14v1M1 8h1M14 8h1M3 3l.8.8M12.2 12.2l.8.8M3 13l.8-.8M12.2 3.8l.8-.8"/>',  # noqa: E501
}
ICON = re.compile(r'<(?:i|span) class="([^"]*\bfa-[^"]*)"([^>]*)></(?:i|span)>')
TITLE = re.compile(r'\s+title="[^"]*"')


# --- a page ---------------------------------------------------------------------------------------


def lighten(page: str) -> str:
    """Take from a page what it does not use, and let scripts wait until it is there."""
    page = ICON.sub(_icon, PRELOAD.sub("", page))
    page = SCRIPT.sub(lambda script: _script(script, page), page)
    page = CODE.sub(lambda code: TOKEN.sub(r"\1", code[0]), page)
    page = re.sub(r'\s+data-bs-(?:toggle|placement)="[^"]*"', "", page)
    page = page.replace(' data-bs-title="', ' title="')
    # the button's name is what one sees on it, so that one can say it
    return re.sub(r'(<button class="btn search-button-field[^>]*) aria-label="[^"]*"', r"\1", page)


def _icon(found: re.Match[str]) -> str:
    """Draw the icon that the theme names by a class."""
    kinds = found[1].split()
    names = [kind[3:] for kind in kinds if kind[3:] in ICONS]
    if len(names) != 1:
        logger.warning("no drawing of the icon %s in light.py", found[1])
        return found[0]
    size = ["gan-icon-large"] if "fa-lg" in kinds else []
    kept = " ".join(["gan-icon", *size, *(kind for kind in kinds if not kind.startswith("fa-"))])
    rest = TITLE.sub("", found[2]).rstrip()  # the button has a name that says more
    return (
        f'<svg class="{kept}" data-icon="{names[0]}"{rest} viewBox="0 0 16 16" aria-hidden="true"'
        f' focusable="false">{ICONS[names[0]]}</svg>'
    )


def _script(script: re.Match[str], page: str) -> str:
    """Leave out a script that has nothing to do on this page; let the others wait."""
    attributes, body = script[1], script[2]
    source = SOURCE.search(attributes)
    if source is None:
        return "" if re.match(OPTIONS, body.strip()) else script[0]
    name = Path(urlsplit(source[1]).path).name
    if name in USES:
        use = USES[name]
        if use is None or not re.search(use, page):
            return ""
    if re.search(r"\b(?:defer|async)\b", attributes):
        return script[0]
    return script[0].replace("<script", "<script defer", 1)


# --- the stylesheet -------------------------------------------------------------------------------


class Words:
    """What a site has: the tags, classes and ids of its pages, and the words of its scripts."""

    def __init__(self, pages: Iterable[str], scripts: Iterable[str]) -> None:
        self.tags = {"html", "body"}
        self.names: set[str] = set()
        for page in pages:
            self.tags |= {tag.lower() for tag in re.findall(r"<([A-Za-z][\w-]*)", page)}
            for value in re.findall(r'\b(?:class|id)="([^"]*)"', page):
                self.names |= set(value.split())
        for script in scripts:
            found = set(re.findall(r"[A-Za-z_][\w-]{2,}", script))
            self.names |= found
            self.tags |= {word.lower() for word in found}


@dataclass
class Rule:
    """What stands before a pair of braces, and inside: declarations, or further rules."""

    head: str
    inside: list["Rule | Declaration"]

    def __str__(self) -> str:
        return f"{self.head}{{{';'.join(map(str, self.inside))}}}"


@dataclass
class Group(Rule):
    """A rule that holds rules, such as `@media`."""

    def __str__(self) -> str:
        return self.head + "{" + "\n".join(map(str, self.inside)) + "}"


@dataclass
class Declaration:
    """A property and its value, or whatever else is kept as it stands."""

    name: str
    text: str

    def __str__(self) -> str:
        return self.text


def prune(css: str, words: Words, others: str) -> str:
    """Return what a site can use of its styles; `others` is all that may name a variable."""
    parsed = tinycss2.parse_stylesheet(css, skip_comments=True, skip_whitespace=True)
    rules = _matching(parsed, words)
    size = 0
    while size != (size := len(text := "\n".join(map(str, rules)))):
        used = set(re.findall(r"--[\w-]+(?=\s*[,)])|@property --[\w-]+", text))
        rules = _in_use(rules, used | set(re.findall(r"--[\w-]+", others)), text)
    notices = dict.fromkeys(re.findall(r"/\*!.*?\*/", css, re.DOTALL))  # licences
    return "\n".join([*notices, text]) + "\n"


def _matching(parsed: list[Node], words: Words) -> list[Rule | Declaration]:
    """Return the rules that can match something."""
    kept: list[Rule | Declaration] = []
    for rule in parsed:
        if rule.type == "qualified-rule":
            wanted = [part for part in _split(rule.prelude) if _can_match(part, words)]
            if wanted:
                head = ",".join(tinycss2.serialize(part).strip() for part in wanted)
                kept.append(Rule(head, _declarations(rule.content)))
        elif rule.type == "at-rule" and rule.lower_at_keyword in ("media", "supports"):
            inner = tinycss2.parse_rule_list(rule.content, skip_comments=True, skip_whitespace=True)
            head = f"@{rule.at_keyword}{tinycss2.serialize(rule.prelude)}"
            if inside := _matching(inner, words):
                kept.append(Group(head.strip(), inside))
        elif rule.type == "at-rule" and rule.lower_at_keyword == "font-face":
            kept.append(Rule("@font-face", _declarations(rule.content)))
        elif rule.type == "at-rule" and rule.lower_at_keyword != "charset":
            name = f"@{rule.at_keyword} {tinycss2.serialize(rule.prelude).strip()}"
            kept.append(Declaration(name, rule.serialize()))
    return kept


def _declarations(content: list[Node]) -> list[Rule | Declaration]:
    found = tinycss2.parse_blocks_contents(content, skip_comments=True, skip_whitespace=True)
    return [
        Declaration(node.name if node.type == "declaration" else "", _squeeze(node.serialize()))
        for node in found
        if node.type != "error"
    ]


def _squeeze(text: str) -> str:
    return re.sub(r"\s*\n\s*", " ", text).strip().removesuffix(";")


def _split(tokens: list[Node]) -> list[list[Node]]:
    """Return the parts of a list of selectors."""
    parts: list[list[Node]] = [[]]
    for token in tokens:
        if token == ",":
            parts.append([])
        elif token.type != "comment":
            parts[-1].append(token)
    return parts


def _can_match(selector: list[Node], words: Words) -> bool:
    """Whether something in the site might be meant; where that is not sure, it might."""
    before = ""
    for token in selector:
        if token.type == "ident" and before == ".":
            possible = token.value in words.names
        elif token.type == "ident" and before != ":":
            possible = token.lower_value in words.tags
        elif token.type == "hash":
            possible = token.value in words.names
        elif token.type == "function" and token.lower_name in ("is", "where", "has"):
            possible = any(_can_match(part, words) for part in _split(token.arguments))
        else:
            possible = True
        if not possible:
            return False
        before = token.value if token.type == "literal" else ""
    return True


def _in_use(
    rules: list[Rule | Declaration], variables: set[str], text: str
) -> list[Rule | Declaration]:
    """Leave out variables, fonts and movements that nothing refers to, and what is then empty."""
    elsewhere = re.sub(r"@font-face\{[^}]*\}", "", text)
    kept: list[Rule | Declaration] = []
    for rule in rules:
        if isinstance(rule, Declaration):
            name = rule.name
            if name.startswith("--") and name not in variables:
                continue
            if name.startswith("@keyframes") and not re.search(
                rf"animation[\w-]*:[^;}}]*{re.escape(name.split()[-1])}", text
            ):
                continue
            kept.append(rule)
        elif rule.head == "@font-face":
            (family,) = (part for part in map(str, rule.inside) if part.startswith("font-family:"))
            if family.partition(":")[2].strip().strip("\"'") in elsewhere:
                kept.append(rule)
        elif inside := _in_use(rule.inside, variables, text):
            kept.append(type(rule)(rule.head, inside))
    return kept


# --- the site -------------------------------------------------------------------------------------


def lighten_site(app: Sphinx, exception: Exception | None) -> None:
    """Go over every page that was written, then write the stylesheet that all of them use."""
    if exception is not None or app.builder.format != "html":
        return
    out = Path(app.outdir)
    pages = {path: path.read_text(encoding="utf-8") for path in sorted(out.rglob("*.html"))}
    pages = {path: page for path, page in pages.items() if "</body>" in page}
    light = {path: lighten(page) for path, page in pages.items()}
    sheets = list(dict.fromkeys(_files(light, out, STYLE.finditer)))
    sources = [path for path in _files(light, out, SOURCE.finditer) if path.suffix == ".js"]
    scripts = [path.read_text(encoding="utf-8") for path in sources]
    inline = [body for page in light.values() for _, body in SCRIPT.findall(page)]
    words = Words(light.values(), [*scripts, *inline])
    css = "\n".join(_moved(sheet, out) for sheet in sheets)
    css = prune(css, words, "\n".join([*scripts, *inline, *light.values()]))
    target = out / STYLES
    target.write_text(css, encoding="utf-8")
    version = hashlib.sha256(css.encode()).hexdigest()[:8]
    for path, page in light.items():
        root = "../" * (len(path.relative_to(out).parts) - 1)
        link = f'    <link rel="stylesheet" href="{root}{STYLES}?v={version}" />\n'
        first = STYLE.search(page)
        if first is not None:
            rest = STYLE.sub("", page[first.end() :])
            path.write_text(page[: first.start()] + link + rest, encoding="utf-8")


def _files(
    pages: dict[Path, str], out: Path, find: Callable[[str], Iterable[re.Match[str]]]
) -> list[Path]:
    """Return the files of the site that its pages name, in their order."""
    found: dict[Path, None] = {}
    for path, page in pages.items():
        for match in find(page):
            if match[1].startswith("data:"):
                continue  # a picture in the page itself
            file = (path.parent / urlsplit(match[1]).path).resolve()
            if file.is_file() and file.is_relative_to(out.resolve()) and file.suffix != ".html":
                found[file] = None
    return list(found)


def _moved(sheet: Path, out: Path) -> str:
    """Return a stylesheet, and the sheets it imports, as if it stood where the new one will."""
    css = sheet.read_text(encoding="utf-8")
    css = re.sub(
        r"@import\s+(?:url\()?[\"']?([^\"')]+)[\"']?\)?\s*;",
        lambda found: _moved((sheet.parent / found[1]).resolve(), out),
        css,
    )
    here = (out / STYLES).resolve().parent

    def move(found: re.Match[str]) -> str:
        if found[2].startswith(("data:", "#", "/")) or "://" in found[2]:
            return found[0]
        target = (sheet.parent / found[2]).resolve()
        common = Path(*_common(target.parts, here.parts))
        up = "../" * (len(here.parts) - len(common.parts))
        return f'url("{up}{target.relative_to(common).as_posix()}")'

    return re.sub(r"url\(([\"']?)([^\"')]+)\1\)", move, css)


def _common(one: tuple[str, ...], other: tuple[str, ...]) -> list[str]:
    found = []
    for a, b in zip(one, other, strict=False):
        if a != b:
            break
        found.append(a)
    return found


def setup(app: Sphinx) -> None:
    """Register the handler; it comes after all that write pages or files."""
    app.connect("build-finished", lighten_site, priority=900)
