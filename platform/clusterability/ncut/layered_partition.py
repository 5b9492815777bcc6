"""Partitions of low layered n-cut or high layered modularity, for one k or for many at once."""

from dataclasses import dataclass
from typing import Literal

import numpy as np

from clusterability.errors import GraphError
from clusterability.ncut.adjacency import Layout
from clusterability.ncut.kmeans import kmeans
from clusterability.ncut.layered import LayeredWeights, layered_values
from clusterability.ncut.layered_embedding import layered_embedding
from clusterability.ncut.layered_search import anneal_layered, attraction_to_clusters
from clusterability.ncut.merging import merge_clusters, sums_between
from clusterability.ncut.schedule import (
    FIRST_SWEEPS,
    HEAT,
    POWER_STEPS,
    ROUGH_ITERATIONS,
    num_starts,
    num_sweeps,
    surplus_clusters,
)

Objective = Literal["layered_ncut", "layered_modularity"]

LEAST_STEP_SWEEPS = 10
"""Sweeps of the search after each merge from k to k - 1 clusters: a third of a start's, but at least 10."""
MOST_CLUSTERS = 20
"""Largest k that is tried where the k of the highest modularity is looked for."""


@dataclass(frozen=True, kw_only=True, slots=True)
class ModularityCurve:
    """Layered modularity over the number of clusters, and the partition where it is highest."""

    numbers: tuple[int, ...]
    """The numbers of clusters tried, ascending."""
    values: np.ndarray
    """Layered modularity of the partition found for each of them."""
    labels: np.ndarray
    """Labels of the partition of the highest modularity, shape (nodes,), -1 for nodes of degree 0."""
    num_clusters: int
    """Clusters of that partition."""

    @property
    def value(self) -> float:
        """The highest layered modularity."""
        return float(self.values.max())


def layered_partition(
    layout: Layout,
    weights: LayeredWeights,
    num_clusters: int,
    objective: Objective,
    rng: np.random.Generator,
) -> np.ndarray:
    """Return labels of low layered n-cut or high layered modularity, shape (nodes,), -1 for degree 0.

    A rough spectral embedding, rows made unit vectors. Each start: a few k-means iterations with half as many
    clusters again (at least four more) than wanted, annealed local search, the clusters merged down by the
    objective, local search again. The best start is kept.

    Args:
        layout: where the weights lie.
        weights: the same graph's weights.
        num_clusters: k, at least 2 and at most the connected nodes; every cluster has a node.
        objective: what is optimised.
        rng: draws the embedding's first vectors and the starts.

    Raises:
        GraphError: an embedding that is not finite.
    """
    rows = _unit_rows(layered_embedding(layout, weights, num_clusters - 1, POWER_STEPS, rng))
    by_volume = objective == "layered_modularity"
    best, best_value = np.empty(0, dtype=np.int32), -np.inf
    for _ in range(num_starts(layout.num_nodes)):
        labels = _one_start(weights, rows, num_clusters, by_volume, rng)
        ncut, modularity = layered_values(weights, labels, num_clusters)
        value = modularity if by_volume else -ncut
        if value > best_value:
            best, best_value = labels, value
    return best


def modularity_curve(
    layout: Layout, weights: LayeredWeights, most_clusters: int, rng: np.random.Generator
) -> ModularityCurve:
    """Return the layered modularity for k = 2 to `most_clusters`, and the partition where it is highest.

    Each start finds a partition of `most_clusters` as `layered_partition` does; each smaller k starts from
    the partition before, its best pair of clusters merged. So one embedding serves all k, and the curve is
    smoother and higher than that of independent partitions. The best start is kept, for each k.

    Args:
        layout: where the weights lie.
        weights: the same graph's weights.
        most_clusters: largest k tried, at least 2 and at most the connected nodes.
        rng: as for `layered_partition`.

    Raises:
        GraphError: an embedding that is not finite.
    """
    rows = _unit_rows(layered_embedding(layout, weights, most_clusters - 1, POWER_STEPS, rng))
    numbers, values = range(2, most_clusters + 1), np.full(most_clusters - 1, -np.inf)
    best, best_number, best_value = np.empty(0, dtype=np.int32), 0, -np.inf
    step_sweeps = max(LEAST_STEP_SWEEPS, num_sweeps(layout.num_nodes) // 3)
    for _ in range(num_starts(layout.num_nodes)):
        labels = _one_start(weights, rows, most_clusters, True, rng)
        for k in reversed(numbers):
            if k < most_clusters:
                _merge(weights, labels, k + 1, k, True)
                anneal_layered(weights, labels, k, True, HEAT, step_sweeps, rng)
            value = layered_values(weights, labels, k)[1]
            values[k - 2] = max(values[k - 2], value)
            if value > best_value:
                best, best_number, best_value = labels.copy(), k, value
    return ModularityCurve(numbers=tuple(numbers), values=values, labels=best, num_clusters=best_number)


def _unit_rows(embedding: np.ndarray) -> np.ndarray:
    """Return the rows as unit vectors (Ng, Jordan & Weiss 2001); rows of zeros stay."""
    if not np.isfinite(embedding).all():  # compiled code would take such points for memory of its own
        raise GraphError("the spectral embedding is not finite: the weights' sizes are too far apart")
    lengths = np.linalg.norm(embedding, axis=1, keepdims=True)
    return embedding / np.where(lengths > 0, lengths, 1)


def _one_start(
    weights: LayeredWeights, rows: np.ndarray, num_clusters: int, by_volume: bool, rng: np.random.Generator
) -> np.ndarray:
    connected = np.flatnonzero(weights.degrees > 0)
    many = surplus_clusters(num_clusters, len(connected))
    points = np.ascontiguousarray(rows[connected].T, dtype=np.float32)
    labels = np.full(len(weights.degrees), -1, dtype=np.int32)
    labels[connected] = kmeans(points, many, 1, ROUGH_ITERATIONS, rng)
    if many > num_clusters:
        anneal_layered(weights, labels, many, by_volume, HEAT, FIRST_SWEEPS, rng)
        _merge(weights, labels, many, num_clusters, by_volume)
    anneal_layered(weights, labels, num_clusters, by_volume, HEAT, num_sweeps(len(labels)), rng)
    return labels


def _merge(
    weights: LayeredWeights, labels: np.ndarray, many: int, num_clusters: int, by_volume: bool
) -> None:
    """Merge clusters, in place, from `many` down to `num_clusters`."""
    connected = labels >= 0
    within = sums_between(attraction_to_clusters(weights, labels, many), labels)
    volumes = np.bincount(labels[connected], weights.degrees[connected], many)
    merge_clusters(within, volumes, labels, num_clusters, by_volume)
