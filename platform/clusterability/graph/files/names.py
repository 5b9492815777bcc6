"""The names of tensors in files: the layer they belong to, their parts and their numbers."""

import re
from collections.abc import Iterable, Sequence
from fnmatch import fnmatchcase

WAY_OUT = "build the module and use WeightGraph.from_module"
_PARAMETRISED = re.compile(r"(?:^|\.)(?=parametrizations\.)")
_NUMBERED = re.compile(r"(.*?)(\d+)", re.DOTALL)


def split_name(name: str) -> tuple[str, str]:
    """Return the layer that a tensor belongs to ("" for the network itself) and what it is of that layer."""
    layer, _, part = name.rpartition(".")
    found = _PARAMETRISED.search(name)
    return (name[: found.start()], name[found.end() :]) if found else (layer, part)


def parent_and_number(layer: str) -> tuple[str, int | None]:
    """Return a layer's container and its number there; None where it has a name instead."""
    parent, _, last = layer.rpartition(".")
    return parent, int(last) if last.isascii() and last.isdigit() else None


def stem_and_number(part: str) -> tuple[str, int | None]:
    """Split "conv2" into "conv" and 2; no number at the end: None."""
    found = _NUMBERED.fullmatch(part) if part.isascii() else None
    return (found[1], int(found[2])) if found else (part, None)


def matches(name: str, pattern: str) -> bool:
    """Say whether a pattern (`*`, `?`, `[...]`) fits a name, or what comes before one of its dots."""
    parts = name.split(".")
    return any(fnmatchcase(".".join(parts[: end + 1]), pattern) for end in range(len(parts)))


def common_prefix(names: Iterable[str]) -> str:
    """Return the longest "a.b" that all names begin with, dots whole."""
    split = [name.split(".") for name in names]
    shared = []
    for parts in zip(*split, strict=False):
        if len(set(parts)) > 1:
            break
        shared.append(parts[0])
    return ".".join(shared)


def listed(names: Sequence[str], most: int = 4) -> str:
    """Quote names, a few of many."""
    shown = ", ".join(repr(name) for name in names[:most])
    return shown if len(names) <= most else f"{shown} and {len(names) - most} more"
