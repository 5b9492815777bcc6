import json
import sys
import time
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from mlflow import MlflowClient

from clusterability.config import Objective, TrialConfig
from clusterability.errors import TrackingError
from clusterability.ledger import Ledger
from clusterability.record import NullTest, TrialRecord
from clusterability.spaces import load_space
from clusterability.tracking import Tracker, connect, find_sweep, log_report, tracking_uri, view_addresses

SHIPPED = Path(__file__).parents[3] / "search_spaces"
SPACE = load_space("smoke", folder=SHIPPED)
(AXIS,) = (axis.name for axis in SPACE.axes)


@pytest.fixture(scope="module")
def migrated_database(tmp_path_factory):
    """Return an empty database: to create one takes MLflow seconds."""
    path = tmp_path_factory.mktemp("store") / "mlflow.db"
    connect(f"sqlite:///{path}")
    return path


@pytest.fixture
def uri(tmp_path, monkeypatch, migrated_database):
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("MLFLOW_TRACKING_URI", raising=False)
    (tmp_path / "runs").mkdir()
    (tmp_path / "runs" / "mlflow.db").write_bytes(migrated_database.read_bytes())
    return tracking_uri()


def config(seed=0, weight=0.3) -> TrialConfig:
    return SPACE.trial({AXIS: weight}, seed)


def record(state="complete", seed=0, error=None) -> TrialRecord:
    null = NullTest(null="layer", observed=2.0, null_values=np.array([2.5, 2.7]), p_value=1 / 3, z_score=-4.2)
    return TrialRecord(
        config=config(seed),
        state=state,
        metrics={"ncut": 2.0, "test_accuracy": 0.9} if state == "complete" else {},
        history={"train_loss": [1.0, 0.5, 0.25]},
        null_tests={"weights": null},
        error=error,
        weights={"w": np.ones((2, 2), dtype=np.float32)},
        provenance={"git_commit": "abc", "version_torch": "2"},
    )


def tracked(uri, tmp_path, *records):
    tracker = Tracker(connect(uri), uri, SPACE, "smoke-1")
    for item in records:
        tracker.start_trial(item.config)
        tracker.finish_trial(item, Ledger(folder=tmp_path).write(item))
    return tracker


def test_a_trial_becomes_one_run_with_its_numbers_files_and_reason(uri, tmp_path):
    tracker = tracked(uri, tmp_path, record(), record("failed", seed=1, error="the loss is not finite"))
    tracker.finish_sweep(Ledger(folder=tmp_path), "complete")
    client = MlflowClient(uri)
    runs = {run.data.tags["trial_id"]: run for run in client.search_runs(["1"], "tags.kind = 'trial'")}
    done, failed = runs[config(0).trial_id], runs[config(1).trial_id]
    assert (done.info.status, failed.info.status) == ("FINISHED", "FAILED")
    assert failed.data.tags["error"] == "the loss is not finite"
    assert done.data.params == {AXIS: "0.3"}
    assert done.data.metrics["ncut"] == 2.0
    assert {
        "sweep_id",
        "space",
        "condition_id",
        "seed",
        "state",
        "git_commit",
        "version_torch",
    } <= done.data.tags.keys()
    assert done.data.tags["mlflow.parentRunId"] == tracker.run_id
    losses = client.get_metric_history(done.info.run_id, "train_loss")
    assert [(metric.step, metric.value) for metric in losses] == [(1, 1.0), (2, 0.5), (3, 0.25)]
    names = {file.path for file in client.list_artifacts(done.info.run_id)}
    assert names == {"record.json", "config.json", "null_values.csv", "weights.safetensors"}
    assert client.get_run(tracker.run_id).info.status == "FINISHED"


def test_a_final_number_takes_the_place_of_the_last_epochs_own(uri, tmp_path):
    done = replace(record(), metrics={"ncut": 2.0, "test_accuracy": 0.9, "train_loss": 0.2})
    tracked(uri, tmp_path, done)
    client = MlflowClient(uri)
    (run,) = client.search_runs(["1"], "tags.kind = 'trial'")
    assert run.data.metrics["train_loss"] == 0.2  # of equal steps MLflow would take the larger value
    losses = client.get_metric_history(run.info.run_id, "train_loss")
    assert [(metric.step, metric.value) for metric in losses] == [(1, 1.0), (2, 0.5), (3, 0.2)]


