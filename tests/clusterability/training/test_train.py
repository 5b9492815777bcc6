"""Networks learn, repeat exactly, and say when they do not train."""

import math
from typing import Any

import numpy as np
import pytest
import torch
from scipy.special import log_softmax
from sklearn.metrics import r2_score
from torch import nn

from clusterability.config import DatasetConfig, ModelConfig, TrainingConfig, TrialConfig
from clusterability.data import Dataset, Split, load_dataset
from clusterability.errors import ResourceError, TrainingError
from clusterability.models import build_module
from clusterability.training.device import resolve_device
from clusterability.training.evaluate import evaluate
from clusterability.training.loop import TrainedNetwork, train

DIGITS = load_dataset(DatasetConfig(), seed=0)


def trained(seed: int = 0, *, dropout: float = 0.0, **options: Any) -> TrainedNetwork:
    model = ModelConfig(widths=(64, 64), dropout=dropout)
    module = build_module(model, input_shape=DIGITS.input_shape, num_classes=10, seed=seed)
    penalties = options.pop("penalties", {})
    training = TrainingConfig(**{"epochs": 2, "device": "cpu", **options})
    config = TrialConfig(training=training, penalties=penalties, seed=seed)
    return train(module, DIGITS, config)


def weights(network: TrainedNetwork) -> torch.Tensor:
    return torch.cat([parameter.detach().flatten() for parameter in network.module.parameters()])


def test_a_perceptron_learns_digits() -> None:
    network = trained(epochs=30, learning_rate=3e-3)
    assert network.test_accuracy > 0.95
    assert network.train_accuracy > 0.99
    assert network.history[-1]["train_loss"] < network.history[0]["train_loss"] / 10
    assert network.history[-1]["validation_accuracy"] == network.validation_accuracy


@pytest.mark.parametrize("dropout", [0.0, 0.5])
def test_training_repeats_bit_for_bit(dropout: float) -> None:
    one, same, other = (trained(seed, dropout=dropout) for seed in (0, 0, 1))
    assert torch.equal(weights(one), weights(same))
    assert one.history == same.history
    assert not torch.equal(weights(one), weights(other))


def test_training_leaves_torchs_random_state_alone() -> None:
    torch.manual_seed(0)
    expected = torch.rand(3)
    torch.manual_seed(0)
    trained(dropout=0.5)
    assert torch.equal(torch.rand(3), expected)


def test_every_epoch_is_told() -> None:
    told = []
    module = build_module(ModelConfig(widths=(8,)), input_shape=(8, 8), num_classes=10, seed=0)
    config = TrialConfig(training=TrainingConfig(epochs=3, device="cpu"))
    network = train(module, DIGITS, config, on_epoch=lambda epoch, metrics: told.append((epoch, metrics)))
    assert told == list(enumerate(network.history, start=1))
    assert set(told[0][1]) == {"train_loss", "penalty", "validation_accuracy", "validation_loss"}


def test_a_loss_that_is_not_finite_names_epoch_step_and_remedy() -> None:
    with pytest.raises(TrainingError, match=r"epoch 1, step \d+: try a training.learning_rate below 1e\+30"):
        trained(learning_rate=1e30)


def test_one_small_step_is_adams() -> None:
    """The first Adam step moves every weight by the learning rate against the sign of its gradient."""
    module = build_module(ModelConfig(widths=(16,)), input_shape=(8, 8), num_classes=10, seed=0)
    inputs, labels = torch.tensor(DIGITS.train.inputs), torch.tensor(DIGITS.train.labels)
    nn.functional.cross_entropy(module(inputs), labels).backward()
    last = list(module.parameters())[-1]
    before = last.detach().clone()
    assert last.grad is not None
    expected = before - 1e-3 * last.grad / (last.grad.abs() + 1e-7)
    training = TrainingConfig(epochs=1, batch_size=len(DIGITS.train), device="cpu")
    train(module, DIGITS, TrialConfig(training=training))
    torch.testing.assert_close(last.detach(), expected, rtol=0, atol=1e-6)


