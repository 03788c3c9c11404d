"""Turn what `claim` and `exercise` print into numbered lines, and list all claims in a ledger.

A chapter stores the line "✔ sentence" as plain output, so that it reads well in any notebook tool.
On the site the third such line of chapter 5 becomes claim 5.3, with an anchor `claim-05-03`. The
directive `claim-ledger` lists the claims of every chapter with a link to each, and adds what the
records in `book/records` say; `claim-line` repeats one of them, named by its sentence; the role
`claims` gives their number, in all or of a kind.
"""

import csv
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from docutils import nodes
from sphinx.application import Sphinx
from sphinx.environment import BuildEnvironment
from sphinx.errors import ExtensionError
from sphinx.util.docutils import SphinxDirective, SphinxRole

from gan_tutorial.notebook import CLAIM_LINE, in_short

CHAPTER = re.compile(r"(?:.*/)?(\d\d)_\w+")
KINDS = {
    "seeds": "over fresh seeds",
    "stored": "from stored studies",
    "exact": "exact",
    "machine": "on a machine",
}
EXERCISE = re.compile(r"(?P<mark>[☐★]) (?P<text>(?:Exercise \d+|Your turn [A-Z]): .+)")
CHECK = "M3.2 8.6 6.4 11.8 12.8 4.6"  # the tick, drawn: fonts disagree about ✔


@dataclass(frozen=True)
class Claim:
    """One sentence that a chapter asserted when it ran, and where it stands."""

    docname: str
    chapter: int
    number: int
    sentence: str
    seeds: int | None
    measured: str = ""
    origin: str = ""

    @property
    def kind(self) -> str:
        """Where the value comes from, in one word: exact, seeds, stored or machine."""
        if self.origin.startswith("stored"):
            return "stored"
        if self.origin.startswith("bound"):
            return "machine"
        return "seeds" if self.seeds else "exact"

    @property
    def label(self) -> str:
        """The number that readers see, such as 5.3."""
        return f"{self.chapter}.{self.number}"

    @property
    def anchor(self) -> str:
        """The id of its place on the chapter's page."""
        return f"claim-{self.chapter:02d}-{self.number:02d}"


class LedgerNode(nodes.General, nodes.Element):
    """Stands where the ledger goes until all chapters are read."""


class LineNode(nodes.General, nodes.Element):
    """Stands where one claim is repeated until all chapters are read."""


class CountNode(nodes.Inline, nodes.Element):
    """Stands where a number of claims goes until all chapters are read."""


class LedgerDirective(SphinxDirective):
    """`{claim-ledger}`: every claim of every chapter."""

    def run(self) -> list[nodes.Node]:
        """Leave a mark for `fill_ledger`."""
        return [LedgerNode()]


class LineDirective(SphinxDirective):
    """`{claim-line} sentence`: the line of one claim, as it stands in its chapter."""

    required_arguments = 1
    final_argument_whitespace = True

    def run(self) -> list[nodes.Node]:
        """Leave a mark for `fill_lines`."""
        return [LineNode(sentence=" ".join(self.arguments[0].split()))]


class CountRole(SphinxRole):
    """`{claims}` with `total` or a kind: how many claims there are."""

    def run(self) -> tuple[list[nodes.Node], list[nodes.system_message]]:
        """Leave a mark for `fill_counts`."""
        return [CountNode(what=self.text)], []


# --- chapters: printed lines become claims


def number_claims(app: Sphinx, doctree: nodes.document) -> None:
    """Replace the stored lines of claims and exercises on a chapter's page, and keep its claims."""
    docname = app.env.docname
    match = CHAPTER.fullmatch(docname)
    if match is None:
        return
    found: list[Claim] = []
    records = Path(app.srcdir) / "book" / "records"
    app.env.note_dependency(str(records / f"{docname.rpartition('/')[2]}.csv"))
    record = read_record(records, docname)
    for block in list(doctree.findall(nodes.literal_block)):
        if "stream" in block["classes"]:
            block.parent.replace(block, list(_lines(block, docname, int(match[1]), found, record)))
    _all_claims(app.env)[docname] = found


