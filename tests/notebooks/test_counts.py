"""The front page of the repository counts the claims of each kind as they are."""

from __future__ import annotations

import re
from collections import Counter

from parts import records
from parts.chapters import RECORDS, ROOT, chapters, read_text
from parts.origins import origins

SENTENCE = (
    r"Of (?P<total>\d+) claims (?P<seeds>\d+) are about chance, .* Another (?P<stored>\d+) read "
    r"stored studies, .* (?P<exact>\d+) are exact, and (?P<machine>\d+) are about time "
    r"on a machine\."
)


def kinds() -> Counter[str]:
    """Return how many claims of each kind the chapters make."""
    found: Counter[str] = Counter()
    for path in chapters():
        known = origins(read_text(path))
        for row in records.read(RECORDS / f"{path.stem}.csv")[1]:
            origin = next(each for each in known if re.fullmatch(each.pattern, row["sentence"]))
            found[origin.kind] += 1
    return found


def test_the_readme_counts_the_claims_of_each_kind() -> None:
    counts = kinds()
    text = " ".join((ROOT / "README.md").read_text(encoding="utf-8").split())
    match = re.search(SENTENCE, text)
    assert match
    said = {kind: int(number) for kind, number in match.groupdict().items()}
    assert said == {**counts, "total": counts.total()}