def test_regularisers_shrink_what_they_penalise() -> None:
    plain = trained(epochs=20)
    lasso, ridge = (trained(epochs=20, penalties={name: {"weight": 1e-3}}) for name in ("l1", "l2"))
    l1, l2 = (lambda n: weights(n).abs().sum(), lambda n: weights(n).square().sum())
    assert l1(lasso) < 0.7 * l1(plain)
    assert l2(ridge) < 0.9 * l2(plain)
    assert plain.history[-1]["penalty"] == 0 < lasso.history[-1]["penalty"]


def test_evaluation_agrees_with_numpy() -> None:
    module = build_module(ModelConfig(widths=(16,)), input_shape=(8, 8), num_classes=10, seed=0)
    inputs = np.random.default_rng(0).random((4500, 8, 8)).astype(np.float32)
    labels = np.random.default_rng(1).integers(0, 10, 4500)
    logits = module(torch.tensor(inputs)).detach().double().numpy()
    result = evaluate(module, torch.tensor(inputs), torch.tensor(labels))
    assert result.accuracy == (logits.argmax(axis=1) == labels).mean()
    expected = -log_softmax(logits, axis=1)[np.arange(4500), labels].mean()
    assert math.isclose(result.loss, expected, rel_tol=1e-5)


def test_evaluation_drops_nothing_and_leaves_the_mode() -> None:
    module = build_module(ModelConfig(widths=(64,), dropout=0.9), input_shape=(8, 8), num_classes=10, seed=0)
    module.train()
    inputs, labels = torch.tensor(DIGITS.test.inputs), torch.tensor(DIGITS.test.labels)
    assert evaluate(module, inputs, labels) == evaluate(module, inputs, labels)
    assert module.training


@pytest.mark.skipif(torch.cuda.is_available(), reason="this machine has the device")
def test_a_device_that_is_not_there_is_an_error() -> None:
    assert resolve_device("auto") == torch.device("cpu")
    with pytest.raises(ResourceError, match="cuda"):
        resolve_device("cuda")


def test_a_regression_is_scored_by_its_explained_variance() -> None:
    rng = np.random.default_rng(0)
    inputs, targets = rng.random((4500, 8)).astype(np.float32), rng.random((4500, 3)).astype(np.float32)
    module = build_module(ModelConfig(widths=(16,)), input_shape=(8,), num_classes=3, seed=0)
    outputs = module(torch.tensor(inputs)).detach().double().numpy()
    result = evaluate(module, torch.tensor(inputs), torch.tensor(targets))
    assert math.isclose(result.loss, ((outputs - targets) ** 2).mean(), rel_tol=1e-5)
    expected = r2_score(targets, outputs, multioutput="variance_weighted")
    assert math.isclose(result.accuracy, expected, rel_tol=1e-5)


def test_a_perceptron_learns_a_regression() -> None:
    inputs = np.random.default_rng(0).standard_normal((3000, 2), dtype=np.float32)
    targets = np.stack([inputs[:, 0] * inputs[:, 1], inputs[:, 0] ** 2, 0 * inputs[:, 0]], axis=1)
    parts = [
        Split(inputs=x, labels=y) for x, y in zip(np.split(inputs, 3), np.split(targets, 3), strict=True)
    ]
    dataset = Dataset(
        name="toy", train=parts[0], validation=parts[1], test=parts[2], num_classes=3, sha256=""
    )
    module = build_module(ModelConfig(widths=(64, 64)), input_shape=(2,), num_classes=3, seed=0)
    config = TrialConfig(training=TrainingConfig(epochs=60, learning_rate=3e-3, device="cpu"))
    network = train(module, dataset, config)
    assert network.test_accuracy > 0.9
    assert network.history[-1]["validation_loss"] < network.history[0]["validation_loss"] / 5