def test_curves_are_drawn_by_step_and_read_back_by_epoch(uri, tmp_path):
    curves = {
        "step": [(0.0, 0.0), (1 / 3, 5.0), (2.0, 30.0)],
        "ncut": [(0.0, 10.3), (1 / 3, 10.1), (2.0, 9.9)],
        "ncut_contribution": [(2.0, 9.5)],  # not measured before
    }
    tracked(uri, tmp_path, replace(record(), curves=curves), record(seed=1))
    client = MlflowClient(uri)
    done = next(run for run in client.search_runs(["1"]) if run.data.tags.get("seed") == "0")
    points = client.get_metric_history(done.info.run_id, "curves/ncut")
    assert [(point.step, point.value) for point in points] == [(0, 10.3), (5, 10.1), (30, 9.9)]
    table = find_sweep("smoke-1")
    assert table.curves == {
        config(0).trial_id: {name: curves[name] for name in ("ncut", "ncut_contribution")}
    }
    assert not [name for name in table.trials.columns if name.startswith("curves")]
    assert table.trials["ncut"].tolist() == [2.0, 2.0]


UNDECIDED = "undecided: units' strengths vary; use another null"


def with_tests(seed=0):
    weights = record().null_tests["weights"]
    tests = {
        "weights": weights,
        "weights_verdict": replace(weights, status=UNDECIDED),
        "contribution_layered_modularity": replace(weights, status=UNDECIDED),
        "unpruned_contribution": weights,
    }
    return replace(record(seed=seed), metrics={"ncut": 2.0, "p_value": 1 / 3}, null_tests=tests)


STATUSES = {
    "null_status": "ok",
    "verdict_null_status": UNDECIDED,
    "layered_modularity_null_status_contribution": UNDECIDED,
    "unpruned_null_status_contribution": "ok",
}


def test_what_limits_a_null_test_stands_beside_its_numbers(uri, tmp_path):
    tracked(uri, tmp_path, with_tests(), record(seed=1))
    (run,) = MlflowClient(uri).search_runs(["1"], "tags.seed = '0'")
    assert {name: run.data.tags[name] for name in STATUSES} == STATUSES
    rows = find_sweep("smoke-1").trials.set_index("seed")
    assert rows.loc[0, list(STATUSES)].to_dict() == STATUSES
    assert rows.loc[1, "null_status"] == "ok"
    assert rows.loc[1, "verdict_null_status"] is np.nan  # its record has no such test


def test_a_run_of_an_earlier_version_has_the_status_in_its_record_alone(uri, tmp_path):
    tracked(uri, tmp_path, with_tests())
    client = MlflowClient(uri)
    (run,) = client.search_runs(["1"], "tags.kind = 'trial'")
    for name in STATUSES:
        client.delete_tag(run.info.run_id, name)
    assert find_sweep("smoke-1").trials.loc[0, list(STATUSES)].to_dict() == STATUSES


LESIONS = {"ncut_contribution": {"functional_clusters": 1.5, "clusters": [{"cluster": 0, "volume": 2.0}]}}


def test_lesions_are_read_back_from_records_and_a_lost_record_is_named(uri, tmp_path, caplog):
    lesioned = replace(record(), metrics={"ncut": 2.0, "functional_clusters": 1.5}, lesions=LESIONS)
    seeds = [replace(lesioned, config=config(seed)) for seed in (0, 1)]
    tracked(uri, tmp_path, *seeds, record(seed=2))
    (run,) = MlflowClient(uri).search_runs(["1"], "tags.seed = '1'")
    (Path(run.info.artifact_uri.removeprefix("file://")) / "record.json").unlink()
    lesions = find_sweep("smoke-1").lesions
    assert list(lesions) == [config(0).trial_id, config(1).trial_id]
    assert lesions.get(config(2).trial_id) is None
    assert lesions[config(0).trial_id] == LESIONS
    assert not caplog.records
    assert lesions[config(1).trial_id] == {}
    (warning,) = caplog.messages
    assert warning.startswith(f"trial {config(1).trial_id}: record.json cannot be read")


def test_repeated_calls_and_a_second_tracker_leave_no_duplicates(uri, tmp_path):
    tracked(uri, tmp_path, record(), record())
    again = tracked(uri, tmp_path, record())
    again.finish_sweep(Ledger(folder=tmp_path), "complete")
    client = MlflowClient(uri)
    assert len(client.search_runs(["1"], "tags.kind = 'trial'")) == 1
    assert len(client.search_runs(["1"], "tags.kind = 'sweep'")) == 1


def test_a_trial_logged_again_has_each_of_its_numbers_once(uri, tmp_path):
    tracker, folder = tracked(uri, tmp_path), Ledger(folder=tmp_path).write(record())
    for _ in range(2):  # as after a kill between its numbers and its end
        tracker.finish_trial(record(), folder)
        time.sleep(0.01)
    client = MlflowClient(uri)
    (run,) = client.search_runs(["1"], "tags.kind = 'trial'")
    assert [metric.step for metric in client.get_metric_history(run.info.run_id, "train_loss")] == [1, 2, 3]


