"""A sweep that is given more trials later goes on over the same search; nothing runs twice."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from mlflow import MlflowClient

from clusterability.ledger import Ledger

REPOSITORY = Path(__file__).parents[2]


def sweep(folder: Path, *overrides: str) -> subprocess.CompletedProcess:
    command = [sys.executable, "-m", "clusterability", "sweep", "smoke", "training.epochs=1", *overrides]
    environment = {key: value for key, value in os.environ.items() if key != "MLFLOW_TRACKING_URI"}
    return subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, timeout=300)


@pytest.mark.slow
@pytest.mark.parametrize("method", ["tpe", "random", "grid"])
def test_more_trials_continue_the_same_sweep(tmp_path, method):
    (tmp_path / "search_spaces").symlink_to(REPOSITORY / "search_spaces")
    arguments = [
        f"search.method={method}",
        "axes.penalties.l1.weight=[0, 1e-5, 1e-4]",
        "nulls.num_shuffles=2",
    ]
    first = sweep(tmp_path, *arguments, "search.num_trials=3")
    assert first.returncode == 0, first.stderr
    (folder,) = tmp_path.glob("runs/smoke-*")
    before = {path: path.stat().st_mtime_ns for path in folder.glob("trials/*/record.json")}
    assert len(before) == 3
    second = sweep(tmp_path, *arguments, "search.num_trials=10")
    assert second.returncode == 0, second.stderr
    assert "3 of them finished before" in second.stdout
    assert list(tmp_path.glob("runs/smoke-*")) == [folder]
    assert all(path.stat().st_mtime_ns == written for path, written in before.items())
    ids = sorted(record.config.trial_id for record in Ledger(folder=folder).records())
    assert len(ids) == 10
    runs = MlflowClient(f"sqlite:///{tmp_path}/runs/mlflow.db").search_runs(["1"], "tags.kind = 'trial'")
    assert sorted(run.data.tags["trial_id"] for run in runs) == ids
