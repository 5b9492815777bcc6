"""Files opened without executing anything in them: torch, safetensors, sharded, npz."""

import re
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

import numpy as np
import torch
from safetensors.torch import load_file

from clusterability.errors import CheckpointError, first_line
from clusterability.graph.files.shards import read_shards
from clusterability.graph.files.stored import StoredTensors
from clusterability.graph.files.torch_file import read_torch_file

SUFFIXES = (".bin", ".ckpt", ".index.json", ".npz", ".pt", ".pth", ".safetensors")
_ONE_OF_SEVERAL = re.compile(r"-0*(\d+)-of-0*(\d+)$")
_Content = TypeVar("_Content")


def open_tensors(path: Path) -> StoredTensors:
    """Return the tensors of a .pt, .pth, .ckpt, .bin, .safetensors or .index.json file.

    Raises:
        CheckpointError: the file is damaged, not safe to load, one shard of several, or holds no tensors.
    """
    if path.name.endswith(".index.json"):
        return without_order(read_shards(path, _tensors))
    part = _ONE_OF_SEVERAL.search(path.stem)
    if part and int(part[2]) > 1:
        raise CheckpointError(
            f"is shard {part[1]} of {part[2]}, and the others hold the other layers: "
            "give the .index.json file beside it"
        )
    if path.suffix == ".safetensors":
        return without_order(safely(lambda: load_file(path)))
    return read_torch_file(path, safely)


def without_order(tensors: dict[str, torch.Tensor]) -> StoredTensors:
    """Return tensors out of a file that holds them in no order."""
    return StoredTensors(mappings={"": tensors}, modules={}, has_order=False)


def open_arrays(path: Path) -> dict[str, np.ndarray]:
    """Return the arrays of an npz file.

    Raises:
        CheckpointError: the file is damaged, not safe to load, or holds an array that is not of floats.
    """

    def load() -> dict[str, np.ndarray]:
        with path.open("rb") as file, np.load(file, allow_pickle=False) as arrays:
            return {name: np.asarray(arrays[name]) for name in arrays.files}

    return safely(load)


def safely(load: Callable[[], _Content]) -> _Content:
    """Return what a library loads; whatever a damaged file makes it raise becomes one line."""
    try:
        return load()
    except CheckpointError:
        raise
    except Exception as error:  # what a damaged file makes three libraries raise has no common name
        raise CheckpointError(f"is damaged, or not safe to load: {first_line(error)[:150]}") from error


def _tensors(path: Path) -> dict[str, torch.Tensor]:
    if path.suffix == ".safetensors":
        return safely(lambda: load_file(path))
    mappings = read_torch_file(path, safely).mappings
    if len(mappings) != 1:
        raise CheckpointError(f"shard {path.name!r} holds {len(mappings)} mappings of tensors, allowed: one")
    return next(iter(mappings.values()))