def test_no_run_stays_running_after_the_sweep(uri, tmp_path):
    tracker = tracked(uri, tmp_path, record())
    tracker.start_trial(config(seed=1))
    tracker.finish_sweep(Ledger(folder=tmp_path), "stopped")
    statuses = {run.info.status for run in MlflowClient(uri).search_runs(["1"])}
    assert statuses == {"FINISHED", "KILLED"}


def test_a_sweep_that_had_ended_stays_so_while_it_is_brought_up_to_date(uri, tmp_path):
    tracked(uri, tmp_path, record()).finish_sweep(Ledger(folder=tmp_path), "complete")
    again = Tracker(connect(uri), uri, SPACE, "smoke-1")
    assert MlflowClient(uri).get_run(again.run_id).info.status == "FINISHED"
    again.start_sweep(tmp_path / "sources")
    assert MlflowClient(uri).get_run(again.run_id).info.status == "RUNNING"


def test_a_run_whose_driver_was_killed_while_making_it_is_made_again(uri, tmp_path):
    tracker = tracked(uri, tmp_path, record())
    client = MlflowClient(uri)
    tags = {"kind": "trial", "sweep_id": "smoke-1", "trial_id": config(1).trial_id, "state": "running"}
    client.create_run("1", tags={**tags, "mlflow.parentRunId": tracker.run_id})  # and no values
    assert list(find_sweep("smoke-1").trials["seed"]) == [0]
    again = tracked(uri, tmp_path, record(seed=1))
    again.finish_sweep(Ledger(folder=tmp_path), "complete")
    assert sorted(find_sweep("smoke-1").trials["seed"]) == [0, 1]


def test_the_analysis_reads_back_what_was_written(uri, tmp_path):
    failed = record("failed", seed=1, error="why")
    tracked(uri, tmp_path, record(), failed).finish_sweep(Ledger(folder=tmp_path), "complete")
    table = find_sweep("smoke")
    assert find_sweep("smoke-1").run_id == table.run_id
    assert (table.sweep_id, table.space, table.state) == ("smoke-1", "smoke", "complete")
    assert table.axes == ("penalties.clusterability.weight",)
    assert table.objectives == SPACE.objectives
    assert table.settings["ncut.num_clusters"] == 4
    rows = table.trials.set_index("seed")
    assert rows.loc[0, "penalties.clusterability.weight"] == 0.3
    assert rows.loc[0, "ncut"] == 2.0
    assert np.isnan(rows.loc[1, "ncut"])
    assert rows.loc[1, "error"] == "why"


def test_swept_values_keep_their_types(uri, tmp_path):
    choices = {
        "model.widths": [[64, 64], [32]],
        "model.depth": [None, 3],
        "training.rescale_units": [False, True],
    }
    space = load_space("smoke", [f"axes={json.dumps(choices)}"], folder=SHIPPED)
    tracker = Tracker(connect(uri), uri, space, "smoke-1")
    assignments = [
        {"model.widths": (64, 64), "model.depth": None, "training.rescale_units": False},
        {"model.widths": (32,), "model.depth": 3, "training.rescale_units": True},
    ]
    for assignment in assignments:
        tracker.start_trial(space.trial(assignment, 0))
    rows = find_sweep("smoke-1").trials[list(choices)].to_dict("records")
    assert rows == assignments
    assert [[type(value) for value in row.values()] for row in rows] == [
        [tuple, type(None), bool],
        [tuple, int, bool],
    ]


def test_the_control_is_read_back_also_where_the_sweep_was_begun_by_an_earlier_version(uri, tmp_path):
    tracker = tracked(uri, tmp_path, record())
    control = {"penalties.clusterability.weight": SPACE.control[AXIS]}
    assert find_sweep("smoke-1").control == control
    MlflowClient(uri).delete_tag(tracker.run_id, "control")
    assert find_sweep("smoke-1").control == {"penalties.clusterability.weight": 0.3}  # what ran first
    tracked(uri, tmp_path)
    assert find_sweep("smoke-1").control == control


def test_a_sweep_without_a_control_says_so(uri, tmp_path):
    space = load_space("smoke", [f"axes={json.dumps({'model.widths': [[8], [16]]})}"], folder=SHIPPED)
    Tracker(connect(uri), uri, space, "smoke-1").start_trial(space.trial({"model.widths": (8,)}, 0))
    assert find_sweep("smoke-1").control is None


