from itertools import combinations

import numpy as np
import pytest

import clusterability as cl
from clusterability import seeds
from clusterability.errors import GraphError
from clusterability.ncut import prepare


def adjusted_rand(first, second):
    """Adjusted Rand index by counting pairs of nodes, Hubert & Arabie 1985."""
    pairs = list(combinations(range(len(first)), 2))
    in_first = np.array([first[i] == first[j] for i, j in pairs])
    in_second = np.array([second[i] == second[j] for i, j in pairs])
    expected = in_first.mean() * in_second.mean()
    return ((in_first & in_second).mean() - expected) / ((in_first.mean() + in_second.mean()) / 2 - expected)


def planted_graph():
    return cl.WeightGraph.from_matrices([np.kron(np.eye(3), np.ones((4, 4))) + 0.02] * 2)


def random_graph():
    rng = np.random.default_rng(0)
    return cl.WeightGraph.from_matrices([np.abs(rng.normal(size=shape)) for shape in ((30, 24), (24, 10))])


@pytest.mark.parametrize("estimator", ["refined", "spectral"])
def test_the_stability_of_an_ncut_is_the_mean_index_with_other_seeds_partitions(estimator):
    graph = random_graph()
    result = cl.measure_ncut(graph, 4, estimator, seed=3)
    others = [seeds.integer_seed(3, "stability", index) for index in range(3)]
    expected = np.mean(
        [adjusted_rand(result.labels, cl.measure_ncut(graph, 4, estimator, seed).labels) for seed in others]
    )
    found = cl.measure_stability(graph, result, num_seeds=3, seed=3)
    assert found == pytest.approx(expected, abs=1e-12)
    assert cl.measure_stability(prepare(graph), result, num_seeds=3, seed=3) == found
    assert found < 1


@pytest.mark.parametrize("num_clusters", [None, 4])
def test_the_stability_of_a_modularity_looks_for_k_where_the_result_did(num_clusters):
    graph = random_graph()
    result = cl.measure_modularity(graph, num_clusters)
    others = [seeds.integer_seed(0, "stability", index) for index in range(2)]
    expected = np.mean(
        [
            adjusted_rand(result.labels, cl.measure_modularity(graph, num_clusters, seed).labels)
            for seed in others
        ]
    )
    assert cl.measure_stability(graph, result) == pytest.approx(expected, abs=1e-12)


def test_planted_modules_are_found_by_every_seed():
    graph = planted_graph()
    for result in (cl.measure_ncut(graph, 3), cl.measure_modularity(graph)):
        assert cl.measure_stability(graph, result) == 1


def test_what_cannot_be_compared_is_refused():
    result = cl.measure_ncut(planted_graph(), 3)
    with pytest.raises(GraphError, match="num_seeds: got 0, allowed: 1 or more"):
        cl.measure_stability(planted_graph(), result, num_seeds=0)
    with pytest.raises(GraphError, match="labels of 36 nodes, allowed: 64"):
        cl.measure_stability(random_graph(), result)


def test_small_clusters_hold_less_than_one_percent_of_the_volume():
    strong, weak = np.ones((6, 6)), np.full((2, 2), 0.05)
    matrix = np.block([[strong, np.zeros((6, 4))], [np.zeros((4, 6)), np.kron(np.eye(2), weak)]])
    graph = cl.WeightGraph.from_matrices([matrix])
    # Volumes: 72, 0.4 and 0.4 of 72.8; the small ones 0.55 % each.
    assert cl.measure_ncut(graph, 3).small_clusters == 2
    modules = cl.measure_modularity(graph, 3)
    assert sorted(modules.volume) == pytest.approx([0.4, 0.4, 72], abs=1e-6)
    assert modules.small_clusters == 2
    even = cl.measure_ncut(planted_graph(), 3)
    assert even.small_clusters == 0
