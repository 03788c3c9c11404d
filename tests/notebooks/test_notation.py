"""One symbol, one row, one meaning: the page on notation against the formulas of the chapters."""

from __future__ import annotations

import re
from collections import Counter
from functools import cache

import pytest
from markdown_it import MarkdownIt
from mdit_py_plugins.dollarmath import dollarmath_plugin

from parts.chapters import ROOT, chapters

PAGE = ROOT / "book" / "notation.md"
CODE = re.compile(r"^```\{code-cell\}.*?^```$|^---.*?^---$", re.S | re.M)
WORDS = re.compile(r"\\begin\{array\}\{[^{}]*\}|\\\[\d+pt\]|\\(?:text|textit|tag|begin|end|label)\*?\s*\{[^{}]*\}|\\mathsf T")
UPRIGHT = re.compile(r"\\(?:mathrm|operatorname|mathsf)\*?\s*\{([^{}]*)\}")
# Words in a subscript say which one is meant; they are no symbols.
NAMES = re.compile(r"(?<=[_^])\{(data|real|fake)\}")
LAYOUT = {rf"\{name}" for name in ", ; ! bigl bigr Bigl Bigr biggl biggr left right".split()}
TOKEN = re.compile(r"\\[A-Za-z]+|\\.|<\w+>|[A-Za-z]|\d+|\S")
GREEK = {
    rf"\{name}"
    for name in "alpha beta gamma delta epsilon varepsilon zeta eta theta kappa lambda mu nu xi pi "
    "rho sigma tau phi varphi chi psi omega Gamma Delta Theta Lambda Sigma Phi Psi Omega".split()
}
# The differential, two numbers, what counts, and how many replicas there are.
CONSTANTS = {"d", "e", r"\pi", "i", "j", "N"}


def tokens(formula: str) -> list[str]:
    formula = formula.replace(r"\mathbb{E}", r"\mathbb E")
    formula = UPRIGHT.sub(r" <\1> ", WORDS.sub(" ", NAMES.sub(r" <\1> ", formula)))
    return [token for token in TOKEN.findall(formula) if token not in LAYOUT]


def formulas(text: str) -> list[list[str]]:
    """Return the formulas of a Markdown text as lists of tokens, code apart."""
    parser = MarkdownIt().use(dollarmath_plugin)
    found = []
    for block in parser.parse(CODE.sub("", text)):
        inside = [block, *(block.children or [])]
        found += [tokens(each.content) for each in inside if each.type.startswith("math")]
    return found


def letters(formula: list[str]) -> set[str]:
    return {each for each in formula if each in GREEK or re.fullmatch("[A-Za-z]", each)}


def occurs(symbol: list[str], formula: list[str]) -> bool:
    n = len(symbol)
    return any(formula[i : i + n] == symbol for i in range(len(formula)))


def unnamed(formula: list[str], known: list[list[str]]) -> set[str]:
    """Return the letters of a formula that no symbol accounts for.

    Symbols of several tokens are taken out first, the longest before others: that ``p_g`` is known
    says nothing of another ``p`` or ``g``. A symbol with an index or a number, such as ``q_j``,
    accounts for its letter with any; a function, such as ``F(x)``, for its letter.
    """
    single, several = set(CONSTANTS), []
    for symbol in known:
        index = re.fullmatch(r"_([ijt]|\d+)|\(.*\)", "".join(symbol[1:]))
        single.update(symbol[:1] if len(symbol) == 1 or index else [])
        several += [] if index else [symbol]
    several.sort(key=len, reverse=True)
    left, i = [], 0
    while i < len(formula):
        found = next((each for each in several if formula[i : i + len(each)] == each), None)
        left += [] if found else [formula[i]]
        i += len(found or "1")
    return letters(left) - single


def cells(line: str) -> list[str]:
    return [cell.strip() for cell in re.split(r"(?<!\\)\|", line.strip())[1:-1]]