def test_an_own_objective_is_described_to_readers_that_lack_its_code(uri, tmp_path, monkeypatch):
    source = tmp_path / "lab_of_the_tracker.py"
    source.write_text('def sparsity(network):\n    "Share of zeros."\n    return 0.5\n')
    monkeypatch.syspath_prepend(tmp_path)
    own = Objective(metric="sparsity", direction="max")
    base = replace(SPACE.base, metrics=("lab_of_the_tracker:sparsity",))
    Tracker(connect(uri), uri, replace(SPACE, base=base, objectives=(*SPACE.objectives, own)), "smoke-1")
    source.unlink()
    sys.modules.pop("lab_of_the_tracker")
    metrics = find_sweep("smoke-1").metrics
    assert list(metrics) == [own.metric]
    sparsity = metrics[own.metric]
    assert (sparsity.name, sparsity.label, sparsity.better) == ("sparsity", "sparsity", "max")
    assert (sparsity.meaning, sparsity.compute) == ("Share of zeros.", None)


def test_old_and_new_names_in_one_sweep_read_as_one(uri, tmp_path):
    tracker = tracked(uri, tmp_path, record())
    client = MlflowClient(uri)
    client.set_tag(tracker.run_id, "axes", '["training.l1_weight"]')
    client.set_tag(tracker.run_id, "settings", '{"training.l2_weight": 0.5, "penalties.l2.every": [1]}')
    (run,) = client.search_runs(["1"], "tags.kind = 'trial'")
    client.delete_run(run.info.run_id)
    for seed, name in enumerate(("training.l1_weight", "penalties.l1.weight")):
        tags = {**run.data.tags, "seed": str(seed), "trial_id": f"t{seed}"}
        made = client.create_run("1", tags=tags)
        client.log_param(made.info.run_id, name, "5e-05")
    table = find_sweep("smoke-1")
    assert table.axes == ("penalties.l1.weight",)
    assert table.trials["penalties.l1.weight"].tolist() == [5e-05, 5e-05]
    assert table.settings == {"penalties.l2.weight": 0.5, "penalties.l2.every": (1,)}


def test_runs_of_an_earlier_version_are_kept_by_a_resumed_sweep(uri, tmp_path):
    tracker = tracked(uri, tmp_path)
    client, old = MlflowClient(uri), config()
    tags = {
        "kind": "trial",
        "sweep_id": "smoke-1",
        "trial_id": old.trial_id,
        "seed": "0",
        "state": "complete",
    }
    made = client.create_run("1", tags={**tags, "condition_id": "c", "mlflow.parentRunId": tracker.run_id})
    client.log_param(made.info.run_id, "training.clusterability_weight", "0.3")
    tracked(uri, tmp_path)
    assert client.get_run(made.info.run_id).info.lifecycle_stage == "active"


def test_a_report_lies_beside_its_sweep(uri, tmp_path):
    tracker = tracked(uri, tmp_path, record())
    (tmp_path / "report").mkdir()
    (tmp_path / "report" / "report.html").write_text("page")
    log_report(tracker.run_id, tmp_path / "report")
    assert [file.path for file in MlflowClient(uri).list_artifacts(tracker.run_id, "report")] == [
        "report/report.html"
    ]


def test_the_ui_opens_on_the_trials_with_their_metrics(uri, tmp_path):
    tracked(uri, tmp_path, record())
    address = view_addresses(connect(uri), "http://127.0.0.1:5000")["smoke"]
    assert address == "http://127.0.0.1:5000/#/experiments/1/runs?viewStateShareKey=clusterability"
    view = json.loads(MlflowClient(uri).get_experiment("1").tags["mlflow.sharedViewState.clusterability"])
    assert {"metrics.`ncut`", f"params.`{AXIS}`"} <= set(view["selectedColumns"])


def test_the_ui_shows_and_sorts_by_the_objectives(uri):
    objectives = (
        Objective(metric="validation_accuracy", direction="max"),
        Objective(metric="z_score_contribution", direction="max"),
    )
    Tracker(connect(uri), uri, replace(SPACE, objectives=objectives), "smoke-1")
    view = json.loads(MlflowClient(uri).get_experiment("1").tags["mlflow.sharedViewState.clusterability"])
    names = ("test_accuracy", "validation_accuracy", "z_score_contribution", "null_mean_contribution")
    assert view["selectedColumns"][:4] == [f"metrics.`{name}`" for name in names]
    assert (view["orderByKey"], view["orderByAsc"]) == ("metrics.`z_score_contribution`", False)


def test_an_unknown_sweep_names_the_known_ones(uri, tmp_path):
    tracked(uri, tmp_path, record())
    with pytest.raises(TrackingError, match=r"unknown sweep or space with runs 'smok'.*Did you mean 'smoke'"):
        find_sweep("smok")


def test_a_store_that_does_not_answer_is_one_line(monkeypatch):
    with pytest.raises(TrackingError, match=r"tracking store http://127\.0\.0\.1:9: not reachable") as caught:
        connect("http://127.0.0.1:9")
    assert "\n" not in str(caught.value)