def _lines(
    block: nodes.literal_block,
    docname: str,
    chapter: int,
    found: list[Claim],
    record: dict[str, dict[str, str]],
) -> Iterator[nodes.Node]:
    """Yield the lines of one printed output, each as what it is; add its claims to `found`."""
    plain: list[str] = []

    def flush() -> Iterator[nodes.Node]:
        text = "\n".join(plain)
        plain.clear()
        if text.strip():
            rest = nodes.literal_block(text, text, **block.attributes)
            rest.source, rest.line = block.source, block.line
            yield rest

    for line in block.astext().splitlines():
        if match := CLAIM_LINE.fullmatch(line):
            yield from flush()
            seeds = int(match["seeds"]) if match["seeds"] else None
            place = docname, chapter, len(found) + 1
            shown = match["measured"] or "", match["origin"] or ""
            found.append(Claim(*place, match["sentence"], seeds, *shown))
            entry = _claim_line(found[-1], found[-1].anchor)
            if facts := _facts(found[-1], record.get(match["sentence"], {})):
                entry += [nodes.Text(" "), facts]
            yield entry
        elif match := EXERCISE.fullmatch(line):
            yield from flush()
            solved = match["mark"] == "★"
            status = nodes.paragraph(classes=["exercise-status", "solved" if solved else "open"])
            status += nodes.inline(match["mark"], f"{match['mark']} ", classes=["sign"])
            status += nodes.Text(match["text"])
            yield status
        else:
            plain.append(line)
    yield from flush()


def _claim_line(claim: Claim, target: str) -> nodes.paragraph:
    """Return the number, which leads to the claim's place, the tick and the sentence."""
    line = nodes.paragraph(classes=["claim"])
    number = nodes.reference("", "", internal=True, classes=["number"])
    if target == claim.anchor:
        line["ids"] = [target]
        number["refid"] = target
    else:
        number["refuri"] = target
    number += nodes.inline("", "Claim ", classes=["visually-hidden"])
    number += nodes.Text(claim.label)
    line += [number, nodes.Text(" "), _tick(), nodes.Text(" ")]
    line += nodes.inline(claim.sentence, claim.sentence, classes=["sentence"])
    return line


def _facts(claim: Claim, row: dict[str, str]) -> nodes.inline | None:
    """Return what was measured, and where the value comes from."""
    parts = [("measured", claim.measured), ("origin", origin(claim, row))]
    facts = nodes.inline(classes=["facts"])
    for kind, text in parts:
        if text:
            facts += [nodes.Text(" · ")] if facts.children else []
            facts += nodes.inline(text, text, classes=[kind])
    return facts if facts.children else None


def origin(claim: Claim, row: dict[str, str]) -> str:
    """Say where a value comes from, and in how many blocks of other seeds the claim held."""
    if claim.kind == "stored" and row.get("study_blocks"):
        return f"{claim.origin}; holds in {row['study_held']} of {row['study_blocks']} blocks"
    if claim.kind == "seeds" and claim.origin and row.get("blocks"):
        return f"{claim.origin}, and {row['held']} of {row['blocks']} fresh blocks"
    return claim.origin or (f"{claim.seeds} seeds" if claim.seeds else "")


def _tick() -> nodes.raw:
    return nodes.raw(
        "",
        '<svg class="gan-icon tick" viewBox="0 0 16 16" aria-hidden="true">'
        f'<path d="{CHECK}"/></svg>',
        format="html",
    )


# --- the ledger


def fill_ledger(app: Sphinx, doctree: nodes.document, docname: str) -> None:
    """Put the list of all claims where the directive stood."""
    for place in list(doctree.findall(LedgerNode)):
        content: list[nodes.Node] = []
        for source, claims in sorted(_all_claims(app.env).items()):
            if claims:
                link = app.builder.get_relative_uri(docname, source)
                content.append(_heading(app.env, claims, link))
                record = read_record(Path(app.srcdir) / "book" / "records", source)
                content.append(_list(claims, link, record))
        if not content:
            content.append(nodes.paragraph("", "No chapter of this build states a claim."))
        place.replace_self(content)


def fill_lines(app: Sphinx, doctree: nodes.document, docname: str) -> None:
    """Put the line of a claim where the directive stood; what nobody claims is an error."""
    for place in list(doctree.findall(LineNode)):
        claims = [claim for some in _all_claims(app.env).values() for claim in some]
        found = [claim for claim in claims if claim.sentence == place["sentence"]]
        if len(found) != 1:
            raise ExtensionError(f"{len(found)} chapters claim {place['sentence']!r}, not one")
        (claim,) = found
        link = app.builder.get_relative_uri(docname, claim.docname)
        record = read_record(Path(app.srcdir) / "book" / "records", claim.docname)
        line = _claim_line(claim, f"{link}#{claim.anchor}")
        if facts := _facts(claim, record.get(claim.sentence, {})):
            line += [nodes.Text(" "), facts]
        place.replace_self(line)


def fill_counts(app: Sphinx, doctree: nodes.document, docname: str) -> None:
    """Put numbers of claims where the role stood."""
    claims = [claim for some in _all_claims(app.env).values() for claim in some]
    for place in list(doctree.findall(CountNode)):
        place.replace_self(nodes.Text(str(count(claims, place["what"]))))


