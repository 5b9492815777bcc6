import numpy as np
import pytest
from torch import nn

from clusterability import WeightGraph
from clusterability.errors import GraphError


def test_blocks_hold_the_chain_and_adjacency_its_absolute_weights():
    first, second = np.array([[1.0, -2.0], [0.5, 3.0]]), np.array([[-4.0], [5.0]])
    graph = WeightGraph.from_matrices([first, second])
    expected = np.zeros((5, 5))
    expected[:2, 2:4] = np.abs(first)
    expected[2:4, 4:] = np.abs(second)
    np.testing.assert_array_equal(graph.adjacency().toarray(), expected + expected.T)
    assert graph.widths == (2, 2, 1)
    assert (graph.num_nodes, graph.num_isolated, graph.num_components) == (5, 0, 1)


def test_isolated_units_are_removed_and_a_unit_with_one_dead_side_stays():
    first = np.array([[1.0, 0.0, 0.0], [0.0, 0.0, 0.0]])
    second = np.array([[2.0], [0.0], [3.0]])
    graph = WeightGraph.from_matrices([first, second])
    assert [units.tolist() for units in graph.kept] == [[0], [0, 2], [0]]
    assert graph.num_isolated == 2
    assert graph.num_components == 1


def test_components_are_counted():
    block = np.kron(np.eye(3), np.ones((2, 2)))
    assert WeightGraph.from_matrices([block, block]).num_components == 3


def test_module_of_linear_layers_gives_its_transposed_weights():
    module = nn.Sequential(nn.Flatten(), nn.Linear(4, 3), nn.ReLU(), nn.Dropout(0.5), nn.Linear(3, 2))
    graph = WeightGraph.from_module(module, None)
    expected = [layer.weight.detach().numpy().T for layer in (module[1], module[4])]
    for block, matrix in zip(graph.blocks, expected, strict=True):
        np.testing.assert_array_equal(block.matrix, matrix.astype(np.float64))


@pytest.mark.parametrize(
    ("matrices", "message"),
    [
        ([], "at least one"),
        ([np.ones(3)], r"matrix 0: got shape \(3,\)"),
        ([np.ones((2, 3)), np.ones((4, 2))], "matrix 1: got fan_in 4"),
        ([np.array([[1.0, np.nan]])], "1 values are not finite"),
        ([np.zeros((2, 2))], "every weight is zero"),
    ],
)
def test_matrices_that_are_no_network_are_refused_in_one_line(matrices, message):
    with pytest.raises(GraphError, match=message) as refusal:
        WeightGraph.from_matrices(matrices)
    assert "\n" not in str(refusal.value)


def test_what_l2_leaves_of_a_weight_counts_as_zero():
    weights = np.ones((4, 3))
    weights[0] = 1e-38
    weights[1, 0] = 1e-13
    graph = WeightGraph.from_matrices([weights, np.ones((3, 2))])
    assert graph.widths == (3, 3, 2)
    assert graph.num_isolated == 1
    assert np.count_nonzero(graph.blocks[0].matrix) == 8
    with pytest.raises(GraphError, match="every weight is below 1e-20"):
        WeightGraph.from_matrices([1e-30 * weights])
