"""A cut network is that many networks side by side: at initialisation, in training, pruned, as a graph."""

import math
from typing import Any

import numpy as np
import pytest
import torch
from torch import nn

from clusterability.config import DatasetConfig, ModelConfig, TrainingConfig, TrialConfig
from clusterability.data import load_dataset
from clusterability.errors import ConfigError
from clusterability.graph import WeightGraph
from clusterability.models import build_module
from clusterability.models.cut import cut_masks, parts_of
from clusterability.training.kernels import kernels
from clusterability.training.loop import prune, train

DIGITS = load_dataset(DatasetConfig(num_train=300), seed=0)
MODELS: dict[str, dict[str, Any]] = {
    "mlp": {"widths": (13, 11, 12)},
    "cnn": {"architecture": "cnn", "width_factor": 0.1},
}
PENALTIES: dict[str, dict[str, Any]] = {
    "none": {},
    "all": {
        "l1": {"weight": 1e-3}, "l2": {"weight": 1e-3}, "locality": {"weight": 1e-3, "swap_every": 2},
        "intra_cluster": {"weight": 0.1, "modules": 2}, "clusterability": {"weight": 0.1, "eigenvalues": 3},
    },
    "contribution": {"clusterability": {"weight": 0.1, "eigenvalues": 3, "edges": "contribution"}},
}  # fmt: skip


def build(name: str, parts: int | None, seed: int = 0) -> nn.Module:
    model = ModelConfig(**MODELS[name], cut=parts)
    return build_module(model, input_shape=DIGITS.input_shape, num_classes=10, seed=seed)


def test_parts_are_as_equal_as_can_be_and_classes_are_runs() -> None:
    for units, parts in ((256, 10), (13, 3), (10, 10), (10, 4)):
        sizes = np.bincount(parts_of(units, parts))
        assert len(sizes) == parts
        assert sizes.max() - sizes.min() <= 1
    assert parts_of(10, 5).tolist() == [0, 0, 1, 1, 2, 2, 3, 3, 4, 4]


@pytest.mark.parametrize("penalties", PENALTIES)
@pytest.mark.parametrize("name", MODELS)
def test_parts_stay_apart_in_training_and_pruning(name: str, penalties: str) -> None:
    module, parts = build(name, 3), 3
    masks = cut_masks(module, parts)
    training = TrainingConfig(epochs=2, pruning_epochs=1, batch_size=50, learning_rate=1e-2, device="cpu")
    settings = TrialConfig(
        model=ModelConfig(**MODELS[name], cut=parts),
        training=training if name == "cnn" else TrainingConfig(**vars_of(training), rescale_units=True),
        penalties=PENALTIES[penalties],
    )
    before = [weight.detach().clone() for weight in kernels(module)]
    trained = train(module, DIGITS, settings)
    pruned = prune(trained, DIGITS, settings)
    for mask, start, weight, thin in zip(
        masks, before, kernels(trained.module), kernels(pruned.module), strict=True
    ):
        for values in (start, weight, thin):
            assert not values[mask == 0].any()
        assert (weight != start)[mask == 1].float().mean() > 0.5
        there = int(mask.sum())
        assert int((thin != 0).sum()) == there - int(0.9 * there + 1e-9)


def vars_of(training: TrainingConfig) -> dict[str, Any]:
    names = ("epochs", "pruning_epochs", "batch_size", "learning_rate", "device")
    return {name: getattr(training, name) for name in names}


@pytest.mark.parametrize("name", MODELS)
def test_a_part_computes_its_classes_alone(name: str) -> None:
    """Every hidden unit that moves an output is of the output's part; every part reads all inputs."""
    module, parts = build(name, 3).eval(), 3
    inputs = torch.tensor(DIGITS.train.inputs[:20])
    tapped: list[torch.Tensor] = []
    layers = [layer for layer in module.modules() if isinstance(layer, nn.Linear | nn.Conv2d)]
    for layer in layers[:-1]:
        layer.register_forward_hook(lambda _, __, output: tapped.append(output))
    outputs = module(inputs)
    for output, part in enumerate(parts_of(10, parts)):
        for values in tapped:
            gradient = torch.autograd.grad(outputs[:, output].sum(), values, retain_graph=True)[0]
            moving = gradient.reshape(len(inputs), values.shape[1], -1).abs().sum(dim=(0, 2)) > 0
            own = torch.from_numpy(parts_of(values.shape[1], parts) == part)
            assert not moving[~own].any()
            assert moving[own].any()
    assert (layers[0].weight != 0).all()


