"""Largest eigenvalues of the normalised adjacency D^-1/2 A D^-1/2, without forming it where it is large."""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from scipy.linalg import LinAlgError, eigh
from scipy.sparse.linalg import ArpackError, LinearOperator, eigsh

from clusterability.errors import GraphError
from clusterability.ncut.adjacency import Layout, node_degrees

DENSE_NODES = 200
"""Up to so many nodes the whole matrix is decomposed."""
GRAM_NODES = 2500
"""Up to so many nodes on its smaller side a bipartite graph is decomposed through its Gram matrix."""
FALLBACK_NODES = 12_000
"""Up to so many nodes a Lanczos iteration that fails is replaced by a dense decomposition (1.2 GB)."""
_SMALLEST_SINGULAR_VALUE = 1e-4  # below it, U = N V / sigma is noise in float32


@dataclass(frozen=True, kw_only=True)
class NormalisedAdjacency:
    """N = D^-1/2 A D^-1/2 as an operator on the flat halves of a layout.

    Nodes of degree 0 get rows and columns of zeros: they take part in no eigenvector of a nonzero eigenvalue.
    """

    layout: Layout
    flat: np.ndarray
    dtype: type = np.float32

    @cached_property
    def degrees(self) -> np.ndarray:
        """Sum of the weights at each node, shape (nodes,), float64."""
        return node_degrees(self.flat, self.layout.halves, self.layout.num_nodes)

    @cached_property
    def scale(self) -> np.ndarray:
        """1 / sqrt(degree), and 0 where the degree is 0, shape (nodes,)."""
        connected = self.degrees > 0
        return np.where(connected, 1 / np.sqrt(np.where(connected, self.degrees, 1)), 0).astype(self.dtype)

    @cached_property
    def sides(self) -> tuple[np.ndarray, np.ndarray] | None:
        """Nodes of the two sides where the layers are bipartite, the smaller side last; else None."""
        colours = _two_colouring(self.layout)
        if colours is None:
            return None
        of_nodes = colours[self.layout.layer_of]
        first, second = np.flatnonzero(of_nodes == 0), np.flatnonzero(of_nodes == 1)
        return (first, second) if len(first) >= len(second) else (second, first)

    def multiply(self, vectors: np.ndarray) -> np.ndarray:
        """Return N @ vectors for vectors of shape (nodes, m)."""
        scaled = self.scale[:, None] * vectors
        result = np.zeros_like(scaled)
        starts = self.layout.starts
        for (source, target), row in zip(self.layout.pairs, self.layout.forward, strict=True):
            weights = self.layout.half(self.flat, row)
            sources, targets = (
                slice(starts[source], starts[source + 1]),
                slice(starts[target], starts[target + 1]),
            )
            result[sources] += weights @ scaled[targets]
            result[targets] += weights.T @ scaled[sources]
        result *= self.scale[:, None]
        return result

    def dense(self) -> np.ndarray:
        """Return N as a matrix, shape (nodes, nodes)."""
        matrix = np.zeros((self.layout.num_nodes, self.layout.num_nodes), dtype=self.dtype)
        starts = self.layout.starts
        for (source, target), row in zip(self.layout.pairs, self.layout.forward, strict=True):
            weights = self.layout.half(self.flat, row)
            sources, targets = (
                slice(starts[source], starts[source + 1]),
                slice(starts[target], starts[target + 1]),
            )
            matrix[sources, targets] += weights
            matrix[targets, sources] += weights.T
        return matrix * self.scale[:, None] * self.scale


def top_eigenpairs(adjacency: NormalisedAdjacency, count: int) -> tuple[np.ndarray, np.ndarray]:
    """Return the `count` largest eigenvalues, descending, and their eigenvectors, shape (nodes, count).

    A chain is bipartite, N = [[0, M], [M', 0]]: its largest eigenvalues are the singular values of M and
    follow from the smaller Gram matrix M'M, the vectors of the other side from U = M V / sigma. Other graphs
    and large ones take Lanczos iterations, which fall back to a dense decomposition.
    """
    if adjacency.layout.num_nodes <= max(DENSE_NODES, count + 1):
        return _dense_pairs(adjacency, count)
    sides = adjacency.sides
    if sides is not None and count <= len(sides[1]) <= GRAM_NODES:
        pairs = _gram_pairs(adjacency, sides, count)
        if pairs[0][-1] > _SMALLEST_SINGULAR_VALUE:
            return pairs
    return _lanczos_pairs(adjacency, count)


