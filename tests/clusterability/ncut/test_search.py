"""The compiled search of one graph, against the steps that it is made of."""

from itertools import pairwise

import numpy as np
import pytest

from clusterability import WeightGraph
from clusterability.ncut import prepare
from clusterability.ncut.annealing import anneal
from clusterability.ncut.kmeans import kmeans
from clusterability.ncut.partition import partition_ncut
from clusterability.ncut.search import best_labels, pairwise_sum


@pytest.mark.parametrize("count", [1, 7, 8, 9, 12, 127, 128, 129, 300, 5000])
def test_sums_round_as_numpys_do(count):
    values = np.random.default_rng(count).standard_normal(count) ** 3
    assert pairwise_sum(values) == np.sum(values)


@pytest.mark.parametrize("num_clusters", [3, 12])
def test_the_best_start_is_that_of_the_same_steps_one_by_one(num_clusters):
    rng = np.random.default_rng(0)
    graph = WeightGraph.from_matrices([rng.standard_normal(pair) for pair in pairwise([50, 40, 30])])
    adjacency = prepare(graph).adjacency
    layout, degrees = adjacency.layout, adjacency.degrees
    connected = np.arange(1, 120)  # node 0 is left out, as one without weights would be
    points = rng.standard_normal((4, 119)).astype(np.float32)
    stream = np.random.default_rng(1)
    best, lowest = np.empty(0), np.inf
    for _ in range(6):
        labels = np.full(120, -1, dtype=np.int32)
        labels[connected] = kmeans(points, num_clusters, 1, 4, stream)
        anneal(
            adjacency.flat, layout.halves, layout.half_pointers, layout.layer_of, degrees.astype(np.float32),
            labels, num_clusters, 0.06, 10, stream,
        )  # fmt: skip
        value = partition_ncut(adjacency, labels, num_clusters)
        if value < lowest:
            best, lowest = labels, value
    found = best_labels(
        adjacency.flat, layout.halves, layout.half_pointers, layout.layer_of, layout.forward, degrees, points,
        connected, num_clusters, 6, 4, 0.06, 10, np.random.default_rng(1),
    )  # fmt: skip
    np.testing.assert_array_equal(found, best)
    assert found[0] == -1
