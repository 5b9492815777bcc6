"""Curves: what measuring by hand gives, at the points asked for, whether or not training was interrupted."""

from dataclasses import replace
from typing import Any

import pytest
import torch

from clusterability.config import (
    DatasetConfig,
    MeasurementConfig,
    ModelConfig,
    NcutConfig,
    NullsConfig,
    TrainingConfig,
    TrialConfig,
)
from clusterability.data import load_dataset
from clusterability.errors import ConfigError
from clusterability.graph import WeightGraph
from clusterability.lesions import lesion_test
from clusterability.measurement.curves import Curves, is_point
from clusterability.measurement.followed import FOLLOWED
from clusterability.models import build_module
from clusterability.ncut import measure_modularity, measure_ncut
from clusterability.record import TrialRecord
from clusterability.training import checkpoint
from clusterability.training.loop import TrainedNetwork, train
from clusterability.trial import run_trial

DIGITS = load_dataset(DatasetConfig(num_train=300), 0)
CONFIG = TrialConfig(
    dataset=DatasetConfig(num_train=300),
    model=ModelConfig(widths=(20, 16), dropout=0.3),
    training=TrainingConfig(epochs=3, batch_size=50, learning_rate=1e-2, device="cpu"),
    penalties={"clusterability": {"weight": 0.1, "eigenvalues": 3, "edges": "contribution"}},
    ncut=NcutConfig(num_clusters=3),
    nulls=NullsConfig(num_shuffles=2),
    measurement=MeasurementConfig(epochs=(0, 1, 3), steps=(2, 12)),
)


class KilledError(Exception):
    pass


def followed(config: TrialConfig = CONFIG, **options: Any) -> tuple[TrainedNetwork, Curves]:
    module = build_module(config.model, input_shape=DIGITS.input_shape, num_classes=10, seed=0)
    curves = Curves(module, DIGITS, config)
    return train(module, DIGITS, config, observer=curves, **options), curves


def plain(config: TrialConfig) -> TrainedNetwork:
    module = build_module(config.model, input_shape=DIGITS.input_shape, num_classes=10, seed=0)
    return train(module, DIGITS, config)


def test_log_is_powers_of_two() -> None:
    config = MeasurementConfig(epochs="log", steps=(3,))
    found = [step for step in range(200) if is_point(config, step, steps_per_epoch=10)]
    assert found == [0, 3, 10, 20, 40, 80, 160]


def test_curves_are_what_measuring_by_hand_gives() -> None:
    """Training is cut off at each point by hand; a whole run has the same values there."""
    network, curves = followed()
    record = curves.record
    assert record["step"] == [(0.0, 0.0), (2 / 6, 2.0), (1.0, 6.0), (2.0, 12.0), (3.0, 18.0)]
    assert set(record) == {"step", *FOLLOWED}
    untrained = build_module(CONFIG.model, input_shape=DIGITS.input_shape, num_classes=10, seed=0).eval()
    one = plain(replace(CONFIG, training=replace(CONFIG.training, epochs=1)))
    inputs, validation = torch.tensor(DIGITS.train.inputs), DIGITS.validation
    for epoch, module in ((0, untrained), (1, one.module), (3, network.module)):
        weights = WeightGraph.from_module(module)
        contribution = WeightGraph.from_module(module, inputs, weighting="contribution")
        labels = measure_modularity(contribution, 3).labels
        lesions = lesion_test(
            module, contribution, labels, validation.inputs, validation.labels, num_random=1
        )
        expected = {
            "ncut": measure_ncut(weights, 3).value,
            "layer_share": measure_ncut(weights, 3).layer_share,
            "layered_modularity_at_k": measure_modularity(weights, 3).value,
            "ncut_contribution": measure_ncut(contribution, 3).value,
            "layer_share_contribution": measure_ncut(contribution, 3).layer_share,
            "layered_modularity_at_k_contribution": measure_modularity(contribution, 3).value,
            "functional_clusters_at_k": lesions.functional_clusters,
        }
        for name, value in expected.items():
            assert dict(record[name])[float(epoch)] == pytest.approx(value, abs=1e-9), (name, epoch)
    assert dict(record["validation_accuracy"])[1.0] == network.history[0]["validation_accuracy"]
    assert dict(record["validation_accuracy"])[3.0] == network.validation_accuracy


