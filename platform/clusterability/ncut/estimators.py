"""Partitions of a normalised adjacency into k clusters, by the name of their estimator."""

from collections.abc import Callable
from copy import deepcopy

import numpy as np

from clusterability.errors import GraphError
from clusterability.ncut.annealing import anneal, attraction_to_clusters
from clusterability.ncut.eigen import top_eigenpairs
from clusterability.ncut.kmeans import MAX_ITERATIONS, kmeans
from clusterability.ncut.merging import merge_clusters, sums_between
from clusterability.ncut.normalised import NormalisedAdjacency
from clusterability.ncut.partition import cluster_volumes, partition_ncut
from clusterability.ncut.power import power_embedding
from clusterability.ncut.schedule import (
    FIRST_SWEEPS,
    HEAT,
    POWER_STEPS,
    ROUGH_ITERATIONS,
    num_starts,
    num_sweeps,
    surplus_clusters,
)

SPARE_VECTORS = 4
"""Vectors beyond k of the rough embedding."""
FEW_NODES, CLEAR_SHARE = 100, 0.75
"""The refined estimator also starts from the spectral partition where the graph has at most so many nodes,
and where its clusters are clear: n-cut at most this share of k - 1, that of a graph without structure."""


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

    A rough spectral embedding (a few block power steps; exact where the graph is small or not bipartite),
    rows made unit vectors. Each start: a few k-means iterations with half as many clusters again (at least
    four more) than wanted, single nodes move between clusters while the n-cut falls, at first at a falling
    temperature (see `annealing.py`), the clusters are merged down to k by n-cut, and nodes move again.
    Without surplus clusters a start often has two clusters in one and another in two, which no move of single
    nodes mends.

    Where the spectral partition could be lower it is a start as well, drawn as `spectral_partition` draws it
    from the same `rng`, so that the result is not above it: in graphs of few nodes, and where clusters are
    clear. Elsewhere the search ends some percent below it. The start of lowest n-cut is kept.
    """
    as_given = deepcopy(rng)
    embedding = _rough_embedding(adjacency, num_clusters, rng)
    lengths = np.linalg.norm(embedding, axis=1, keepdims=True)
    rows = embedding / np.where(lengths > 0, lengths, 1)
    num_nodes = adjacency.layout.num_nodes
    starts = [_searched(adjacency, rows, num_clusters, rng) for _ in range(num_starts(num_nodes))]
    values = [partition_ncut(adjacency, labels, num_clusters) for labels in starts]
    if num_nodes <= FEW_NODES or min(values) <= CLEAR_SHARE * (num_clusters - 1):
        spectral = spectral_partition(adjacency, num_clusters, as_given)
        starts += [spectral, _annealed(adjacency, spectral.copy(), num_clusters, FIRST_SWEEPS, rng)]
        values += [partition_ncut(adjacency, labels, num_clusters) for labels in starts[-2:]]
    return starts[int(np.argmin(values))]


def _searched(
    adjacency: NormalisedAdjacency, rows: np.ndarray, num_clusters: int, rng: np.random.Generator
) -> np.ndarray:
    """Return the labels that one start ends at."""
    many = surplus_clusters(num_clusters, int(np.count_nonzero(adjacency.degrees)))
    labels = _cluster_rows(adjacency, rows, many, 1, ROUGH_ITERATIONS, rng)
    if many > num_clusters:
        _annealed(adjacency, labels, many, FIRST_SWEEPS, rng)
        attraction = attraction_to_clusters(adjacency.flat, adjacency.layout.halves, labels, many)
        volumes = cluster_volumes(adjacency.degrees, labels, many)
        merge_clusters(sums_between(attraction, labels), volumes, labels, num_clusters, False)
    return _annealed(adjacency, labels, num_clusters, num_sweeps(len(labels)), rng)


def _annealed(
    adjacency: NormalisedAdjacency,
    labels: np.ndarray,
    num_clusters: int,
    sweeps: int,
    rng: np.random.Generator,
) -> np.ndarray:
    """Lower the n-cut of `labels` in place, and return them."""
    layout = adjacency.layout
    anneal(
        adjacency.flat, layout.halves, layout.half_pointers, layout.layer_of,
        adjacency.degrees.astype(np.float32), labels, num_clusters, HEAT, sweeps, rng,
    )  # fmt: skip
    return labels


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
