"""A rough spectral embedding of a bipartite graph by a few block power steps."""

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
    large, small = sides
    degrees, starts = adjacency.degrees.astype(np.float32), adjacency.layout.starts
    walks = [np.zeros((0, num_vectors), dtype=np.float32)] * (len(starts) - 1)
    for layer in small:
        size = (starts[layer + 1] - starts[layer], num_vectors)
        walks[layer] = rng.standard_normal(size, dtype=np.float32)
    for _ in range(num_steps):
        _orthonormalise(walks, small, degrees, starts)  # after each step, or float32 loses the small ones
        _step(adjacency, walks, large)
        _step(adjacency, walks, small)
    _orthonormalise(walks, small, degrees, starts)
    _step(adjacency, walks, large)
    return _ritz(walks, small, large, degrees, starts, count)


def _step(adjacency: NormalisedAdjacency, walks: list[np.ndarray], layers: list[int]) -> None:
    """Overwrite the vectors on `layers` with D^-1 A times those on their neighbours."""
    layout, inverse = adjacency.layout, adjacency.inverse_degrees
    for layer in layers:
        total = None
        for row in range(layout.half_pointers[layer], layout.half_pointers[layer + 1]):
            product = layout.half(adjacency.flat, row) @ walks[layout.neighbours[row]]
            total = product if total is None else np.add(total, product, out=total)
        if total is not None:
            total *= inverse[layout.starts[layer] : layout.starts[layer + 1], None]
            walks[layer] = total


def _orthonormalise(walks: list[np.ndarray], layers: list[int], degrees: np.ndarray, starts) -> None:
    """Make the vectors on `layers` orthonormal in the inner product weighted by the degrees (Cholesky QR)."""
    gram = _gram(walks, layers, degrees, starts)
    values, vectors = np.linalg.eigh(gram)
    inverse_root = vectors / np.sqrt(np.maximum(values, 1e-7 * values[-1]))
    for layer in layers:
        walks[layer] = walks[layer] @ inverse_root


def _gram(walks: list[np.ndarray], layers: list[int], degrees: np.ndarray, starts) -> np.ndarray:
    weighted = [walks[layer] * degrees[starts[layer] : starts[layer + 1], None] for layer in layers]
    return np.concatenate([walks[layer] for layer in layers]).T @ np.concatenate(weighted)


def _ritz(walks, small, large, degrees, starts, count) -> np.ndarray:
    """Rotate the vectors on both sides to the best approximate singular vectors."""
    squares, rotation = np.linalg.eigh(_gram(walks, large, degrees, starts))
    rotation = rotation[:, ::-1][:, :count]
    singular = np.sqrt(np.maximum(squares[::-1][:count], 1e-8))
    embedding = np.empty((starts[-1], count), dtype=np.float32)
    for layer in small:
        embedding[starts[layer] : starts[layer + 1]] = walks[layer] @ rotation
    for layer in large:
        embedding[starts[layer] : starts[layer + 1]] = walks[layer] @ (rotation / singular)
    return embedding
