"""Convolutional and residual networks go through a sweep, with and without the penalty, pruned too."""

import os
import subprocess
import sys
from itertools import product
from pathlib import Path

from clusterability.ledger import Ledger

REPOSITORY = Path(__file__).parents[2]
ARCHITECTURES = ("cnn", "vgg", "resnet")
WEIGHTS = (0.0, 0.3)


def test_a_sweep_over_architectures(tmp_path):
    (tmp_path / "search_spaces").symlink_to(REPOSITORY / "search_spaces")
    command = [sys.executable, "-m", "clusterability", "sweep", "smoke", "model.width_factor=0.125"]
    command += ["model.depth=1", "training.epochs=1", "training.pruning_epochs=1", "seeds=[0]"]
    command += [f"axes.model.architecture=[{','.join(ARCHITECTURES)}]"]
    command += [f"axes.training.clusterability_weight=[{','.join(map(str, WEIGHTS))}]"]
    environment = {key: value for key, value in os.environ.items() if key != "MLFLOW_TRACKING_URI"}
    swept = subprocess.run(
        command, cwd=tmp_path, env=environment, capture_output=True, text=True, timeout=300
    )
    assert swept.returncode == 0, swept.stderr
    (folder,) = tmp_path.glob("runs/smoke-*")
    records = list(Ledger(folder=folder).records())
    assert [record.error for record in records] == [None] * 6
    ran = {(r.config.model.architecture, r.config.training.clusterability_weight) for r in records}
    assert ran == set(product(ARCHITECTURES, WEIGHTS))
    for record in records:
        for measured in ("ncut", "ncut_contribution", "unpruned_ncut", "unpruned_ncut_contribution"):
            assert 0 < record.metrics[measured] < 4
        assert 0 < record.metrics["p_value"] <= 1
