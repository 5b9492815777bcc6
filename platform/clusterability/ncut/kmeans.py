"""k-means without overhead: greedy k-means++ starts and Lloyd's iterations, compiled, nogil.

Points are columns, so that one dimension of many points is contiguous and distances are found many at a time.
"""

import numpy as np
from numba import njit

# As in scikit-learn's KMeans: at most 300 iterations; stop when the centres move by less than 1e-4 of the
# variance.
MAX_ITERATIONS = 300
TOLERANCE = 1e-4
_CHUNK = 512  # points whose coordinates stay in the first-level cache


@njit(cache=True, nogil=True, fastmath=True)
def kmeans(points, num_clusters, num_starts, max_iterations, rng):
    """Return the labels of the best of several k-means runs: least sum of squared distances to the centres.

    points: (d, n) float32 with n >= num_clusters, one column per point. Every cluster of the result has at
    least one point: an empty one takes the point furthest from its centre. Equivalent to scikit-learn's
    `KMeans(n_init=num_starts)` up to random numbers.
    """
    num_points = points.shape[1]
    tolerance = TOLERANCE * _mean_variance(points)
    best_labels = np.zeros(num_points, dtype=np.int32)
    best_inertia = np.inf
    for _ in range(num_starts):
        centres = _plus_plus(points, num_clusters, rng)
        labels = np.full(num_points, -1, dtype=np.int32)
        inertia = _lloyd(points, centres, labels, tolerance, max_iterations)
        if inertia < best_inertia:
            best_inertia = inertia
            best_labels = labels
    return best_labels


@njit(cache=True, nogil=True)
def _lloyd(points, centres, labels, tolerance, max_iterations):
    """Move centres and labels, in place, to a local optimum; return the sum of squared distances."""
    num_clusters = centres.shape[0]
    nearest = np.empty(points.shape[1], dtype=np.float32)
    counts = np.zeros(num_clusters, dtype=np.int64)
    sums = np.zeros(centres.shape)
    for _ in range(max_iterations):
        _assign(points, centres, labels, nearest, counts, sums)
        _fill_empty(points, labels, nearest, counts, sums)
        moved = 0.0
        for c in range(num_clusters):
            for j in range(points.shape[0]):
                mean = np.float32(sums[c, j] / counts[c])
                moved += (mean - centres[c, j]) ** 2
                centres[c, j] = mean
        if moved <= tolerance:
            break
    _assign(points, centres, labels, nearest, counts, sums)
    _fill_empty(points, labels, nearest, counts, sums)
    return nearest.sum()


@njit(cache=True, nogil=True)
def _assign(points, centres, labels, nearest, counts, sums):
    """Label each point with its nearest centre; keep each cluster's count and sum of points current."""
    num_points = points.shape[1]
    fresh = np.empty(_CHUNK, dtype=np.int32)
    for first in range(0, num_points, _CHUNK):
        last = min(first + _CHUNK, num_points)
        _nearest_centres(points, first, last, centres, nearest[first:last], fresh[: last - first])
        for i in range(first, last):
            if labels[i] != fresh[i - first]:
                _relabel(points, i, fresh[i - first], labels, counts, sums)


@njit(cache=True, nogil=True)
def _relabel(points, i, label, labels, counts, sums):
    old = labels[i]
    for j in range(points.shape[0]):
        if old >= 0:
            sums[old, j] -= points[j, i]
        sums[label, j] += points[j, i]
    if old >= 0:
        counts[old] -= 1
    counts[label] += 1
    labels[i] = label


@njit(cache=True, nogil=True)
def _nearest_centres(points, first, last, centres, nearest, labels):
    distances = np.empty(last - first, dtype=np.float32)
    nearest[:] = np.inf
    for c in range(centres.shape[0]):
        _squared_distances(points, first, last, centres[c], distances)
        _keep_nearer(distances, np.int32(c), nearest, labels)


