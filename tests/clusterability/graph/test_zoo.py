"""What must not change a graph, over every network of the zoo."""

import numpy as np
import pytest
import torch

from clusterability import WeightGraph, measure_ncut
from clusterability.errors import CheckpointError, GraphError

from .reparametrised import fold, permute, rescale
from .zoo import BY_NAME, ZOO, Animal

READ = [animal for animal in ZOO if not animal.refused]
REFUSED = [animal for animal in ZOO if animal.refused]
WRAPPED = {"compiled": "_orig_mod", "in parallel": "module"}
RUN = [animal for animal in READ if animal.name not in WRAPPED]
every = pytest.mark.parametrize("animal", RUN, ids=lambda animal: animal.name)


def assert_same(
    graph: WeightGraph, expected: WeightGraph, orders: dict[str, np.ndarray] | None = None
) -> None:
    """Compare two graphs block by block, the units of some layers of `expected` in another order."""
    assert graph.full_widths == expected.full_widths
    assert graph.layer_names == expected.layer_names
    assert len(graph.blocks) == len(expected.blocks)
    for number in range(len(graph.blocks)):
        block, other = whole(graph, number), whole(expected, number)
        ends = [
            expected.layer_names[end] for end in (graph.blocks[number].source, graph.blocks[number].target)
        ]
        for axis, name in enumerate(ends):
            if orders and name in orders:
                other = other.take(orders[name], axis=axis)
        scale = np.abs(other).max(initial=1e-30)
        np.testing.assert_allclose(np.abs(block) / scale, np.abs(other) / scale, atol=2e-5, err_msg=str(ends))


def whole(graph: WeightGraph, number: int) -> np.ndarray:
    """Return a block with the rows and columns of units that are not nodes."""
    block = graph.blocks[number]
    matrix = np.zeros((graph.full_widths[block.source], graph.full_widths[block.target]))
    matrix[np.ix_(graph.kept[block.source], graph.kept[block.target])] = block.matrix
    return matrix


@pytest.mark.parametrize("animal", REFUSED, ids=lambda animal: animal.name)
def test_what_cannot_be_followed_is_refused_by_its_name(animal: Animal):
    with pytest.raises(GraphError, match=animal.refused) as refusal:
        WeightGraph.from_module(animal.trained(), kept_layers="all")
    assert str(refusal.value).isprintable()


@every
def test_rescaled_relu_units_leave_contributions_as_they_are(animal: Animal):
    module, inputs = animal.trained(), animal.inputs()
    graph = WeightGraph.from_module(module, inputs, weighting="contribution", kept_layers="all")
    print(animal.name, rescale(module, graph, inputs))
    assert_same(WeightGraph.from_module(module, inputs, weighting="contribution", kept_layers="all"), graph)


@every
def test_permuted_units_are_the_same_graph_in_another_order(animal: Animal):
    module = animal.trained()
    graph = WeightGraph.from_module(module, kept_layers="all")
    orders = permute(module, graph, animal.inputs())
    print(animal.name, list(orders))
    assert_same(WeightGraph.from_module(module, kept_layers="all"), graph, orders)


@every
def test_batch_norm_folded_by_hand_is_the_same_graph(animal: Animal):
    module = animal.trained()
    print(animal.name, fold(module, animal.inputs()))
    for kept_layers in ("paper", "all"):
        graph = WeightGraph.from_module(animal.trained(), kept_layers=kept_layers)
        assert_same(WeightGraph.from_module(module, kept_layers=kept_layers), graph)


@every
def test_the_file_of_a_chain_is_the_modules_graph_and_other_files_are_refused(animal: Animal, tmp_path):
    module = animal.trained()
    torch.save(module.state_dict(), tmp_path / "network.pt")
    try:
        graph = WeightGraph.from_checkpoint(tmp_path / "network.pt", kept_layers="all")
    except CheckpointError as refusal:
        assert str(refusal).isprintable()
        assert not animal.is_chain, f"a chain is refused: {refusal}"
        return
    expected = WeightGraph.from_module(module, kept_layers="all")
    named = [(b.source, b.target) for b in graph.blocks]
    assert named == [(b.source, b.target) for b in expected.blocks], "read as a chain, which it is not"
    assert_same(graph, expected)