def test_each_part_begins_as_a_network_of_its_own_size() -> None:
    model = ModelConfig(widths=(600, 300), cut=3)
    module = build_module(model, input_shape=(40,), num_classes=9, seed=0)
    first, second, last = (weight.detach() for weight in kernels(module))
    for weight, limit in (
        (first, math.sqrt(6 / (40 + 200))), (second[:100, :200], math.sqrt(6 / (200 + 100))),
        (last[3:6, 100:200], math.sqrt(6 / (100 + 3))),
    ):  # fmt: skip
        assert weight.abs().max() <= limit
        assert weight.abs().max() > 0.95 * limit
        assert weight.std().item() == pytest.approx(limit / math.sqrt(3), rel=0.08)


def test_training_a_part_is_training_that_network_alone() -> None:
    """With one output per part and squared errors, which parts do not share, training never mixes parts."""
    rng = np.random.default_rng(0)
    inputs = torch.tensor(rng.random((64, 5), dtype=np.float32))
    targets = torch.tensor(rng.random((64, 2), dtype=np.float32))
    whole = build_module(ModelConfig(widths=(8, 6), cut=2), input_shape=(5,), num_classes=2, seed=0)
    alone = build_module(ModelConfig(widths=(4, 3)), input_shape=(5,), num_classes=1, seed=0)
    part = [slice(0, 4), slice(0, 3), slice(0, 1)]
    rows = [slice(None), slice(0, 4), slice(0, 3)]
    layers = ([m for m in net.modules() if isinstance(m, nn.Linear)] for net in (whole, alone))
    for large, small, units, sources in zip(*layers, part, rows, strict=True):
        small.weight.data.copy_(large.weight.data[units, sources])
    torch.testing.assert_close(whole(inputs)[:, :1], alone(inputs))
    torch.nn.functional.mse_loss(whole(inputs), targets, reduction="sum").backward()
    torch.nn.functional.mse_loss(alone(inputs), targets[:, :1], reduction="sum").backward()
    layers = ([m for m in net.modules() if isinstance(m, nn.Linear)] for net in (whole, alone))
    for large, small, units, sources in zip(*layers, part, rows, strict=True):
        assert large.weight.grad is not None
        torch.testing.assert_close(large.weight.grad[units, sources], small.weight.grad)


def test_the_graph_has_the_parts_as_components_behind_the_inputs() -> None:
    for name in MODELS:
        graph = WeightGraph.from_module(build(name, 3))
        for block in graph.blocks[1:] if name == "mlp" else graph.blocks:
            sources, targets = (parts_of(size, 3) for size in block.matrix.shape)
            assert ((block.matrix != 0) == (sources[:, None] == targets)).all()


@pytest.mark.parametrize(
    ("model", "message"),
    [
        ({"widths": (20, 5), "cut": 6}, "got 6, allowed: up to 5, the units of hidden layer 2"),
        ({"widths": (20,), "cut": 11}, "got 11, allowed: up to 10, the outputs"),
        ({"architecture": "cnn", "width_factor": 0.1, "cut": 7}, "up to 6, the units of hidden layer 1"),
        ({"architecture": "vgg", "cut": 2}, "got 2, allowed: null for vgg; mlp and cnn can be cut"),
        ({"architecture": "resnet", "cut": 2}, "null for resnet"),
        ({"architecture": "my_lab.nets:Tiny", "cut": 2}, "null for my_lab.nets:Tiny"),
        ({"initialisation": "clusterable", "cut": 2}, "null for the initialisation clusterable"),
        ({"cut": 1}, "got 1, allowed: 2 or more, or null"),
    ],
)
def test_what_cannot_be_cut_is_refused(model: dict[str, Any], message: str) -> None:
    with pytest.raises(ConfigError, match=r"model\.cut: ") as error:
        build_module(ModelConfig(**model), input_shape=(1, 8, 8), num_classes=10, seed=0)
    assert message in str(error.value)
    assert "\n" not in str(error.value)
