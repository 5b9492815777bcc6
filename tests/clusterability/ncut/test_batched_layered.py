"""The batched search by layered n-cut and modularity on torch's CPU device: enumeration, planted modules."""

from itertools import pairwise, product

import numpy as np
import pytest
import torch
from sklearn.metrics import adjusted_rand_score

from clusterability import WeightGraph, null_test
from clusterability.graph import Block
from clusterability.ncut import prepare
from clusterability.ncut.adjacency import fill, make_layout
from clusterability.ncut.batched import batched_partitions, bytes_on_device
from clusterability.ncut.batched_embedding import rough_embedding
from clusterability.ncut.batched_graphs import batch_of
from clusterability.ncut.batched_random import Draws
from clusterability.ncut.batched_search import anneal, one_hot
from clusterability.ncut.layered import layered_values, layered_weights
from clusterability.ncut.layered_partition import layered_partition
from clusterability.nulls import batched as batched_nulls

DEVICES = ["cpu", *(["cuda"] if torch.cuda.is_available() else [])]
OBJECTIVES = ("layered_ncut", "layered_modularity")
SHAPES = {
    "chain": (((0, 1), (1, 2)), (4, 3, 2)),
    "triangle": (((0, 1), (1, 2), (0, 2)), (3, 3, 3)),
}


