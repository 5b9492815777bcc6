"""What the nulls of stated size keep and destroy; their size itself: benchmarks/null_size.py."""

import numpy as np
import pytest
from scipy import stats

from clusterability.nulls.dispersion import TOLERANCE, dispersion_draw
from clusterability.nulls.pattern import shuffle_pattern
from clusterability.nulls.profile import LEAST_UNITS, profile_draw
from clusterability.nulls.residual import residual_draw, residual_spread
from clusterability.nulls.unevenness import unevenness
from clusterability.nulls.unit_factors import unit_factors_draw
from clusterability.nulls.unit_sizes import unit_factors

DRAWS = {
    "residual": residual_draw,
    "profile": profile_draw,
    "unit_factors": unit_factors_draw,
    "dispersion": dispersion_draw,
}


def with_factors(seed=0, shape=(60, 40), spread=0.7):
    """Half-normal weights times factors of units, a few of them zero, and two units without weights."""
    rng = np.random.default_rng(seed)
    rows, columns = (np.exp(spread * rng.standard_normal(size)) for size in shape)
    weights = np.abs(rng.standard_normal(shape)) * np.outer(rows, columns)
    weights[rng.random(shape) < 0.05] = 0
    weights[3], weights[:, 5] = 0, 0
    return weights.astype(np.float32), rows, columns


@pytest.mark.parametrize("draw_of", DRAWS.values(), ids=DRAWS)
class TestEveryNull:
    def test_it_draws_other_weights_of_the_same_shape_from_the_generator_alone(self, draw_of):
        weights, *_ = with_factors()
        before = weights.copy()
        draw = draw_of(weights)
        first, second, other = (draw(np.random.default_rng(seed)) for seed in (1, 1, 2))
        np.testing.assert_array_equal(first, second)
        np.testing.assert_array_equal(weights, before)
        assert first.shape == weights.shape
        assert first.dtype == np.float32
        assert np.isfinite(first).all()
        assert (first >= 0).all()
        for drawn, from_which in ((first, weights), (other, first)):
            assert np.mean(np.isclose(drawn, from_which, rtol=1e-3) & (drawn > 0)) < 0.2

    def test_units_without_weights_stay_without(self, draw_of):
        drawn = draw_of(with_factors()[0])(np.random.default_rng(0))
        assert not drawn[3].any()
        assert not drawn[:, 5].any()

    def test_a_block_of_zeros_or_of_one_unit_is_drawn(self, draw_of):
        zeros = np.zeros((4, 3), dtype=np.float32)
        np.testing.assert_array_equal(draw_of(zeros)(np.random.default_rng(0)), zeros)
        single = np.array([[1, 2, 3]], dtype=np.float32)
        assert draw_of(single)(np.random.default_rng(0)).sum() == pytest.approx(6)


def test_patterns_of_the_same_counts_are_equally_likely():
    """All 3 x 3 patterns with one nonzero in each row and column: six permutations."""
    rng = np.random.default_rng(0)
    seen = np.zeros(3 * 9)
    for _ in range(3000):
        pattern = np.eye(3, dtype=bool)
        shuffle_pattern(pattern, rng)
        np.testing.assert_array_equal(pattern.sum(0), 1)
        np.testing.assert_array_equal(pattern.sum(1), 1)
        seen[9 * pattern[0].argmax() + 3 * pattern[1].argmax() + pattern[2].argmax()] += 1
    assert np.count_nonzero(seen) == 6
    assert stats.chisquare(seen[seen > 0]).pvalue > 0.01


class TestResidual:
    def test_it_keeps_every_strength(self):
        weights, *_ = with_factors()
        drawn = residual_draw(weights)(np.random.default_rng(0))
        np.testing.assert_allclose(drawn.sum(1), weights.sum(1), rtol=1e-3)
        np.testing.assert_allclose(drawn.sum(0), weights.sum(0), rtol=1e-3)

    def test_of_a_matrix_without_residuals_nothing_moves(self):
        weights = np.outer([1, 2, 5], [3, 1, 1, 7]).astype(np.float32)
        np.testing.assert_allclose(residual_draw(weights)(np.random.default_rng(0)), weights, rtol=1e-4)
        assert residual_spread(weights) < 1e-4

    def test_the_spread_is_that_of_what_is_left_of_the_strengths(self):
        rng = np.random.default_rng(0)
        half_normal = np.abs(rng.standard_normal((200, 200)))
        scaled = half_normal * np.outer(np.exp(rng.standard_normal(200)), np.exp(rng.standard_normal(200)))
        exact = np.sqrt(np.pi / 2 - 1)
        assert residual_spread(scaled.astype(np.float32)) == pytest.approx(exact, abs=0.02)
        heavy = np.exp(1.5 * rng.standard_normal((200, 200))).astype(np.float32)
        assert residual_spread(heavy) > 2 * exact


class TestProfile:
    def test_it_keeps_outgoing_strengths_and_the_set_of_directions(self):
        weights, *_ = with_factors()
        drawn = profile_draw(weights)(np.random.default_rng(0))
        np.testing.assert_allclose(drawn.sum(1), weights.sum(1), rtol=1e-5)

        def directions(matrix):
            live = matrix[matrix.any(axis=1)].astype(np.float64)
            unit = live / live.sum(1, keepdims=True)
            return unit[np.lexsort(unit.T[::-1].round(5))]

        np.testing.assert_allclose(directions(drawn), directions(weights), rtol=1e-4)

    def test_partners_are_of_similar_strength(self):
        weights = np.diag(np.arange(1.0, 4 * LEAST_UNITS + 1)).astype(np.float32)
        drawn = profile_draw(weights)(np.random.default_rng(0))
        moved = np.abs(drawn.argmax(1) - np.arange(len(weights)))
        assert 0 < moved.max() < LEAST_UNITS


