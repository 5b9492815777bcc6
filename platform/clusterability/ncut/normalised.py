"""The normalised adjacency D^-1/2 A D^-1/2 as an operator."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from clusterability.ncut.adjacency import Layout, node_degrees

Eigenvectors = Callable[[int], np.ndarray]
"""Returns so many eigenvectors of N, those of the largest eigenvalues, descending, shape (nodes, count)."""


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
    def inverse_degrees(self) -> np.ndarray:
        """1 / degree, and 0 where the degree is 0, shape (nodes,)."""
        return self.scale**2

    def multiply(self, vectors: np.ndarray) -> np.ndarray:
        """Return N @ vectors for vectors of shape (nodes, m)."""
        scaled = self.scale[:, None] * vectors
        result = np.zeros_like(scaled)
        for sources, targets, weights in self._blocks():
            result[sources] += weights @ scaled[targets]
            result[targets] += weights.T @ scaled[sources]
        result *= self.scale[:, None]
        return result

    def dense(self) -> np.ndarray:
        """Return N as a matrix, shape (nodes, nodes)."""
        matrix = np.zeros((self.layout.num_nodes, self.layout.num_nodes), dtype=self.dtype)
        for sources, targets, weights in self._blocks():
            matrix[sources, targets] += weights
            matrix[targets, sources] += weights.T
        return matrix * self.scale[:, None] * self.scale

    def _blocks(self) -> Iterator[tuple[slice, slice, np.ndarray]]:
        starts = self.layout.starts
        for (source, target), row in zip(self.layout.pairs, self.layout.forward, strict=True):
            sources = slice(starts[source], starts[source + 1])
            targets = slice(starts[target], starts[target + 1])
            yield sources, targets, self.layout.half(self.flat, row)
