from dataclasses import replace

import networkx as nx
import numpy as np
import pytest

from clusterability import WeightGraph, measure_ncut
from clusterability.errors import GraphError
from clusterability.graph import Block
from clusterability.ncut import prepare
from clusterability.nulls.model import null_model

SHAPES = {
    "chain": ([(0, 1), (1, 2), (2, 3)], (6, 7, 8, 5)),
    "skips": ([(0, 1), (0, 2), (1, 2), (2, 3), (1, 3)], (5, 6, 7, 4)),
    "layers out of order": ([(3, 1), (0, 3), (1, 2), (0, 2)], (6, 5, 4, 7)),
    "two outputs": ([(0, 1), (1, 2), (1, 3)], (5, 6, 3, 4)),
}


def sparse_graph(shape, seed, share=0.2):
    pairs, widths = SHAPES[shape]
    rng = np.random.default_rng(seed)
    blocks = []
    for source, target in pairs:
        size = (widths[source], widths[target])
        blocks.append(
            Block(source=source, target=target, matrix=rng.normal(size=size) * (rng.random(size) < share))
        )
    return WeightGraph.from_blocks(blocks, widths)


def units_on_paths(ends, inputs, outputs):
    """Nodes (layer, unit) on a directed path from an input layer to an output layer, by networkx."""
    edges = nx.DiGraph()
    for source, target, matrix in ends:
        edges.add_edges_from(((source, i), (target, j)) for i, j in np.argwhere(matrix != 0).tolist())
    found = set()
    for node in edges:
        before = {node, *nx.ancestors(edges, node)}
        after = {node, *nx.descendants(edges, node)}
        if any(layer in inputs for layer, _ in before) and any(layer in outputs for layer, _ in after):
            found.add(node)
    return found


def ends_of(graph):
    """Blocks between units by their numbers in the network."""
    for block in graph.blocks:
        matrix = np.zeros((graph.full_widths[block.source], graph.full_widths[block.target]))
        matrix[np.ix_(graph.kept[block.source], graph.kept[block.target])] = block.matrix
        yield block.source, block.target, matrix


def nodes_of(graph):
    return {(layer, int(unit)) for layer, units in enumerate(graph.kept) for unit in units}


def inputs_and_outputs(pairs, num_layers):
    layers = set(range(num_layers))
    return layers - {target for _, target in pairs}, layers - {source for source, _ in pairs}


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("seed", range(5))
def test_units_on_no_path_are_those_that_networkx_finds(shape, seed):
    graph = sparse_graph(shape, seed)
    expected = units_on_paths(ends_of(graph), *inputs_and_outputs(SHAPES[shape][0], 4))
    assert 0 < len(expected) < graph.num_nodes
    assert graph.num_dangling == graph.num_nodes - len(expected)
    rest = graph.without_dangling()
    assert nodes_of(rest) == expected
    assert rest.num_dangling == rest.dangling_left_out == graph.num_dangling
    assert rest.num_isolated == graph.num_isolated
    degrees = np.asarray(rest.adjacency().sum(axis=1))
    assert (degrees > 0).all()
    again = rest.without_dangling()
    assert nodes_of(again) == expected
    assert again.num_dangling == graph.num_dangling


def test_a_dense_network_has_no_dangling_units():
    rng = np.random.default_rng(0)
    graph = WeightGraph.from_matrices([rng.normal(size=shape) for shape in ((200, 90), (90, 80), (80, 10))])
    assert graph.num_dangling == 0
    assert nodes_of(graph.without_dangling()) == nodes_of(graph)


def test_without_any_path_there_is_no_graph_left():
    graph = WeightGraph.from_matrices([[[1.0, 0.0]], [[0.0], [1.0]]])
    assert graph.num_dangling == 4
    assert graph.num_isolated == 0
    with pytest.raises(GraphError, match="no unit lies on a path"):
        graph.without_dangling()


def test_a_measurement_says_how_many_units_dangle():
    graph = sparse_graph("skips", 1, 0.3)
    assert measure_ncut(graph, 2).num_dangling == graph.num_dangling > 0
    assert measure_ncut(graph.without_dangling(), 2).num_dangling == graph.num_dangling


@pytest.mark.parametrize(("shape", "seed"), [("chain", 3), ("skips", 1)])
def test_null_networks_lose_dangling_units_where_the_graph_has_lost_them(shape, seed):
    graph = sparse_graph(shape, seed, 0.3).without_dangling()
    model = null_model("layer", prepare(graph))
    untouched = null_model("layer", prepare(replace(graph, dangling_left_out=None)))
    layout, lost = model.layout, 0
    for index in range(5):
        flat, before = (one.draw(np.random.default_rng(index)) for one in (model, untouched))
        ends = [
            (*pair, layout.half(before, row)) for pair, row in zip(layout.pairs, layout.forward, strict=True)
        ]
        on_paths = units_on_paths(ends, {0}, {3})
        for (source, target, weights), row, back in zip(ends, layout.forward, layout.backward, strict=True):
            keep = np.outer(
                [(source, i) in on_paths for i in range(weights.shape[0])],
                [(target, j) in on_paths for j in range(weights.shape[1])],
            )
            np.testing.assert_array_equal(layout.half(flat, row), weights * keep)
            np.testing.assert_array_equal(layout.half(flat, back), (weights * keep).T)
            lost += np.count_nonzero(weights * ~keep)
    assert lost > 0