def _dense_pairs(adjacency: NormalisedAdjacency, count: int) -> tuple[np.ndarray, np.ndarray]:
    nodes = adjacency.layout.num_nodes
    values, vectors = eigh(adjacency.dense(), subset_by_index=(nodes - count, nodes - 1), check_finite=False)
    return values[::-1], vectors[:, ::-1]


def _gram_pairs(
    adjacency: NormalisedAdjacency, sides: tuple[np.ndarray, np.ndarray], count: int
) -> tuple[np.ndarray, np.ndarray]:
    large, small = sides
    gram = _gram(adjacency, small)
    squares, right = eigh(
        gram, subset_by_index=(len(small) - count, len(small) - 1), check_finite=False, overwrite_a=True
    )
    values = np.sqrt(np.maximum(squares[::-1], 0))
    vectors = np.zeros((adjacency.layout.num_nodes, count), dtype=adjacency.dtype)
    vectors[small] = right[:, ::-1]
    vectors[large] = adjacency.multiply(vectors)[large] / np.maximum(values, _SMALLEST_SINGULAR_VALUE)
    return values, vectors * np.sqrt(0.5, dtype=adjacency.dtype)


def _gram(adjacency: NormalisedAdjacency, small: np.ndarray) -> np.ndarray:
    """Return M'M over the smaller side: each layer of the larger side couples its own neighbours only."""
    layout, scale = adjacency.layout, adjacency.scale
    starts = layout.starts
    place = np.zeros(layout.num_nodes, dtype=np.int64)
    place[small] = np.arange(len(small))
    is_small = np.zeros(layout.num_nodes, dtype=bool)
    is_small[small] = True
    gram = np.zeros((len(small), len(small)), dtype=adjacency.dtype)
    for layer in range(len(starts) - 1):
        own = slice(starts[layer], starts[layer + 1])
        if starts[layer] == starts[layer + 1] or is_small[starts[layer]]:
            continue
        rows = range(layout.half_pointers[layer], layout.half_pointers[layer + 1])
        pieces, places = [], []
        for row in rows:
            _, _, first, width, _ = layout.halves[row]
            pieces.append(layout.half(adjacency.flat, row) * scale[first : first + width])
            places.append(place[first : first + width])
        weights = np.concatenate(pieces, axis=1) * scale[own, None]
        where = np.concatenate(places)
        np.add.at(gram, np.ix_(where, where), weights.T @ weights)
    return gram


class _Operator(LinearOperator):
    """The normalised adjacency as SciPy's Lanczos iteration wants it."""

    def __init__(self, adjacency: NormalisedAdjacency):
        nodes = adjacency.layout.num_nodes
        super().__init__(np.dtype(adjacency.dtype), (nodes, nodes))
        self.adjacency = adjacency

    def _matvec(self, x: np.ndarray) -> np.ndarray:
        return self.adjacency.multiply(x.reshape(-1, 1))[:, 0]


def _lanczos_pairs(adjacency: NormalisedAdjacency, count: int) -> tuple[np.ndarray, np.ndarray]:
    nodes = adjacency.layout.num_nodes
    operator = _Operator(adjacency)
    start = np.sqrt(adjacency.degrees).astype(
        adjacency.dtype
    )  # the first eigenvector, so runs are repeatable
    start += start.mean() * np.cos(np.arange(nodes), dtype=adjacency.dtype)
    try:
        values, vectors = eigsh(operator, k=count, which="LA", v0=start)
    except (ArpackError, LinAlgError) as error:
        if nodes <= FALLBACK_NODES:
            return _dense_pairs(adjacency, count)
        raise GraphError(
            f"the eigensolver did not converge on {nodes} nodes ({error}); fewer clusters may help"
        ) from error
    order = np.argsort(values)[::-1]
    return values[order], vectors[:, order]


def _two_colouring(layout: Layout) -> np.ndarray | None:
    """Return 0 or 1 for each layer so that no block joins equal ones; None where that is impossible."""
    colours = np.full(len(layout.starts) - 1, -1)
    for first in range(len(colours)):
        if colours[first] >= 0:
            continue
        colours[first] = 0
        waiting = [first]
        while waiting:
            layer = waiting.pop()
            for pair in layout.pairs:
                if layer in pair:
                    other = pair[0] if pair[1] == layer else pair[1]
                    if colours[other] == colours[layer]:
                        return None
                    if colours[other] < 0:
                        colours[other] = 1 - colours[layer]
                        waiting.append(other)
    return colours
