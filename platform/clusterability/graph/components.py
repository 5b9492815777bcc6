"""Connected components of a graph of blocks, without the sparse matrix of all its edges."""

from collections import deque
from collections.abc import Sequence

import numpy as np

_ROWS = 64  # units whose edges are looked at together: in a dense layer the first few reach all others


def count_components(ends: Sequence[tuple[int, int, np.ndarray]], widths: Sequence[int]) -> int:
    """Return how many components there are; ends: (source, target, matrix of shape (source, target)).

    Breadth first, from layer to layer: an entry is read only while its target is unreached, so that a dense
    layer costs a few of its rows.
    """
    neighbours: list[list[tuple[int, np.ndarray]]] = [[] for _ in widths]
    for source, target, matrix in ends:
        neighbours[source].append((target, matrix))
        neighbours[target].append((source, matrix.T))
    unreached = [np.arange(width) for width in widths]
    num_components = 0
    for layer in range(len(widths)):
        while unreached[layer].size:
            root, unreached[layer] = unreached[layer][:1], unreached[layer][1:]
            _reach(layer, root, neighbours, unreached)
            num_components += 1
    return num_components


def _reach(
    layer: int, units: np.ndarray, neighbours: list[list[tuple[int, np.ndarray]]], unreached: list[np.ndarray]
) -> None:
    """Take everything connected to these units out of `unreached`."""
    waiting = deque([(layer, units)])
    while waiting:
        own, reached = waiting.popleft()
        for other, matrix in neighbours[own]:
            for first in range(0, len(reached), _ROWS):
                if not unreached[other].size:
                    break
                edges = matrix[np.ix_(reached[first : first + _ROWS], unreached[other])]
                connected = edges.any(axis=0)
                if connected.any():
                    waiting.append((other, unreached[other][connected]))
                    unreached[other] = unreached[other][~connected]