def test_training_is_the_same_with_curves_and_without() -> None:
    network, _ = followed()
    other = plain(CONFIG)
    assert network.history == other.history
    for name, tensor in network.module.state_dict().items():
        assert torch.equal(tensor, other.module.state_dict()[name])


def test_curves_survive_an_interruption(tmp_path, monkeypatch) -> None:
    monkeypatch.setattr(checkpoint, "SECONDS_BETWEEN", 0)
    _, whole = followed()

    def killed(epoch, metrics):
        if epoch == 3:
            raise KilledError

    with pytest.raises(KilledError):
        followed(on_epoch=killed, checkpoints=tmp_path)
    measured: list[int] = []
    monkeypatch.setattr(
        Curves, "_measure", lambda self, module, step, inner=Curves._measure: (
            measured.append(step), inner(self, module, step)
        ),
    )  # fmt: skip
    _, resumed = followed(checkpoints=tmp_path)
    assert measured == [18]  # the others come back with the checkpoint
    assert resumed.record == whole.record
    assert resumed.seconds > 0


def test_log_ends_with_the_last_epoch_wherever_training_stops() -> None:
    settings = replace(CONFIG.training, epochs=3)
    config = replace(CONFIG, training=settings, measurement=MeasurementConfig(epochs="log"))
    network, curves = followed(config)
    assert [epoch for epoch, _ in curves.record["ncut"]] == [0, 1, 2, 3]
    until = replace(settings, until_loss=network.history[1]["train_loss"])
    _, curves = followed(replace(config, training=until))
    assert [epoch for epoch, _ in curves.record["ncut"]] == [0, 1, 2]


def test_what_cannot_be_measured_is_left_out_and_said() -> None:
    """Every hidden unit is dead: no contributions, but a weight graph."""
    module = build_module(CONFIG.model, input_shape=DIGITS.input_shape, num_classes=10, seed=0)
    first = next(layer for layer in module.modules() if isinstance(layer, torch.nn.Linear))
    torch.nn.init.constant_(first.bias, -1e3)
    curves = Curves(module, DIGITS, CONFIG)
    curves.observe(module, 0, 6)
    curves.observe(module, 2, 6)
    assert {"ncut", "validation_accuracy"} <= set(curves.record)
    assert "ncut_contribution" not in curves.record
    assert "curves: ncut_contribution could not be measured after epochs 0, 0.333333" in curves.notes


def test_a_trial_records_its_curves() -> None:
    record = run_trial(replace(CONFIG, measurement=MeasurementConfig(epochs=(1,))))
    assert record.error is None
    assert record.curves["step"] == [(1.0, 6.0)]
    assert TrialRecord.from_dict(record.to_dict()).curves == record.curves
    assert record.metrics["seconds_training"] > 0
    again = TrialRecord.from_dict({k: v for k, v in record.to_dict().items() if k != "curves"})
    assert again.curves == {}  # of an earlier version


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (
            {"epochs": "often"},
            "measurement.epochs: got 'often', allowed: log, null, or a list of integers, 0 or",
        ),
        ({"epochs": [1, -1]}, "measurement.epochs: got [1, -1]"),
        ({"epochs": 3}, "measurement.epochs: got 3"),
        ({"steps": [0.5]}, "measurement.steps: got [0.5], allowed: a list of integers, 0 or more each"),
        ({"steps": "log"}, "measurement.steps: got 'log'"),
    ],
)
def test_points_that_cannot_be_are_refused(options: dict[str, Any], message: str) -> None:
    with pytest.raises(ConfigError) as error:
        MeasurementConfig(**options)
    assert message in str(error.value)
