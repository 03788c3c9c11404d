"""Files of trained weights: small, with their provenance, and read only if they are whole."""

from pathlib import Path

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save
from torch import Tensor, nn

from gan_tutorial.experiments import files
from gan_tutorial.fingerprint import fingerprint

SUFFIX = ".safetensors"
LIMIT = 300_000  # bytes of one file: readers download it with the chapter
KINDS = (torch.float16, torch.float32)

Weights = dict[str, Tensor]


def weights_of(network: nn.Module, dtype: torch.dtype) -> Weights:
    """Return copies of a network's weights and statistics, real numbers in another type."""
    return {
        name: value.detach()
        .cpu()
        .to(dtype if value.is_floating_point() else value.dtype, copy=True)
        for name, value in network.state_dict().items()
    }


def check_size(path: Path, size: int) -> None:
    """Refuse what is too large for a file.

    Raises
    ------
    ValueError
        If it is.
    """
    if size > LIMIT:
        raise ValueError(
            f"{str(path)!r} would have {size} bytes, and {LIMIT} are allowed: store the weights as "
            "torch.float16, or those of a smaller network"
        )


def write(path: Path, weights: Weights, about: dict[str, str]) -> None:
    """Write weights, and what is to be known about them, whole or not at all.

    Raises
    ------
    ValueError
        If a number is not finite, or the file is too large.
    """
    for name, value in weights.items():
        if not value.isfinite().all():
            raise ValueError(f"{name} holds a number that is not finite as {value.dtype}")
    content = save(weights, {**about, "checksum": fingerprint([weights, about])})
    check_size(path, len(content))
    path.parent.mkdir(parents=True, exist_ok=True)
    files.write_whole(path, content)


def read(path: Path) -> tuple[Weights, dict[str, str]]:
    """Return the weights in a file, and what is to be known about them.

    Raises
    ------
    ValueError
        If it is not what was written.
    """
    try:
        with safe_open(path, framework="pt") as file:
            about = file.metadata() or {}
            weights = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
        whole = about.pop("checksum", "") == fingerprint([weights, about])
    except SafetensorError:
        whole = False
    if not whole:
        raise ValueError(f"{str(path)!r} is damaged: it is not what make experiments wrote")
    return weights, about
