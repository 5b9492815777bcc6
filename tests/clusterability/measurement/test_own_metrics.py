"""Metrics of one's own: functions of the measured network, and instances of Metric."""

import numpy as np
import pytest

from clusterability.errors import ClusterabilityError, ConfigError
from clusterability.measurement.measure import Measurements
from clusterability.measurement.own_metric import metric_of

OWN = '''
import numpy as np
import torch
from clusterability.measurement.metric import Metric

def mean_weight(network):
    """Mean of all |w|.

    Of the graph's blocks.
    """
    return np.mean([np.abs(block.matrix).mean() for block in network.graph.blocks])

def largest_cluster(network):
    return np.bincount(network.weights.partition.labels).max()

def spread_of_outputs(network):
    return network.module(torch.tensor(network.dataset.validation.inputs)).std()

dead = Metric(name="dead_units", meaning="units without contributions", label="dead units", unit="units",
              graph="contribution", compute=lambda network: network.contribution.graph.num_isolated)

no_function = Metric(name="nothing", meaning="", label="")
def ncut(network):
    return 1.0

def failing(network):
    return network.no_such_part

def infinite(network):
    return float("inf")

def nothing(network):
    pass

number = 3
'''


@pytest.fixture(autouse=True)
def own(tmp_path, monkeypatch):
    (tmp_path / "own_metrics.py").write_text(OWN)
    (tmp_path / "other_metrics.py").write_text("from own_metrics import mean_weight")
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(tmp_path)


def values(network):
    found = Measurements()
    found.measure(network)
    return found.metrics


def test_functions_and_instances_are_recorded_under_their_names(make_network):
    names = ("mean_weight", "largest_cluster", "spread_of_outputs", "dead")
    network = make_network(metrics=tuple(f"own_metrics:{name}" for name in names))
    metrics = values(network)
    expected = np.mean([np.abs(block.matrix).mean() for block in network.graph.blocks])
    assert metrics["mean_weight"] == pytest.approx(expected)
    assert metrics["largest_cluster"] == np.bincount(network.weights.partition.labels).max()
    assert metrics["spread_of_outputs"] > 0
    assert metrics["dead_units"] == metrics["num_isolated_contribution"]
    assert all(type(value) is float for value in metrics.values())


def test_a_function_describes_itself():
    metric = metric_of("own_metrics:mean_weight")
    assert (metric.name, metric.label, metric.meaning) == ("mean_weight", "mean weight", "Mean of all |w|.")
    assert metric.searchable
    assert metric_of("ncut").label == "n-cut"


@pytest.mark.parametrize(
    ("name", "message"),
    [
        (
            "failing",
            ": own_metrics.py, line 27: AttributeError: 'MeasuredNetwork' object has no attribute "
            "'no_such_part'",
        ),
        ("infinite", " (own_metrics.py): got inf, allowed: a finite number"),
        ("nothing", " (own_metrics.py): got None, allowed: a finite number"),
    ],
)
def test_a_metric_without_a_finite_number_is_one_line_that_names_it(make_network, name, message):
    with pytest.raises(ClusterabilityError) as caught:
        values(make_network(metrics=(f"own_metrics:{name}",)))
    assert str(caught.value) == f"metric 'own_metrics:{name}'{message}"


@pytest.mark.parametrize(
    ("reference", "message"),
    [
        ("own_metrics:ncut", "got the name 'ncut' of a built-in metric, allowed: another name"),
        ("own_metrics:number", "got a int, allowed: a function of the measured network, or a Metric"),
        ("own_metrics:no_function", "got a Metric without compute"),
        ("own_metrics:mean_wight", "Did you mean 'mean_weight'"),
        ("own_metric:mean_weight", "there is no module 'own_metric'"),
    ],
)
def test_what_is_no_metric_is_refused(reference, message):
    with pytest.raises(ConfigError) as caught:
        metric_of(reference)
    assert message in str(caught.value)


def test_two_metrics_of_one_name_are_refused(make_network):
    references = ("own_metrics:mean_weight", "other_metrics:mean_weight")
    with pytest.raises(ConfigError, match="got the name 'mean_weight' of 'own_metrics:mean_weight'"):
        values(make_network(metrics=references))
