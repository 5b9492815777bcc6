"""Layered modularity of whole graphs: planted modules, bands of layers, and the number of clusters."""

from itertools import pairwise

import numpy as np
import pytest
from sklearn.metrics import adjusted_rand_score

import clusterability as cl
from clusterability.errors import GraphError


def planted(seed, widths=(60, 40, 40, 20), modules=5, factor=6.0):
    """Return a chain whose weights within modules are enlarged, and each unit's module."""
    rng = np.random.default_rng(seed)
    members = [np.arange(width) % modules for width in widths]
    matrices = [
        rng.standard_normal((len(a), len(b))) * np.where(a[:, None] == b, factor, 1.0)
        for a, b in pairwise(members)
    ]
    return cl.WeightGraph.from_matrices(matrices), np.concatenate(members)


@pytest.mark.parametrize("seed", range(3))
def test_planted_modules_and_their_number_are_found(seed):
    graph, modules = planted(seed)
    free = cl.measure_modularity(graph)
    assert free.num_clusters == 5
    assert adjusted_rand_score(modules, free.labels) == pytest.approx(1)
    given = cl.measure_modularity(graph, 5)
    assert given.value == pytest.approx(free.value, abs=1e-6)
    assert free.layer_share < 0.05


def test_the_value_is_that_of_the_definition():
    graph, _ = planted(7, widths=(9, 8, 7))
    result = cl.measure_modularity(graph, 3)
    A = graph.adjacency().toarray()
    E = np.zeros_like(A)
    starts = graph.layer_starts
    for block in graph.blocks:
        W = np.abs(block.matrix)
        rows = slice(starts[block.source], starts[block.source + 1])
        columns = slice(starts[block.target], starts[block.target + 1])
        E[rows, columns] = np.outer(W.sum(1), W.sum(0)) / W.sum()
        E[columns, rows] = E[rows, columns].T
    Z = np.eye(3)[result.labels]
    beyond, volume = np.diag(Z.T @ (A - E) @ Z), Z.T @ A.sum(1)
    assert result.value == pytest.approx(beyond.sum() / volume.sum(), rel=1e-5)
    assert result.layered_ncut == pytest.approx((1 - beyond / volume).sum(), rel=1e-5)


def test_bands_of_layers_earn_nothing():
    rng = np.random.default_rng(0)
    graph = cl.WeightGraph.from_matrices([np.ones((20, 10)), np.ones((10, 20)), np.ones((20, 5))])
    noisy = cl.WeightGraph.from_matrices([1 + 0.01 * rng.random((20, 10)), 1 + 0.01 * rng.random((10, 20))])
    assert cl.measure_modularity(noisy).value < 0.01
    ncut = cl.measure_ncut(graph, 2)
    assert ncut.layered_modularity == pytest.approx(0, abs=1e-6)
    assert ncut.layered_ncut == pytest.approx(2, abs=1e-5)


def test_the_curve_has_its_maximum_at_the_k_chosen():
    graph, _ = planted(3)
    result = cl.measure_modularity(graph)
    assert result.numbers == tuple(range(2, 21))
    assert result.numbers[int(result.curve.argmax())] == result.num_clusters
    assert result.curve.max() == pytest.approx(result.value)
    assert not result.at_the_end


def test_a_seed_gives_the_same_partition_and_small_graphs_fewer_clusters():
    graph, _ = planted(1)
    first, again = (cl.measure_modularity(graph, seed=4) for _ in range(2))
    assert np.array_equal(first.labels, again.labels)
    tiny = cl.WeightGraph.from_matrices([np.random.default_rng(0).random((3, 2))])
    assert cl.measure_modularity(tiny).numbers == (2, 3, 4, 5)


def test_impossible_numbers_are_one_line():
    graph, _ = planted(0)
    with pytest.raises(GraphError, match="num_clusters: got 1, allowed: 2 to 160"):
        cl.measure_modularity(graph, 1)
