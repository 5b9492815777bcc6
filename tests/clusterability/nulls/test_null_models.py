"""What each null keeps and what it destroys, and that its draws follow the distribution it names."""

from itertools import pairwise

import numpy as np
import pytest
from scipy import stats

from clusterability import WeightGraph
from clusterability.components import names
from clusterability.graph import Block
from clusterability.ncut import prepare
from clusterability.nulls.model import null_model
from clusterability.nulls.permutation import permuted
from clusterability.nulls.strengths import matched_strengths

WIDTHS = (60, 50, 40)


def graph_with_zeros():
    rng = np.random.default_rng(0)
    matrices = [rng.standard_normal(pair) * (rng.random(pair) < 0.7) for pair in pairwise(WIDTHS)]
    return WeightGraph.from_matrices(matrices)


def drawn(graph, null, seed=1):
    """The observed and the drawn |w| of each block."""
    model = null_model(null, prepare(graph))
    flat = model.draw(np.random.default_rng(seed))
    forward, backward = model.layout.forward, model.layout.backward
    pairs = []
    for block, row, transposed in zip(graph.blocks, forward, backward, strict=True):
        matrix = model.layout.half(flat, row)
        np.testing.assert_array_equal(matrix.T, model.layout.half(flat, transposed))
        pairs.append((np.abs(block.matrix).astype(np.float32), matrix))
    return pairs


def with_places_and_skip():
    """A grouped layer, whose groups share no weights, and an identity skip past the layer after it."""
    rng = np.random.default_rng(0)
    places = np.kron(np.eye(2), np.ones((6, 8))).astype(bool)
    blocks = [
        Block(source=0, target=1, matrix=rng.standard_normal((12, 16)) * places, places=places),
        Block(source=1, target=2, matrix=rng.standard_normal((16, 16))),
        Block(source=1, target=2, matrix=np.eye(16), is_skip=True),
    ]
    return WeightGraph.from_blocks(blocks, [12, 16, 16])


@pytest.mark.parametrize("null", names("null"))
def test_every_null_keeps_skips_and_puts_weights_only_where_there_are_some(null):
    (grouped, drawn_grouped), (full, drawn_full), (skip, drawn_skip) = drawn(with_places_and_skip(), null)
    assert not drawn_grouped[grouped == 0].any()
    # `profile` keeps the weights that leave the inputs, which this block's are.
    assert np.array_equal(grouped, drawn_grouped) == (null == "profile")
    assert not np.array_equal(full, drawn_full)
    np.testing.assert_array_equal(skip, drawn_skip)
    assert all(matrix.min() >= 0 for matrix in (drawn_grouped, drawn_full))
    again = drawn(with_places_and_skip(), null)
    np.testing.assert_array_equal(drawn_full, again[1][1])


def test_layer_keeps_each_layers_weights_and_moves_the_zeros():
    for observed, shuffled in drawn(graph_with_zeros(), "layer"):
        np.testing.assert_array_equal(np.sort(observed, axis=None), np.sort(shuffled, axis=None))
        assert not np.array_equal(observed == 0, shuffled == 0)


def test_layer_nonzero_keeps_each_layers_weights_and_the_places_of_zeros():
    for observed, shuffled in drawn(graph_with_zeros(), "layer_nonzero"):
        np.testing.assert_array_equal(np.sort(observed, axis=None), np.sort(shuffled, axis=None))
        np.testing.assert_array_equal(observed == 0, shuffled == 0)
        assert np.mean(observed[observed > 0] == shuffled[observed > 0]) < 0.05


@pytest.mark.parametrize("null", ["layer_nonzero_distribution", "layer_all_distribution"])
def test_redrawn_weights_follow_scipys_kernel_density_of_the_nonzero_ones(null):
    for observed, shuffled in drawn(graph_with_zeros(), null):
        if null == "layer_nonzero_distribution":
            np.testing.assert_array_equal(observed == 0, shuffled == 0)
        assert np.count_nonzero(shuffled) == np.count_nonzero(observed)
        nonzero = observed[observed > 0].astype(np.float64)
        density = stats.gaussian_kde(nonzero, bw_method=0.01 / nonzero.std(ddof=1))
        independent = np.abs(density.resample(20_000, seed=0)[0])
        assert stats.ks_2samp(shuffled[shuffled > 0], independent).pvalue > 0.01
        assert len(np.setdiff1d(shuffled[shuffled > 0], observed)) > 0.9 * nonzero.size


def test_layer_degree_keeps_every_units_strength_on_both_sides():
    for observed, shuffled in drawn(graph_with_zeros(), "layer_degree"):
        np.testing.assert_allclose(shuffled.sum(axis=0), observed.sum(axis=0), rtol=1e-4)
        np.testing.assert_allclose(shuffled.sum(axis=1), observed.sum(axis=1), rtol=1e-3)
        assert np.corrcoef(observed.ravel(), shuffled.ravel())[0, 1] < 0.2


def test_strengths_that_no_factors_can_reach_are_approached():
    weights = np.array([[0, 1.0], [1.0, 1.0]])  # the first row has one place only, in the smaller column
    reached = matched_strengths(weights, np.array([5.0, 1.0]), np.array([4.0, 2.0]))
    np.testing.assert_allclose(reached.sum(axis=0), [4, 2], rtol=1e-6)


def test_initialisation_draws_glorot_uniform_weights():
    for observed, fresh in drawn(graph_with_zeros(), "initialisation"):
        limit = np.sqrt(6 / sum(observed.shape))
        assert stats.kstest(fresh.ravel(), stats.uniform(0, limit).cdf).pvalue > 0.01


def test_permutations_come_in_every_order_equally_often():
    values = np.arange(4.0)
    result = np.empty(4)
    counts: dict[tuple[float, ...], int] = {}
    for seed in np.random.default_rng(0).integers(2**64, size=24_000, dtype=np.uint64):
        permuted(values, seed, result)
        counts[tuple(result)] = counts.get(tuple(result), 0) + 1
    assert len(counts) == 24
    assert stats.chisquare(list(counts.values())).pvalue > 0.01
