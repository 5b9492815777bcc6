from itertools import pairwise

import numpy as np
import pytest

from clusterability import WeightGraph, null_test
from clusterability.errors import ConfigError, GraphError
from clusterability.nulls.plan import NullTestPlan
from clusterability.nulls.significance import summarise


def glorot_graph(widths, seed):
    rng = np.random.default_rng(seed)
    return WeightGraph.from_matrices([rng.normal(size=pair) for pair in pairwise(widths)])


def test_same_seed_gives_the_same_values_with_one_or_two_workers():
    graph = glorot_graph([30, 20, 20, 5], 0)
    tests = [null_test(graph, num_shuffles=9, num_clusters=4, num_workers=workers) for workers in (1, 2)]
    np.testing.assert_array_equal(tests[0].null_values, tests[1].null_values)
    assert tests[0].observed == tests[1].observed
    other = null_test(graph, num_shuffles=9, num_clusters=4, seed=1)
    assert not np.array_equal(tests[0].null_values, other.null_values)


def test_planted_clusters_are_significant_and_noise_is_not():
    planted = WeightGraph.from_matrices([np.kron(np.eye(4), np.ones((5, 5))) + 0.05] * 2)
    found = null_test(planted, num_shuffles=19, num_clusters=4)
    assert found.p_value == pytest.approx(1 / 20)
    assert found.z_score < -5
    noise = [
        null_test(glorot_graph([20, 20, 20], seed), num_shuffles=19, num_clusters=4) for seed in range(10)
    ]
    assert 0.25 < np.mean([test.p_value for test in noise]) < 0.75


def test_ties_count_against_the_claim_and_equal_values_leave_z_undefined():
    test = summarise("layer", 1.0, np.array([1.0, 1.0, 1.0]), NullTestPlan())
    assert test.p_value == 1
    assert test.z_score is None
    assert "undefined" in test.status


def test_unknown_null_names_the_nearest():
    with pytest.raises(ConfigError, match="Did you mean 'layer'"):
        null_test(glorot_graph([5, 5], 0), null="layr", num_clusters=2)


@pytest.mark.parametrize("statistic", ["ncut", "layered_ncut", "layered_modularity"])
@pytest.mark.parametrize("null", ["layer", "profile", "residual", "unit_factors", "dispersion"])
def test_planted_modules_are_significant_by_every_statistic_and_null(statistic, null):
    rng = np.random.default_rng(0)
    members = [np.arange(width) % 4 for width in (32, 32, 32, 16)]
    matrices = [
        rng.standard_normal((len(a), len(b))) * np.where(a[:, None] == b, 5.0, 1.0)
        for a, b in pairwise(members)
    ]
    graph = WeightGraph.from_matrices(matrices)
    test = null_test(graph, null=null, num_shuffles=19, num_clusters=4, statistic=statistic)
    assert test.statistic == statistic
    assert test.p_value == 0.05
    assert (test.z_score > 2) if statistic == "layered_modularity" else (test.z_score < -2)


def test_an_unknown_statistic_is_one_line():
    graph = WeightGraph.from_matrices([np.ones((6, 5)), np.ones((5, 6))])
    with pytest.raises(GraphError, match=r"unknown statistic 'modularity'\. Did you"):
        null_test(graph, num_clusters=2, num_shuffles=2, statistic="modularity")
