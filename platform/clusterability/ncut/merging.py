"""Merging clusters of a partition, the best pair first; compiled, nogil.

k-means with more clusters than wanted, merged down by the objective itself, is a better start than k-means
with as many as wanted: that puts two clusters together and cuts another in two, which no move of single nodes
mends.
"""

import numpy as np
from numba import njit


@njit(cache=True, nogil=True)
def merge_clusters(within, volumes, labels, num_clusters, by_volume):
    """Merge clusters in place, one pair at a time, until `num_clusters` remain, and renumber them.

    Each time the pair whose union is best for the objective: for the modularity, sum_c m_c / sum_c v_c, the
    one with the largest m_pq; for the n-cut, k - sum_c m_c / v_c, the one with the largest
    (m_p + m_q + 2 m_pq) / (v_p + v_q) - m_p / v_p - m_q / v_q.

    Args:
        within: m_pq, sum of the adjacency (or of M) between clusters p and q; (many, many), symmetric;
            overwritten.
        volumes: v_c, (many,); overwritten.
        labels: (nodes,) int32, cluster of each node or -1; overwritten.
        num_clusters: clusters to keep, at most `many`.
        by_volume: True for the modularity, False for the n-cut.
    """
    many = volumes.size
    merged_into = np.arange(many)
    alive = np.ones(many, dtype=np.bool_)
    for _ in range(many - num_clusters):
        p, q = _best_pair(within, volumes, alive, by_volume)
        alive[q] = False
        for c in range(many):
            within[p, c] += within[q, c]
        for c in range(many):
            within[c, p] += within[c, q]
        volumes[p] += volumes[q]
        for c in range(many):
            if merged_into[c] == q:
                merged_into[c] = p
    numbers = np.cumsum(alive) - 1
    for i in range(labels.size):
        if labels[i] >= 0:
            labels[i] = numbers[merged_into[labels[i]]]


@njit(cache=True, nogil=True)
def _best_pair(within, volumes, alive, by_volume):
    best, first, second = -np.inf, -1, -1
    for p in range(volumes.size):
        for q in range(p + 1, volumes.size):
            if not (alive[p] and alive[q]):
                continue
            gain = 2 * within[p, q]
            if not by_volume:
                united = within[p, p] + within[q, q] + gain
                gain = united / (volumes[p] + volumes[q])
                gain -= within[p, p] / volumes[p] + within[q, q] / volumes[q]
            if gain > best:
                best, first, second = gain, p, q
    return first, second


@njit(cache=True, nogil=True)
def sums_between(attraction, labels):
    """Return m_pq from S[c, i], the sum of the adjacency (or of M) between node i and cluster c."""
    num_clusters = attraction.shape[0]
    sums = np.zeros((num_clusters, num_clusters))
    for q in range(num_clusters):
        for i in range(labels.size):
            if labels[i] >= 0:
                sums[labels[i], q] += attraction[q, i]
    return (sums + sums.T) / 2
