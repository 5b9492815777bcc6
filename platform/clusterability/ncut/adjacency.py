"""Edge weights laid out for speed: every layer's rows are contiguous, for both ends of each block."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numba import njit

from clusterability.graph import WeightGraph
from clusterability.graph.two_colouring import two_colouring


@dataclass(frozen=True, kw_only=True, slots=True)
class Layout:
    """Where each block's weights lie in one flat array.

    A block of shape (s, t) is stored twice: as it is, so that rows of its source are contiguous, and
    transposed, so that rows of its target are. Each stored matrix is a *half*.
    """

    halves: np.ndarray
    """One row per half: first own node, own nodes, first neighbour, neighbours, offset; shape (2 B, 5)."""
    half_pointers: np.ndarray
    """The halves of layer l are rows half_pointers[l] to half_pointers[l + 1], shape (layers + 1,)."""
    layer_of: np.ndarray
    """Layer of each node, shape (nodes,)."""
    forward: np.ndarray
    """Row in `halves` of each block as it is, shape (B,)."""
    backward: np.ndarray
    """Row in `halves` of each block transposed, shape (B,)."""
    pairs: tuple[tuple[int, int], ...]
    """(source, target) of each block."""
    neighbours: tuple[int, ...]
    """The layer that each half's columns belong to, one per half."""
    starts: np.ndarray
    """First node of each layer and the number of nodes, shape (layers + 1,)."""
    sides: tuple[list[int], list[int]] | None
    """Layers of the side with more nodes and of the other, where the graph is bipartite; else None."""
    nodes_of_smaller_side: np.ndarray | None
    """Nodes of the smaller side of a bipartite graph, ascending; None where it is not bipartite."""

    @property
    def num_nodes(self) -> int:
        """Nodes of the graph."""
        return int(self.starts[-1])

    @property
    def size(self) -> int:
        """Length of the flat array."""
        return int((self.halves[:, 1] * self.halves[:, 3]).sum())

    def half(self, flat: np.ndarray, row: int) -> np.ndarray:
        """Return one half as a matrix, a view into `flat`."""
        _, own, _, neighbours, offset = self.halves[row]
        return flat[offset : offset + own * neighbours].reshape(own, neighbours)


def make_layout(pairs: Sequence[tuple[int, int]], widths: Sequence[int]) -> Layout:
    """Lay out blocks between these (source, target) pairs of layers."""
    starts = np.concatenate([[0], np.cumsum(widths)]).astype(np.int64)
    ends = [(source, target, block, 0) for block, (source, target) in enumerate(pairs)]
    ends += [(target, source, block, 1) for block, (source, target) in enumerate(pairs)]
    ends.sort()
    halves = np.zeros((len(ends), 5), dtype=np.int64)
    places = np.zeros((2, len(pairs)), dtype=np.int64)
    offset = 0
    for row, (own, other, block, side) in enumerate(ends):
        halves[row] = (starts[own], widths[own], starts[other], widths[other], offset)
        places[side, block] = row
        offset += widths[own] * widths[other]
    layers_of_halves = [end[0] for end in ends]
    layer_of = np.repeat(np.arange(len(widths)), widths).astype(np.int64)
    sides = _sides(pairs, widths)
    return Layout(
        halves=halves,
        half_pointers=np.searchsorted(layers_of_halves, np.arange(len(widths) + 1)).astype(np.int64),
        layer_of=layer_of,
        forward=places[0],
        backward=places[1],
        pairs=tuple(pairs),
        neighbours=tuple(end[1] for end in ends),
        starts=starts,
        sides=sides,
        nodes_of_smaller_side=None if sides is None else np.flatnonzero(np.isin(layer_of, sides[1])),
    )


def graph_layout(graph: WeightGraph) -> Layout:
    """Lay out the blocks of a graph."""
    return make_layout([(block.source, block.target) for block in graph.blocks], graph.widths)


def fill(layout: Layout, matrices: Sequence[np.ndarray]) -> np.ndarray:
    """Return the flat float32 array of |w| of matrices that follow the layout's blocks."""
    flat = np.empty(layout.size, dtype=np.float32)
    for block, matrix in enumerate(matrices):
        forward = layout.half(flat, layout.forward[block])
        np.abs(matrix, out=forward, casting="same_kind")
    mirror(layout, flat)
    return flat


def mirror(layout: Layout, flat: np.ndarray) -> None:
    """Write every block's transposed half from its forward half."""
    _transpose_halves(flat, layout.halves, layout.forward, layout.backward)


@njit(cache=True, nogil=True)
def _transpose_halves(flat, halves, forward, backward):
    """Write the transposes, tile by tile so that reads and writes stay in the cache."""
    tile = 16
    for block in range(forward.size):
        _, rows, _, columns, offset = halves[forward[block]]
        matrix = flat[offset : offset + rows * columns].reshape(rows, columns)
        offset = halves[backward[block], 4]
        result = flat[offset : offset + rows * columns].reshape(columns, rows)
        for first_row in range(0, rows, tile):
            last_row = min(first_row + tile, rows)
            for first_column in range(0, columns, tile):
                for j in range(first_column, min(first_column + tile, columns)):
                    for i in range(first_row, last_row):
                        result[j, i] = matrix[i, j]


@njit(cache=True, nogil=True, fastmath=True)
def node_degrees(flat, halves, num_nodes):
    """Return the sum of the weights at each node, shape (nodes,), float64."""
    degrees = np.zeros(num_nodes)
    for h in range(halves.shape[0]):
        start, own, _, width, offset = halves[h]
        for i in range(own):
            row = flat[offset + i * width : offset + (i + 1) * width]
            total = 0.0
            for j in range(width):
                total += row[j]
            degrees[start + i] += total
    return degrees


def _sides(pairs: Sequence[tuple[int, int]], widths: Sequence[int]) -> tuple[list[int], list[int]] | None:
    """Divide the layers in two so that no block stays on one side, the side with more nodes first."""
    colours = two_colouring(len(widths), pairs)
    if colours is None:
        return None
    even, odd = ([layer for layer, own in enumerate(colours) if own == colour] for colour in (0, 1))
    nodes = [sum(widths[layer] for layer in side) for side in (even, odd)]
    return (even, odd) if nodes[0] >= nodes[1] else (odd, even)
