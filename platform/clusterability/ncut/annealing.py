"""Annealed local search for a partition of low n-cut: single nodes move between clusters; compiled, nogil.

With a_c the weight within cluster c (both ways), v_c its volume and S[c, i] the weight from node i to c,
moving node i of degree d from p to q lowers the n-cut, k - sum_c a_c / v_c, by the *gain*

    (a_p - 2 S[p, i]) / (v_p - d) - a_p / v_p + (a_q + 2 S[q, i]) / (v_q + d) - a_q / v_q.

A move changes rows p and q of S by one row of the adjacency, which is contiguous in both halves of a block.
"""

import numpy as np
from numba import njit

_CHUNK = 128  # nodes whose gains are found together: a few cache lines of S per cluster
_LEAST_GAIN = 1e-7  # smaller ones are rounding
_MOST_QUIET_SWEEPS = 200
_LEAST_SHARE = 1e-13
_CERTAIN = 8.0  # a move that loses more than 8 temperatures is taken once in 3,000 times: not drawn for


@njit(cache=True, nogil=True, fastmath=True, error_model="numpy")
def anneal(flat, halves, half_pointers, layer_of, degrees, labels, num_clusters, heat, num_sweeps, rng):
    """Lower the n-cut of `labels` in place: sweeps at falling temperature, then descent to a local optimum.

    labels: (nodes,) int32, -1 for nodes of degree 0; every cluster has a node, and keeps one. degrees:
    (nodes,) float32. Each sweep offers every node its best other cluster; the move is taken when its gain
    exceeds minus an exponential draw of mean `temperature`, which falls linearly from heat * k / nodes to 0
    over `num_sweeps`. The factor k / nodes makes it scale as gains do.
    """
    attraction = attraction_to_clusters(flat, halves, labels, num_clusters)
    within, volume, size = _totals(attraction, degrees, labels, num_clusters)
    ratio = within / volume
    start_temperature = heat * num_clusters / size.sum()
    best = np.empty(_CHUNK, dtype=np.float32)
    target = np.empty(_CHUNK, dtype=np.int32)
    for sweep in range(num_sweeps + _MOST_QUIET_SWEEPS):
        temperature = start_temperature * max(0.0, 1 - sweep / num_sweeps)
        num_moves = 0
        for first in range(0, labels.size, _CHUNK):
            last = min(first + _CHUNK, labels.size)
            _best_gains(attraction, degrees, labels, within, volume, ratio, first, last, best, target)
            for i in range(first, last):
                p = labels[i]
                if p < 0 or size[p] == 1:
                    continue
                degree = np.float64(degrees[i])
                rest = volume[p] - degree
                if rest <= _LEAST_SHARE * volume[p]:
                    continue  # what would be left of p is rounding
                lost = (within[p] - 2 * attraction[p, i]) / rest - ratio[p]
                if lost + best[i - first] < -_CERTAIN * temperature:
                    continue
                q = target[i - first]
                # Once more, exactly: moves within the chunk have changed the clusters since.
                gain = lost + (within[q] + 2 * attraction[q, i]) / (volume[q] + degree) - ratio[q]
                if temperature > 0:
                    draw = rng.random()
                    moves = gain > 0 or gain > temperature * np.log(draw)
                else:
                    moves = gain > _LEAST_GAIN
                if moves:
                    _move(i, q, degree, attraction, labels, within, volume, size)
                    ratio[p] = within[p] / volume[p]
                    ratio[q] = within[q] / volume[q]
                    _shift_attraction(flat, halves, half_pointers, layer_of[i], i, attraction, p, q)
                    num_moves += 1
        if temperature == 0 and num_moves == 0:
            break


@njit(cache=True, nogil=True, fastmath=True)
def attraction_to_clusters(flat, halves, labels, num_clusters):
    """Return S[c, i] = weight from node i to cluster c, shape (k, nodes), float32."""
    attraction = np.zeros((num_clusters, labels.size), dtype=np.float32)
    for h in range(halves.shape[0]):
        start, own, first, width, offset = halves[h]
        for i in range(own):
            label = labels[start + i]
            if label >= 0:
                _add(
                    attraction[label, first : first + width],
                    flat[offset + i * width : offset + (i + 1) * width],
                )
    return attraction


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


@njit(cache=True, nogil=True)
def _best_gains(attraction, degrees, labels, within, volume, ratio, first, last, best, target):
    """Fill in, for nodes first to last, the best other cluster to join and what joining it gains."""
    best[:] = np.float32(-1e30)
    target[:] = 0
    own_degrees, own_labels = degrees[first:last], labels[first:last]
    for q in range(within.size):
        _keep_better(
            attraction[q, first:last],
            own_degrees,
            own_labels,
            np.int32(q),
            np.float32(within[q]),
            np.float32(volume[q]),
            np.float32(ratio[q]),
            best,
            target,
        )


@njit(cache=True, nogil=True, error_model="numpy")  # Python's checks of each divisor forbid vectors
def _keep_better(attraction, degrees, labels, q, within, volume, ratio, best, target):
    for j in range(attraction.size):
        gain = (within + np.float32(2) * attraction[j]) / (volume + degrees[j]) - ratio
        better = (gain > best[j]) & (labels[j] != q)
        best[j] = gain if better else best[j]
        target[j] = q if better else target[j]


@njit(cache=True, nogil=True)
def _move(i, q, degree, attraction, labels, within, volume, size):
    p = labels[i]
    within[p] -= 2 * attraction[p, i]
    within[q] += 2 * attraction[q, i]
    volume[p] -= degree
    volume[q] += degree
    size[p] -= 1
    size[q] += 1
    labels[i] = q


@njit(cache=True, nogil=True, fastmath=True)
def _shift_attraction(flat, halves, half_pointers, layer, i, attraction, p, q):
    """Let node i's neighbours be drawn to q instead of p."""
    for h in range(half_pointers[layer], half_pointers[layer + 1]):
        start, _, first, width, offset = halves[h]
        row = flat[offset + (i - start) * width : offset + (i - start + 1) * width]
        _shift(attraction[p, first : first + width], attraction[q, first : first + width], row)


@njit(cache=True, nogil=True, fastmath=True)
def _shift(left, joined, values):
    for j in range(values.size):
        left[j] -= values[j]
        joined[j] += values[j]


@njit(cache=True, nogil=True, fastmath=True)
def _add(target, values):
    for j in range(target.size):
        target[j] += values[j]
