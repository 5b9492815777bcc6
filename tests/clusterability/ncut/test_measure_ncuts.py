import itertools

import numpy as np
import pytest

from clusterability import WeightGraph, measure_ncut
from clusterability.errors import GraphError
from clusterability.ncut import measure_ncuts


def fresh_graph():
    rng = np.random.default_rng(0)
    return WeightGraph.from_matrices([rng.normal(size=pair) for pair in itertools.pairwise([80, 90, 70, 60])])


@pytest.mark.parametrize(("estimator", "noise"), [("refined", 1e-9), ("spectral", 0.02)])
def test_one_decomposition_gives_the_values_of_one_measurement_per_k(estimator, noise):
    graph = fresh_graph()
    results = measure_ncuts(graph, estimator=estimator)
    assert [result.num_clusters for result in results] == list(range(2, 17))
    for result in results:
        alone = measure_ncut(graph, result.num_clusters, estimator)
        assert result.value <= alone.value + noise
        assert result.lower_bound == pytest.approx(alone.lower_bound, abs=1e-6)
        assert len(result.eigenvalues) == result.num_clusters + 1


def test_numbers_that_are_not_possible_are_refused():
    with pytest.raises(GraphError, match="got 301, allowed: 2 to 300"):
        measure_ncuts(fresh_graph(), [2, 301])
    with pytest.raises(GraphError, match="got no numbers"):
        measure_ncuts(fresh_graph(), [])
