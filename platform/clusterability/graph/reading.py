"""What is read of a module, a file or a list of matrices: the blocks that a weight graph is made of."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from clusterability.errors import GraphError
from clusterability.graph.block import Block, Weighting


@dataclass(frozen=True, kw_only=True, slots=True)
class Reading:
    """All layers and blocks of a network, isolated units included."""

    blocks: tuple[Block, ...]
    """Weights between layers."""
    widths: tuple[int, ...]
    """Units of each layer."""
    layer_names: tuple[str, ...]
    """What each layer is called in its network."""
    weighting: Weighting = "weights"
    """What an edge is: see `WeightGraph`."""
    note: str = ""
    """What was assumed in reading the network; empty: nothing."""


def chain_reading(matrices: Sequence[Any]) -> Reading:
    """Return the reading of a chain of layers from its weight matrices, each (fan_in, fan_out).

    Raises:
        GraphError: no matrix, one that is not two-dimensional, or that does not fit the one before it.
    """
    if len(matrices) == 0:
        raise GraphError("a weight graph needs at least one weight matrix, got none")
    arrays = [np.asarray(matrix, dtype=np.float64) for matrix in matrices]
    for index, array in enumerate(arrays):
        if array.ndim != 2 or 0 in array.shape:
            raise GraphError(f"matrix {index}: got shape {array.shape}, allowed: (fan_in, fan_out)")
        if index > 0 and arrays[index - 1].shape[1] != array.shape[0]:
            raise GraphError(
                f"matrix {index}: got fan_in {array.shape[0]}, but matrix {index - 1} has "
                f"fan_out {arrays[index - 1].shape[1]}"
            )
    return Reading(
        blocks=tuple(Block(source=i, target=i + 1, matrix=array) for i, array in enumerate(arrays)),
        widths=(arrays[0].shape[0], *(array.shape[1] for array in arrays)),
        layer_names=numbered(len(arrays) + 1),
    )


def numbered(num_layers: int) -> tuple[str, ...]:
    """Return the names of layers that have none."""
    return tuple(f"layer {index}" for index in range(num_layers))