class TestUnitFactors:
    def test_the_factors_of_units_are_recovered(self):
        weights, rows, columns = with_factors(shape=(200, 150))
        found_rows, found_columns = unit_factors(weights)
        live = np.arange(200) != 3
        assert stats.pearsonr(np.log(found_rows[live]), np.log(rows[live])).statistic > 0.98
        live = np.arange(150) != 5
        assert stats.pearsonr(np.log(found_columns[live]), np.log(columns[live])).statistic > 0.98

    @pytest.mark.parametrize("sigma", [0.3, 1.5])
    def test_chance_makes_no_factors_in_99_of_100_iid_matrices(self, sigma):
        rng = np.random.default_rng(0)
        equal = 0
        for _ in range(100):
            weights = np.exp(sigma * rng.standard_normal((24, 24))).astype(np.float32)
            equal += np.ptp(unit_factors(weights)[0]) == 0
        print(f"sigma {sigma}: {equal} of 100")
        assert equal >= 95

    def test_without_factors_it_is_a_permutation(self):
        weights = np.random.default_rng(1).random((24, 24)).astype(np.float32)
        assert np.ptp(np.outer(*unit_factors(weights))) == 0
        drawn = unit_factors_draw(weights)(np.random.default_rng(0))
        np.testing.assert_allclose(np.sort(drawn, axis=None), np.sort(weights, axis=None))

    def test_units_keep_their_numbers_of_nonzero_weights(self):
        weights, *_ = with_factors()
        weights[weights < np.quantile(weights, 0.6)] = 0
        drawn = unit_factors_draw(weights)(np.random.default_rng(0))
        np.testing.assert_array_equal((drawn > 0).sum(1), (weights > 0).sum(1))
        np.testing.assert_array_equal((drawn > 0).sum(0), (weights > 0).sum(0))
        assert np.mean((drawn > 0)[weights > 0]) < 0.8

    def test_strengths_are_kept_in_the_mean(self):
        weights, *_ = with_factors(shape=(80, 80))
        draw = unit_factors_draw(weights)
        mean = np.mean([draw(np.random.default_rng(seed)).sum(1) for seed in range(100)], axis=0)
        live = weights.any(axis=1)
        ratios = mean[live] / weights.sum(1)[live]
        assert 0.85 < np.median(ratios) < 1.15
        assert np.std(np.log(ratios)) < 0.15


class TestDispersion:
    @pytest.mark.parametrize("shape", [(24, 10), (60, 40), (200, 150)])
    def test_each_drawn_matrix_has_the_observed_ones_unevenness_and_sum(self, shape):
        weights, *_ = with_factors(shape=shape)
        draw = dispersion_draw(weights)
        for seed in range(5):
            drawn = draw(np.random.default_rng(seed))
            assert abs(np.log(unevenness(drawn) / unevenness(weights))) < 2 * TOLERANCE
            assert drawn.sum(dtype=float) == pytest.approx(weights.sum(dtype=float), rel=1e-5)
        of_factors = [unit_factors_draw(weights)(np.random.default_rng(seed)) for seed in range(5)]
        others = [abs(np.log(unevenness(drawn) / unevenness(weights))) for drawn in of_factors]
        assert np.mean(others) > 2 * TOLERANCE

    def test_without_factors_it_is_a_permutation(self):
        weights = np.random.default_rng(1).random((24, 24)).astype(np.float32)
        drawn = dispersion_draw(weights)(np.random.default_rng(0))
        np.testing.assert_array_equal(np.sort(drawn, axis=None), np.sort(weights, axis=None))

    def test_matrices_with_many_zeros_are_drawn_as_by_unit_factors(self):
        weights, *_ = with_factors()
        weights[weights < np.quantile(weights, 0.6)] = 0
        found, expected = (
            draw_of(weights)(np.random.default_rng(0)) for draw_of in (dispersion_draw, unit_factors_draw)
        )
        np.testing.assert_array_equal(found, expected)

    def test_units_keep_their_numbers_of_nonzero_weights_and_their_sizes(self):
        weights, *_ = with_factors(shape=(80, 80))
        draw = dispersion_draw(weights)
        drawn = [draw(np.random.default_rng(seed)) for seed in range(30)]
        np.testing.assert_array_equal((drawn[0] > 0).sum(1), (weights > 0).sum(1))
        np.testing.assert_array_equal((drawn[0] > 0).sum(0), (weights > 0).sum(0))
        ratios = np.mean(drawn, axis=0).sum(1)[weights.any(1)] / weights.sum(1)[weights.any(1)]
        assert np.std(np.log(ratios)) < 0.15

    def test_a_product_of_sizes_stays_as_it_is(self):
        rng = np.random.default_rng(0)
        weights = np.outer(*(np.exp(rng.standard_normal(size)) for size in (20, 15))).astype(np.float32)
        np.testing.assert_allclose(dispersion_draw(weights)(rng), weights, rtol=1e-4)
