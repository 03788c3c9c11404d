"""What was seen on a page when all was green, which stands until the page looks otherwise."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from parts.chapters import write_atomically

HERE = "http://the-site.invalid/"  # stands for the address, which is another one each time


def digest(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def looks(site: Path, pages: Iterable[str], how: str) -> dict[str, str]:
    """Return for each page a hash of all that it can load, and of how it is looked at.

    A page can load what it names, and everything in `_static`, which scripts and styles name.
    """
    files = {
        path: digest(path.read_bytes())
        for path in sorted(site.rglob("*"))
        if path.is_file() and path.suffix != ".html"
    }
    others = [path for path in files if "_static" not in path.parts]
    shared = [files[path] for path in files if "_static" in path.parts]
    found = {}
    for name in pages:
        text = (site / name).read_text(encoding="utf-8")
        named = [[path.name, files[path]] for path in others if path.name in text]
        found[name] = digest(json.dumps([how, text, named, shared]).encode())
    return found


class Seen:
    """What was seen, in a folder: a file for each page."""

    def __init__(self, folder: Path, address: str) -> None:
        self.folder, self.address = folder, address

    def _file(self, page: str) -> Path:
        return self.folder / f"{re.sub(r'[^0-9A-Za-z]+', '-', page)}.json"

    def recall(self, page: str, look: str) -> dict[str, Any] | None:
        """Return what was seen on a page that had this look, if it is known."""
        try:
            text = self._file(page).read_text(encoding="utf-8")
            kept = json.loads(text.replace(HERE, self.address))
            return kept["seen"] if kept["look"] == look else None
        except (OSError, ValueError, KeyError, TypeError):
            return None

    def remember(self, page: str, look: str, seen: dict[str, Any]) -> None:
        """Keep what was seen on a page with this look."""
        text = json.dumps({"look": look, "seen": seen}, ensure_ascii=False)
        write_atomically(self._file(page), text.replace(self.address, HERE))
