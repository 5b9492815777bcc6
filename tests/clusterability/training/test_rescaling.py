"""Rescaling changes weights and moments, never the function."""

import pytest
import torch
from torch import nn

from clusterability.config import DatasetConfig, ModelConfig, TrainingConfig, TrialConfig
from clusterability.data import load_dataset
from clusterability.errors import GraphError
from clusterability.models import build_module
from clusterability.training.loop import train
from clusterability.training.rescaling import UnitRescaling


def network() -> nn.Module:
    return build_module(ModelConfig(widths=(20, 15)), input_shape=(8, 8), num_classes=10, seed=0)


def test_units_get_one_norm_and_the_function_stays() -> None:
    module = network()
    inputs = torch.randn(50, 8, 8, generator=torch.Generator().manual_seed(0))
    before = module(inputs)
    UnitRescaling(module).before_step(torch.optim.Adam(module.parameters()))
    torch.testing.assert_close(module(inputs), before, rtol=1e-4, atol=1e-5)
    *hidden, _ = [layer for layer in module.modules() if isinstance(layer, nn.Linear)]
    for layer in hidden:
        norms = layer.weight.square().sum(dim=1) + layer.bias.square()
        torch.testing.assert_close(norms, torch.full_like(norms, 2))


def test_moments_follow_the_gradients_of_the_rescaled_network() -> None:
    """Moments of one gradient, rescaled, are the moments of the rescaled network's gradient."""
    inputs, labels = torch.rand(50, 8, 8), torch.arange(50) % 10
    module = network()
    optimizer = torch.optim.Adam(module.parameters(), lr=0.0)
    nn.functional.cross_entropy(module(inputs), labels).backward()
    optimizer.step()
    UnitRescaling(module).before_step(optimizer)
    optimizer.zero_grad()
    nn.functional.cross_entropy(module(inputs), labels).backward()
    for parameter in module.parameters():
        state = optimizer.state[parameter]
        assert parameter.grad is not None
        torch.testing.assert_close(state["exp_avg"], 0.1 * parameter.grad, rtol=1e-3, atol=1e-7)
        torch.testing.assert_close(state["exp_avg_sq"], 1e-3 * parameter.grad**2, rtol=2e-3, atol=1e-12)


def test_a_unit_without_weights_is_left_alone() -> None:
    module = network()
    with torch.no_grad():
        next(module.parameters())[3] = 0
    UnitRescaling(module).before_step(torch.optim.Adam(module.parameters()))
    assert all(parameter.isfinite().all() for parameter in module.parameters())


def test_training_with_rescaling_and_a_strong_penalty_does_not_collapse() -> None:
    dataset = load_dataset(DatasetConfig(), seed=0)
    module = build_module(ModelConfig(widths=(64, 64)), input_shape=(8, 8), num_classes=10, seed=0)
    config = TrialConfig(
        training=TrainingConfig(epochs=40, learning_rate=3e-3, rescale_units=True),
        penalties={"clusterability": {"weight": 1.0}},
    )
    network = train(module, dataset, config)
    assert network.test_accuracy > 0.93
    assert network.history[-1]["penalty"] < 0.6 * network.history[0]["penalty"]


def test_only_perceptrons_can_be_rescaled() -> None:
    with pytest.raises(GraphError, match="rescale_units"):
        UnitRescaling(nn.Sequential(nn.Conv2d(1, 3, 3), nn.Flatten(), nn.Linear(12, 5)))
