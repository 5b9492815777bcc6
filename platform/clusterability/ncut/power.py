"""A rough spectral embedding of a bipartite graph by a few block power steps."""

from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from clusterability.ncut.normalised import NormalisedAdjacency


def power_embedding(
    adjacency: NormalisedAdjacency, count: int, num_vectors: int, num_steps: int, rng: np.random.Generator
) -> np.ndarray:
    """Return about the top `count` eigenvectors of N, rows divided by sqrt(degree), shape (nodes, count).

    Subspace iteration with M'M from random vectors on the smaller side of a bipartite graph, then
    Rayleigh-Ritz. In coordinates divided by sqrt(degree) a step from side to side is the random walk D^-1 A.
    Exact in the limit of many steps; a start for a local search needs only a few. num_vectors >= count.
    """
    sides = adjacency.layout.sides
    assert sides is not None, "only bipartite graphs"
    walks: list[np.ndarray | None] = [None] * (len(adjacency.layout.starts) - 1)
    large, small = (_side(adjacency, layers, num_vectors, walks) for layers in sides)
    for layer in small.layers:
        rng.standard_normal(out=walks[layer], dtype=np.float32)
    for _ in range(num_steps):
        small.orthonormalise()  # after each step, or float32 loses the small ones
        large.step(walks)
        small.step(walks)
    small.orthonormalise()
    large.step(walks)
    return _ritz(small, large, adjacency.layout.starts, count)


@dataclass(frozen=True, kw_only=True, slots=True)
class _Side:
    """The vectors on one side of the graph; layers of a side share no weights."""

    layers: list[int]
    stacked: np.ndarray
    """The vectors of all its layers, shape (nodes of the side, vectors)."""
    parts: list[np.ndarray]
    """Those of each layer: views into `stacked`."""
    degrees: np.ndarray
    """Shape (nodes of the side, 1)."""
    inverse_degrees: list[np.ndarray]
    """Per layer, shape (units, 1)."""
    neighbours: list[list[tuple[int, np.ndarray]]]
    """Per layer, (other layer, weights of shape (units, other's units)) of its blocks."""

    def step(self, walks: list) -> None:
        """Overwrite the vectors with D^-1 A times those on their neighbours."""
        for part, inverse, blocks in zip(self.parts, self.inverse_degrees, self.neighbours, strict=True):
            for index, (other, weights) in enumerate(blocks):
                if index == 0:
                    np.matmul(weights, walks[other], out=part)
                else:
                    part += weights @ walks[other]
            part *= inverse

    def orthonormalise(self) -> None:
        """Make the vectors orthonormal in the inner product weighted by the degrees (Cholesky QR)."""
        values, vectors = np.linalg.eigh(self.gram())
        inverse_root = vectors / np.sqrt(np.maximum(values, 1e-7 * values[-1]))
        for part in self.parts:
            part[:] = part @ inverse_root

    def gram(self) -> np.ndarray:
        """Return the inner products of the vectors."""
        return self.stacked.T @ (self.stacked * self.degrees)


def _side(adjacency: NormalisedAdjacency, layers: list[int], num_vectors: int, walks: list) -> _Side:
    """Return a side with vectors of zeros, and enter these in `walks`, one array per layer."""
    layout, starts = adjacency.layout, adjacency.layout.starts.tolist()
    nodes = [slice(starts[layer], starts[layer + 1]) for layer in layers]
    ends = np.cumsum([0] + [own.stop - own.start for own in nodes]).tolist()
    stacked = np.zeros((ends[-1], num_vectors), dtype=np.float32)
    parts = [stacked[first:last] for first, last in pairwise(ends)]
    for layer, part in zip(layers, parts, strict=True):
        walks[layer] = part
    degrees = adjacency.degrees.astype(np.float32)[:, None]
    pointers = layout.half_pointers.tolist()
    return _Side(
        layers=layers,
        stacked=stacked,
        parts=parts,
        degrees=np.concatenate([degrees[own] for own in nodes]),
        inverse_degrees=[adjacency.inverse_degrees[own, None] for own in nodes],
        neighbours=[
            [
                (layout.neighbours[row], layout.half(adjacency.flat, row))
                for row in range(pointers[layer], pointers[layer + 1])
            ]
            for layer in layers
        ],
    )


def _ritz(small: _Side, large: _Side, starts: np.ndarray, count: int) -> np.ndarray:
    """Rotate the vectors on both sides to the best approximate singular vectors."""
    squares, rotation = np.linalg.eigh(large.gram())
    rotation = rotation[:, ::-1][:, :count]
    singular = np.sqrt(np.maximum(squares[::-1][:count], 1e-8))
    embedding = np.empty((starts[-1], count), dtype=np.float32)
    for side, turn in ((small, rotation), (large, rotation / singular)):
        for layer, part in zip(side.layers, side.parts, strict=True):
            embedding[starts[layer] : starts[layer + 1]] = part @ turn
    return embedding
