"""Networks have the asked shape and the published initial distribution."""

import math

import numpy as np
import pytest
import torch
from scipy import stats
from torch import nn

from clusterability.config import ModelConfig
from clusterability.models import build_module


def build(seed: int = 0, *, widths: tuple[int, ...] = (50, 40), dropout: float = 0.0) -> nn.Module:
    config = ModelConfig(widths=widths, dropout=dropout)
    return build_module(config, input_shape=(6, 8), num_classes=10, seed=seed)


def linear_layers(module: nn.Module) -> list[nn.Linear]:
    return [layer for layer in module.modules() if isinstance(layer, nn.Linear)]


def test_the_perceptron_has_the_asked_widths() -> None:
    module = build(widths=(50, 40, 30))
    assert [tuple(layer.weight.shape) for layer in linear_layers(module)] == [
        (50, 48),
        (40, 50),
        (30, 40),
        (10, 30),
    ]
    assert module(torch.zeros(7, 6, 8)).shape == (7, 10)


def test_the_perceptron_computes_relu_layers() -> None:
    module = build(dropout=0.5).eval()
    inputs = np.random.default_rng(0).random((5, 48)).astype(np.float32)
    first, second, last = (layer.weight.detach().numpy().T for layer in linear_layers(module))
    expected = np.maximum(np.maximum(inputs @ first, 0) @ second, 0) @ last
    np.testing.assert_allclose(
        module(torch.from_numpy(inputs.reshape(5, 6, 8))).detach(), expected, atol=1e-5
    )


def test_dropout_drops_that_share_of_every_hidden_layer() -> None:
    module = build(widths=(400, 400), dropout=0.3).train()
    dropouts = [layer for layer in module.modules() if isinstance(layer, nn.Dropout)]
    assert len(dropouts) == 2
    torch.manual_seed(0)
    dropped = (dropouts[0](torch.ones(10_000)) == 0).float().mean()
    assert abs(dropped - 0.3) < 0.02


def test_kernels_are_glorot_uniform_and_biases_zero() -> None:
    for layer in linear_layers(build(widths=(300, 200))):
        fan_out, fan_in = layer.weight.shape
        limit = math.sqrt(6 / (fan_in + fan_out))
        values = layer.weight.detach().numpy().ravel()
        assert stats.kstest(values, stats.uniform(-limit, 2 * limit).cdf).pvalue > 0.001
        assert not layer.bias.any()


def test_weights_follow_the_seed() -> None:
    one, same, other = (torch.cat([p.flatten() for p in build(seed).parameters()]) for seed in (0, 0, 1))
    assert torch.equal(one, same)
    assert not torch.equal(one, other)


def test_building_leaves_torchs_random_state_alone() -> None:
    torch.manual_seed(0)
    expected = torch.rand(3)
    torch.manual_seed(0)
    build()
    state = torch.rand(3)
    assert torch.equal(state, expected)


@pytest.mark.parametrize("dropout", [0.0, 0.5])
def test_layers_of_one_network_differ(dropout: float) -> None:
    first, second = linear_layers(build(widths=(48, 48), dropout=dropout))[:2]
    assert not torch.equal(first.weight, second.weight)
