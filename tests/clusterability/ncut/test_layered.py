"""Layered n-cut and modularity, their embedding and search, against explicit matrices and enumeration."""

from itertools import pairwise

import networkx as nx
import numpy as np
import pytest
from sklearn.metrics import adjusted_rand_score

from clusterability import WeightGraph
from clusterability.graph import Block
from clusterability.ncut import prepare
from clusterability.ncut.layered import layer_share, layered_values, layered_weights
from clusterability.ncut.layered_embedding import layered_embedding
from clusterability.ncut.layered_partition import layered_partition, modularity_curve
from clusterability.ncut.layered_search import anneal_layered
from clusterability.ncut.normalised import NormalisedAdjacency
from clusterability.ncut.partition import partition_ncut

OBJECTIVES = ("layered_ncut", "layered_modularity")


def chain(seed, widths=(8, 6, 5, 3), density=1.0):
    rng = np.random.default_rng(seed)
    return WeightGraph.from_matrices(
        [rng.standard_normal(pair) ** 3 * (rng.random(pair) < density) for pair in pairwise(widths)]
    )


def with_skips(seed, widths=(6, 5, 6, 4)):
    """A chain with an identity skip and a block over two layers: not bipartite."""
    rng = np.random.default_rng(seed)
    blocks = [
        Block(source=i, target=i + 1, matrix=rng.standard_normal(pair))
        for i, pair in enumerate(pairwise(widths))
    ]
    blocks.append(Block(source=0, target=2, matrix=np.eye(6), is_skip=True))
    blocks.append(Block(source=1, target=3, matrix=rng.standard_normal((widths[1], widths[3]))))
    return WeightGraph.from_blocks(blocks, widths)


def triangle(seed):
    rng = np.random.default_rng(seed)
    pairs = ((0, 1), (1, 2), (0, 2))
    blocks = [Block(source=i, target=j, matrix=rng.random((3, 3)) ** 3) for i, j in pairs]
    return WeightGraph.from_blocks(blocks, (3, 3, 3))


GRAPHS = {"chain": chain(0), "sparse chain": chain(1, density=0.4), "skips": with_skips(2)}


def planted(seed, widths=(120, 60, 60, 10), modules=5, down=0.5):
    rng = np.random.default_rng(seed)
    truth = [rng.integers(modules, size=width) for width in widths]
    matrices = []
    for (rows, columns), pair in zip(pairwise(truth), pairwise(widths), strict=True):
        same = rows[:, None] == columns
        matrices.append(rng.standard_normal(pair) * np.where(same, 1 + (1 - down) * (modules - 1), down))
    return WeightGraph.from_matrices(matrices), np.concatenate(truth)


def prepared(graph, gamma=1.0):
    ready = prepare(graph)
    layout, flat = ready.layout, ready.flat
    return layout, layered_weights(layout, flat, gamma)


def explicit(graph, gamma=1.0):
    """A and M = A - E as matrices, by the definition."""
    starts = graph.layer_starts
    adjacency = graph.adjacency().toarray()
    expected = np.zeros_like(adjacency)
    for block in graph.blocks:
        weights = np.abs(block.matrix)
        rows = slice(starts[block.source], starts[block.source + 1])
        columns = slice(starts[block.target], starts[block.target + 1])
        expected[rows, columns] = gamma * np.outer(weights.sum(1), weights.sum(0)) / weights.sum()
    return adjacency, adjacency - expected - expected.T


def values_of_all(partitions, num_clusters, adjacency, beyond):
    """Layered n-cut and modularity of each row of labels."""
    ncuts, weight = np.zeros(len(partitions)), np.zeros(len(partitions))
    degrees = adjacency.sum(1)
    for cluster in range(num_clusters):
        member = (np.asarray(partitions) == cluster).astype(float)
        within = np.einsum("pi,ij,pj->p", member, beyond, member, optimize=True)
        ncuts += 1 - within / (member @ degrees)
        weight += within
    return ncuts, weight / degrees.sum()


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


