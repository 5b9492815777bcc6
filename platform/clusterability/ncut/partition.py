"""Weights inside and around the clusters of a partition, and what is said with them."""

import numpy as np
from numba import njit


@njit(cache=True, nogil=True)
def weights_within(flat, halves, labels, num_clusters):
    """Return a_c = sum of A[i, j] over nodes i, j of cluster c, shape (num_clusters,), float64.

    labels: (nodes,) integers, -1 for a node that belongs to no cluster. Each edge counts twice.
    """
    within = np.zeros(num_clusters)
    for h in range(halves.shape[0]):
        start, own, first, width, offset = halves[h]
        for i in range(own):
            label = labels[start + i]
            if label < 0:
                continue
            total = 0.0
            row = offset + i * width
            for j in range(width):
                if labels[first + j] == label:
                    total += flat[row + j]
            within[label] += total
    return within


def cluster_volumes(degrees: np.ndarray, labels: np.ndarray, num_clusters: int) -> np.ndarray:
    """Return the sum of the degrees of each cluster's nodes, shape (num_clusters,)."""
    member = labels >= 0
    return np.bincount(labels[member], weights=degrees[member], minlength=num_clusters)


def ncut_value(within: np.ndarray, volumes: np.ndarray) -> float:
    """Return sum_c cut(c) / vol(c) = k - sum_c a_c / vol(c); Shi & Malik 2000."""
    return float(np.sum(1 - within / volumes))


def modularity(within: np.ndarray, volumes: np.ndarray) -> float:
    """Return Q = sum_c [a_c / vol - (vol_c / vol)^2]; Newman 2006."""
    total = volumes.sum()
    return float(np.sum(within / total - (volumes / total) ** 2))


def effective_clusters(volumes: np.ndarray) -> float:
    """Return exp(entropy of vol_c / vol): k for equal volumes, near 1 where one cluster holds nearly all."""
    shares = volumes / volumes.sum()
    shares = shares[shares > 0]
    return float(np.exp(-np.sum(shares * np.log(shares))))
