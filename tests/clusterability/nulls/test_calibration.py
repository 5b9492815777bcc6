"""Under the null, an untrained network's weights are exchangeable: its p-values must be uniform."""

from itertools import pairwise

import numpy as np
import pytest
from scipy import stats

from clusterability import WeightGraph, null_test


def p_values(num_networks, num_shuffles, estimator):
    """p-values of freshly initialised networks, ties spread over their steps so that uniform is exact."""
    rng = np.random.default_rng(0)
    values = []
    for seed in range(num_networks):
        limits = [np.sqrt(6 / sum(pair)) for pair in pairwise([40, 24, 24, 10])]
        matrices = [
            rng.uniform(-limit, limit, pair)
            for limit, pair in zip(limits, pairwise([40, 24, 24, 10]), strict=True)
        ]
        graph = WeightGraph.from_matrices(matrices)
        p = null_test(graph, "layer", num_shuffles, 4, estimator, seed=seed).p_value
        values.append(p - rng.random() / (num_shuffles + 1))
    return values


@pytest.mark.parametrize("estimator", ["refined", "spectral"])
@pytest.mark.parametrize(
    ("num_networks", "num_shuffles"), [(60, 19), pytest.param(200, 99, marks=pytest.mark.slow)]
)
def test_p_values_of_fresh_networks_are_uniform(num_networks, num_shuffles, estimator):
    found = stats.kstest(p_values(num_networks, num_shuffles, estimator), "uniform")
    print(f"{estimator}: {num_networks} networks, KS p = {found.pvalue:.3f}")
    assert found.pvalue > 0.01
