import json
from dataclasses import replace

import numpy as np
import pytest

from clusterability.config import (
    DatasetConfig,
    LesionsConfig,
    ModelConfig,
    NcutConfig,
    NullsConfig,
    TrainingConfig,
    TrialConfig,
)
from clusterability.data import load_dataset
from clusterability.record import TrialRecord
from clusterability.trial import run_trial

SMALL = TrialConfig(
    dataset=DatasetConfig(name="digits"),
    model=ModelConfig(widths=(16,)),
    training=TrainingConfig(epochs=2, device="cpu"),
    ncut=NcutConfig(num_clusters=3),
    nulls=NullsConfig(num_shuffles=5),
    lesions=LesionsConfig(num_random=5),
)


def test_a_trial_trains_measures_and_says_where_its_numbers_come_from():
    record = run_trial(SMALL)
    assert record.error is None
    assert record.state == "complete"
    assert record.history["train_loss"][1] < record.history["train_loss"][0]
    assert {
        "train_accuracy",
        "validation_accuracy",
        "test_accuracy",
        "ncut",
        "p_value",
    } <= record.metrics.keys()
    assert 0 < record.metrics["ncut"] < 3
    assert len(record.null_tests["weights"].null_values) == 5
    assert record.metrics["null_mean"] == pytest.approx(np.mean(record.null_tests["weights"].null_values))
    verdict, modularity = (record.null_tests[f"weights_{name}"] for name in ("verdict", "layered_modularity"))
    assert (verdict.statistic, verdict.null) == ("ncut", "dispersion")
    assert (modularity.statistic, modularity.null) == ("layered_modularity", "dispersion")
    assert record.metrics["verdict_null_mean"] == verdict.mean
    assert record.metrics["layered_modularity_p_value"] == modularity.p_value
    assert record.metrics["layered_modularity_at_k"] == modularity.observed
    assert record.provenance["dataset_sha256"] == load_dataset(SMALL.dataset, 0).sha256
    assert record.provenance["version_torch"].startswith("2.")
    assert {value.shape for value in record.weights.values()} >= {(16, 64), (10, 16)}


def test_a_pruned_network_is_recorded_beside_the_one_before_pruning():
    training = TrainingConfig(epochs=2, pruning_epochs=1, final_sparsity=0.8, device="cpu")
    record = run_trial(replace(SMALL, training=training))
    assert record.error is None
    assert record.metrics["unpruned_ncut"] != record.metrics["ncut"]
    assert {"unpruned_test_accuracy", "unpruned_z_score_contribution"} <= record.metrics.keys()
    assert len(record.history["train_loss"]) == 3
    assert set(record.null_tests) == {
        f"{prefix}{graph}{test}"
        for prefix in ("", "unpruned_")
        for graph in ("weights", "contribution")
        for test in ("", "_verdict", "_layered_modularity")
    }
    assert set(record.lesions) == {
        "layered_modularity_contribution", "ncut_contribution",
        "unpruned_layered_modularity_contribution", "unpruned_ncut_contribution",
    }  # fmt: skip
    assert len(record.lesions["ncut_contribution"]["clusters"]) == 3
    assert TrialRecord.from_dict(record.to_dict()).lesions == record.lesions
    kernel = next(name for name in record.weights if name.endswith("weight"))
    assert np.mean(record.weights[kernel] == 0) == pytest.approx(0.8, abs=0.01)
    assert np.mean(record.unpruned_weights[kernel] == 0) < 0.1


def test_lesions_by_the_mean_are_others_than_by_zero():
    records = {
        ablation: run_trial(replace(SMALL, lesions=LesionsConfig(num_random=5, ablation=ablation)))
        for ablation in ("zero", "mean")
    }
    found = {name: record.lesions["layered_modularity_contribution"] for name, record in records.items()}
    assert {name: lesions["ablation"] for name, lesions in found.items()} == {"zero": "zero", "mean": "mean"}
    units, effects = (
        {name: [cluster[key] for cluster in lesions["clusters"]] for name, lesions in found.items()}
        for key in ("num_units", "loss_increase")
    )
    assert units["zero"] == units["mean"]
    assert effects["zero"] != effects["mean"]


