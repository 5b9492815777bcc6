"""k-means without overhead: greedy k-means++ starts and Lloyd's iterations, compiled, nogil."""

import numpy as np
from numba import njit

# As in scikit-learn's KMeans: at most 300 iterations; stop when the centres move by less than 1e-4 of the
# variance.
MAX_ITERATIONS = 300
TOLERANCE = 1e-4


@njit(cache=True, nogil=True, fastmath=True)
def kmeans(points, num_clusters, num_starts, max_iterations, rng):
    """Return the labels of the best of several k-means runs: least sum of squared distances to the centres.

    points: (n, d) float32 with n >= num_clusters. Every cluster of the result has at least one point: an
    empty one takes the point furthest from its centre. Equivalent to scikit-learn's
    `KMeans(n_init=num_starts)` up to random numbers.
    """
    n = points.shape[0]
    tolerance = TOLERANCE * _mean_variance(points)
    best_labels = np.zeros(n, dtype=np.int32)
    best_inertia = np.inf
    for _ in range(num_starts):
        centres = _plus_plus(points, num_clusters, rng)
        labels = np.zeros(n, dtype=np.int32)
        inertia = np.inf
        for _ in range(max_iterations):
            inertia = _assign(points, centres, labels)
            if _update(points, centres, labels) <= tolerance:
                break
        inertia = _assign(points, centres, labels)
        _fill_empty(points, centres, labels)
        if inertia < best_inertia:
            best_inertia = inertia
            best_labels = labels
    return best_labels


@njit(cache=True, nogil=True, fastmath=True)
def _mean_variance(points):
    n, d = points.shape
    total = 0.0
    for j in range(d):
        mean = 0.0
        square = 0.0
        for i in range(n):
            mean += points[i, j]
            square += points[i, j] * points[i, j]
        mean /= n
        total += max(square / n - mean * mean, 0.0)
    return total / d


@njit(cache=True, nogil=True, fastmath=True)
def _squared_distance(points, i, centres, c):
    total = np.float32(0.0)
    for j in range(points.shape[1]):
        difference = points[i, j] - centres[c, j]
        total += difference * difference
    return total


@njit(cache=True, nogil=True, fastmath=True)
def _plus_plus(points, num_clusters, rng):
    """Greedy k-means++ (Arthur & Vassilvitskii 2007): each centre the best of a few drawn by distance."""
    n, d = points.shape
    num_trials = 2 + int(np.log(num_clusters))
    centres = np.empty((num_clusters, d), dtype=np.float32)
    nearest = np.full(n, np.inf, dtype=np.float32)
    candidate = np.empty(n, dtype=np.float32)
    best = np.empty(n, dtype=np.float32)
    total = 0.0
    for c in range(num_clusters):
        best_total = np.inf
        for _ in range(num_trials if c > 0 else 1):
            i = _draw(nearest, total, rng) if c > 0 else int(rng.random() * n)
            trial_total = 0.0
            for other in range(n):
                distance = np.float32(0.0)
                for j in range(d):
                    difference = points[other, j] - points[i, j]
                    distance += difference * difference
                candidate[other] = min(nearest[other], distance)
                trial_total += candidate[other]
            if trial_total < best_total:
                best_total = trial_total
                best, candidate = candidate, best
                centres[c] = points[i]
        nearest, best = best, nearest
        total = best_total
    return centres


@njit(cache=True, nogil=True)
def _draw(weights, total, rng):
    """Return an index with probability in proportion to its weight."""
    left = rng.random() * total
    for i in range(weights.size):
        left -= weights[i]
        if left < 0:
            return i
    return int(rng.random() * weights.size)


@njit(cache=True, nogil=True, fastmath=True)
def _assign(points, centres, labels):
    """Label each point with its nearest centre; return the sum of squared distances."""
    inertia = 0.0
    for i in range(points.shape[0]):
        nearest = np.float32(np.inf)
        for c in range(centres.shape[0]):
            distance = _squared_distance(points, i, centres, c)
            if distance < nearest:
                nearest = distance
                labels[i] = c
        inertia += nearest
    return inertia


@njit(cache=True, nogil=True)
def _update(points, centres, labels):
    """Move each centre to the mean of its points; return the sum of squared moves."""
    num_clusters, d = centres.shape
    _fill_empty(points, centres, labels)
    counts = np.zeros(num_clusters)
    sums = np.zeros((num_clusters, d))
    for i in range(points.shape[0]):
        counts[labels[i]] += 1
        for j in range(d):
            sums[labels[i], j] += points[i, j]
    moved = 0.0
    for c in range(num_clusters):
        for j in range(d):
            mean = np.float32(sums[c, j] / counts[c])
            moved += (mean - centres[c, j]) ** 2
            centres[c, j] = mean
    return moved


@njit(cache=True, nogil=True)
def _fill_empty(points, centres, labels):
    counts = np.zeros(centres.shape[0], dtype=np.int64)
    for label in labels:
        counts[label] += 1
    for c in range(centres.shape[0]):
        if counts[c] > 0:
            continue
        furthest, distance = -1, np.float32(-1.0)
        for i in range(points.shape[0]):
            if counts[labels[i]] > 1 and _squared_distance(points, i, centres, labels[i]) > distance:
                furthest, distance = i, _squared_distance(points, i, centres, labels[i])
        counts[labels[furthest]] -= 1
        labels[furthest] = c
        counts[c] = 1
        centres[c] = points[furthest]
