"""Local search for a partition of low layered n-cut or high layered modularity; compiled, nogil.

The search of `annealing.py` with M = A - E for A: S[c, i] = sum of M[i, j] over j in c. Moving node i of
degree d from p to q lowers the layered n-cut, k - sum_c m_c / v_c, by

    (m_p - 2 S[p, i]) / (v_p - d) - m_p / v_p + (m_q + 2 S[q, i]) / (v_q + d) - m_q / v_q

and raises the layered modularity, sum_c m_c / sum_c v_c, by 2 (S[q, i] - S[p, i]) / sum_c v_c. A move changes
rows p and q of S by one row of M: a row of weights less a multiple of the neighbours' strengths.

The small helpers that `annealing.py` has too stand here again: numba compiles a function again when its own
file has changed, not when a file has whose functions it calls.
"""

from typing import NamedTuple

import numpy as np
from numba import njit

_CHUNK = 128  # nodes whose gains are found together: a few cache lines of S per cluster
_LEAST_GAIN = 1e-7  # of the objective; smaller ones are rounding
_MOST_QUIET_SWEEPS = 200
_LEAST_SHARE = 1e-13
_CERTAIN = 8.0  # a move that loses more than 8 temperatures is taken once in 3,000 times: not drawn for


class _Clusters(NamedTuple):
    """The clusters as the moves leave them."""

    labels: np.ndarray
    attraction: np.ndarray
    within: np.ndarray
    volume: np.ndarray
    size: np.ndarray


@njit(cache=True, nogil=True, fastmath=True)
def anneal_layered(weights, labels, num_clusters, by_volume, heat, num_sweeps, rng):
    """Improve `labels` in place: sweeps at falling temperature, then descent to a local optimum.

    Each sweep offers every node its best other cluster; the move is taken when its gain exceeds minus an
    exponential draw of mean `temperature`, which falls linearly to 0 over `num_sweeps`.

    Args:
        weights: LayeredWeights of the graph.
        labels: (nodes,) int32, -1 for nodes of degree 0; every cluster has a node, and keeps one.
        num_clusters: k.
        by_volume: True for the modularity, False for the n-cut.
        heat: first temperature in units of k / nodes, for the modularity of 1 / nodes: it scales as gains do.
        num_sweeps: sweeps before the descent.
        rng: numpy generator of the draws.
    """
    attraction = attraction_to_clusters(weights, labels, num_clusters)
    within, volume, size = _totals(attraction, weights.degrees, labels, num_clusters)
    clusters = _Clusters(labels, attraction, within, volume, size)
    start_temperature = heat * (1 if by_volume else num_clusters) / size.sum()
    for sweep in range(num_sweeps + _MOST_QUIET_SWEEPS):
        temperature = start_temperature * max(0.0, 1 - sweep / num_sweeps) if num_sweeps > 0 else 0.0
        num_moves = _sweep(weights, clusters, by_volume, temperature, rng)
        if temperature == 0 and num_moves == 0:
            break


@njit(cache=True, nogil=True, fastmath=True)
def _sweep(weights, clusters, by_volume, temperature, rng):
    """Offer every node its best other cluster; return the number of moves made."""
    labels, attraction, within, volume, size = clusters
    gains = np.empty((within.size, _CHUNK), dtype=np.float32)
    best = np.empty(_CHUNK, dtype=np.float32)
    total = volume.sum()
    num_moves = 0
    for first in range(0, labels.size, _CHUNK):
        last = min(first + _CHUNK, labels.size)
        if by_volume:
            _modularity_gains(attraction, np.float32(2 / total), first, gains[:, : last - first])
        else:
            _ncut_gains(attraction, weights.degrees, within, volume, first, gains[:, : last - first])
        _keep_best(labels[first:last], gains, best)
        for i in range(first, last):
            p = labels[i]
            if p < 0 or size[p] == 1:
                continue
            degree = np.float64(weights.degrees[i])
            if not by_volume and volume[p] - degree <= _LEAST_SHARE * volume[p]:
                continue  # what would be left of p is rounding
            lost = _gain_of_leaving(attraction[p, i], degree, within[p], volume[p], total, by_volume)
            if lost + best[i - first] < -_CERTAIN * temperature:
                continue
            q = 0
            while gains[q, i - first] < best[i - first]:
                q += 1
            # Once more, exactly: moves within the chunk have changed the clusters since.
            gain = lost + _gain_of_joining(attraction[q, i], degree, within[q], volume[q], total, by_volume)
            least = temperature * np.log(rng.random()) if temperature > 0 else _LEAST_GAIN
            if gain > least:
                _move(i, q, degree, clusters)
                _shift_attraction(weights, i, attraction, p, q)
                num_moves += 1
    return num_moves


@njit(cache=True, nogil=True, fastmath=True, inline="always")
def _gain_of_leaving(attraction, degree, within, volume, total, by_volume):
    if by_volume:
        return -2 * attraction / total
    return (within - 2 * attraction) / (volume - degree) - within / volume