def test_pairs_of_clusters_are_lesioned_where_asked_for():
    record = run_trial(replace(SMALL, lesions=LesionsConfig(num_random=5, double=True)))
    lesions = TrialRecord.from_dict(json.loads(json.dumps(record.to_dict()))).lesions
    assert lesions["ncut_contribution"]["double"] is None
    found = lesions["layered_modularity_contribution"]
    number = len(found["clusters"])
    assert found["double"]["num_random"] == 5
    for name, shape in (("interaction", ()), ("excess", ()), ("p_value", ()), ("band", (2,))):
        assert np.shape(found["double"][name]) == (*shape, number, number)
    low, high = np.asarray(found["double"]["interaction"]) - np.asarray(found["double"]["band"])
    excess = np.asarray(found["double"]["excess"])
    assert (high <= excess + 1e-9).all()  # the mean of the random pairs is within their band
    assert (low >= excess - 1e-9).all()
    plain = run_trial(SMALL).lesions["layered_modularity_contribution"]
    assert plain == {**found, "double": None}


def test_both_estimators_and_both_graphs_are_measured():
    metrics = run_trial(SMALL).metrics
    assert metrics["ncut"] == metrics["ncut_refined"]
    assert metrics["ncut_lower_bound"] <= metrics["ncut_refined"]
    assert 0 < metrics["ncut_contribution"] < 3
    assert 1 <= metrics["effective_clusters"] <= 3


def test_the_same_seed_gives_the_same_numbers_and_another_seed_others():
    first, again, other = run_trial(SMALL), run_trial(SMALL), run_trial(replace(SMALL, seed=1))

    def numbers(record):
        return {name: value for name, value in record.metrics.items() if not name.startswith("seconds")}

    assert numbers(first) == numbers(again)
    assert numbers(first) != numbers(other)


def test_training_until_a_loss_records_how_it_ended():
    training = TrainingConfig(epochs=12, until_loss=0.5, learning_rate=1e-2, device="cpu")
    record = run_trial(replace(SMALL, training=training))
    losses = record.history["train_loss"]
    assert record.metrics["epochs_trained"] == len(losses) < 12
    assert losses[-1] <= 0.5 < min(losses[:-1])
    assert record.metrics["train_loss"] < losses[-1]  # after the epoch, not in its mean
    assert record.notes == ()
    short = run_trial(replace(SMALL, training=replace(training, epochs=2, until_loss=0.01)))
    assert short.metrics["epochs_trained"] == 2
    (note,) = short.notes
    assert note.startswith("training.until_loss: the loss of the last of 2 epochs is ")
    assert note.endswith(", above 0.01")


def test_a_twin_learns_its_labels_and_nothing_of_the_task():
    dataset = DatasetConfig(name="digits", num_train=100, permuted_labels=True)
    training = TrainingConfig(epochs=300, until_loss=0.2, learning_rate=1e-2, device="cpu")
    record = run_trial(replace(SMALL, dataset=dataset, training=training))
    assert record.metrics["train_accuracy"] > 0.9
    assert record.metrics["validation_accuracy"] < 0.3


def test_a_loss_that_is_not_finite_is_a_failed_record_with_its_reason():
    record = run_trial(replace(SMALL, training=TrainingConfig(epochs=2, learning_rate=1e30, device="cpu")))
    assert record.state == "failed"
    assert "loss is not finite" in record.error
    assert "\n" not in record.error


def test_a_failed_measurement_keeps_the_training():
    record = run_trial(replace(SMALL, ncut=NcutConfig(num_clusters=5000)))
    assert record.state == "failed"
    assert "num_clusters: got 5000" in record.error
    assert record.metrics["test_accuracy"] > 0
    assert record.weights
