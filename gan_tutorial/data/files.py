"""The stored pictures: read once, and only if they are what was stored."""

import hashlib
import io
from functools import cache
from importlib.resources import files

import numpy as np
import torch
from torch import Tensor

# SHA-256 of each file; in the code, so that what is known by the code changes with the pictures
CHECKSUMS = {
    "digits28": "b9152a1147b6e9f2835a7bffcfabfcb49a1a3396a8d413453b3a0e39a364027b",
    "digits8": "f5156a21919bc1c60ff7aa39ab403b8505c370e0cc6ec8a2ba4aaf6b12057922",
    "letters": "e5eb4ed3cb48679618e91abc93ec5600e8c4780df67b5ca75d3c774289374fca",
}


@cache
def stored(name: str) -> dict[str, Tensor]:
    """Return the tables of a stored file, such as `letters`, by their names.

    Raises
    ------
    ValueError
        If the file is missing, or is not the one that was stored.
    """
    file = f"{name}.npz"
    try:
        content = (files("gan_tutorial.data") / "stored" / file).read_bytes()
    except OSError as error:
        raise ValueError(
            f"the stored pictures {file} cannot be read, install the package again: {error}"
        ) from None
    found = hashlib.sha256(content).hexdigest()
    if found != CHECKSUMS[name]:
        raise ValueError(
            f"the stored pictures {file} are damaged, install the package again: "
            f"their SHA-256 is {found}, and was {CHECKSUMS[name]}"
        )
    with np.load(io.BytesIO(content)) as tables:
        return {each: torch.from_numpy(tables[each]) for each in tables.files}
