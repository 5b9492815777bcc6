"""Pruning follows its schedule, removes the smallest weights and leaves the network that it started from."""

import numpy as np
import pytest
import torch

from clusterability.config import DatasetConfig, ModelConfig, TrainingConfig, TrialConfig
from clusterability.data import load_dataset
from clusterability.models import build_module
from clusterability.training.kernels import kernels
from clusterability.training.loop import prune, train
from clusterability.training.pruning import MagnitudePruning


def test_sparsity_follows_the_polynomial() -> None:
    pruning = MagnitudePruning([], 200, initial=0.5, final=0.9)
    assert [pruning.sparsity(step) for step in (0, 100, 200)] == pytest.approx([0.5, 0.9 - 0.4 / 8, 0.9])


def test_the_smallest_magnitudes_go() -> None:
    weight = torch.randn(20, 30, generator=torch.Generator().manual_seed(0))
    before = weight.clone()
    MagnitudePruning([weight], 1, initial=0.5, final=0.9).after_step(1)
    order = np.argsort(np.abs(before.numpy()), axis=None)
    expected = before.numpy().ravel().copy()
    expected[order[:540]] = 0
    np.testing.assert_array_equal(weight.numpy().ravel(), expected)


def test_masks_hold_between_the_steps_that_renew_them() -> None:
    weight = torch.randn(10, 10, generator=torch.Generator().manual_seed(0))
    pruning = MagnitudePruning([weight], 1000, initial=0.5, final=0.9)
    pruning.after_step(10)
    gone = weight == 0
    for step in range(11, 20):
        weight.add_(1)
        pruning.after_step(step)
        assert torch.equal(weight == 0, gone)


def test_fine_tuning_prunes_a_copy_and_keeps_it_accurate() -> None:
    dataset = load_dataset(DatasetConfig(), seed=0)
    module = build_module(ModelConfig(widths=(64, 64)), input_shape=(8, 8), num_classes=10, seed=0)
    training = TrainingConfig(epochs=20, pruning_epochs=40, learning_rate=3e-3, device="cpu")
    config = TrialConfig(training=training)
    trained = train(module, dataset, config)
    before = [weight.detach().clone() for weight in kernels(trained.module)]
    pruned = prune(trained, dataset, config)
    for weight, old in zip(kernels(trained.module), before, strict=True):
        assert torch.equal(weight, old)
    for weight in kernels(pruned.module):
        assert int((weight == 0).sum()) == int(0.9 * weight.numel() + 1e-9)
    assert pruned.test_accuracy > 0.9
    assert len(pruned.history) == 40
    again = prune(trained, dataset, config)
    assert all(map(torch.equal, kernels(pruned.module), kernels(again.module)))
