"""A rough spectral embedding of M = A - E by block power steps, E the weights expected from strengths.

The eigenvalues of D^-1/2 M D^-1/2 lie between -1 and 1 for gamma up to 2: in every block the expectation
takes away the largest singular value and leaves the others. The trivial vector of D^-1/2 A D^-1/2 is gone,
so k - 1 vectors embed k clusters. In coordinates divided by sqrt(degree) a step is x -> D^-1 M x, a random
walk less its expectation.
"""

import numpy as np

from clusterability.ncut.adjacency import Layout
from clusterability.ncut.layered import LayeredWeights

_LEAST_EIGENVALUE = 1e-7  # of the largest one of a Gram matrix in float32


def layered_embedding(
    layout: Layout,
    weights: LayeredWeights,
    count: int,
    num_steps: int,
    rng: np.random.Generator,
    spare_vectors: int = 4,
) -> np.ndarray:
    """Return about the top eigenvectors of D^-1/2 M D^-1/2, rows divided by sqrt(degree), largest first.

    Subspace iteration from random vectors, then Rayleigh-Ritz; exact in the limit of many steps, of which a
    start for a local search needs a few. On a bipartite graph M = [[0, B], [B', 0]] a step is one from the
    side with fewer nodes to the other and back. Other graphs take the lazy walk (I + D^-1 M) / 2, whose
    largest eigenvalues belong to the same vectors.

    Args:
        layout: where the weights lie.
        weights: the same graph's weights.
        count: vectors wanted, at least 1.
        num_steps: power steps, at least 1.
        rng: draws the first vectors.
        spare_vectors: vectors beyond `count` that the iteration carries along.

    Returns:
        Shape (nodes, m) with m = count, or fewer where a side of the graph has fewer nodes; float32.
    """
    walk = _Walk(layout, weights)
    layers = list(range(len(layout.starts) - 1))
    large, small = layout.sides or ([], layers)
    nodes = sum(int(layout.starts[layer + 1] - layout.starts[layer]) for layer in small)
    vectors = walk.random(min(count + spare_vectors, nodes), rng)
    for _ in range(num_steps):
        walk.orthonormalise(vectors, small)  # after each step, or float32 loses the small ones
        if layout.sides is None:
            vectors = walk.lazy_step(walk.lazy_step(vectors))
        else:
            walk.step(vectors, large)
            walk.step(vectors, small)
    walk.orthonormalise(vectors, small)
    if layout.sides is None:
        return walk.ritz(vectors, count)
    walk.step(vectors, large)
    return walk.bipartite_ritz(vectors, count)


class _Walk:
    """The walk D^-1 M on vectors that are kept layer by layer, a list of (units, m) arrays."""

    def __init__(self, layout: Layout, weights: LayeredWeights) -> None:
        self.layout, self.weights = layout, weights
        bounds = list(zip(layout.starts[:-1], layout.starts[1:], strict=True))
        self.degrees = [weights.degrees[first:last, None] for first, last in bounds]
        self.inverse = [
            np.where(degree > 0, 1 / np.where(degree > 0, degree, 1), 0) for degree in self.degrees
        ]

    def random(self, num_vectors: int, rng: np.random.Generator) -> list[np.ndarray]:
        return [
            rng.standard_normal((len(degree), num_vectors), dtype=np.float32) * (degree > 0)
            for degree in self.degrees
        ]

    def product(self, vectors: list[np.ndarray], layer: int) -> np.ndarray:
        """Return D^-1 M times the vectors, on one layer."""
        total = np.zeros_like(vectors[layer])
        weights, layout = self.weights, self.layout
        for row in range(layout.half_pointers[layer], layout.half_pointers[layer + 1]):
            others = vectors[layout.neighbours[row]]
            total += layout.half(weights.flat, row) @ others
            expected = np.float32(weights.rates[row]) * (self._strengths(weights.opposite[row]) @ others)
            total -= self._strengths(row)[:, None] * expected
        total *= self.inverse[layer]
        return total

    def _strengths(self, row: int) -> np.ndarray:
        first, last = self.weights.strength_pointers[row : row + 2]
        return self.weights.strengths[first:last]

    def step(self, vectors: list[np.ndarray], layers: list[int]) -> None:
        """Overwrite the vectors on `layers` by the walk from their neighbours."""
        for layer in layers:
            vectors[layer] = self.product(vectors, layer)

    def lazy_step(self, vectors: list[np.ndarray]) -> list[np.ndarray]:
        return [(old + self.product(vectors, layer)) / 2 for layer, old in enumerate(vectors)]

    def gram(self, one: list[np.ndarray], other: list[np.ndarray], layers: list[int]) -> np.ndarray:
        """Return the inner products weighted by degrees, over `layers`."""
        return sum(
            (one[layer].T @ (self.degrees[layer] * other[layer]) for layer in layers),
            start=np.zeros((one[0].shape[1], other[0].shape[1]), dtype=np.float32),
        )

    def orthonormalise(self, vectors: list[np.ndarray], layers: list[int]) -> None:
        values, rotation = np.linalg.eigh(self.gram(vectors, vectors, layers))
        rotation /= np.sqrt(np.maximum(values, _LEAST_EIGENVALUE * max(values[-1], 1e-30)))
        for layer in layers:
            vectors[layer] = vectors[layer] @ rotation

    def ritz(self, vectors: list[np.ndarray], count: int) -> np.ndarray:
        layers = list(range(len(vectors)))
        products = [self.product(vectors, layer) for layer in layers]
        _, rotation = np.linalg.eigh(self.gram(vectors, products, layers))
        return np.concatenate(vectors) @ rotation[:, ::-1][:, :count]

    def bipartite_ritz(self, vectors: list[np.ndarray], count: int) -> np.ndarray:
        """Rotate the vectors of both sides to the best approximate singular vectors."""
        assert self.layout.sides is not None, "only bipartite graphs"
        large, _ = self.layout.sides
        squares, rotation = np.linalg.eigh(self.gram(vectors, vectors, large))
        rotation = rotation[:, ::-1][:, :count]
        singular = np.sqrt(np.maximum(squares[::-1][:count], 1e-8))
        for layer in range(len(vectors)):
            vectors[layer] = vectors[layer] @ (rotation / singular if layer in large else rotation)
        return np.concatenate(vectors)
