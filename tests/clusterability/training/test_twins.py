"""Twins: networks trained on permuted labels, to an equal training loss."""

from dataclasses import replace

import numpy as np
import pytest

from clusterability.config import (
    DatasetConfig,
    ModelConfig,
    NcutConfig,
    NullsConfig,
    TrainingConfig,
    TrialConfig,
)
from clusterability.data import load_dataset
from clusterability.errors import ConfigError
from clusterability.models import build_module
from clusterability.training import checkpoint
from clusterability.training.loop import train
from clusterability.trial import run_trial

CONFIG = TrialConfig(
    model=ModelConfig(widths=(32,)),
    training=TrainingConfig(epochs=12, until_loss=1.85, device="cpu"),
    ncut=NcutConfig(num_clusters=3),
    nulls=NullsConfig(num_shuffles=1),
)


def trained(config, **options):
    dataset = load_dataset(config.dataset, config.seed)
    module = build_module(
        config.model, input_shape=dataset.input_shape, num_classes=dataset.num_classes, seed=config.seed
    )
    return train(module, dataset, config, **options)


def test_only_the_training_labels_are_permuted_and_by_the_seed():
    plain = load_dataset(DatasetConfig(), 3)
    twin, other = (load_dataset(DatasetConfig(permuted_labels=True), seed) for seed in (3, 4))
    np.testing.assert_array_equal(twin.train.inputs, plain.train.inputs)
    np.testing.assert_array_equal(np.sort(twin.train.labels), np.sort(plain.train.labels))
    assert np.mean(twin.train.labels == plain.train.labels) < 0.2
    assert (twin.train.labels != other.train.labels).any()
    for part in ("validation", "test"):
        np.testing.assert_array_equal(getattr(twin, part).inputs, getattr(plain, part).inputs)
        np.testing.assert_array_equal(getattr(twin, part).labels, getattr(plain, part).labels)


def test_training_ends_with_the_first_epoch_at_the_loss():
    losses = [epoch["train_loss"] for epoch in trained(CONFIG).history]
    assert 1 < len(losses) < 12
    assert losses[-1] <= 1.85 < min(losses[:-1])
    longer = trained(replace(CONFIG, training=TrainingConfig(epochs=12, device="cpu"))).history
    assert [epoch["train_loss"] for epoch in longer[: len(losses)]] == losses


def test_a_loss_that_is_not_reached_is_a_note():
    training = replace(CONFIG.training, epochs=2, until_loss=1e-3)
    record = run_trial(replace(CONFIG, training=training))
    assert record.metrics["epochs_trained"] == 2
    (note,) = (note for note in record.notes if "until_loss" in note)
    assert note.startswith("training.until_loss: after all 2 epochs the loss is")


def test_an_interrupted_twin_resumes_to_the_same_epoch(tmp_path, monkeypatch):
    config = replace(CONFIG, dataset=DatasetConfig(num_train=64, permuted_labels=True))
    config = replace(config, training=replace(config.training, epochs=60, until_loss=2.1))
    whole = trained(config)

    def interrupt(epoch, _):
        if epoch == 5:
            raise InterruptedError

    monkeypatch.setattr(checkpoint, "SECONDS_BETWEEN", 0)
    with pytest.raises(InterruptedError):
        trained(config, checkpoints=tmp_path, on_epoch=interrupt)
    resumed = trained(config, checkpoints=tmp_path)
    assert 5 < len(whole.history) < 60
    assert len(resumed.history) == len(whole.history)
    assert resumed.history[-1]["train_loss"] == whole.history[-1]["train_loss"]


@pytest.mark.parametrize("loss", [0.0, -1.0, float("inf")])
def test_a_loss_that_cannot_be_reached_is_refused(loss):
    with pytest.raises(ConfigError, match=r"training\.until_loss: got .*, allowed: above 0, or null"):
        TrainingConfig(until_loss=loss)
