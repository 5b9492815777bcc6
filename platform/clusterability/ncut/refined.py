"""Our estimator: spectral starts and annealed local search."""

import numpy as np

from clusterability.ncut.embedding import connected_points
from clusterability.ncut.normalised import Eigenvectors, NormalisedAdjacency
from clusterability.ncut.power import power_embedding
from clusterability.ncut.search import best_labels

# Found by trying on fresh, trained and pruned networks: more of any of them lowers the n-cut by less than the
# time it takes is worth; see benchmarks/RESULTS.md.
LEAST_STARTS, MOST_STARTS, STARTED_NODES = 2, 50, 4000
"""Starts of the refined estimator: as many as make up 4,000 nodes, at least 2 and at most 50."""
POWER_STEPS, SPARE_VECTORS, ROUGH_ITERATIONS = 3, 4, 4
"""Power steps and vectors beyond k of the rough embedding, k-means iterations of each start."""
HEAT, NUM_SWEEPS = 0.06, 10
"""First temperature (in units of k / nodes) and sweeps at falling temperature."""


def refined_partition(
    adjacency: NormalisedAdjacency, num_clusters: int, rng: np.random.Generator, eigenvectors: Eigenvectors
) -> np.ndarray:
    """Return labels by spectral starts and annealed local search, shape (nodes,), -1 for nodes of degree 0.

    A rough spectral embedding (a few block power steps; exact where the graph is small or not bipartite).
    Each start: a few k-means iterations, then single nodes move between clusters while the n-cut falls, at
    first with a falling temperature. The start of lowest n-cut is kept. See `annealing.py`.
    """
    layout, embedding = adjacency.layout, _rough_embedding(adjacency, num_clusters, rng, eigenvectors)
    connected, points = connected_points(adjacency, embedding)
    num_starts = max(LEAST_STARTS, min(MOST_STARTS, STARTED_NODES // layout.num_nodes))
    return best_labels(
        adjacency.flat, layout.halves, layout.half_pointers, layout.layer_of, layout.forward,
        adjacency.degrees, points, connected, num_clusters, num_starts, ROUGH_ITERATIONS, HEAT, NUM_SWEEPS,
        rng,
    )  # fmt: skip


def _rough_embedding(
    adjacency: NormalisedAdjacency, num_clusters: int, rng: np.random.Generator, eigenvectors: Eigenvectors
) -> np.ndarray:
    num_vectors = num_clusters + SPARE_VECTORS
    small = adjacency.layout.nodes_of_smaller_side
    if small is None or len(small) < 2 * num_vectors:
        return eigenvectors(num_clusters) * adjacency.scale[:, None]
    return power_embedding(adjacency, num_clusters, num_vectors, POWER_STEPS, rng)
