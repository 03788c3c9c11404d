"""What a thing is known by: options, networks and functions as words that the next process repeats.

A study's cache and a checkpoint must tell whether what they hold belongs to today's options. An
object's address says nothing in the next process, and a name says nothing of the code behind it.
"""

import functools
import hashlib
import json
import pickle
import sys
import types
from collections.abc import Iterator
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

KNOWN = {*sys.stdlib_module_names, "torch", "numpy", "gan_tutorial"}  # a name says all


def fingerprint(thing: Any) -> str:
    """Return 32 hexadecimal digits that differ where `describe` differs."""
    return digest(describe(thing))


def digest(words: Any) -> str:
    """Return 32 hexadecimal digits of what JSON can write."""
    return hashlib.sha256(json.dumps(words).encode()).hexdigest()[:32]


def describe(thing: Any, above: tuple[int, ...] = ()) -> Any:
    """Say what a thing is, in lists of words, the same in the next process.

    A function is its code, its defaults and what it refers to; an object its class and what it
    holds; a weight its shape alone, since `train` draws its own, unless it is frozen. A name of
    this package, of torch, NumPy or the standard library says all by itself.

    Raises
    ------
    ValueError
        If a thing, such as an open file, cannot be told from another of its kind.
    """
    if thing is None or isinstance(thing, (bool, int, float, complex, str, bytes, torch.dtype)):
        return repr(thing)
    if id(thing) in above:
        return f"{len(above) - above.index(id(thing))} levels up"
    above = (*above, id(thing))

    def all_of(things: Any) -> list[Any]:
        return [describe(each, above) for each in things]

    kind = type(thing)
    name = f"{kind.__module__}.{kind.__qualname__}"
    if isinstance(thing, nn.Parameter) and thing.requires_grad:  # train draws weights of its own
        return [name, list(thing.shape), str(thing.dtype), str(thing.device)]
    if isinstance(thing, (Tensor, np.ndarray)):
        values = torch.as_tensor(thing).detach().cpu()
        content = values.contiguous().flatten().view(torch.uint8).numpy().tobytes()
        return [name, list(values.shape), str(values.dtype), hashlib.sha256(content).hexdigest()]
    if isinstance(thing, dict):
        return [name, *sorted(all_of(thing.items()), key=str)]
    if isinstance(thing, (list, tuple)):
        return [name, *all_of(thing)]
    if isinstance(thing, (set, frozenset)):
        return [name, *sorted(all_of(thing), key=str)]
    if isinstance(thing, functools.partial):
        return [name, *all_of([thing.func, thing.args, thing.keywords])]
    if isinstance(thing, types.ModuleType):
        return thing.__name__
    if isinstance(thing, types.MethodType):
        return all_of([thing.__self__, thing.__func__])
    if hasattr(thing, "__qualname__"):  # a function or a class
        whole = f"{thing.__module__}.{thing.__qualname__}"
        if str(thing.__module__).partition(".")[0] in KNOWN:
            return whole
        if isinstance(thing, types.FunctionType):
            names = {*_names(thing.__code__)} & thing.__globals__.keys()
            cells = [cell.cell_contents for cell in thing.__closure__ or ()]
            used = {name: thing.__globals__[name] for name in names}
            return [whole, *all_of(
                [_code(thing.__code__), thing.__defaults__, thing.__kwdefaults__, cells, used]
            )]  # fmt: skip
        if isinstance(thing, type):
            parts = {k: v for k, v in vars(thing).items() if isinstance(v, types.FunctionType)}
            return [whole, *all_of([list(thing.__bases__), parts])]
    if hasattr(thing, "__dict__"):
        held = vars(thing)
        if isinstance(thing, nn.Module) and kind.__module__.startswith("torch."):
            held = {**held, "_buffers": list(thing._buffers)}  # statistics, which start afresh
        return all_of([kind, held])
    try:
        return [name, pickle.dumps(thing).hex()]
    except Exception as error:
        raise ValueError(f"nothing tells one {name} from another in the next process") from error


def _code(code: types.CodeType) -> list[Any]:
    inner = [_code(c) if isinstance(c, types.CodeType) else c for c in code.co_consts]
    return [code.co_code, code.co_names, code.co_varnames, inner]


def _names(code: types.CodeType) -> Iterator[str]:
    """Return the global names that a function, or a function inside it, may use."""
    yield from code.co_names
    for inner in code.co_consts:
        if isinstance(inner, types.CodeType):
            yield from _names(inner)