@njit(cache=True, nogil=True, fastmath=True, inline="always")
def _gain_of_joining(attraction, degree, within, volume, total, by_volume):
    if by_volume:
        return 2 * attraction / total
    return (within + 2 * attraction) / (volume + degree) - within / volume


@njit(cache=True, nogil=True, fastmath=True)
def attraction_to_clusters(weights, labels, num_clusters):
    """Return S[c, i] = sum of M between node i and cluster c, shape (k, nodes), float32."""
    attraction = np.zeros((num_clusters, labels.size), dtype=np.float32)
    for h in range(weights.halves.shape[0]):
        start, own, first, width, offset = weights.halves[h]
        sums = np.zeros(num_clusters)
        for i in range(own):
            label = labels[start + i]
            if label >= 0:
                sums[label] += weights.strengths[weights.strength_pointers[h] + i]
                _add(
                    attraction[label, first : first + width],
                    weights.flat[offset + i * width : offset + (i + 1) * width],
                )
        others = _other_strengths(weights, h)
        for c in range(num_clusters):
            expected = np.float32(weights.rates[h] * sums[c])
            _add_multiple(attraction[c, first : first + width], -expected, others)
    return attraction


@njit(cache=True, nogil=True)
def _other_strengths(weights, h):
    back = weights.opposite[h]
    return weights.strengths[weights.strength_pointers[back] : weights.strength_pointers[back + 1]]


@njit(cache=True, nogil=True, fastmath=True)
def _totals(attraction, degrees, labels, num_clusters):
    within = np.zeros(num_clusters)
    volume = np.zeros(num_clusters)
    size = np.zeros(num_clusters, dtype=np.int64)
    for i in range(labels.size):
        label = labels[i]
        if label >= 0:
            within[label] += attraction[label, i]
            volume[label] += degrees[i]
            size[label] += 1
    return within, volume, size


@njit(cache=True, nogil=True, fastmath=True)
def _modularity_gains(attraction, factor, first, gains):
    """Fill in, for nodes from `first` on, what joining each cluster adds to the modularity."""
    for q in range(gains.shape[0]):
        for j in range(gains.shape[1]):
            gains[q, j] = factor * attraction[q, first + j]


@njit(cache=True, nogil=True, fastmath=True)
def _ncut_gains(attraction, degrees, within, volume, first, gains):
    """Fill in, for nodes from `first` on, what joining each cluster takes from the n-cut."""
    last = first + gains.shape[1]
    for q in range(gains.shape[0]):
        _ncut_gains_of_one(
            attraction[q, first:last],
            degrees[first:last],
            np.float32(within[q]),
            np.float32(volume[q]),
            np.float32(within[q] / volume[q]),
            gains[q],
        )


@njit(cache=True, nogil=True, fastmath=True)
def _ncut_gains_of_one(attraction, degrees, within, volume, ratio, gains):
    for j in range(attraction.size):
        gains[j] = (within + np.float32(2) * attraction[j]) / (volume + degrees[j]) - ratio


@njit(cache=True, nogil=True, fastmath=True)
def _keep_best(labels, gains, best):
    """Rule out each node's own cluster, and fill in the best of the others."""
    lowest = np.float32(-1e30)
    for j in range(labels.size):
        if labels[j] >= 0:
            gains[labels[j], j] = lowest
    best[:] = lowest
    for q in range(gains.shape[0]):
        for j in range(labels.size):
            best[j] = max(best[j], gains[q, j])


@njit(cache=True, nogil=True)
def _move(i, q, degree, clusters):
    labels, attraction, within, volume, size = clusters
    p = labels[i]
    within[p] -= 2 * attraction[p, i]
    within[q] += 2 * attraction[q, i]
    volume[p] -= degree
    volume[q] += degree
    size[p] -= 1
    size[q] += 1
    labels[i] = q


@njit(cache=True, nogil=True, fastmath=True)
def _shift_attraction(weights, i, attraction, p, q):
    """Let node i's neighbours be drawn to q instead of p."""
    layer = weights.layer_of[i]
    for h in range(weights.half_pointers[layer], weights.half_pointers[layer + 1]):
        start, _, first, width, offset = weights.halves[h]
        row = weights.flat[offset + (i - start) * width : offset + (i - start + 1) * width]
        others = _other_strengths(weights, h)
        strength = weights.strengths[weights.strength_pointers[h] + i - start]
        expected = np.float32(weights.rates[h] * strength)
        _shift(
            attraction[p, first : first + width],
            attraction[q, first : first + width],
            row,
            expected,
            others,
        )


@njit(cache=True, nogil=True, fastmath=True)
def _shift(lost, gained, row, expected, others):
    for j in range(row.size):
        change = row[j] - expected * others[j]
        lost[j] -= change
        gained[j] += change


@njit(cache=True, nogil=True, fastmath=True)
def _add(target, values):
    for j in range(target.size):
        target[j] += values[j]


@njit(cache=True, nogil=True, fastmath=True)
def _add_multiple(target, factor, values):
    for j in range(target.size):
        target[j] += factor * values[j]
