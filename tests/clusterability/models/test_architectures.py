"""Every architecture takes images, has the published sizes and is wired as it computes."""

import pytest
import torch
from torch import nn

from clusterability.config import ModelConfig
from clusterability.errors import ConfigError, GraphError
from clusterability.graph.wiring import edge_matrix, read_wiring
from clusterability.models import build_module


def build(architecture: str, *, shape: tuple[int, ...] = (3, 32, 32), **options: float) -> nn.Module:
    config = ModelConfig(architecture=architecture, **options)  # pyright: ignore[reportArgumentType]
    return build_module(config, input_shape=shape, num_classes=10, seed=0)


def num_parameters(module: nn.Module) -> int:
    return sum(parameter.numel() for parameter in module.parameters())


@pytest.mark.parametrize("architecture", ["mlp", "cnn", "vgg", "resnet"])
@pytest.mark.parametrize("shape", [(1, 28, 28), (2, 8, 8), (3, 32, 32)])
def test_every_architecture_takes_every_image(architecture: str, shape: tuple[int, ...]) -> None:
    module = build(architecture, shape=shape, width_factor=0.1, depth=1, dropout=0.5, conv_dropout=0.25)
    inputs = torch.rand(4, *shape, generator=torch.Generator().manual_seed(0))
    logits = module(inputs)
    assert logits.shape == (4, 10)
    logits.sum().backward()
    assert all(parameter.grad is not None for parameter in module.parameters())


def test_full_sizes_are_the_published_ones() -> None:
    """ResNet-18 for CIFAR has 11,173,962 parameters; VGG-16's 13 convolutions 14,710,464 weights."""
    assert num_parameters(build("resnet")) == 11_173_962
    module = build("vgg")
    convolutions = [layer for layer in module.modules() if isinstance(layer, nn.Conv2d)]
    assert len(convolutions) == 13
    assert sum(layer.weight.numel() for layer in convolutions) == 14_710_464
    small = build("cnn", shape=(1, 28, 28))
    assert num_parameters(small) == 640 + 36_928 * 2 + (64 * 49 * 128 + 128) + 1290


def test_convolutional_wiring_is_a_chain_of_filters() -> None:
    wiring = read_wiring(build("vgg", width_factor=0.125))
    assert wiring.widths == (8, 8, 16, 16, 32, 32, 32, 64, 64, 64, 64, 64, 64)
    assert [(wire.source, wire.target) for wire in wiring.wires] == [(i, i + 1) for i in range(12)]
    assert all(wire.norm is not None for wire in wiring.wires)


def test_residual_wiring_has_identity_and_projection_skips() -> None:
    module = build("resnet", width_factor=0.125, depth=1)
    wiring = read_wiring(module)
    assert wiring.widths == (8, 8, 8, 16, 16, 32, 32, 64, 64)
    pairs = [(wire.source, wire.target) for wire in wiring.wires]
    assert sorted(pairs) == sorted([(i, i + 1) for i in range(8)] + [(i, i + 2) for i in (0, 2, 4, 6)])
    identities = [wire for wire in wiring.wires if wire.kernel is None]
    assert [(wire.source, wire.target) for wire in identities] == [(0, 2)]
    torch.testing.assert_close(edge_matrix(identities[0], module, 8), torch.eye(8))


def test_edges_say_which_channels_reach_which() -> None:
    """A channel's input reaches another's output exactly where the folded kernel says, and as strongly."""
    module = nn.Sequential(
        nn.Conv2d(1, 3, 3), nn.Conv2d(3, 4, 3, bias=False), nn.BatchNorm2d(4), nn.ReLU()
    ).eval()
    norm = module[2]
    assert isinstance(norm, nn.BatchNorm2d)
    with torch.no_grad():
        norm.weight.uniform_(0.5, 2)
        assert norm.running_var is not None
        norm.running_var.uniform_(0.5, 2)
    wiring = read_wiring(module)
    edges = edge_matrix(wiring.wires[0], module, 3)
    convolution = module[1]
    assert isinstance(convolution, nn.Conv2d)
    for source in range(3):
        for target in range(4):
            signs = convolution.weight[target, source].sign()
            inputs = torch.zeros(1, 3, 3, 3)
            inputs[0, source] = signs
            moved = norm(convolution(inputs)) - norm(convolution(torch.zeros_like(inputs)))
            assert moved[0, target].item() == pytest.approx(edges[source, target].item(), rel=1e-4)


@pytest.mark.parametrize("architecture", ["cnn", "vgg", "resnet"])
def test_convolutions_need_images(architecture: str) -> None:
    with pytest.raises(ConfigError, match=architecture):
        build(architecture, shape=(64,))


def test_unreadable_modules_are_named() -> None:
    with pytest.raises(GraphError, match="layer '1': LSTM"):
        read_wiring(nn.Sequential(nn.Linear(3, 4), nn.LSTM(4, 4)))
    with pytest.raises(GraphError, match="groups"):
        read_wiring(nn.Sequential(nn.Conv2d(1, 4, 3), nn.Conv2d(4, 4, 3, groups=2)))
