"""Where a null says that its p has no stated size, or no power: on graphs of which that is known."""

from itertools import pairwise

import numpy as np
import pytest

from clusterability import WeightGraph, null_test
from clusterability.components import names
from clusterability.ncut import prepare
from clusterability.nulls.limits import MOST_DEFICIT, MOST_EXCESS, tail_skewness
from clusterability.nulls.model import null_model
from clusterability.nulls.unevenness import unevenness, unevenness_excess

NUM_GRAPHS = 10


def matrices(seed, sigma=None, spread=0.0, zeros=0.0, widths=(40, 24, 24, 10)):
    """Weights without modules: half-normal, or log-normal of a sigma, times units' sizes of a spread."""
    rng = np.random.default_rng(seed)
    sizes = [np.exp(spread * rng.standard_normal(width)) for width in widths]
    found = []
    for layer, shape in enumerate(pairwise(widths)):
        normal = rng.standard_normal(shape)
        weights = np.abs(normal) if sigma is None else np.exp(sigma * normal)
        weights *= np.outer(sizes[layer], sizes[layer + 1])
        found.append(np.where(weights < np.quantile(weights, zeros), 0, weights).astype(np.float32))
    return found


def said(null, statistic="layered_modularity", **kind):
    """Return what a null says of ten graphs, by its first word; "ok" for nothing."""
    messages = []
    for seed in range(NUM_GRAPHS):
        prepared = prepare(WeightGraph.from_matrices(matrices(seed, **kind)))
        messages.append(null_model(null, prepared).limits(statistic) or "ok")
    return [message.partition(":")[0] for message in messages]


class TestUnevenness:
    def test_it_is_chi_square_against_the_product_of_strengths(self):
        weights = np.random.default_rng(0).random((7, 5))
        expected = np.outer(weights.sum(1), weights.sum(0)) / weights.sum()
        by_hand = sum(
            (weights[i, j] - expected[i, j]) ** 2 / expected[i, j] for i in range(7) for j in range(5)
        )
        assert unevenness(weights) == pytest.approx(by_hand / weights.sum())

    def test_a_product_of_sizes_has_none_and_half_normal_weights_their_squared_variation(self):
        assert unevenness(np.outer([1, 2, 5, 0], [3, 1, 7])) == pytest.approx(0, abs=1e-12)
        assert unevenness(np.zeros((3, 4))) == 0
        half_normal = np.abs(np.random.default_rng(0).standard_normal((600, 500)))
        assert unevenness(half_normal) == pytest.approx(np.pi / 2 - 1, rel=0.02)

    def test_permutations_are_as_uneven_as_what_they_permute(self):
        found = []
        for seed in range(40):
            observed = matrices(seed)
            found.append(
                unevenness_excess(observed, lambda rng, o=observed: [rng.permuted(m) for m in o], [0, 1])
            )
        assert abs(np.mean(found)) < 0.7
        assert np.std(found) < 2

    def test_it_sees_matrices_that_are_less_and_more_uneven_and_only_those_asked_for(self):
        observed = matrices(0)
        flatter = lambda rng: [np.sqrt(rng.permuted(matrix)) for matrix in observed]  # noqa: E731
        sharper = lambda rng: [rng.permuted(matrix) ** 2 for matrix in observed]  # noqa: E731
        assert unevenness_excess(observed, flatter, [0, 1, 2]) > 3 * MOST_EXCESS
        assert unevenness_excess(observed, sharper, [0, 1, 2]) < -3 * MOST_DEFICIT
        mixed = lambda rng: [flatter(rng)[0], observed[1], sharper(rng)[2]]  # noqa: E731
        assert unevenness_excess(observed, mixed, [0]) > 0 > unevenness_excess(observed, mixed, [2])
        assert unevenness_excess(observed, mixed, [1]) == unevenness_excess(observed, mixed, []) == 0


def test_skewness_of_tails_is_that_of_the_weights_without_sizes():
    assert tail_skewness(matrices(0, widths=(300, 200))) == pytest.approx(0.995, abs=0.05)
    assert tail_skewness(matrices(0, spread=1.0, widths=(300, 200))) == pytest.approx(0.995, abs=0.2)
    assert tail_skewness(matrices(0, sigma=0.5, widths=(300, 200))) == pytest.approx(1.75, abs=0.15)
    assert tail_skewness([np.zeros((3, 2)), np.ones((3, 2))]) == 0


IID, UNEQUAL, LOG_NORMAL = {}, {"spread": 0.7}, {"sigma": 0.5}
BOTH, HEAVY = {"sigma": 0.5, "spread": 0.7}, {"sigma": 1.5, "spread": 0.7}
SPARSE = {"spread": 0.7, "zeros": 0.7}


@pytest.mark.parametrize(
    ("null", "kind", "word", "least"),
    [
        ("layer", IID, "ok", 8),
        ("layer", UNEQUAL, "weak", 10),
        ("layer_degree", IID, "undecided", 10),
        ("residual", LOG_NORMAL, "undecided", 10),
        ("residual", BOTH, "undecided", 8),
        ("residual", SPARSE, "weak", 10),
        ("residual", UNEQUAL, "ok", 5),
        ("profile", UNEQUAL, "ok", 9),
        ("profile", HEAVY, "undecided", 10),
        ("unit_factors", IID, "ok", 8),
        ("unit_factors", UNEQUAL, "ok", 8),
        ("unit_factors", BOTH, "undecided", 6),
        ("dispersion", IID, "ok", 10),
        ("dispersion", UNEQUAL, "ok", 10),
        ("dispersion", BOTH, "ok", 10),
        ("dispersion", HEAVY, "undecided", 8),
        ("dispersion", SPARSE, "weak", 8),
        ("initialisation", UNEQUAL, "ok", 10),
    ],
)
def test_what_is_said_of_ten_graphs(null, kind, word, least):
    words = said(null, **kind)
    assert words.count(word) >= least, words


@pytest.mark.parametrize("null", ["unit_factors", "dispersion"])
def test_the_plain_ncut_is_weak_where_units_differ_in_size(null):
    assert said(null, "ncut", **UNEQUAL).count("weak") >= 8
    assert said(null, "ncut", **IID).count("ok") >= 8


def test_the_test_says_it_with_the_value_and_the_bound():
    graph = WeightGraph.from_matrices(matrices(0, sigma=0.5))
    test = null_test(graph, "residual", 2, 3, statistic="layered_modularity")
    value = float(test.status.split("by ")[1].split()[0])
    assert value > MOST_EXCESS
    assert f"above {MOST_EXCESS:g}" in test.status
    assert "use the null 'dispersion'" in test.status
    assert "\n" not in test.status
    assert null_test(graph, "layer", 2, 3).status == "ok"


@pytest.mark.parametrize("null", names("null"))
def test_every_null_answers_for_a_graph_with_zeros_and_single_units(null):
    chain = [np.ones((4, 1)), np.ones((1, 3)), np.diag([1.0, 2.0, 0.0])]
    prepared = prepare(WeightGraph.from_matrices(chain))
    for statistic in ("ncut", "layered_ncut", "layered_modularity"):
        answer = null_model(null, prepared).limits(statistic)
        assert answer is None or null == "layer_degree"