def count(claims: Iterable[Claim], what: str) -> int:
    """Return how many claims there are: `total`, or of one kind of KINDS."""
    if what != "total" and what not in KINDS:
        raise ValueError(f"{{claims}} knows total, {', '.join(KINDS)}, got {what!r}")
    return sum(1 for claim in claims if what in ("total", claim.kind))


def read_record(folder: Path, docname: str) -> dict[str, dict[str, str]]:
    """Return what repeating a chapter's claims on fresh seeds showed: sentence -> row.

    A chapter without a record gives an empty table.
    """
    path = folder / f"{docname.rpartition('/')[2]}.csv"
    if not path.exists():
        return {}
    lines = path.read_text(encoding="utf-8").splitlines()
    rows = csv.DictReader(line for line in lines if not line.startswith("#"))
    return {row["sentence"]: row for row in rows}


def _heading(env: BuildEnvironment, claims: list[Claim], link: str) -> nodes.Element:
    title = env.titles[claims[0].docname].astext()
    chapter = claims[0].chapter
    section = nodes.rubric(ids=[f"ledger-{chapter:02d}"], classes=["ledger-chapter"])
    section["heading-level"] = 2
    section += nodes.reference("", title, refuri=link, internal=True)
    counts = [(count(claims, kind), words) for kind, words in KINDS.items()]
    parts = ", ".join(f"{number} {words}" for number, words in counts if number)
    section += nodes.inline("", f" {len(claims)} claims: {parts}", classes=["count"])
    return section


def _list(claims: list[Claim], link: str, record: dict[str, dict[str, str]]) -> nodes.bullet_list:
    listing = nodes.bullet_list(classes=["ledger"])
    for claim in claims:
        line = _claim_line(claim, f"{link}#{claim.anchor}")
        item = nodes.list_item("", line)
        evidence = _evidence(claim, record.get(claim.sentence, {}))
        if evidence is not None:
            item += evidence
        listing += item
    return listing


def _evidence(claim: Claim, row: dict[str, str]) -> nodes.paragraph | None:
    """Say what stands behind a claim: value, origin, the one closest to the bound, and its room."""
    facts = [fact for fact in (claim.measured, origin(claim, row)) if fact]
    room = _number(row.get("room"))
    again = claim.kind != "stored"  # a file that is read twice says nothing new
    if again and row.get("worst") and row.get("bound"):
        sign = "<" if row["direction"] == "below" else ">"
        over = " over all blocks" if claim.measured else ""
        facts.append(f"closest{over} {_short(row['worst'])} {sign} {_short(row['bound'])}")
    if room is not None and _number(row.get("bound")):  # from a bound of zero there is no share
        facts.append(f"room {_percent(room)}")
    if not facts:
        return None
    line = nodes.paragraph(classes=["evidence"])
    line += nodes.Text(" · ".join(facts))
    return line


def _number(text: str | None) -> float | None:
    try:
        return float(text) if text else None
    except ValueError:
        return None


def _short(text: str) -> str:
    value = _number(text)
    return text if value is None else in_short(value)


def _percent(room: float) -> str:
    return f"{room:.0%}".replace("%", " %") if room < 10 else "over 1000 %"


# --- what Sphinx needs to know


def _all_claims(env: BuildEnvironment) -> dict[str, list[Claim]]:
    if not hasattr(env, "gan_book_claims"):
        env.gan_book_claims = {}  # type: ignore[attr-defined]
    found: dict[str, list[Claim]] = env.gan_book_claims  # type: ignore[attr-defined]
    return found


def _forget(app: Sphinx, env: BuildEnvironment, docname: str) -> None:
    _all_claims(env).pop(docname, None)


def _merge(app: Sphinx, env: BuildEnvironment, docnames: set[str], other: Any) -> None:
    _all_claims(env).update(_all_claims(other))


def setup(app: Sphinx) -> None:
    """Register nodes, directive, role and handlers."""
    app.add_node(LedgerNode)
    app.add_node(LineNode)
    app.add_node(CountNode)
    app.add_directive("claim-ledger", LedgerDirective)
    app.add_directive("claim-line", LineDirective)
    app.add_role("claims", CountRole())
    app.connect("doctree-read", number_claims)
    app.connect("env-purge-doc", _forget)
    app.connect("env-merge-info", _merge)
    app.connect("doctree-resolved", fill_ledger)
    app.connect("doctree-resolved", fill_lines)
    app.connect("doctree-resolved", fill_counts)
