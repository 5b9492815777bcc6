"""What a null model is, and how the one of a name is made for a graph."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

import numpy as np

from clusterability.components import find
from clusterability.graph import Block
from clusterability.ncut import Prepared
from clusterability.ncut.adjacency import Layout, mirror
from clusterability.nulls.own import OwnNull


@dataclass(frozen=True, kw_only=True, slots=True)
class NullModel:
    """Draws null networks of one graph."""

    layout: Layout
    """How a drawn network's weights are laid out."""
    draw: Callable[[np.random.Generator], np.ndarray]
    """Returns the flat float32 array of one network's |w|."""


class Null(Protocol):
    """A component of the kind "null"; the user's own may also be a plain function, see `OwnNull`."""

    def model(self, prepared: Prepared) -> NullModel:
        """Return what draws null networks of a graph."""
        ...


DrawBlock = Callable[[Block, np.ndarray, np.ndarray, np.random.Generator], None]
"""Reads a block's observed |w| and writes drawn ones, both (source, target) float32 and contiguous."""


@dataclass(frozen=True, kw_only=True, slots=True)
class BlockNull:
    """A null that draws each block from the observed one; identity skips stay."""

    draw_block: DrawBlock

    def model(self, prepared: Prepared) -> NullModel:
        """See Null."""
        layout, observed = prepared.layout, prepared.flat
        blocks = list(zip(prepared.graph.blocks, layout.forward, strict=True))

        def draw(rng: np.random.Generator) -> np.ndarray:
            flat = np.empty_like(observed)
            for block, row in blocks:
                weights, drawn = layout.half(observed, row), layout.half(flat, row)
                if block.is_skip or not weights.size:
                    drawn[:] = weights
                else:
                    self.draw_block(block, weights, drawn, rng)
            mirror(layout, flat)
            return flat

        return NullModel(layout=layout, draw=draw)


def null_model(name: str, prepared: Prepared) -> NullModel:
    """Return the null model of a name, of the table or the user's own, for a graph.

    Raises:
        ConfigError: there is no such null.
        GraphError: the null does not apply to this graph.
    """
    null = find("null", name)
    if not hasattr(null, "model"):
        null = BlockNull(draw_block=OwnNull(name=name, function=null))
    return null.model(prepared)
