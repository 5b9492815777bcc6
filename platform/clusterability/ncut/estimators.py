"""Partitions of a normalised adjacency into k clusters, by the name of their estimator."""

from collections.abc import Callable

import numpy as np

from clusterability.errors import GraphError
from clusterability.ncut.annealing import anneal
from clusterability.ncut.eigen import top_eigenpairs
from clusterability.ncut.kmeans import MAX_ITERATIONS, kmeans
from clusterability.ncut.normalised import NormalisedAdjacency
from clusterability.ncut.partition import partition_ncut
from clusterability.ncut.power import power_embedding

# Found by trying on fresh, trained and pruned networks: more of any of them lowers the n-cut by less than the
# time it takes is worth; see benchmarks/RESULTS.md.
LEAST_STARTS, MOST_STARTS, STARTED_NODES = 2, 50, 4000
"""Starts of the refined estimator: as many as make up 4,000 nodes, at least 2 and at most 50."""
POWER_STEPS, SPARE_VECTORS, ROUGH_ITERATIONS = 3, 4, 4
"""Power steps and vectors beyond k of the rough embedding, k-means iterations of each start."""
HEAT, NUM_SWEEPS = 0.06, 10
"""First temperature (in units of k / nodes) and sweeps at falling temperature."""


def spectral_partition(
    adjacency: NormalisedAdjacency,
    num_clusters: int,
    rng: np.random.Generator,
    vectors: np.ndarray | None = None,
) -> np.ndarray:
    """Return labels by the paper's spectral clustering, shape (nodes,), -1 for nodes of degree 0.

    The k largest eigenvectors of D^-1/2 A D^-1/2, rows divided by sqrt(degree), k-means with 25 restarts (100
    above 2,000 nodes). Equivalent to scikit-learn's `SpectralClustering(affinity="precomputed",
    assign_labels="kmeans", n_init=25, eigen_solver="arpack")` within the noise of k-means.
    `vectors` are those eigenvectors, shape (nodes, k), where they are known already.
    """
    if vectors is None:
        _, vectors = top_eigenpairs(adjacency, num_clusters)
    num_starts = 25 if adjacency.layout.num_nodes <= 2000 else 100
    embedding = vectors * adjacency.scale[:, None]
    return _cluster_rows(adjacency, embedding, num_clusters, num_starts, MAX_ITERATIONS, rng)


def refined_partition(
    adjacency: NormalisedAdjacency, num_clusters: int, rng: np.random.Generator
) -> np.ndarray:
    """Return labels by spectral starts and annealed local search, shape (nodes,), -1 for nodes of degree 0.

    A rough spectral embedding (a few block power steps; exact where the graph is small or not bipartite).
    Each start: a few k-means iterations, then single nodes move between clusters while the n-cut falls, at
    first with a falling temperature. The start of lowest n-cut is kept. See `annealing.py`.
    """
    num_nodes = adjacency.layout.num_nodes
    degrees = adjacency.degrees.astype(np.float32)
    best_labels, best_value = np.empty(0), np.inf
    layout, embedding = adjacency.layout, _rough_embedding(adjacency, num_clusters, rng)
    for _ in range(max(LEAST_STARTS, min(MOST_STARTS, STARTED_NODES // num_nodes))):
        labels = _cluster_rows(adjacency, embedding, num_clusters, 1, ROUGH_ITERATIONS, rng)
        anneal(
            adjacency.flat, layout.halves, layout.half_pointers, layout.layer_of, degrees, labels,
            num_clusters, HEAT, NUM_SWEEPS, rng,
        )  # fmt: skip
        value = partition_ncut(adjacency, labels, num_clusters)
        if value < best_value:
            best_labels, best_value = labels, value
    return best_labels


def _rough_embedding(
    adjacency: NormalisedAdjacency, num_clusters: int, rng: np.random.Generator
) -> np.ndarray:
    num_vectors = num_clusters + SPARE_VECTORS
    small = adjacency.layout.nodes_of_smaller_side
    if small is None or len(small) < 2 * num_vectors:
        return top_eigenpairs(adjacency, num_clusters)[1] * adjacency.scale[:, None]
    return power_embedding(adjacency, num_clusters, num_vectors, POWER_STEPS, rng)


def _cluster_rows(
    adjacency: NormalisedAdjacency,
    embedding: np.ndarray,
    num_clusters: int,
    num_starts: int,
    max_iterations: int,
    rng: np.random.Generator,
) -> np.ndarray:
    connected = np.flatnonzero(adjacency.degrees > 0)
    points = np.ascontiguousarray(embedding[connected].T, dtype=np.float32)
    if not np.isfinite(points).all():  # compiled code would take such points for memory of its own
        raise GraphError("the spectral embedding is not finite: the weights' sizes are too far apart")
    labels = np.full(adjacency.layout.num_nodes, -1, dtype=np.int32)
    labels[connected] = kmeans(points, num_clusters, num_starts, max_iterations, rng)
    return labels


Partitioner = Callable[[NormalisedAdjacency, int, np.random.Generator], np.ndarray]
PARTITIONERS: dict[str, Partitioner] = {"refined": refined_partition, "spectral": spectral_partition}