def symbols(cell: str) -> list[str]:
    return re.findall(r"\$(.+?)\$", cell)


@cache
def rows() -> list[tuple[str, str]]:
    """Return each symbol of the book with the number of the chapter that introduces it."""
    lines = [cells(line) for line in PAGE.read_text("utf-8").splitlines() if line[:3] == "| $"]
    found = []
    for first, *_, last in lines:
        number = re.search(r"notebooks/(\d\d)_", last)
        assert number, f"the row of {first} does not say which chapter introduces it"
        found += [(symbol, number[1]) for symbol in symbols(first)]
    return found


@cache
def local() -> dict[str, list[str]]:
    """Return the letters that each chapter uses for itself, by the chapter's number."""
    lines = [cells(line) for line in PAGE.read_text("utf-8").splitlines()]
    own = [line for line in lines if len(line) == 2 and "notebooks/" in line[0]]
    result: dict[str, list[str]] = {}
    for chapter, meanings in own:
        number = re.search(r"notebooks/(\d\d)_", chapter)
        assert number
        names = [name for each in meanings.split("; ") for name in symbols(each.split(":")[0])]
        result[number[1]] = names
    return result


@cache
def maths() -> dict[str, list[list[str]]]:
    return {path.stem[:2]: formulas(path.read_text("utf-8")) for path in chapters()}


def key(symbol: str) -> list[str]:
    """Return what to look for: of a name like KL(p, q) the name, of others all of it."""
    found = tokens(symbol)
    return found[:1] if found[0].startswith("<") else found


def test_each_symbol_has_one_row() -> None:
    twice = [symbol for symbol, n in Counter(symbol for symbol, _ in rows()).items() if n > 1]
    assert twice == []


@pytest.mark.parametrize(("symbol", "number"), rows())
def test_a_symbol_enters_where_its_row_says(symbol: str, number: str) -> None:
    users = [name for name, all_ in maths().items() if any(occurs(key(symbol), f) for f in all_)]
    assert users[:1] == [number], f"{symbol} is used in {users}"


@pytest.mark.parametrize("number", [path.stem[:2] for path in chapters()])
def test_each_letter_of_a_chapter_has_its_meaning_on_the_page(number: str) -> None:
    known = [tokens(symbol) for symbol in [*dict(rows()), *local().get(number, [])]]
    missing = {letter: f for f in maths()[number] for letter in unnamed(f, known)}
    assert missing == {}


@pytest.mark.parametrize("number", sorted(local()))
def test_a_chapter_gives_no_second_meaning_to_a_letter(number: str) -> None:
    whole = {symbol for symbol, _ in rows()}
    own = local()[number]
    assert len(own) == len(set(own))
    assert [letter for letter in own if letter in whole] == []


@pytest.mark.parametrize("number", sorted(local()))
def test_a_chapter_uses_the_letters_that_the_page_lists(number: str) -> None:
    unused = [
        each for each in local()[number] if not any(occurs(tokens(each), f) for f in maths()[number])
    ]
    assert unused == []


def test_a_compound_symbol_does_not_stand_for_its_letters() -> None:
    known = [["p", "_", "g"], ["q", "_", "j"], ["F", "(", "x", ")"]]
    assert unnamed(tokens("p_g + q_3 + F(x)"), known) == {"x"}
    assert unnamed(tokens("p_h + F"), known) == {"p", "h"}


def test_formulas_are_read_as_written() -> None:
    text = "Of $a\n\\le b$ and `$c$`.\n\n$$\nL_D = \\operatorname{KL}(p_{data})\n$$\n\n```{code-cell}\n$q$\n```\n"
    assert formulas(text) == [
        ["a", r"\le", "b"],
        ["L", "_", "D", "=", "<KL>", "(", "p", "_", "<data>", ")"],
    ]
    assert letters(formulas(text)[1]) == {"L", "D", "p"}
