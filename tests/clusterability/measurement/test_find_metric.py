import pytest

from clusterability.errors import ConfigError
from clusterability.measurement.find_metric import find_metric
from clusterability.measurement.metric import Metric

OWN = '''
from clusterability.measurement.metric import Metric

def sparsity(network):
    """Share of weights that are zero.

    More of it.
    """
    return 0.5

DENSITY = Metric(name="density", meaning="1 - sparsity.", label="density", better="min", decimals=4)
NUMBER = 3
'''


@pytest.fixture
def lab(tmp_path, monkeypatch):
    name = f"lab_{abs(hash(tmp_path))}"
    (tmp_path / f"{name}.py").write_text(OWN)
    monkeypatch.syspath_prepend(tmp_path)
    return name


def test_a_metric_of_the_table_describes_itself():
    assert find_metric("ncut").graph == "weights"
    assert find_metric("validation_accuracy").reported_as == "test_accuracy"


def test_an_own_function_is_recorded_under_its_name(lab):
    metric = find_metric(f"{lab}:sparsity", better="max")
    assert (metric.name, metric.label, metric.better) == ("sparsity", "sparsity", "max")
    assert metric.meaning == "Share of weights that are zero."
    assert metric.searchable
    assert metric.compute(None) == 0.5


def test_an_own_metric_describes_itself(lab):
    assert find_metric(f"{lab}:DENSITY") == Metric(
        name="density", meaning="1 - sparsity.", label="density", better="min", decimals=4
    )


def test_what_is_neither_is_one_line(lab):
    with pytest.raises(ConfigError, match=r":NUMBER': got 3, allowed: a function of the measured network"):
        find_metric(f"{lab}:NUMBER")
