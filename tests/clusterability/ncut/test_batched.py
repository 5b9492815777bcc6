"""The batched search on torch's CPU device, against the compiled one and by definition."""

from itertools import pairwise

import numpy as np
import pytest
import torch

from clusterability import WeightGraph, measure_ncut, null_test
from clusterability.errors import GraphError
from clusterability.graph import Block
from clusterability.ncut import prepare
from clusterability.ncut.adjacency import fill, graph_layout
from clusterability.ncut.batched import batched_partitions
from clusterability.ncut.eigen import top_eigenpairs
from clusterability.ncut.normalised import NormalisedAdjacency
from clusterability.ncut.partition import partition_ncut
from clusterability.ncut.spectral import spectral_partition
from clusterability.nulls.model import null_model

DEVICES = ["cpu", *(["cuda"] if torch.cuda.is_available() else [])]


def fresh_graph(seed=0, widths=(120, 80, 80, 30)):
    rng = np.random.default_rng(seed)
    return WeightGraph.from_matrices([rng.normal(size=pair) for pair in pairwise(widths)])


def with_skip_and_zeros():
    rng = np.random.default_rng(3)
    widths, pairs = (50, 40, 45), [(0, 1), (1, 2), (0, 2)]
    blocks = []
    for one, two in pairs:
        matrix = rng.standard_normal((widths[one], widths[two]))
        blocks.append(Block(source=one, target=two, matrix=matrix * (rng.random(matrix.shape) < 0.1)))
    return WeightGraph.from_blocks(blocks, widths)


def refined_ncuts(layout, weights, num_clusters, seeds, device):
    return batched_partitions(layout, weights, num_clusters, "ncut", seeds, device).values


def flats(graph, count):
    model = null_model("layer", prepare(graph))
    drawn = [model.draw(np.random.default_rng(seed)) for seed in range(count)]
    return model.layout, np.stack([fill(model.layout, [block.matrix for block in graph.blocks]), *drawn])


@pytest.mark.parametrize("device", DEVICES)
@pytest.mark.parametrize("graph", [fresh_graph(), with_skip_and_zeros()], ids=["chain", "skip, sparse"])
def test_values_are_above_the_bound_and_near_the_compiled_searchs(graph, device):
    layout, weights = flats(graph, 7)
    values = refined_ncuts(layout, weights, 6, np.arange(8), device)
    compiled = null_test(graph, num_shuffles=20, num_clusters=6)
    assert values[1:].mean() == pytest.approx(compiled.null_values.mean(), abs=0.1)
    for flat, value in zip(weights, values, strict=True):
        adjacency = NormalisedAdjacency(layout=layout, flat=flat, dtype=np.float64)
        assert value > 6 - top_eigenpairs(adjacency, 6)[0].sum()


@pytest.mark.parametrize("device", DEVICES)
def test_planted_clusters_are_found_exactly(device):
    graph = WeightGraph.from_matrices([np.kron(np.eye(4), np.ones((12, 12))) + 0.05] * 3)
    value = null_test(graph, num_shuffles=5, num_clusters=4, device=device).observed
    assert value == pytest.approx(measure_ncut(graph, 4).value, abs=1e-6)


@pytest.mark.parametrize("device", DEVICES)
def test_a_graphs_value_does_not_depend_on_its_neighbours_in_the_batch(device):
    layout, weights = flats(fresh_graph(), 4)
    together = refined_ncuts(layout, weights, 6, np.arange(5), device)
    alone = [refined_ncuts(layout, weights[i : i + 1], 6, np.array([i]), device)[0] for i in (0, 4)]
    np.testing.assert_allclose(together[[0, 4]], alone, rtol=1e-12)
    again = refined_ncuts(layout, weights, 6, np.arange(5), device)
    np.testing.assert_array_equal(together, again)


@pytest.mark.parametrize("device", DEVICES)
def test_it_is_not_above_the_spectral_partition_where_clusters_are_clear_or_nodes_few(device):
    rng = np.random.default_rng(0)
    clear = [(np.kron(np.eye(5), np.ones((12, 12))) + 0.08) * rng.random((60, 60)) for _ in range(2)]
    for graph in (WeightGraph.from_matrices(clear), fresh_graph(1, (30, 20, 20, 10))):
        layout, weights = flats(graph, 3)
        found = batched_partitions(layout, weights, 5, "ncut", np.arange(4), device)
        for seed, (flat, value) in enumerate(zip(weights, found.values, strict=True)):
            adjacency = NormalisedAdjacency(layout=layout, flat=flat)
            vectors = top_eigenpairs(adjacency, 5)[1]
            spectral = spectral_partition(adjacency, 5, np.random.default_rng(seed), lambda k, v=vectors: v)
            assert value == pytest.approx(partition_ncut(adjacency, found.labels[seed], 5), abs=1e-5)
            if layout.num_nodes <= 100 or value < 3:
                assert value <= partition_ncut(adjacency, spectral, 5) + 1e-6


def test_the_test_is_the_same_with_one_or_two_workers():
    tests = [
        null_test(fresh_graph(), num_shuffles=9, num_clusters=4, num_workers=workers, device="cpu")
        for workers in (1, 2)
    ]
    np.testing.assert_array_equal(tests[0].null_values, tests[1].null_values)
    assert 0 < tests[0].p_value <= 1


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"device": "abacus"}, "device: got 'abacus'"),
        ({"device": "cpu", "estimator": "spectral"}, "got 'spectral' on a device, allowed: refined"),
    ],
)
def test_what_cannot_be_batched_is_refused(options, message):
    with pytest.raises(GraphError, match=message):
        null_test(fresh_graph(), num_clusters=4, **options)


def test_too_few_connected_units_are_refused():
    sparse = np.zeros((6, 6))
    sparse[0, 0] = sparse[0, 1] = 1
    graph = WeightGraph.from_matrices([np.eye(6), np.eye(6)])
    layout = graph_layout(graph)
    flat = fill(layout, [sparse, sparse])
    with pytest.raises(GraphError, match="a shuffled network has 5 connected units"):
        refined_ncuts(layout, flat[None], 8, np.zeros(1, dtype=np.int64), "cpu")
