from itertools import pairwise

import numpy as np
import pytest
from sklearn.metrics import adjusted_rand_score

from clusterability import WeightGraph, measure_ncut, null_test
from clusterability.graph import Block
from clusterability.ncut.measure import measure_ncut as measure


def random_graph(rng, num_layers, density=1.0):
    """A chain, or where `num_layers` is 3 and a coin says so a triangle of layers, of at most 10 nodes."""
    widths = rng.integers(2, 4, num_layers)
    pairs = [*pairwise(range(num_layers))]
    if num_layers == 3 and rng.random() < 0.5:
        pairs.append((0, 2))
    blocks = []
    for source, target in pairs:
        weights = rng.standard_normal((widths[source], widths[target])) ** 3
        weights *= rng.random(weights.shape) < density
        blocks.append(Block(source=source, target=target, matrix=weights))
    return WeightGraph.from_blocks(blocks, widths)


def best_partition_by_brute_force(adjacency, num_clusters):
    """The lowest n-cut of all partitions into exactly `num_clusters` non-empty clusters."""
    nodes = len(adjacency)
    partitions = np.array(list(restricted_growth_strings(nodes, num_clusters)))
    degrees = adjacency.sum(axis=1)
    total = np.full(len(partitions), float(num_clusters))
    for cluster in range(num_clusters):
        member = (partitions == cluster).astype(float)
        total -= np.einsum("pi,ij,pj->p", member, adjacency, member, optimize=True) / (member @ degrees)
    return total.min()


def restricted_growth_strings(nodes, num_clusters, prefix=()):
    used = max(prefix, default=-1) + 1
    if len(prefix) == nodes:
        if used == num_clusters:
            yield prefix
        return
    if nodes - len(prefix) < num_clusters - used:
        return
    for label in range(min(used + 1, num_clusters)):
        yield from restricted_growth_strings(nodes, num_clusters, (*prefix, label))


def test_refined_finds_the_optimum_of_at_least_95_of_100_small_graphs():
    rng = np.random.default_rng(0)
    found = 0
    for case in range(100):
        graph = random_graph(rng, num_layers=2 + case % 2)
        num_clusters = int(rng.integers(2, 4))
        optimum = best_partition_by_brute_force(graph.adjacency().toarray(), num_clusters)
        result = measure_ncut(graph, num_clusters, "refined", seed=case)
        assert result.value >= optimum - 1e-5
        assert result.value >= result.lower_bound - 1e-5
        found += result.value <= optimum + 1e-5
    assert found >= 95


def planted(seed, widths=(120, 60, 60, 10), modules=6, down=0.5):
    """Weights within one of the modules are larger by (1 + (1 - down) (modules - 1)) / down."""
    rng = np.random.default_rng(seed)
    truth = [rng.integers(modules, size=width) for width in widths]
    matrices = []
    for (rows, columns), pair in zip(pairwise(truth), pairwise(widths), strict=True):
        same = rows[:, None] == columns
        matrices.append(rng.standard_normal(pair) * np.where(same, 1 + (1 - down) * (modules - 1), down))
    return WeightGraph.from_matrices(matrices), np.concatenate(truth)


class TestRefinedIsNotAboveSpectral:
    def test_on_graphs_without_structure(self):
        rng = np.random.default_rng(1)
        for seed in range(5):
            graph = WeightGraph.from_matrices([rng.standard_normal((60, 40)), rng.standard_normal((40, 30))])
            values = {name: measure_ncut(graph, 6, name, seed).value for name in ("refined", "spectral")}
            assert values["refined"] <= values["spectral"] + 1e-6

    @pytest.mark.parametrize("down", [0.2, 0.4, 0.6, 0.8])
    def test_on_planted_modules(self, down):
        for seed in range(5):
            graph, _ = planted(seed, down=down)
            values = {name: measure_ncut(graph, 6, name, seed).value for name in ("refined", "spectral")}
            assert values["refined"] <= values["spectral"] + 1e-9

    def test_on_small_graphs_whatever_their_weights(self):
        rng = np.random.default_rng(2)
        for seed in range(40):
            graph = random_graph(rng, num_layers=2 + seed % 3)
            for num_clusters in (2, 4):
                values = {
                    name: measure_ncut(graph, num_clusters, name, seed).value
                    for name in ("refined", "spectral")
                }
                assert values["refined"] <= values["spectral"] + 1e-9

    def test_where_the_search_alone_ends_above_it(self):
        """Heavy-tailed weights, and layers so narrow that few units hold most of the weight."""
        rng = np.random.default_rng(3)
        is_search_above = []
        for widths in ([232, 205, 16], [300, 40, 8, 60, 10]):
            weights = [np.exp(rng.standard_normal(pair)) for pair in pairwise(widths)]
            graph = WeightGraph.from_matrices(weights)
            for num_clusters in (4, 7, 12):
                refined, spectral = (
                    measure_ncut(graph, num_clusters, name).value for name in ("refined", "spectral")
                )
                search = null_test(graph, num_shuffles=1, num_clusters=num_clusters).observed
                assert refined <= min(search, spectral)
                is_search_above.append(search > spectral)
        assert any(is_search_above)


