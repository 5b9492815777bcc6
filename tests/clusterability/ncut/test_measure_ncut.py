import itertools

import numpy as np
import pytest
from sklearn.cluster import SpectralClustering

from clusterability import WeightGraph, measure_ncut
from clusterability.errors import GraphError


def glorot(widths, seed):
    rng = np.random.default_rng(seed)
    pairs = itertools.pairwise(widths)
    return [rng.uniform(-1, 1, pair) * np.sqrt(6 / sum(pair)) for pair in pairs]


def ncut_by_definition(graph, labels):
    adjacency = graph.adjacency().toarray()
    total = 0.0
    for cluster in np.unique(labels):
        inside = labels == cluster
        total += adjacency[inside][:, ~inside].sum() / adjacency[inside].sum()
    return total


def test_planted_blocks_have_the_closed_form_and_are_found():
    k, units, noise = 4, 6, 0.01
    block = np.kron(np.eye(k), np.ones((units, units))) * (1 - noise) + noise
    graph = WeightGraph.from_matrices([block, block])
    result = measure_ncut(graph, num_clusters=k)
    # A unit meets its own cluster's `units` with weight 1 and the others' with `noise`, on either side.
    leaving = (k - 1) * units * noise
    assert result.value == pytest.approx(k * leaving / (units + leaving), rel=1e-6)
    assert len(set(result.labels.reshape(3, k, units)[:, 0, 0])) == 1
    assert result.effective_clusters == pytest.approx(k)
    assert result.modularity == pytest.approx(1 - result.value / k - 1 / k, rel=1e-6)


def test_value_is_the_ncut_of_the_labels_and_not_below_the_bound():
    graph = WeightGraph.from_matrices(glorot([40, 30, 30, 10], 0))
    result = measure_ncut(graph, num_clusters=5)
    assert result.value == pytest.approx(ncut_by_definition(graph, result.labels), rel=1e-6)
    assert result.lower_bound <= result.value
    assert np.sum(result.cut / result.volume) == pytest.approx(result.value)


def test_spectral_agrees_with_scikit_learn_within_kmeans_noise():
    graph = WeightGraph.from_matrices(glorot([150, 80, 80, 40], 1))
    reference = []
    for seed in range(8):
        clustering = SpectralClustering(
            6, affinity="precomputed", n_init=25, eigen_solver="arpack", random_state=seed
        )
        reference.append(ncut_by_definition(graph, clustering.fit_predict(graph.adjacency())))
    ours = [measure_ncut(graph, 6, "spectral", seed).value for seed in range(8)]
    noise = np.hypot(np.std(ours, ddof=1), np.std(reference, ddof=1)) / np.sqrt(8)
    assert abs(np.mean(ours) - np.mean(reference)) < 4 * noise + 1e-3


def test_more_clusters_than_nodes_is_refused_with_both_numbers():
    graph = WeightGraph.from_matrices([np.ones((2, 3))])
    with pytest.raises(GraphError, match="got 12, allowed: 2 to 5"):
        measure_ncut(graph, num_clusters=12)


def test_a_disconnected_graph_says_so():
    result = measure_ncut(WeightGraph.from_matrices([np.kron(np.eye(3), np.ones((2, 2)))]), num_clusters=3)
    assert result.value == pytest.approx(0, abs=1e-6)
    assert result.status.startswith("disconnected: 3 components")
