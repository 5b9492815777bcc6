"""A trained network stands further from its shuffles by the refined estimator than by the spectral one."""

import numpy as np
import pytest

from clusterability import WeightGraph, null_test
from clusterability.config import DatasetConfig, ModelConfig, TrainingConfig, TrialConfig
from clusterability.data import load_dataset
from clusterability.models import build_module
from clusterability.training.loop import prune, train


def z_scores(graph, num_shuffles, num_clusters=12):
    scores = {
        estimator: null_test(graph, "layer", num_shuffles, num_clusters, estimator).z_score
        for estimator in ("refined", "spectral")
    }
    print(scores)
    return scores["refined"], scores["spectral"]


@pytest.mark.parametrize("seed", range(3))
def test_on_a_network_with_faint_planted_clusters(seed):
    rng = np.random.default_rng(seed)
    blocks = np.kron(np.eye(6), np.ones((20, 20)))
    matrices = [rng.standard_normal((120, 120)) * (1 + 0.5 * blocks) for _ in range(3)]
    refined, spectral = z_scores(WeightGraph.from_matrices(matrices), 30, 6)
    assert refined < 2 * spectral
    assert refined < -4  # about -5 to -8; of 30 shuffles a z has a standard error of 13 %


@pytest.mark.slow
@pytest.mark.parametrize("seed", [0, 1])
def test_on_the_papers_mnist_network(seed):
    dataset = load_dataset(DatasetConfig(name="mnist", validation_fraction=1 / 60), seed)
    module = build_module(ModelConfig(), input_shape=(1, 28, 28), num_classes=10, seed=seed)
    config = TrialConfig(training=TrainingConfig(epochs=20, pruning_epochs=20), seed=seed)
    trained = train(module, dataset, config)
    refined, spectral = z_scores(WeightGraph.from_module(trained.module), 50)
    assert refined < 2 * spectral < 0
    pruned = prune(trained, dataset, config)
    refined, spectral = z_scores(WeightGraph.from_module(pruned.module), 50)
    assert refined <= spectral < 0
