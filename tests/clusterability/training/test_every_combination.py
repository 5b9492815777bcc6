"""Every architecture trains under every condition on every family of data sets."""

import math
import os
from typing import Any

import numpy as np
import pytest
import torch

from clusterability.config import DatasetConfig, ModelConfig, Settings, TrainingConfig, TrialConfig
from clusterability.data import Dataset, Split, load_dataset
from clusterability.models import build_module
from clusterability.training.kernels import kernels
from clusterability.training.loop import prune, train

ARCHITECTURES: dict[str, dict[str, Any]] = {
    "mlp": {"widths": (12, 12, 12)},
    "cnn": {"width_factor": 0.1},
    "vgg": {"width_factor": 0.1, "depth": 2},
    "resnet": {"width_factor": 0.1, "depth": 1},
}
# Fields of the model, and penalties, by condition.
CONDITIONS: dict[str, tuple[dict[str, Any], dict[str, Settings]]] = {
    "control": ({}, {}),
    "l1": ({}, {"l1": {"weight": 5e-5}}),
    "l2": ({}, {"l2": {"weight": 5e-5}}),
    "dropout": ({"dropout": 0.5, "conv_dropout": 0.25}, {}),
    "clusterable": ({"initialisation": "clusterable", "num_modules": 3}, {}),
    "penalty": ({}, {"clusterability": {"weight": 0.1, "eigenvalues": 2}}),
    "contribution": ({}, {"clusterability": {"weight": 0.1, "eigenvalues": 2, "edges": "contribution"}}),
    "every third step": ({}, {"clusterability": {"weight": 0.1, "eigenvalues": 2, "every": 3}}),
    "locality": ({}, {"locality": {"weight": 1e-3, "swap_every": 2}}),
    "modules": ({}, {"intra_cluster": {"weight": 1.0, "modules": 2}}),
    "rescaling": ({}, {"clusterability": {"weight": 0.1, "eigenvalues": 2}}),
    "everything": (
        {"dropout": 0.5, "conv_dropout": 0.25, "initialisation": "clusterable", "num_modules": 3},
        {
            "l1": {"weight": 5e-5}, "l2": {"weight": 5e-5},
            "clusterability": {"weight": 0.1, "eigenvalues": 2},
            "locality": {"weight": 1e-3, "swap_every": 2}, "intra_cluster": {"weight": 1.0, "modules": 2},
        },
    ),
}  # fmt: skip
FAMILIES: dict[str, dict[str, Any]] = {
    "grey": {"name": "digits"},
    "small": {"name": "digits", "variant": "small"},
    "halves": {"name": "digits", "variant": "halves"},
    "halves_same": {"name": "digits", "variant": "halves_same"},
    "stacked": {"name": "digits", "variant": "stacked"},
    "stacked_same": {"name": "digits", "variant": "stacked_same"},
    "mixed": {"name": "digits", "mixed_with": "mnist"},
    "separated": {"name": "digits", "mixed_with": "mnist", "separate_classes": True},
    "lines": {"name": "lines"},
    "random": {"name": "random"},
    "polynomials": {"name": "polynomials"},
}
ONLY_MLP_CONDITIONS = {"rescaling"}
ONLY_MLP_FAMILIES = {"polynomials"}


@pytest.fixture(autouse=True, scope="module")
def one_cache(tmp_path_factory: pytest.TempPathFactory) -> Any:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("XDG_CACHE_HOME", str(tmp_path_factory.mktemp("cache")))
        yield


def small(dataset: Dataset, images: int = 96) -> Dataset:
    """The first images only, and of 28x28 pixels the middle 10x10."""

    def cut(split: Split) -> Split:
        inputs = split.inputs[:images]
        if inputs.ndim == 4 and inputs.shape[-1] == 28:
            inputs = inputs[:, :, 9:19, 9:19]
        return Split(inputs=np.ascontiguousarray(inputs), labels=split.labels[:images].copy())

    return Dataset(
        name=dataset.name, train=cut(dataset.train), validation=cut(dataset.validation),
        test=cut(dataset.test), num_classes=dataset.num_classes, sha256=dataset.sha256,
    )  # fmt: skip


def coloured() -> Dataset:
    rng = np.random.default_rng(0)
    parts = [
        Split(inputs=rng.random((96, 3, 8, 8), dtype=np.float32), labels=rng.integers(10, size=96))
        for _ in range(3)
    ]
    return Dataset(
        name="colours", train=parts[0], validation=parts[1], test=parts[2], num_classes=10, sha256=""
    )


def check(architecture: str, condition: str, dataset: Dataset) -> None:
    """Train an epoch, prune an epoch: losses are finite, weights move, the pruned ones are nothing."""
    model_fields, penalties = CONDITIONS[condition]
    model = ModelConfig(architecture=architecture, **ARCHITECTURES[architecture], **model_fields)  # pyright: ignore[reportArgumentType]
    module = build_module(model, input_shape=dataset.input_shape, num_classes=dataset.num_classes, seed=0)
    before = [weight.detach().clone() for weight in kernels(module)]
    training = TrainingConfig(
        epochs=1, pruning_epochs=1, batch_size=24, rescale_units=condition == "rescaling", device="cpu"
    )
    config = TrialConfig(training=training, penalties=penalties)
    network = train(module, dataset, config)
    assert all(math.isfinite(value) for value in network.history[0].values())
    assert (network.history[0]["penalty"] > 0) == bool(penalties)
    assert all(not torch.equal(*pair) for pair in zip(before, kernels(network.module), strict=True))
    pruned = prune(network, dataset, config)
    for weight in kernels(pruned.module):
        assert (weight == 0).sum().item() >= int(0.9 * weight.numel())
    assert pruned.test_accuracy <= 1


@pytest.mark.parametrize("condition", CONDITIONS)
@pytest.mark.parametrize("architecture", ARCHITECTURES)
def test_every_architecture_under_every_condition(architecture: str, condition: str) -> None:
    if architecture != "mlp" and condition in ONLY_MLP_CONDITIONS:
        pytest.skip("rescaling is for networks of linear layers")
    check(architecture, condition, small(load_dataset(DatasetConfig(), seed=0)))


@pytest.mark.parametrize("family", [*FAMILIES, "colours"])
@pytest.mark.parametrize("architecture", ARCHITECTURES)
def test_every_architecture_on_every_family(architecture: str, family: str) -> None:
    check(architecture, "penalty", family_of(architecture, family))


@pytest.mark.slow
@pytest.mark.parametrize("family", [*FAMILIES, "colours"])
@pytest.mark.parametrize("condition", CONDITIONS)
@pytest.mark.parametrize("architecture", ARCHITECTURES)
def test_every_architecture_condition_and_family(architecture: str, condition: str, family: str) -> None:
    if architecture != "mlp" and condition in ONLY_MLP_CONDITIONS:
        pytest.skip("rescaling is for networks of linear layers")
    check(architecture, condition, family_of(architecture, family))


def family_of(architecture: str, family: str) -> Dataset:
    if architecture != "mlp" and family in ONLY_MLP_FAMILIES:
        pytest.skip("polynomials are no images")
    if family in ("mixed", "separated") and "CLUSTERABILITY_DATA" not in os.environ:
        pytest.skip("CLUSTERABILITY_DATA names no folder with the IDX files")
    return (
        coloured() if family == "colours" else small(load_dataset(DatasetConfig(**FAMILIES[family]), seed=0))
    )
