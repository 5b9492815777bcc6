"""Weight matrices by name or number out of npz files."""

import re
from collections.abc import Mapping, Sequence

import numpy as np
import torch

from clusterability.errors import CheckpointError
from clusterability.graph.files.elements import Weights
from clusterability.graph.files.orders import only_order

_NUMBERED = re.compile(r"arr_(\d+)")


def is_state_dict(names: Sequence[str]) -> bool:
    """Say whether arrays are named as the tensors of a module are: "0.weight", "fc1.bias"."""
    return any(name.rpartition(".")[2] in ("weight", "running_var") for name in names)


def as_tensors(arrays: Mapping[str, np.ndarray]) -> dict[str, torch.Tensor]:
    """Return arrays as tensors of the same kind.

    Raises:
        CheckpointError: an array of a kind that torch lacks.
    """
    tensors = {}
    for name, array in arrays.items():
        try:
            tensors[name] = torch.from_numpy(array)
        except TypeError as error:
            raise CheckpointError(
                f"{name!r}: got {array.dtype} values, allowed: float16 to float64"
            ) from error
    return tensors


def ordered_matrices(arrays: Mapping[str, np.ndarray]) -> list[np.ndarray]:
    """Return matrices, each (fan_in, fan_out), in the order of their chain.

    Arrays that numpy has numbered (arr_0, arr_1, ...) are in the order of their numbers. Named ones have no
    order: they must make a chain in exactly one.

    Raises:
        CheckpointError: an array that is not a matrix of floats, or no order of named ones, or several.
    """
    for name, array in arrays.items():
        if not np.issubdtype(array.dtype, np.floating):
            raise CheckpointError(f"{name!r}: got {array.dtype} values, allowed: a matrix of floats")
    numbers = {name: int(found[1]) for name in arrays if (found := _NUMBERED.fullmatch(name))}
    if len(numbers) == len(arrays):
        return [arrays[name] for name in sorted(arrays, key=lambda name: numbers[name])]
    for name, array in arrays.items():
        if array.ndim != 2 or 0 in array.shape:
            raise CheckpointError(f"{name!r}: got shape {array.shape}, allowed: (fan_in, fan_out)")
    shapes = [
        Weights(name=name, weight=torch.empty(array.shape[::-1], device="meta"), bias=None)
        for name, array in arrays.items()
    ]
    return [arrays[element.name] for element in only_order(shapes)]
