"""Long connections cost what the formula says, and swaps only ever make them shorter."""

import itertools

import numpy as np
import pytest
import torch
from torch import nn

from clusterability.config import ModelConfig
from clusterability.graph import WeightGraph
from clusterability.measurement.connection_length import connection_length
from clusterability.models import build_module
from clusterability.training.penalties._connection_cost import ConnectionCost
from clusterability.training.penalties._edges import RawEdges


def network(*widths: int, seed: int = 0) -> nn.Module:
    model = ModelConfig(widths=widths[1:-1])
    return build_module(model, input_shape=widths[:1], num_classes=widths[-1], seed=seed).double()


def matrices(module: nn.Module) -> list[np.ndarray]:
    return [layer.weight.detach().numpy().T for layer in module.modules() if isinstance(layer, nn.Linear)]


def brute_force(module: nn.Module, spacing: float, slots: list[np.ndarray]) -> float:
    total = 0.0
    for layer, matrix in enumerate(matrices(module)):
        fan_in, fan_out = matrix.shape
        for i, j in itertools.product(range(fan_in), range(fan_out)):
            distance = abs((slots[layer][i] + 0.5) / fan_in - (slots[layer + 1][j] + 0.5) / fan_out)
            total += (distance + spacing) * abs(matrix[i, j])
    return total


def test_the_penalty_is_the_formula_with_its_gradient() -> None:
    module = network(5, 4, 3, 2)
    penalty = ConnectionCost(module, spacing=0.3, swap_every=0)
    value = penalty()
    slots = [np.arange(width) for width in (5, 4, 3, 2)]
    assert value.item() == pytest.approx(brute_force(module, 0.3, slots), rel=1e-12)
    value.backward()
    weight = module.get_submodule("3").weight
    assert isinstance(weight, torch.Tensor)
    assert weight.grad is not None
    distance = np.abs((np.arange(3)[:, None] + 0.5) / 3 - (np.arange(4) + 0.5) / 4) + 0.3
    np.testing.assert_allclose(weight.grad.numpy(), distance * np.sign(weight.detach().numpy()), rtol=1e-12)


def test_every_swap_lowers_the_cost_and_keeps_the_slots() -> None:
    module = network(9, 8, 7, 3)
    penalty = ConnectionCost(module, spacing=0.1, swap_every=1)
    values = [penalty().item() for _ in range(12)]
    assert values[0] == pytest.approx(brute_force(module, 0.1, [np.arange(w) for w in (9, 8, 7, 3)]))
    assert all(later <= earlier + 1e-12 for earlier, later in itertools.pairwise(values))
    assert values[-1] < 0.95 * values[0]
    slots = [layer.numpy() for layer in penalty.slots]
    assert [sorted(layer) for layer in slots] == [list(range(width)) for width in (9, 8, 7, 3)]
    assert values[-1] == pytest.approx(brute_force(module, 0.1, slots))


def test_a_single_swap_is_the_best_there_is() -> None:
    """With all but one unit's weights nothing, that unit goes where brute force puts it."""
    module = network(6, 6, 2)
    first, second = (layer for layer in module.modules() if isinstance(layer, nn.Linear))
    with torch.no_grad():
        first.weight.zero_()
        second.weight.zero_()
        first.weight[0] = torch.tensor([0.0, 0.0, 0.0, 0.0, 0.1, 1.0])
    penalty = ConnectionCost(module, spacing=0.0, swap_every=1)
    penalty._blocks = penalty._blocks[:1]
    penalty.slots = penalty.slots[:2]
    penalty.rearrange([first.weight.detach().abs().T])
    choices = []
    for one, other in itertools.product(range(6), repeat=2):
        slots = [np.arange(6), np.arange(6), np.arange(2)]
        slots[0][[5, one]] = slots[0][[one, 5]]
        slots[1][[0, other]] = slots[1][[other, 0]]
        choices.append(brute_force(module, 0.0, slots))
    slots = [*(layer.numpy() for layer in penalty.slots), np.arange(2)]
    assert brute_force(module, 0.0, slots) == pytest.approx(min(choices), abs=0.02)


@pytest.mark.parametrize("architecture", ["cnn", "vgg", "resnet"])
def test_channels_have_places_too(architecture: str) -> None:
    model = ModelConfig(architecture=architecture, width_factor=0.05, depth=1)  # pyright: ignore[reportArgumentType]
    module = build_module(model, input_shape=(1, 8, 8), num_classes=10, seed=0)
    penalty = ConnectionCost(module, spacing=0.1, swap_every=2)
    first = penalty().item()
    value = penalty()
    value.backward()
    assert 0 < value.item() <= first
    assert len(penalty.slots) == len(RawEdges(module).layout.widths)


def test_the_metric_finds_a_hidden_order() -> None:
    rng = np.random.default_rng(0)
    order = [rng.permutation(20) for _ in range(3)]
    band = np.exp(-np.abs(np.arange(20)[:, None] - np.arange(20)))
    hidden = [band[np.ix_(a, b)] for a, b in itertools.pairwise(order)]
    plain = [band, band]
    assert connection_length(WeightGraph.from_matrices(plain)) == pytest.approx(0.042, abs=0.01)
    found = connection_length(WeightGraph.from_matrices(hidden))
    assert found < 0.2
    noise = connection_length(WeightGraph.from_matrices([rng.random((20, 20)) for _ in range(2)]))
    assert 0.25 < noise < 1 / 3


def test_the_metric_agrees_with_every_order_of_a_tiny_network() -> None:
    rng = np.random.default_rng(1)
    matrix = rng.random((4, 4)) ** 4
    places = (np.arange(4) + 0.5) / 4
    lengths = [
        (matrix * np.abs(places[list(one)][:, None] - places[list(other)])).sum() / matrix.sum()
        for one in itertools.permutations(range(4))
        for other in itertools.permutations(range(4))
    ]
    found = connection_length(WeightGraph.from_matrices([matrix]))
    assert min(lengths) - 1e-12 <= found <= np.quantile(lengths, 0.05)
