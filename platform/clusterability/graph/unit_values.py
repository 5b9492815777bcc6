"""Where the values of a layer's hidden units are read: what the next weights multiply."""

from dataclasses import dataclass

from clusterability.errors import LesionError
from clusterability.graph.draft import DraftGraph, Values


@dataclass(frozen=True, kw_only=True, slots=True)
class ReadAt:
    """A tensor of the module that weights, or an identity skip, read a layer's units from."""

    values: Values
    """Behind nonlinearity, batch norm and pooling."""
    channels: slice
    """Which of its channels are the layer's units."""


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
        ReadAt(values=block.consumed, channels=block.channels)
        for block in draft.blocks
        if block.source == layer
    ]
    if found.kind == "input" or not reads:
        return None
    if found.is_output:
        raise LesionError(
            f"layer {found.name!r}: got an output that other layers read, allowed: hidden layers"
        )
    assert found.width is not None, "settled by now"
    return HiddenLayer(name=found.name, width=found.width, read_at=tuple(_distinct(reads)))


def _distinct(reads: list[ReadAt]) -> list[ReadAt]:
    """Return each place once; a slice cannot be hashed before Python 3.12."""
    return list({(read.values, read.channels.start, read.channels.stop): read for read in reads}.values())
