"""Under permutation of each layer an untrained network's weights are exchangeable: uniform p-values."""

from itertools import pairwise

import numpy as np
import pytest
from scipy import stats

from clusterability.ncut.adjacency import fill, make_layout
from clusterability.ncut.layered import layered_values, layered_weights
from clusterability.ncut.layered_partition import layered_partition
from clusterability.nulls.ties import count_hits

WIDTHS = (40, 24, 24, 10)
LAYOUT = make_layout([*pairwise(range(4))], WIDTHS)


def modularity(matrices, rng):
    weights = layered_weights(LAYOUT, fill(LAYOUT, matrices))
    labels = layered_partition(LAYOUT, weights, 4, "layered_modularity", rng)
    return layered_values(weights, labels, 4)[1]


def p_values(num_networks, num_shuffles):
    """p-values of untrained networks, ties spread over their steps so that uniform is exact."""
    values = []
    for seed in range(num_networks):
        rng = np.random.default_rng(seed)
        matrices = [rng.uniform(-1, 1, pair) * np.sqrt(6 / sum(pair)) for pair in pairwise(WIDTHS)]
        observed = modularity(matrices, rng)
        shuffled = [[rng.permuted(matrix.ravel()).reshape(matrix.shape) for matrix in matrices]
                    for _ in range(num_shuffles)]  # fmt: skip
        null_values = np.array([modularity(network, rng) for network in shuffled])
        p = (1 + count_hits(null_values, observed, 1, "max")) / (1 + num_shuffles)
        values.append(p - rng.random() / (num_shuffles + 1))
    return values


@pytest.mark.parametrize(
    ("num_networks", "num_shuffles"), [(60, 19), pytest.param(200, 99, marks=pytest.mark.slow)]
)
def test_p_values_of_layered_modularity_on_untrained_networks_are_uniform(num_networks, num_shuffles):
    found = stats.kstest(p_values(num_networks, num_shuffles), "uniform")
    assert found.pvalue > 0.01
