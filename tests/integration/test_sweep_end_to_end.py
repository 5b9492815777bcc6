"""A real sweep: Ray workers, training on real digits, MLflow on sqlite, the report."""

import csv
import os
import re
import signal
import subprocess
import sys
import time
from itertools import product
from pathlib import Path

import pytest
from mlflow import MlflowClient

from clusterability.ledger import Ledger
from clusterability.trial import run_trial

REPOSITORY = Path(__file__).parents[2]
CLI = [sys.executable, "-m", "clusterability"]
TWO_TRIALS = ["sweep", "smoke", "seeds=[0]", "training.epochs=2"]


@pytest.fixture(scope="module")
def workplace(tmp_path_factory):
    folder = tmp_path_factory.mktemp("workplace")
    (folder / "search_spaces").symlink_to(REPOSITORY / "search_spaces")
    return folder


def clusterability(workplace: Path, *arguments: str) -> subprocess.CompletedProcess:
    environment = {key: value for key, value in os.environ.items() if key != "MLFLOW_TRACKING_URI"}
    return subprocess.run(
        [*CLI, *arguments], cwd=workplace, env=environment, capture_output=True, text=True, timeout=300
    )


@pytest.fixture(scope="module")
def finished(workplace):
    return clusterability(workplace, *TWO_TRIALS)


def test_the_sweep_ends_well_and_shows_what_it_did(workplace, finished):
    assert finished.returncode == 0, finished.stderr
    assert "[2/2]" in finished.stdout
    assert "2 trials complete, 0 failed" in finished.stdout
    assert finished.stderr == ""
    for noise in ("Trial status", "optuna", "UserWarning", "(raylet)", "Configuration for experiment"):
        assert noise not in finished.stdout


def test_every_trial_is_in_the_ledger_in_mlflow_and_in_the_csv_once(workplace, finished):
    (folder,) = (workplace / "runs").glob("smoke-*")
    records = list(Ledger(folder=folder).records())
    client = MlflowClient(f"sqlite:///{workplace}/runs/mlflow.db")
    runs = client.search_runs(["1"], "tags.kind = 'trial'")
    with (folder / "report" / "trials.csv").open() as file:
        rows = list(csv.DictReader(file))
    names = sorted(record.config.trial_id for record in records)
    assert len(names) == 2
    assert names == sorted(run.data.tags["trial_id"] for run in runs)
    assert names == sorted(row["trial_id"] for row in rows)
    assert {run.info.status for run in runs} == {"FINISHED"}


def test_a_worker_and_this_process_give_the_same_record(workplace, finished):
    (folder,) = (workplace / "runs").glob("smoke-*")
    for record in Ledger(folder=folder).records():
        here = run_trial(record.config)
        for name in (
            "train_accuracy",
            "validation_accuracy",
            "test_accuracy",
            "ncut",
            "null_mean",
            "p_value",
        ):
            assert here.metrics[name] == pytest.approx(record.metrics[name], rel=1e-6), name


def test_the_same_command_again_runs_nothing_twice(workplace, finished):
    again = clusterability(workplace, *TWO_TRIALS)
    assert again.returncode == 0, again.stderr
    assert "is complete: 2 trials" in again.stdout
    assert "[1/2]" not in again.stdout


def test_the_report_can_be_made_again_from_the_space_name(workplace, finished):
    result = clusterability(workplace, "report", "smoke")
    assert result.returncode == 0, result.stderr
    page = next((workplace / "runs").glob("smoke-*/report/report.html"))
    assert "https://" not in page.read_text().replace("https://arxiv.org", "").replace("https://doi.org", "")


def test_a_killed_driver_loses_no_finished_trial_and_the_same_command_continues(tmp_path):
    (tmp_path / "search_spaces").symlink_to(REPOSITORY / "search_spaces")
    command = ["sweep", "smoke", "training.epochs=2", "resources.max_concurrent=1"]
    driver = subprocess.Popen(
        [*CLI, *command],
        cwd=tmp_path,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    deadline = time.monotonic() + 120
    while not list(tmp_path.glob("runs/smoke-*/trials/[!.]*/record.json")):
        assert time.monotonic() < deadline, "no trial finished"
        time.sleep(0.05)
    driver.send_signal(signal.SIGKILL)
    driver.wait()
    before = {
        path: path.stat().st_mtime_ns for path in tmp_path.glob("runs/smoke-*/trials/[!.]*/record.json")
    }
    result = clusterability(tmp_path, *command)
    assert result.returncode == 0, result.stderr
    kept = re.search(r"(\d+) of them finished before", result.stdout)
    # The killed driver's worker outlives it for a moment, and may finish one more.
    assert (int(kept[1]) if kept else 4) >= len(before)
    after = {path: path.stat().st_mtime_ns for path in tmp_path.glob("runs/smoke-*/trials/[!.]*/record.json")}
    assert len(after) == 4
    assert all(after[path] == written for path, written in before.items())
    runs = MlflowClient(f"sqlite:///{tmp_path}/runs/mlflow.db").search_runs(["1"], "tags.kind = 'trial'")
    assert sorted(run.info.status for run in runs) == ["FINISHED"] * 4


def test_convolutional_and_residual_networks_go_through_a_sweep(tmp_path):
    (tmp_path / "search_spaces").symlink_to(REPOSITORY / "search_spaces")
    small = ["model.width_factor=0.125", "model.depth=1", "training.epochs=1", "training.pruning_epochs=1"]
    architectures, weights = ("cnn", "vgg", "resnet"), (0.0, 0.3)
    axes = [
        f"axes.model.architecture=[{','.join(architectures)}]",
        f"axes.penalties.clusterability.weight=[{','.join(map(str, weights))}]",
    ]
    swept = clusterability(tmp_path, "sweep", "smoke", "seeds=[0]", *small, *axes)
    assert swept.returncode == 0, swept.stderr
    (folder,) = tmp_path.glob("runs/smoke-*")
    records = list(Ledger(folder=folder).records())
    assert [record.error for record in records] == [None] * 6
    ran = {(r.config.model.architecture, r.config.value("penalties.clusterability.weight")) for r in records}
    assert ran == set(product(architectures, weights))
    for record in records:
        for measured in ("ncut", "ncut_contribution", "unpruned_ncut", "unpruned_ncut_contribution"):
            assert 0 < record.metrics[measured] < 4
        assert 0 < record.metrics["p_value"] <= 1
