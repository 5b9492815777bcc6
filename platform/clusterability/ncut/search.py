"""The refined estimator's whole search of one graph in one call of compiled code."""

from pathlib import Path
from zlib import crc32

import numpy as np
from numba import njit

from clusterability.ncut import annealing, kmeans, partition
from clusterability.ncut.annealing import anneal
from clusterability.ncut.partition import weights_within


def _search(sources: int):
    """Return the compiled search; `sources`, in its closure, is part of its key in numba's cache.

    numba compiles a function again when the file that it stands in has changed, but not when another has,
    whose functions it calls.
    """
    one_kmeans = kmeans.kmeans

    @njit(cache=True, nogil=True)
    def best_labels(
        flat, halves, half_pointers, layer_of, forward, degrees, points, connected,
        num_clusters, num_starts, rough_iterations, heat, num_sweeps, rng,
    ):  # fmt: skip
        """Return the labels of the start that ends at the lowest n-cut, shape (nodes,), -1 for degree 0.

        Each start: a few k-means iterations, then annealing; see `kmeans` and `anneal` for the arguments.
        degrees: (nodes,) float64; connected: the nodes of the columns of `points`.
        """
        _ = sources
        single = degrees.astype(np.float32)
        labels = np.empty((2, degrees.size), dtype=np.int32)
        labels[:] = -1
        best_value, best = np.inf, 0
        for _ in range(num_starts):
            current = labels[1 - best]
            current[connected] = one_kmeans(points, num_clusters, 1, rough_iterations, rng)
            anneal(
                flat, halves, half_pointers, layer_of, single, current, num_clusters, heat, num_sweeps, rng
            )
            within = weights_within(flat, halves, forward, current, num_clusters)
            value = _ncut(within, _volumes(degrees, current, num_clusters))
            if value < best_value:
                best_value, best = value, 1 - best
        return labels[best].copy()

    return best_labels


@njit(cache=True, nogil=True)
def _volumes(degrees, labels, num_clusters):
    volumes = np.zeros(num_clusters)
    for i in range(labels.size):
        if labels[i] >= 0:
            volumes[labels[i]] += degrees[i]
    return volumes


@njit(cache=True, nogil=True, error_model="numpy")
def _ncut(within, volumes):
    """Return sum_c (1 - a_c / vol(c)), rounded as `partition.ncut_value` does.

    Two starts often end at one partition with other numbers of its clusters: which of them is kept must not
    depend on who adds up.
    """
    return pairwise_sum(1 - within / volumes)


@njit(cache=True, nogil=True)
def pairwise_sum(values):
    """Return the sum of a contiguous array, in the order in which numpy adds."""
    count = values.size
    if count < 8:
        total = 0.0
        for i in range(count):
            total += values[i]
        return total
    if count > 128:
        half = count // 2
        half -= half % 8
        return pairwise_sum(values[:half]) + pairwise_sum(values[half:])
    parts = values[:8].copy()
    whole = count - count % 8
    for first in range(8, whole, 8):
        for j in range(8):
            parts[j] += values[first + j]
    total = ((parts[0] + parts[1]) + (parts[2] + parts[3])) + ((parts[4] + parts[5]) + (parts[6] + parts[7]))
    for i in range(whole, count):
        total += values[i]
    return total


best_labels = _search(
    crc32(b"".join(Path(str(module.__file__)).read_bytes() for module in (annealing, kmeans, partition)))
)
