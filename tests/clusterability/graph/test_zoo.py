"""What must not change a graph, over every network of the zoo."""

from dataclasses import replace
from functools import cache

import numpy as np
import pytest
import torch

from clusterability import WeightGraph, measure_ncut
from clusterability.errors import CheckpointError, GraphError

from .reparametrised import fold, permute, rescale
from .zoo import BY_NAME, ZOO, Animal

REFUSED = [animal for animal in ZOO if animal.refused]
RUN = [animal for animal in ZOO if not animal.refused and not animal.inner]
every = pytest.mark.parametrize("animal", RUN, ids=lambda animal: animal.name)


def changed(number: int):
    animals = [animal for animal in ZOO if animal.changed[number]]
    return pytest.mark.parametrize("animal", animals, ids=lambda animal: animal.name)


@cache
def graph_of(animal: Animal) -> WeightGraph:
    return WeightGraph.from_module(animal.trained(), animal.inputs(), kept_layers="all")


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
        WeightGraph.from_module(animal.trained(), animal.inputs(), kept_layers="all")
    assert str(refusal.value).isprintable()


@pytest.mark.parametrize("name", ["compiled", "in parallel"])
def test_a_wrapper_is_the_module_inside(name: str):
    animal = BY_NAME[name]
    module = animal.trained()
    inner = WeightGraph.from_module(getattr(module, animal.inner))
    graph = WeightGraph.from_module(module)
    assert_same(replace(graph, layer_names=inner.layer_names), inner)


@changed(0)
def test_rescaled_relu_units_leave_contributions_as_they_are(animal: Animal):
    module, inputs = animal.trained(), animal.inputs()
    graph = WeightGraph.from_module(module, inputs, weighting="contribution", kept_layers="all")
    assert len(rescale(module, graph, inputs)) == animal.changed[0]
    changed = WeightGraph.from_module(module, inputs, weighting="contribution", kept_layers="all")
    assert_same(changed, graph)


@changed(1)
def test_permuted_units_are_the_same_graph_in_another_order(animal: Animal):
    module = animal.trained()
    orders = permute(module, graph_of(animal), animal.inputs())
    assert len(orders) == animal.changed[1]
    changed = WeightGraph.from_module(module, animal.inputs(), kept_layers="all")
    assert_same(changed, graph_of(animal), orders)


@pytest.mark.parametrize("name", ["perceptron", "VGG"])
def test_permuted_units_have_the_same_ncut(name: str):
    animal = BY_NAME[name]
    module = animal.trained()
    assert permute(module, graph_of(animal), animal.inputs())
    changed = WeightGraph.from_module(module, animal.inputs(), kept_layers="all")
    before, after = (measure_ncut(graph, 4).value for graph in (graph_of(animal), changed))
    assert after == pytest.approx(before, rel=0.01)  # the search starts from another order


@changed(2)
def test_batch_norm_folded_by_hand_is_the_same_graph(animal: Animal):
    module = animal.trained()
    assert len(fold(module, animal.inputs())) == animal.changed[2]
    assert_same(WeightGraph.from_module(module, animal.inputs(), kept_layers="all"), graph_of(animal))


@every
def test_the_file_of_a_chain_is_the_modules_graph_and_other_files_are_refused(animal: Animal, tmp_path):
    torch.save(animal.trained().state_dict(), tmp_path / "network.pt")
    if animal.is_chain or animal.hidden_skips:
        graph = WeightGraph.from_checkpoint(tmp_path / "network.pt", kept_layers="all")
        weights = tuple(block for block in graph_of(animal).blocks if not block.is_skip)
        assert (weights != graph_of(animal).blocks) == animal.hidden_skips
        assert_same(graph, replace(graph_of(animal), blocks=weights))
        return
    with pytest.raises(CheckpointError) as refusal:
        WeightGraph.from_checkpoint(tmp_path / "network.pt", kept_layers="all")
    assert str(refusal.value).isprintable()


def test_a_file_of_kernels_longer_than_the_usual_inputs_is_read(tmp_path):
    shapes = {"conv1": (6, 1, 512, 1), "conv2": (4, 6, 64, 1), "conv3": (5, 4, 64, 1)}  # as CREPE's
    torch.save({f"{name}.weight": torch.randn(shape) for name, shape in shapes.items()}, tmp_path / "long.pt")
    graph = WeightGraph.from_checkpoint(tmp_path / "long.pt")
    assert graph.full_widths == (6, 4, 5)