@njit(cache=True, nogil=True, fastmath=True)
def _keep_nearer(distances, c, nearest, labels):
    for i in range(distances.size):
        nearer = distances[i] < nearest[i]
        labels[i] = c if nearer else labels[i]
        nearest[i] = distances[i] if nearer else nearest[i]


@njit(cache=True, nogil=True)
def _squared_distances(points, first, last, centre, distances):
    """Write the squared distances of points first to last to a centre: four coordinates at a time."""
    distances[:] = 0
    fours = points.shape[0] - points.shape[0] % 4
    for j in range(0, fours, 4):
        _add_four_squares(
            points[j, first:last],
            points[j + 1, first:last],
            points[j + 2, first:last],
            points[j + 3, first:last],
            centre[j : j + 4],
            distances,
        )
    for j in range(fours, points.shape[0]):
        _add_squares(points[j, first:last], centre[j], distances)


# "contract" alone: sums keep their order, coordinate by coordinate.
@njit(cache=True, nogil=True, fastmath={"contract"})
def _add_four_squares(first, second, third, fourth, centre, distances):
    a, b, c, d = centre[0], centre[1], centre[2], centre[3]
    for i in range(distances.size):
        total = distances[i]
        total += (first[i] - a) * (first[i] - a)
        total += (second[i] - b) * (second[i] - b)
        total += (third[i] - c) * (third[i] - c)
        total += (fourth[i] - d) * (fourth[i] - d)
        distances[i] = total


@njit(cache=True, nogil=True, fastmath={"contract"})
def _add_squares(coordinates, centre, distances):
    for i in range(distances.size):
        difference = coordinates[i] - centre
        distances[i] += difference * difference


@njit(cache=True, nogil=True, fastmath=True)
def _mean_variance(points):
    total = 0.0
    for j in range(points.shape[0]):
        total += np.var(points[j].astype(np.float64))
    return total / points.shape[0]


@njit(cache=True, nogil=True)
def _fill_empty(points, labels, nearest, counts, sums):
    for c in range(counts.size):
        if counts[c] > 0:
            continue
        furthest = -1
        for i in range(labels.size):
            if counts[labels[i]] > 1 and (furthest < 0 or nearest[i] > nearest[furthest]):
                furthest = i
        _relabel(points, furthest, c, labels, counts, sums)
        nearest[furthest] = 0


@njit(cache=True, nogil=True)
def _plus_plus(points, num_clusters, rng):
    """Greedy k-means++ (Arthur & Vassilvitskii 2007): each centre the best of a few drawn by distance."""
    num_dimensions, num_points = points.shape
    num_trials = 2 + int(np.log(num_clusters))
    centres = np.empty((num_clusters, num_dimensions), dtype=np.float32)
    centres[0] = points[:, int(rng.random() * num_points)]
    nearest = np.empty(num_points, dtype=np.float32)
    _squared_distances(points, 0, num_points, centres[0], nearest)
    candidate, best = np.empty_like(nearest), np.empty_like(nearest)
    for c in range(1, num_clusters):
        best_total = np.inf
        cumulative = np.cumsum(nearest)
        for _ in range(num_trials):
            drawn = np.searchsorted(cumulative, rng.random() * cumulative[-1], "right")
            i = min(drawn, num_points - 1)
            _squared_distances(points, 0, num_points, points[:, i].copy(), candidate)
            total = _minimum_sum(candidate, nearest)
            if total < best_total:
                best_total = total
                best, candidate = candidate, best
                centres[c] = points[:, i]
        nearest, best = best, nearest
    return centres


@njit(cache=True, nogil=True, fastmath=True)
def _minimum_sum(candidate, nearest):
    """Lower `candidate` to `nearest` where that is smaller; return the sum."""
    total = np.float32(0)
    for i in range(candidate.size):
        candidate[i] = min(candidate[i], nearest[i])
        total += candidate[i]
    return total