class TestValues:
    @pytest.mark.parametrize("gamma", [0.0, 0.5, 1.0, 2.0])
    @pytest.mark.parametrize("graph", GRAPHS.values(), ids=GRAPHS)
    def test_they_are_those_of_the_explicit_matrix(self, graph, gamma):
        labels = np.random.default_rng(3).permutation(np.arange(graph.num_nodes) % 4).astype(np.int32)
        found = layered_values(prepared(graph, gamma)[1], labels, 4)
        ncuts, modularities = values_of_all([labels], 4, *explicit(graph, gamma))
        assert found == pytest.approx((ncuts[0], modularities[0]), rel=1e-6, abs=1e-7)

    @pytest.mark.parametrize("gamma", [0.7, 1.0])
    def test_of_one_block_the_modularity_is_networkxs_of_a_directed_graph(self, gamma):
        """Out-strengths of sources and in-strengths of targets: Barber's bipartite modularity."""
        graph = chain(4, widths=(9, 7))
        labels = np.random.default_rng(5).integers(3, size=16).astype(np.int32)
        network = nx.DiGraph()
        for (i, j), weight in np.ndenumerate(np.abs(graph.blocks[0].matrix)):
            network.add_edge(i, 9 + j, weight=weight)
        communities = [set(np.flatnonzero(labels == cluster).tolist()) for cluster in range(3)]
        expected = nx.community.modularity(network, communities, weight="weight", resolution=gamma)
        assert layered_values(prepared(graph, gamma)[1], labels, 3)[1] == pytest.approx(expected, abs=1e-7)

    def test_bands_of_whole_layers_earn_nothing(self):
        graph = chain(6, widths=(9, 7, 6, 5))
        layers = graph.layer_of.astype(np.int32)
        bands = layers // 2
        weights = prepared(graph)[1]
        assert layered_values(weights, bands, 2) == pytest.approx((2, 0), abs=1e-6)
        assert layer_share(graph.layer_of, layers) == pytest.approx(1)
        assert layer_share(graph.layer_of, np.zeros_like(layers)) == 0

    def test_without_expectation_it_is_the_plain_ncut(self):
        graph = chain(7)
        ready = prepare(graph)
        layout, flat = ready.layout, ready.flat
        labels = (np.arange(graph.num_nodes) % 3).astype(np.int32)
        plain = partition_ncut(NormalisedAdjacency(layout=layout, flat=flat), labels, 3)
        assert layered_values(layered_weights(layout, flat, 0), labels, 3)[0] == pytest.approx(plain)

    def test_nodes_of_no_cluster_count_nowhere(self):
        matrices = [np.pad(np.abs(block.matrix), ((0, 1), (0, 1))) for block in chain(8, (6, 5)).blocks]
        smaller, larger = prepared(chain(8, (6, 5))), None
        ready = prepare(WeightGraph.from_matrices([np.ones((7, 6))]))
        layout = ready.layout
        flat = np.zeros(layout.size, dtype=np.float32)
        layout.half(flat, layout.forward[0])[:] = matrices[0]
        layout.half(flat, layout.backward[0])[:] = matrices[0].T
        larger = layered_weights(layout, flat)
        labels = (np.arange(11) % 2).astype(np.int32)
        with_isolated = np.concatenate([labels[:6], [-1], labels[6:], [-1]]).astype(np.int32)
        assert layered_values(larger, with_isolated, 2) == pytest.approx(
            layered_values(smaller[1], labels, 2)
        )
        found = layered_partition(layout, larger, 3, "layered_modularity", np.random.default_rng(0))
        np.testing.assert_array_equal(found < 0, with_isolated < 0)


@pytest.mark.parametrize("graph", [chain(0, (30, 25, 20, 15)), with_skips(1, (6, 25, 6, 20))])
def test_the_embedding_converges_to_the_top_eigenvectors(graph):
    layout, weights = prepared(graph)
    embedding = layered_embedding(layout, weights, 4, 600, np.random.default_rng(0))
    adjacency, beyond = explicit(graph)
    roots = np.sqrt(adjacency.sum(1))
    values, vectors = np.linalg.eigh(beyond / np.outer(roots, roots))
    assert np.abs(values).max() <= 1 + 1e-9
    found = embedding * roots[:, None]
    found /= np.linalg.norm(found, axis=0)
    np.testing.assert_allclose(np.abs((found * vectors[:, ::-1][:, :4]).sum(0)), 1, atol=1e-4)