def test_refined_finds_planted_modules_where_clusters_are_clear():
    """A single start of k clusters often merges two modules and cuts a third; no single move mends that."""
    for seed in range(5):
        graph, truth = planted(seed, widths=(200, 100, 100, 10), down=0.3)
        assert adjusted_rand_score(truth, measure_ncut(graph, 6, "refined", seed).labels) > 0.97


@pytest.mark.parametrize("estimator", ["refined", "spectral"])
class TestInvariance:
    """On a graph with planted clusters every estimator finds them, however the nodes are called."""

    def planted(self):
        rng = np.random.default_rng(2)
        block = np.kron(np.eye(4), np.ones((6, 6)))
        return [block + 0.2 * rng.random(block.shape) for _ in range(3)]

    def test_scaling_all_weights_changes_nothing(self, estimator):
        matrices = self.planted()
        values = [
            measure(WeightGraph.from_matrices([scale * matrix for matrix in matrices]), 4, estimator).value
            for scale in (1, 1e-6, -1e6)
        ]
        np.testing.assert_allclose(values, values[0], rtol=1e-5)

    def test_renaming_units_within_layers_changes_nothing(self, estimator):
        rng = np.random.default_rng(3)
        matrices = self.planted()
        orders = [rng.permutation(24) for _ in range(4)]
        renamed = [
            matrix[np.ix_(rows, columns)]
            for matrix, (rows, columns) in zip(matrices, pairwise(orders), strict=True)
        ]
        first = measure(WeightGraph.from_matrices(matrices), 4, estimator)
        second = measure(WeightGraph.from_matrices(renamed), 4, estimator)
        assert second.value == pytest.approx(first.value, rel=1e-5)
        there = first.labels.reshape(4, 24)
        back = np.stack([there[layer][order] for layer, order in enumerate(orders)])
        agreeing = {*zip(back.ravel(), second.labels, strict=True)}
        assert len(agreeing) == 4

    def test_reversing_the_layers_changes_nothing(self, estimator):
        matrices = self.planted()
        forward = measure(WeightGraph.from_matrices(matrices), 4, estimator).value
        backward = measure(WeightGraph.from_matrices([matrix.T for matrix in matrices[::-1]]), 4, estimator)
        assert backward.value == pytest.approx(forward, rel=1e-5)


def test_single_precision_moves_the_ncut_by_less_than_a_thousandth():
    rng = np.random.default_rng(4)
    graph = WeightGraph.from_matrices([rng.standard_normal((300, 100)), rng.standard_normal((100, 100))])
    result = measure_ncut(graph, 12, "refined")
    adjacency = graph.adjacency()
    exact = 12 - sum(
        adjacency[member][:, member].sum() / adjacency[member].sum()
        for member in (np.flatnonzero(result.labels == cluster) for cluster in range(12))
    )
    assert result.value == pytest.approx(exact, abs=1e-5)


def test_every_cluster_keeps_a_node_where_clusters_are_as_many_as_nodes():
    graph = WeightGraph.from_matrices([np.random.default_rng(5).random((3, 4))])
    result = measure_ncut(graph, 7, "refined")
    assert sorted(result.labels) == list(range(7))
    assert result.value == pytest.approx(7)
