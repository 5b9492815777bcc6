"""The networks that are timed: the paper's MLP (fresh, trained, pruned), a small, a deep and a wide one."""

from itertools import pairwise
from pathlib import Path

import numpy as np
import torch
from torch import nn

from clusterability.config import DatasetConfig, ModelConfig, TrainingConfig, TrialConfig
from clusterability.data import load_dataset
from clusterability.graph import WeightGraph
from clusterability.models import build_module
from clusterability.training.loop import prune, train

VGG16_FILTERS = (64, 64, 128, 128, 256, 256, 256, 512, 512, 512, 512, 512, 512)
CACHE = Path("runs/benchmarks")
NAMES = ("mlp_fresh", "mlp_trained", "mlp_pruned", "mlp_reg", "vgg16", "mlp_4x2048")


def load_graph(name: str) -> WeightGraph:
    """Return one of the graphs; the trained and the pruned MLP come from what `prepare_mlp` has kept."""
    if name == "vgg16":
        return WeightGraph.from_module(_vgg16())
    if name == "mlp_reg":
        return WeightGraph.from_matrices(_glorot((64, 64, 64, 64, 10)))
    if name == "mlp_4x2048":
        return WeightGraph.from_matrices(_glorot((784, 2048, 2048, 2048, 2048, 10)))
    with np.load(CACHE / f"{name}.npz") as arrays:
        return WeightGraph.from_matrices([arrays[key] for key in arrays.files])


def prepare_mlp(seed: int = 0) -> None:
    """Train and prune the paper's MLP on MNIST unless it has been."""
    if (CACHE / "mlp_pruned.npz").exists():
        return
    CACHE.mkdir(parents=True, exist_ok=True)
    dataset = load_dataset(DatasetConfig(name="mnist", validation_fraction=1 / 60), seed)
    module = build_module(ModelConfig(), input_shape=(1, 28, 28), num_classes=10, seed=seed)
    _keep("mlp_fresh", module)
    config = TrialConfig(training=TrainingConfig(epochs=20, pruning_epochs=20), seed=seed)
    trained = train(module, dataset, config)
    _keep("mlp_trained", trained.module)
    _keep("mlp_pruned", prune(trained, dataset, config).module)


def _keep(name: str, module: nn.Module) -> None:
    matrices = [layer.weight.detach().numpy().T for layer in module.modules() if isinstance(layer, nn.Linear)]
    np.savez(CACHE / f"{name}.npz", *matrices)


def _vgg16() -> nn.Module:
    """VGG-16's convolutions with batch norm, as initialised by torch."""
    torch.manual_seed(0)
    layers: list[nn.Module] = []
    for channels_in, channels_out in pairwise((3, *VGG16_FILTERS)):
        layers += [
            nn.Conv2d(channels_in, channels_out, 3, padding=1),
            nn.BatchNorm2d(channels_out),
            nn.ReLU(),
        ]
    return nn.Sequential(*layers)


def _glorot(widths: tuple[int, ...]) -> list[np.ndarray]:
    rng = np.random.default_rng(0)
    return [rng.uniform(-1, 1, pair) * np.sqrt(6 / sum(pair)) for pair in pairwise(widths)]
