"""The example of a lab's own components, in a folder of its own, through the command line."""

import csv
import os
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from mlflow import MlflowClient

from clusterability.ledger import Ledger

REPOSITORY = Path(__file__).parents[2]
COMMAND = [sys.executable, "-m", "clusterability", "sweep", "spikes.yaml"]
SHORT = ["training.epochs=2", "nulls.num_shuffles=3"]
WEIGHT = "penalties.my_lab.penalties:Orthogonality.weight"
OWN_FILES = {f"my_lab/{name}.py" for name in ("__init__", "data", "metrics", "nets", "nulls", "penalties")}


def sweep(folder: Path, *overrides: str) -> subprocess.CompletedProcess:
    environment = {key: value for key, value in os.environ.items() if key != "MLFLOW_TRACKING_URI"}
    return subprocess.run(
        [*COMMAND, *SHORT, *overrides],
        cwd=folder, env=environment, capture_output=True, text=True, timeout=300,
    )  # fmt: skip


def sweeps(folder: Path) -> set[Path]:
    return {path.parent for path in folder.glob("runs/*/space.json")}


def record_times(folder: Path) -> dict[Path, int]:
    return {path: path.stat().st_mtime_ns for path in folder.glob("trials/*/record.json")}


def files_below(folder: Path) -> set[str]:
    return {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()}


@pytest.fixture(scope="module")
def lab(tmp_path_factory):
    folder = tmp_path_factory.mktemp("lab") / "own_lab"
    ignored = shutil.ignore_patterns("runs", "__pycache__")
    shutil.copytree(REPOSITORY / "examples" / "own_lab", folder, ignore=ignored)
    return folder


@pytest.fixture(scope="module")
def finished(lab):
    result = sweep(lab)
    assert result.returncode == 0, result.stderr
    return result


@pytest.fixture(scope="module")
def folder(lab, finished):
    """Return the folder of the first sweep."""
    return min(sweeps(lab), key=lambda path: (path / "space.json").stat().st_mtime_ns)


def test_the_example_ends_in_a_report(folder, finished):
    assert "4 trials complete, 0 failed" in finished.stdout
    assert finished.stderr == ""
    assert (folder / "report" / "report.html").stat().st_size > 10_000
    with (folder / "report" / "trials.csv").open() as file:
        rows = list(csv.DictReader(file))
    assert len(rows) == 4
    records = list(Ledger(folder=folder).records())
    assert [record.error for record in records] == [None] * 4
    for record in records:
        assert 0 <= record.metrics["sparsity"] <= 1
        assert record.null_tests["weights"].null == "my_lab.nulls:swap"
        assert (record.history["penalty"][-1] > 0) == (record.config.value(WEIGHT) > 0)
    assert sorted(record.config.model.options["width"] for record in records) == [8, 8, 16, 16]


def test_the_report_shows_the_own_metric_that_was_searched(folder):
    assert "sparsity" in (folder / "report" / "report.html").read_text()


def test_the_source_is_kept_with_the_sweep_and_with_its_run(lab, folder):
    assert files_below(folder / "sources") == {f"own/{name}" for name in OWN_FILES}
    nets = folder / "sources" / "own" / "my_lab" / "nets.py"
    assert nets.read_text() == (REPOSITORY / "examples" / "own_lab" / "my_lab" / "nets.py").read_text()
    client = MlflowClient(f"sqlite:///{lab}/runs/mlflow.db")
    runs = client.search_runs(["1"], "tags.kind = 'sweep'")
    (run,) = [
        run for run in runs if folder.name in run.info.run_name or folder.name in run.data.tags.values()
    ]
    tracked = Path(run.info.artifact_uri.removeprefix("file://")) / "sources"
    assert files_below(tracked) == {f"own/{name}" for name in OWN_FILES}


def test_the_same_command_runs_nothing_again(lab, folder):
    before = record_times(folder)
    result = sweep(lab)
    assert result.returncode == 0, result.stderr
    assert "is complete: 4 trials" in result.stdout
    assert record_times(folder) == before
    assert len(sweeps(lab)) == 1


def test_a_changed_line_makes_new_trials_in_a_new_sweep(lab, folder):
    before = record_times(folder)
    path = lab / "my_lab" / "nets.py"
    original = path.read_text()
    path.write_text(original.replace("torch.relu(self.first", "torch.tanh(self.first"))
    try:
        result = sweep(lab)
    finally:
        path.write_text(original)
    assert result.returncode == 0, result.stderr
    (new,) = sweeps(lab) - {folder}
    assert "4 trials complete, 0 failed" in result.stdout
    assert record_times(folder) == before
    identifiers = [
        {record.config.trial_id for record in Ledger(folder=item).records()} for item in (folder, new)
    ]
    assert len(identifiers[1]) == 4
    assert not identifiers[0] & identifiers[1]
    assert "tanh" in (new / "sources" / "own" / "my_lab" / "nets.py").read_text()
    assert "tanh" not in (folder / "sources" / "own" / "my_lab" / "nets.py").read_text()


def test_a_report_needs_the_users_files_no_more(lab, folder, tmp_path):
    shutil.copytree(lab / "runs", tmp_path / "runs")
    result = subprocess.run(
        [*COMMAND[:3], "report", folder.name], cwd=tmp_path, capture_output=True, text=True, timeout=300
    )
    assert result.returncode == 0, result.stderr


def test_arrays_in_a_file_are_swept_like_any_other_data(tmp_path):
    rng = np.random.default_rng(0)
    labels = np.arange(200) % 4
    inputs = rng.normal(size=(200, 12)) + 3 * np.eye(4, 12)[labels]
    np.savez(
        tmp_path / "counts.npz",
        train_inputs=inputs[:150], train_labels=labels[:150],
        test_inputs=inputs[150:], test_labels=labels[150:],
    )  # fmt: skip
    (tmp_path / "spikes.yaml").write_text(
        "dataset: {name: npz, path: counts.npz}\n"
        "model: {widths: [16, 16]}\n"
        "training: {batch_size: 16, learning_rate: 0.01}\n"
        "ncut: {num_clusters: 3}\n"
        "axes:\n  model.dropout: [0.0, 0.2]\n"
    )
    result = sweep(tmp_path, "training.epochs=20")
    assert result.returncode == 0, result.stderr
    (folder,) = sweeps(tmp_path)
    records = list(Ledger(folder=folder).records())
    assert [record.error for record in records] == [None, None]
    assert all(record.metrics["test_accuracy"] > 0.8 for record in records)
    assert list(records[0].config.sources) == ["counts.npz"]
