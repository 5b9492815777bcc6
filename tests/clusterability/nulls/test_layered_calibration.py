"""Layered modularity: uniform p-values where weights are exchangeable, a stated size where they are not."""

from itertools import pairwise

import numpy as np
import pytest
from scipy import stats

from clusterability.ncut.adjacency import fill, make_layout
from clusterability.ncut.layered import layered_values, layered_weights
from clusterability.ncut.layered_partition import layered_partition
from clusterability.nulls.dispersion import dispersion_draw
from clusterability.nulls.ties import count_hits
from clusterability.nulls.unit_factors import unit_factors_draw

WIDTHS = (40, 24, 24, 10)
MOST_OF_100 = stats.binom.ppf(0.999, 100, 0.07)
"""16: more come up in one of 1,000 runs of a test of size 0.07, the most that docs/nulls.md allows."""
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


def significant(draw_of, num_graphs, sigma=None, modules=1.0):
    """Count graphs with p <= 0.05 (19 shuffles) whose units differ in size, with modules or without."""
    count = 0
    for seed in range(num_graphs):
        rng = np.random.default_rng(seed)
        sizes = [np.exp(0.7 * rng.standard_normal(width)) for width in WIDTHS]
        members = [rng.integers(4, size=width) for width in WIDTHS]
        matrices = []
        for layer, pair in enumerate(pairwise(WIDTHS)):
            normal = rng.standard_normal(pair)
            weights = np.abs(normal) if sigma is None else np.exp(sigma * normal)
            weights *= np.where(members[layer][:, None] == members[layer + 1], modules, 1)
            matrices.append((weights * np.outer(sizes[layer], sizes[layer + 1])).astype(np.float32))
        observed = modularity(matrices, rng)
        draws = [draw_of(matrix) for matrix in matrices]
        null_values = np.array([modularity([draw(rng) for draw in draws], rng) for _ in range(19)])
        count += count_hits(null_values, observed, 1, "max") == 0
    return count


def test_dispersion_has_its_size_and_more_power_than_unit_factors():
    assert significant(dispersion_draw, 20, sigma=0.5) <= stats.binom.ppf(0.999, 20, 0.05)
    with_modules = [significant(draw_of, 20, modules=2.5) for draw_of in (dispersion_draw, unit_factors_draw)]
    print(f"of 20 graphs with modules: dispersion {with_modules[0]}, unit_factors {with_modules[1]}")
    assert with_modules[0] >= max(with_modules[1], 10)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("draw_of", "sigma"),
    [(unit_factors_draw, None), (dispersion_draw, None), (dispersion_draw, 0.5), (dispersion_draw, 0.75)],
)
def test_of_100_graphs_without_modules_no_more_than_a_size_of_7_percent_allows_are_significant(
    draw_of, sigma
):
    found = significant(draw_of, 100, sigma)
    print(f"{draw_of.__name__}, sigma {sigma}: {found} of 100")
    assert found <= MOST_OF_100


@pytest.mark.slow
def test_unit_factors_rejects_log_normal_weights_of_unequal_units_too_often():
    assert significant(unit_factors_draw, 100, 0.5) > MOST_OF_100