@pytest.mark.parametrize("objective", OBJECTIVES)
class TestSearch:
    def test_it_finds_the_optimum_of_at_least_57_of_60_small_graphs(self, objective):
        """By enumeration of all partitions; chains and graphs with odd cycles."""
        which, found = OBJECTIVES.index(objective), 0
        partitions = {k: np.array(list(restricted_growth_strings(9, k))) for k in (2, 3)}
        for case in range(60):
            graph = chain(case, (4, 3, 2)) if case % 2 else triangle(case)
            num_clusters = 2 + case % 2
            values = values_of_all(partitions[num_clusters], num_clusters, *explicit(graph))[which]
            optimum = values.max() if which else values.min()
            layout, weights = prepared(graph)
            labels = layered_partition(layout, weights, num_clusters, objective, np.random.default_rng(case))
            value = layered_values(weights, labels, num_clusters)[which]
            assert (value <= optimum + 1e-6) if which else (value >= optimum - 1e-6)
            found += abs(value - optimum) < 1e-6
        print(f"{objective}: {found} of 60")
        assert found >= 57

    @pytest.mark.parametrize("graph", GRAPHS.values(), ids=GRAPHS)
    def test_descent_alone_ends_where_no_single_move_helps(self, objective, graph):
        which = OBJECTIVES.index(objective)
        _, weights = prepared(graph)
        labels = np.random.default_rng(1).permutation(np.arange(graph.num_nodes) % 3).astype(np.int32)
        before = layered_values(weights, labels, 3)[which]
        anneal_layered(weights, labels, 3, bool(which), 0.0, 0, np.random.default_rng(0))
        after = layered_values(weights, labels, 3)[which]
        moves = [
            np.where(np.arange(len(labels)) == node, to, labels)
            for node in range(len(labels))
            for to in range(3)
        ]
        moves = [moved for moved in moves if len(set(moved)) == 3]
        reached = values_of_all(moves, 3, *explicit(graph))[which]
        if which:
            assert after > before
            assert reached.max() <= after + 1e-5
        else:
            assert after < before
            assert reached.min() >= after - 1e-5

    def test_planted_modules_are_found_through_all_layers(self, objective):
        for seed in range(3):
            graph, truth = planted(seed)
            layout, weights = prepared(graph)
            labels = layered_partition(layout, weights, 5, objective, np.random.default_rng(0))
            assert adjusted_rand_score(truth, labels) > 0.97
            assert layer_share(graph.layer_of, labels) < 0.1

    def test_every_cluster_keeps_a_node_where_clusters_are_as_many_as_nodes(self, objective):
        layout, weights = prepared(chain(5, (3, 4)))
        labels = layered_partition(layout, weights, 7, objective, np.random.default_rng(0))
        assert sorted(labels) == list(range(7))

    def test_scale_and_direction_of_the_weights_change_nothing(self, objective):
        graph, _ = planted(3)
        matrices = [block.matrix for block in graph.blocks]
        variants = [matrices, [1e-6 * w for w in matrices], [w.T for w in matrices[::-1]]]
        values = []
        for variant in variants:
            layout, weights = prepared(WeightGraph.from_matrices(variant))
            labels = layered_partition(layout, weights, 5, objective, np.random.default_rng(0))
            values.append(layered_values(weights, labels, 5)[OBJECTIVES.index(objective)])
        np.testing.assert_allclose(values, values[0], rtol=1e-5)


class TestCurve:
    @pytest.mark.parametrize("seed", range(3))
    def test_the_modularity_is_highest_at_the_planted_number(self, seed):
        graph, truth = planted(seed)
        layout, weights = prepared(graph)
        curve = modularity_curve(layout, weights, 12, np.random.default_rng(seed))
        assert curve.numbers == tuple(range(2, 13))
        assert curve.num_clusters == 5 == curve.numbers[int(curve.values.argmax())]
        assert adjusted_rand_score(truth, curve.labels) > 0.97
        assert layered_values(weights, curve.labels, 5)[1] == pytest.approx(curve.value)

    def test_it_is_not_below_partitions_of_fixed_numbers(self):
        rng = np.random.default_rng(0)
        graph = WeightGraph.from_matrices([rng.standard_normal(pair) for pair in pairwise((60, 40, 40, 10))])
        layout, weights = prepared(graph)
        curve = modularity_curve(layout, weights, 10, np.random.default_rng(0))
        for k in (3, 5, 8):
            labels = layered_partition(layout, weights, k, "layered_modularity", np.random.default_rng(0))
            assert curve.values[k - 2] >= layered_values(weights, labels, k)[1] - 0.003

    def test_one_seed_gives_one_result(self):
        layout, weights = prepared(planted(4)[0])
        first, second = (modularity_curve(layout, weights, 8, np.random.default_rng(3)) for _ in range(2))
        np.testing.assert_array_equal(first.values, second.values)
        np.testing.assert_array_equal(first.labels, second.labels)
