"""The table of metrics: complete, light to read, and what docs/metrics.md shows."""

import subprocess
import sys
from pathlib import Path

import pytest

from clusterability.components import find, names
from clusterability.measurement.metric import Metric
from clusterability.measurement.metric_table import metric_table

REPOSITORY = Path(__file__).parents[3]
RECORDED_BY_TRAINING = {
    "train_accuracy", "validation_accuracy", "validation_loss", "test_accuracy", "seconds_training",
    "seconds_measuring", "train_loss", "epochs_trained",
}  # fmt: skip


@pytest.mark.parametrize("name", names("metric"))
def test_a_metric_is_described(name):
    metric = find("metric", name)
    assert isinstance(metric, Metric)
    assert metric.name == name
    assert metric.meaning
    assert metric.label
    assert (metric.compute is None) == (name in RECORDED_BY_TRAINING)
    of_the_graph = not metric.compute or "lesions" not in metric.compute.__module__
    assert metric.graph != "contribution" or name.endswith("_contribution") or not of_the_graph
    assert metric.reported_as is None or metric.reported_as in names("metric")


def test_no_search_looks_at_the_test_set():
    searchable = {name for name in names("metric") if find("metric", name).searchable}
    assert {"validation_accuracy", "ncut", "z_score", "ncut_contribution"} <= searchable
    assert not {"test_accuracy", "train_accuracy"} & searchable
    assert all(find("metric", name).better for name in searchable)


def test_the_documentation_holds_the_table():
    assert metric_table() in (REPOSITORY / "docs/metrics.md").read_text()


def test_describing_all_metrics_loads_nothing_heavy():
    program = """
import sys
from clusterability.components import find, names
assert all(find("metric", name).label for name in names("metric"))
print([name for name in ("torch", "numba", "scipy", "numpy") if name in sys.modules])
"""
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)
    assert done.stdout.strip() == "[]", done.stderr
