"""Contributions do not change when units are rescaled, and their gradient is the true one."""

import copy

import pytest
import torch
from torch import nn

from clusterability.config import DatasetConfig, ModelConfig, TrainingConfig, TrialConfig
from clusterability.data import load_dataset
from clusterability.errors import GraphError
from clusterability.models import build_module
from clusterability.training.loop import prune, train
from clusterability.training.penalties._edges import ContributionEdges
from clusterability.training.penalties._eigenvalues import ClusterabilityPenalty

INPUTS = torch.rand(200, 1, 6, 6, dtype=torch.float64, generator=torch.Generator().manual_seed(0))


def network(architecture: str = "mlp") -> nn.Module:
    config = ModelConfig(architecture=architecture, widths=(14, 12, 11), width_factor=0.125, depth=1)
    return build_module(config, input_shape=(1, 6, 6), num_classes=5, seed=0).double().train()


def contributions(module: nn.Module) -> list[torch.Tensor]:
    edges = ContributionEdges(module)
    module(INPUTS)
    values = edges()
    edges.remove_hooks()
    return values


def test_contributions_are_the_formula() -> None:
    module = network()
    values = contributions(module)
    activations = INPUTS.flatten(1)
    layers = [layer for layer in module.modules() if isinstance(layer, nn.Linear)]
    alive = torch.ones(36, dtype=torch.bool)
    for value, layer in zip(values, layers, strict=True):
        before = layer(activations)
        after = before.relu()
        dead = (after.std(dim=0) == 0) if layer is not layers[-1] else torch.zeros(len(before.T)).bool()
        spread = before.std(dim=0, correction=0)
        expected = layer.weight.T * activations.std(dim=0, correction=0)[:, None] / spread
        torch.testing.assert_close(value, torch.where(dead, 0, expected) * alive[:, None])
        activations, alive = after, ~dead


def test_contributions_stay_when_a_unit_is_rescaled() -> None:
    module = network()
    before = contributions(module)
    layers = [layer for layer in module.modules() if isinstance(layer, nn.Linear)]
    with torch.no_grad():
        layers[1].weight[3] *= 7
        layers[1].bias[3] *= 7
        layers[2].weight[:, 3] /= 7
    for one, other in zip(before, contributions(module), strict=True):
        torch.testing.assert_close(one, other)


def test_dead_units_have_no_edges() -> None:
    module = network()
    layer = [layer for layer in module.modules() if isinstance(layer, nn.Linear)][1]
    with torch.no_grad():
        layer.bias[5] = -1000
    values = contributions(module)
    assert not values[1][:, 5].any()
    assert not values[2][5].any()
    sum(value.abs().sum() for value in values).backward()  # pyright: ignore[reportAttributeAccessIssue]
    assert all(p.grad is None or p.grad.isfinite().all() for p in module.parameters())


@pytest.mark.parametrize("architecture", ["mlp", "cnn", "vgg", "resnet"])
def test_gradient_through_weights_and_activations_is_that_of_differences(architecture: str) -> None:
    module = network(architecture)
    for layer in module.modules():
        if isinstance(layer, nn.BatchNorm2d):
            layer.momentum = 0  # the running variance, which folds into the edges, is a constant here

    def value() -> torch.Tensor:
        edges = ContributionEdges(module)
        module(INPUTS)
        penalty = ClusterabilityPenalty(module, 2, edge_weights=edges)()
        edges.remove_hooks()
        return penalty

    parameters = list(module.parameters())
    gradients = torch.autograd.grad(value(), parameters, allow_unused=True, materialize_grads=True)
    random = torch.Generator().manual_seed(1)
    for _ in range(5):
        directions = [
            torch.randn(p.shape, generator=random, dtype=p.dtype) * p.detach().abs() for p in parameters
        ]
        values = []
        for step in (1e-7, -1e-7):  # larger ones cross kinks of ReLUs
            with torch.no_grad():
                for parameter, direction in zip(parameters, directions, strict=True):
                    parameter += step * direction
            values.append(value().item())
            with torch.no_grad():
                for parameter, direction in zip(parameters, directions, strict=True):
                    parameter -= step * direction
        slope = (values[0] - values[1]) / 2e-7
        exact = sum((g * d).sum().item() for g, d in zip(gradients, directions, strict=True))
        assert slope == pytest.approx(exact, rel=1e-4, abs=1e-6)


def test_contributions_need_a_batch_first() -> None:
    with pytest.raises(GraphError, match="has seen a batch"):
        ContributionEdges(network())()


def test_training_lowers_the_penalty_and_leaves_no_hooks() -> None:
    dataset = load_dataset(DatasetConfig(), seed=0)
    module = build_module(ModelConfig(widths=(64, 64)), input_shape=(1, 8, 8), num_classes=10, seed=0)
    config = TrialConfig(
        training=TrainingConfig(epochs=30, pruning_epochs=2, learning_rate=3e-3),
        penalties={"clusterability": {"weight": 1.0, "edges": "contribution"}},
    )
    trained = train(module, dataset, config)
    assert trained.history[-1]["penalty"] < 0.5 * trained.history[0]["penalty"]
    assert trained.test_accuracy > 0.9
    assert not any(layer._forward_hooks or layer._forward_pre_hooks for layer in module.modules())
    prune(trained, dataset, config)


def test_the_penalty_may_be_applied_every_few_steps() -> None:
    dataset = load_dataset(DatasetConfig(num_train=256), seed=0)
    module = build_module(ModelConfig(widths=(32,)), input_shape=(1, 8, 8), num_classes=10, seed=0)
    config = TrialConfig(
        training=TrainingConfig(epochs=1, batch_size=64, learning_rate=1e-9),
        penalties={"clusterability": {"weight": 1.0}},
    )
    every = train(copy.deepcopy(module), dataset, config).history[0]["penalty"]
    fourth = config.with_values({"penalties.clusterability.every": 4})
    assert train(module, dataset, fourth).history[0]["penalty"] == pytest.approx(every, rel=1e-3)


def test_an_input_that_was_seen_once_fades_away() -> None:
    module = build_module(ModelConfig(widths=(8, 8)), input_shape=(6,), num_classes=3, seed=0)
    edges = ContributionEdges(module)
    penalty = ClusterabilityPenalty(module, 2, edge_weights=edges)
    module.train()
    inputs = torch.rand(32, 6)
    module(inputs)
    inputs[:, 0] = 0
    for _ in range(900):  # 0.9^900: a number that is hardly one in float32
        with torch.no_grad():
            module(inputs)
    module(inputs)
    value = penalty()
    value.backward()
    assert value.isfinite()
    assert (edges()[0][0] == 0).all()
    for parameter in module.parameters():
        assert parameter.grad is None or parameter.grad.isfinite().all()
