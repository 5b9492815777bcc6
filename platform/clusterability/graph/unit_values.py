"""Where the values of a layer's hidden units are read: what the next weights multiply."""

from dataclasses import dataclass

import numpy as np

from clusterability.errors import LesionError
from clusterability.graph.draft import DraftGraph, Values


@dataclass(frozen=True, kw_only=True, slots=True)
class ReadAt:
    """A tensor of the module that weights, or an identity skip, read a layer's units from."""

    values: Values
    """Behind nonlinearity, batch norm and pooling."""
    positions: np.ndarray
    """Where the layer's units lie along the axis of those values, (units, places); -1: nowhere."""


@dataclass(frozen=True, kw_only=True, slots=True)
class HiddenLayer:
    """A layer of units that are neither inputs nor outputs."""

    name: str
    width: int
    read_at: tuple[ReadAt, ...]
    """All places where its units are read, each once."""


def hidden_layer(draft: DraftGraph, layer: int) -> HiddenLayer | None:
    """Return where the units of a layer are read; None where it holds inputs, or nothing reads it.

    Raises:
        LesionError: the module returns the units of a layer that weights read as well.
    """
    found = draft.layers[layer]
    reads = [
        ReadAt(values=block.consumed, positions=block.positions)
        for block in draft.blocks
        if block.source == layer
    ]
    if found.kind == "input" or not reads:
        return None
    if found.is_output:
        raise LesionError(
            f"layer {found.name!r}: got an output that other layers read, allowed: hidden layers"
        )
    return HiddenLayer(name=found.name, width=found.width, read_at=tuple(_distinct(reads)))


def _distinct(reads: list[ReadAt]) -> list[ReadAt]:
    """Return each place once."""
    return list({(read.values, read.positions.tobytes()): read for read in reads}.values())
