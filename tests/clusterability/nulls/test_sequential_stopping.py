"""Besag and Clifford's sequential p-value: valid under the null, and found with fewer shuffles."""

from itertools import pairwise

import numpy as np
import pytest

from clusterability import WeightGraph, null_test
from clusterability.errors import GraphError
from clusterability.nulls.plan import NullTestPlan
from clusterability.nulls.significance import summarise

ALLOWED_EXCESS = 3  # standard errors of a simulated frequency


def fresh_graph(seed):
    rng = np.random.default_rng(seed)
    return WeightGraph.from_matrices([rng.normal(size=pair) for pair in pairwise([20, 20, 20])])


def test_a_stopped_test_holds_the_first_values_of_the_whole_one_and_p_is_h_over_l():
    whole = null_test(fresh_graph(1), num_shuffles=40, num_clusters=4)
    stopped = null_test(fresh_graph(1), num_shuffles=40, num_clusters=4, stop_after=3, num_workers=2)
    length = len(stopped.null_values)
    assert length < 40
    np.testing.assert_array_equal(stopped.null_values, whole.null_values[:length])
    assert np.count_nonzero(stopped.null_values <= stopped.observed) == 3
    assert stopped.null_values[-1] <= stopped.observed
    assert stopped.p_value == 3 / length


def test_a_test_that_never_stops_has_the_usual_p():
    planted = WeightGraph.from_matrices([np.kron(np.eye(4), np.ones((5, 5))) + 0.05] * 2)
    test = null_test(planted, num_shuffles=19, num_clusters=4, stop_after=2)
    assert len(test.null_values) == 19
    assert test.p_value == 1 / 20


@pytest.mark.parametrize("stop_after", [None, 1, 3, 10])
def test_p_is_at_or_below_any_level_no_more_often_than_the_level_says(stop_after):
    rng = np.random.default_rng(0)
    num_tests, num_shuffles = 20_000, 99
    values = rng.random((num_tests, num_shuffles + 1))
    p = np.empty(num_tests)
    for test, (observed, *others) in enumerate(values):
        null_values = np.array(others)
        if stop_after is not None:
            hits = np.flatnonzero(null_values <= observed)
            if len(hits) >= stop_after:
                null_values = null_values[: hits[stop_after - 1] + 1]
        p[test] = summarise("layer", observed, null_values, NullTestPlan(stop_after=stop_after)).p_value
    for level in (0.01, 0.05, 0.1, 0.5):
        error = np.sqrt(level * (1 - level) / num_tests)
        assert np.mean(p <= level) < level + ALLOWED_EXCESS * error


def test_stopping_after_no_hits_is_refused():
    with pytest.raises(GraphError, match="stop_after: got 0, allowed: 1 or more"):
        null_test(fresh_graph(0), num_clusters=4, stop_after=0)