@pytest.fixture(autouse=True)
def one_thread():
    """As the search itself does: torch's threads wait for each other where other tests hold the cores."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)


def random_flats(pairs, widths, count, density=1.0):
    layout = make_layout(pairs, widths)
    rng = np.random.default_rng(1)
    matrices = [
        [
            rng.standard_normal((widths[i], widths[j])) ** 3 * (rng.random((widths[i], widths[j])) < density)
            for i, j in pairs
        ]
        for _ in range(count)
    ]
    return layout, np.stack([fill(layout, drawn) for drawn in matrices])


def planted(seed, widths=(120, 60, 60, 10), modules=5, down=0.5):
    rng = np.random.default_rng(seed)
    truth = [rng.integers(modules, size=width) for width in widths]
    matrices = []
    for (rows, columns), pair in zip(pairwise(truth), pairwise(widths), strict=True):
        same = rows[:, None] == columns
        matrices.append(rng.standard_normal(pair) * np.where(same, 1 + (1 - down) * (modules - 1), down))
    return WeightGraph.from_matrices(matrices), np.concatenate(truth)


def explicit(layout, flat):
    """A and M = A - E as matrices, by the definition."""
    adjacency = np.zeros((layout.num_nodes, layout.num_nodes))
    expected = np.zeros_like(adjacency)
    for (source, target), row in zip(layout.pairs, layout.forward, strict=True):
        block = layout.half(flat, row).astype(float)
        places = (slice(*layout.starts[source : source + 2]), slice(*layout.starts[target : target + 2]))
        adjacency[places] = block
        expected[places] = np.outer(block.sum(1), block.sum(0)) / block.sum()
    return adjacency + adjacency.T, adjacency + adjacency.T - expected - expected.T


def value_by_definition(adjacency, beyond, labels, objective):
    member = np.eye(labels.max() + 1)[labels]
    within, volumes = np.diag(member.T @ beyond @ member), member.T @ adjacency.sum(1)
    return within.sum() / volumes.sum() if "modularity" in objective else (1 - within / volumes).sum()


@pytest.mark.parametrize("device", DEVICES)
@pytest.mark.parametrize("objective", OBJECTIVES)
@pytest.mark.parametrize("shape", SHAPES.values(), ids=SHAPES)
def test_small_graphs_end_at_the_optimum_of_all_partitions_and_never_beyond(shape, objective, device):
    layout, weights = random_flats(*shape, 20)
    found = batched_partitions(layout, weights, 2, objective, np.arange(20), device)
    partitions = np.array([(0, *rest) for rest in product(range(2), repeat=8) if any(rest)])
    sign, optima = 1 if "modularity" in objective else -1, 0
    for flat, value in zip(weights, found.values, strict=True):
        matrices = explicit(layout, flat)
        optimum = max(sign * value_by_definition(*matrices, labels, objective) for labels in partitions)
        assert sign * value <= optimum + 1e-6
        optima += sign * value >= optimum - 1e-6
    assert optima >= 19


@pytest.mark.parametrize("device", DEVICES)
@pytest.mark.parametrize("objective", OBJECTIVES)
@pytest.mark.parametrize("density", [1.0, 0.15])
@pytest.mark.parametrize("pairs", [((0, 1), (1, 2), (2, 3)), ((0, 1), (1, 2), (0, 2), (2, 3))], ids=str)
def test_values_are_those_of_the_labels_and_near_the_compiled_searchs(pairs, density, objective, device):
    layout, weights = random_flats(pairs, (50, 40, 45, 10), 12, density)
    found = batched_partitions(layout, weights, 4, objective, np.arange(12), device)
    which, compiled = OBJECTIVES.index(objective), []
    for index, (flat, labels, value) in enumerate(zip(weights, found.labels, found.values, strict=True)):
        layered = layered_weights(layout, flat)
        np.testing.assert_array_equal(labels < 0, layered.degrees == 0)
        assert set(labels[labels >= 0]) == set(range(4))
        assert value == pytest.approx(layered_values(layered, labels, 4)[which], abs=1e-6)
        other = layered_partition(layout, layered, 4, objective, np.random.default_rng(index))
        compiled.append(layered_values(layered, other, 4)[which])
    assert found.values.mean() == pytest.approx(np.mean(compiled), rel=0.02)


@pytest.mark.parametrize("device", DEVICES)
@pytest.mark.parametrize("objective", OBJECTIVES)
def test_planted_modules_are_found_through_all_layers(objective, device):
    graphs, truths = zip(*(planted(seed) for seed in range(3)), strict=True)
    ready = [prepare(graph) for graph in graphs]
    weights = np.stack([one.flat for one in ready])
    found = batched_partitions(ready[0].layout, weights, 5, objective, np.arange(3), device)
    for truth, labels in zip(truths, found.labels, strict=True):
        assert adjusted_rand_score(truth, labels) > 0.97


@pytest.mark.parametrize("device", DEVICES)
@pytest.mark.parametrize("objective", OBJECTIVES)
def test_a_graphs_partition_depends_neither_on_the_batch_nor_on_the_run(objective, device):
    layout, weights = random_flats(((0, 1), (1, 2)), (30, 24, 20), 8)
    together = batched_partitions(layout, weights, 5, objective, np.arange(8), device)
    again = batched_partitions(layout, weights, 5, objective, np.arange(8), device)
    np.testing.assert_array_equal(together.values, again.values)
    for index in (0, 3, 7):
        alone = batched_partitions(layout, weights[index][None], 5, objective, np.array([index]), device)
        np.testing.assert_array_equal(alone.labels[0], together.labels[index])
        assert alone.values[0] == pytest.approx(together.values[index], rel=1e-12)
    others = batched_partitions(layout, weights, 5, objective, np.arange(8) + 8, device)
    assert not np.array_equal(others.labels, together.labels)


@pytest.mark.parametrize("device", DEVICES)
def test_graphs_of_hardly_more_units_than_clusters_are_partitioned_beside_others(device):
    layout, weights = random_flats(((0, 1), (1, 2)), (6, 5, 4), 3)
    for row, pair in zip(layout.forward, layout.pairs, strict=True):  # the second graph: 3 + 3 + 2 units
        backward = layout.backward[layout.pairs.index(pair)]
        layout.half(weights[1], row)[3:] = layout.half(weights[1], backward)[:, 3:] = 0
    layout.half(weights[1], layout.forward[0])[:, 3:] = layout.half(weights[1], layout.backward[0])[3:] = 0
    layout.half(weights[1], layout.forward[1])[:, 2:] = layout.half(weights[1], layout.backward[1])[2:] = 0
    found = batched_partitions(layout, weights, 8, "layered_modularity", np.arange(3), device)
    assert [len(set(labels[labels >= 0])) for labels in found.labels] == [8, 8, 8]
    assert (found.labels >= 0).sum(1).tolist() == [15, 8, 15]


@pytest.mark.parametrize("by_volume", [True, False])
def test_descent_alone_ends_where_no_single_move_helps(by_volume):
    layout, weights = random_flats(((0, 1), (1, 2), (0, 2)), (6, 5, 6), 5)
    batch = batch_of(layout, weights, 1.0, "cpu")
    start = np.stack([np.random.default_rng(seed).permutation(np.arange(17) % 3) for seed in range(5)])
    member = one_hot(batch, torch.as_tensor(start[:, batch.order]), 3)
    anneal(batch, member, by_volume, 0.0, 0, Draws(torch.arange(5), 0))
    sign, objective = (1, OBJECTIVES[1]) if by_volume else (-1, OBJECTIVES[0])
    for flat, places, before in zip(weights, member.argmax(2).numpy(), start, strict=True):
        labels = np.empty(17, dtype=np.int64)
        labels[batch.order] = places
        matrices = explicit(layout, flat)
        reached = sign * value_by_definition(*matrices, labels, objective)
        assert reached > sign * value_by_definition(*matrices, before, objective)
        for node, to in product(range(17), range(3)):
            moved = np.where(np.arange(17) == node, to, labels)
            if len(set(moved)) == 3:
                assert sign * value_by_definition(*matrices, moved, objective) <= reached + 1e-8


@pytest.mark.parametrize("pairs", [((0, 1), (1, 2)), ((0, 1), (1, 2), (0, 2))], ids=["chain", "triangle"])
def test_the_embedding_converges_to_the_top_eigenvectors(pairs):
    layout, weights = random_flats(pairs, (14, 12, 11), 1)
    batch = batch_of(layout, weights, 1.0, "cpu")
    found = rough_embedding(batch, 4, 300, Draws(torch.arange(1), 0)).numpy()
    for flat, rows in zip(weights, found, strict=True):
        adjacency, beyond = (matrix[np.ix_(batch.order, batch.order)] for matrix in explicit(layout, flat))
        roots = np.sqrt(adjacency.sum(1))
        vectors = np.linalg.eigh(beyond / np.outer(roots, roots))[1][:, -4:] / roots[:, None]
        vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
        # The same rows up to a rotation: the same angles between them.
        np.testing.assert_allclose(rows @ rows.T, vectors @ vectors.T, atol=1e-3)


def test_random_numbers_are_uniform_and_differ_between_graphs_stages_and_calls():
    draws = [Draws(torch.arange(2), stage) for stage in (0, 1)]
    numbers = torch.stack([one.uniform(20_000) for one in draws for _ in range(2)]).view(8, -1)
    assert 0 < numbers.min() < numbers.max() < 1
    counts = torch.stack([torch.histc(row, 10, 0, 1) for row in numbers])
    assert ((counts - 2000).abs() < 200).all()  # 4.7 standard deviations
    assert (torch.corrcoef(numbers) - torch.eye(8)).abs().max() < 0.04


@pytest.mark.parametrize("device", DEVICES)
@pytest.mark.parametrize("objective", OBJECTIVES)
def test_a_null_test_finds_planted_modules_whatever_the_batch_size(objective, device, monkeypatch):
    graph = planted(0, (40, 24, 24, 10), 4)[0]

    def tested():
        return null_test(graph, num_shuffles=19, num_clusters=4, statistic=objective, device=device)

    test = tested()
    assert (test.p_value, test.statistic) == (0.05, objective)
    assert (test.z_score > 2) if "modularity" in objective else (test.z_score < -2)
    monkeypatch.setattr(batched_nulls, "BATCH_BYTES", 3 * bytes_on_device(prepare(graph).layout, 4))
    np.testing.assert_allclose(tested().null_values, test.null_values, rtol=1e-12)


@pytest.mark.slow
def test_untrained_networks_are_not_significant():
    values = []
    for seed in range(20):
        rng = np.random.default_rng(seed)
        graph = WeightGraph.from_matrices([rng.uniform(-1, 1, pair) for pair in pairwise((40, 24, 24, 10))])
        test = null_test(
            graph, num_shuffles=9, num_clusters=4, statistic="layered_modularity", device="cpu", seed=seed
        )
        values.append(test.p_value)
    assert 0.35 < np.mean(values) < 0.75  # 0.55 expected; standard error 0.065


def test_identity_skips_count_as_blocks_of_their_own():
    rng = np.random.default_rng(0)
    blocks = [Block(source=i, target=i + 1, matrix=rng.standard_normal((12, 12))) for i in range(3)]
    blocks.append(Block(source=0, target=2, matrix=np.eye(12), is_skip=True))
    graph = prepare(WeightGraph.from_blocks(blocks, (12, 12, 12, 12)))
    found = batched_partitions(
        graph.layout, graph.flat[None], 3, "layered_modularity", np.zeros(1, int), "cpu"
    )
    expected = layered_values(graph.layered, found.labels[0], 3)[1]
    assert found.values[0] == pytest.approx(expected, abs=1e-6)
