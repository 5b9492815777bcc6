"""Weights inside and around the clusters of a partition, and what is said with them."""

import numpy as np
from numba import njit

from clusterability.ncut.normalised import NormalisedAdjacency

SMALL_SHARE = 0.01
"""Clusters below this share of the volume count as small."""


@njit(cache=True, nogil=True)
def weights_within(flat, halves, forward, labels, num_clusters):
    """Return a_c = sum of A[i, j] over nodes i, j of cluster c, shape (num_clusters,), float64.

    labels: (nodes,) int32, -1 for a node that belongs to no cluster. Each edge counts twice, so one half of
    each block, those of the rows `forward`, is enough.
    """
    within = np.zeros(num_clusters)
    for h in forward:
        start, own, first, width, offset = halves[h]
        for i in range(own):
            label = labels[start + i]
            if label >= 0:
                row = flat[offset + i * width : offset + (i + 1) * width]
                within[label] += 2 * _sum_where(row, labels[first : first + width], label)
    return within


@njit(cache=True, nogil=True, fastmath=True)
def _sum_where(values, labels, label):
    total = 0.0
    for j in range(values.size):
        total += np.float64(values[j]) if labels[j] == label else 0.0
    return total


def partition_ncut(adjacency: NormalisedAdjacency, labels: np.ndarray, num_clusters: int) -> float:
    """Return the n-cut of a partition, exact up to the weights' float32."""
    within = weights_within(
        adjacency.flat, adjacency.layout.halves, adjacency.layout.forward, labels, num_clusters
    )
    return ncut_value(within, cluster_volumes(adjacency.degrees, labels, num_clusters))


def cluster_volumes(degrees: np.ndarray, labels: np.ndarray, num_clusters: int) -> np.ndarray:
    """Return the sum of the degrees of each cluster's nodes, shape (num_clusters,)."""
    member = labels >= 0
    return np.bincount(labels[member], weights=degrees[member], minlength=num_clusters)


def ncut_value(within: np.ndarray, volumes: np.ndarray) -> float:
    """Return sum_c cut(c) / vol(c) = k - sum_c a_c / vol(c), within [0, k]; Shi & Malik 2000."""
    value = float(np.sum(1 - within / volumes))
    return min(max(value, 0.0), float(len(volumes)))


def modularity(within: np.ndarray, volumes: np.ndarray) -> float:
    """Return Q = sum_c [a_c / vol - (vol_c / vol)^2]; Newman 2006."""
    total = volumes.sum()
    return float(np.sum(within / total - (volumes / total) ** 2))


def small_clusters(volumes: np.ndarray) -> int:
    """Return how many clusters hold less than 1 % of the volume."""
    return int(np.count_nonzero(volumes < SMALL_SHARE * volumes.sum()))


def effective_clusters(volumes: np.ndarray) -> float:
    """Return exp(entropy of vol_c / vol): k for equal volumes, near 1 where one cluster holds nearly all."""
    shares = volumes / volumes.sum()
    shares = shares[shares > 0]
    return float(np.exp(-np.sum(shares * np.log(shares))))
