"""What a null model is, and how the one of a name is made for a graph."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

import numpy as np

from clusterability.components import find
from clusterability.graph import Block
from clusterability.ncut import Prepared
from clusterability.ncut.adjacency import Layout, mirror
from clusterability.nulls.dangling import leave_out_dangling
from clusterability.nulls.own import OwnNull
from clusterability.record import Statistic


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


SizeLimit = Callable[[Prepared, Statistic], str | None]
"""Says why the size of a test of a graph by a statistic is not known to hold; None: no sign against it."""

DrawBlock = Callable[[Block, np.ndarray, np.ndarray, np.random.Generator], None]
"""Reads a block's observed |w| and writes drawn ones, both (source, target) float32 and contiguous."""


@dataclass(frozen=True, kw_only=True, slots=True)
class BlockNull:
    """A null that draws each block from the observed one; identity skips stay."""

    draw_block: DrawBlock
    size_limit: SizeLimit | None = None

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


PrepareBlock = Callable[[np.ndarray], Callable[[np.random.Generator], np.ndarray]]
"""Takes a block's |w|, (source, target) float32, and returns what draws such blocks from a generator."""


@dataclass(frozen=True, kw_only=True, slots=True)
class FactorNull:
    """A null that draws each block from what is found in it once; identity skips stay."""

    prepare_block: PrepareBlock
    hidden_sources_only: bool = False
    """Whether blocks whose sources nothing writes to, the inputs', stay as they are."""
    size_limit: SizeLimit | None = None

    def model(self, prepared: Prepared) -> NullModel:
        """See Null."""
        layout, observed, graph = prepared.layout, prepared.flat, prepared.graph
        hidden = {block.target for block in graph.blocks}
        pieces = []
        for block, row in zip(graph.blocks, layout.forward, strict=True):
            if block.is_skip or (self.hidden_sources_only and block.source not in hidden):
                continue
            weights = layout.half(observed, row)
            for places in _dense_pieces(block, weights.shape):
                pieces.append((row, places, self.prepare_block(weights[places])))

        def draw(rng: np.random.Generator) -> np.ndarray:
            flat = observed.copy()
            for row, places, draw_piece in pieces:
                layout.half(flat, row)[places] = draw_piece(rng)
            mirror(layout, flat)
            return flat

        return NullModel(layout=layout, draw=draw)


def _dense_pieces(block: Block, shape: tuple[int, ...]) -> list[tuple[np.ndarray, ...]]:
    """Return the places of the parts of a block that have weights everywhere: all of it, or its groups."""
    rows, columns = np.arange(shape[0]), np.arange(shape[1])
    if block.places is None:
        return [np.ix_(rows, columns)] if rows.size and columns.size else []
    patterns, group = np.unique(block.places, axis=0, return_inverse=True)
    return [
        np.ix_(rows[group == index], columns[pattern])
        for index, pattern in enumerate(patterns)
        if pattern.any()
    ]


def null_model(name: str, prepared: Prepared) -> NullModel:
    """Return the null model of a name, of the table or the user's own, for a graph.

    Raises:
        ConfigError: there is no such null.
        GraphError: the null does not apply to this graph.
    """
    null = find("null", name)
    if not hasattr(null, "model"):
        null = BlockNull(draw_block=OwnNull(name=name, function=null))
    model = null.model(prepared)
    return model if prepared.graph.dangling_left_out is None else _without_dangling(model)


def _without_dangling(model: NullModel) -> NullModel:
    def draw(rng: np.random.Generator) -> np.ndarray:
        flat = model.draw(rng)
        leave_out_dangling(model.layout, flat)
        return flat

    return NullModel(layout=model.layout, draw=draw)


def size_limit(name: str, prepared: Prepared, statistic: Statistic) -> str | None:
    """Return why a test's p-value has no known size for this graph; None where nothing speaks against it.

    Nothing is known of the user's own nulls, so nothing is said of them.
    """
    limit: SizeLimit | None = getattr(find("null", name), "size_limit", None)
    return None if limit is None else limit(prepared, statistic)
