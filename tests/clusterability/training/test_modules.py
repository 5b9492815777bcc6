"""The share of weights within modules is what counting them gives."""

import numpy as np
import pytest
import torch
from torch import nn

from clusterability.config import DatasetConfig, ModelConfig, TrainingConfig, TrialConfig
from clusterability.data import load_dataset
from clusterability.errors import ConfigError
from clusterability.graph import WeightGraph
from clusterability.measurement.intra_cluster_share import intra_cluster_share
from clusterability.models import build_module
from clusterability.training.loop import train
from clusterability.training.penalties._module_share import InterModuleShare


def network(*widths: int) -> nn.Module:
    model = ModelConfig(widths=widths[1:-1])
    return build_module(model, input_shape=widths[:1], num_classes=widths[-1], seed=0).double()


def share(matrix: np.ndarray, first: np.ndarray, second: np.ndarray) -> float:
    inside = sum(
        matrix[i, j] ** 2 for i in range(len(first)) for j in range(len(second)) if first[i] == second[j]
    )
    return inside / (matrix**2).sum()


def test_the_penalty_is_the_formula() -> None:
    module = network(7, 6, 8, 4, 3)
    layers = [layer.weight.detach().numpy().T for layer in module.modules() if isinstance(layer, nn.Linear)]
    six, eight, four = (np.arange(width) * 2 // width for width in (6, 8, 4))
    assert six.tolist() == [0, 0, 0, 1, 1, 1]
    expected = 1 - (share(layers[1], six, eight) + share(layers[2], eight, four)) / 2
    assert InterModuleShare(module, 2)().item() == pytest.approx(expected, rel=1e-12)


def test_the_gradient_is_the_differences() -> None:
    module = network(4, 6, 6, 3)
    penalty = InterModuleShare(module, 3)
    weight = module.get_submodule("3").weight
    assert isinstance(weight, torch.Tensor)
    penalty().backward()
    assert weight.grad is not None
    for place in [(0, 0), (2, 5), (4, 1)]:
        values = []
        for step in (1e-6, -1e-6):
            with torch.no_grad():
                weight[place] += step
                values.append(penalty().item())
                weight[place] -= step
        assert weight.grad[place].item() == pytest.approx((values[0] - values[1]) / 2e-6, rel=1e-6)


def test_a_network_without_hidden_weights_is_refused() -> None:
    with pytest.raises(
        ConfigError, match=r"penalties.intra_cluster: got a network with layers of \(4, 6, 3\)"
    ):
        InterModuleShare(network(4, 6, 3), 2)


def test_training_with_it_divides_the_network() -> None:
    digits = load_dataset(DatasetConfig(), seed=0)
    module = build_module(ModelConfig(widths=(32, 32, 32)), input_shape=(1, 8, 8), num_classes=10, seed=0)
    untrained = InterModuleShare(module, 4)().item()
    config = TrialConfig(
        training=TrainingConfig(epochs=20, learning_rate=3e-3, device="cpu"),
        penalties={"intra_cluster": {"weight": 5.0}},
    )
    network = train(module, digits, config)
    assert untrained == pytest.approx(0.75, abs=0.02)
    assert InterModuleShare(network.module, 4)().item() < 0.1
    assert network.validation_accuracy > 0.9


def test_the_metric_counts_within_clusters() -> None:
    rng = np.random.default_rng(0)
    matrices = [rng.standard_normal((5, 4)), rng.standard_normal((4, 6))]
    matrices[0][2] = 0  # an isolated unit: not a node
    graph = WeightGraph.from_matrices(matrices)
    labels = rng.integers(3, size=14)
    expected = (
        share(matrices[0][[0, 1, 3, 4]], labels[:4], labels[4:8])
        + share(matrices[1], labels[4:8], labels[8:])
    ) / 2
    assert intra_cluster_share(graph, labels) == pytest.approx(expected, rel=1e-12)
    assert intra_cluster_share(graph, np.zeros(14, dtype=int)) == 1
