import itertools
import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import combine_pvalues

from clusterability_analysis.conditions import summarise_conditions
from clusterability_analysis.significance import (
    assess_significance,
    benjamini_hochberg,
    combine_replicates,
    shuffles_needed,
)

probabilities = st.lists(st.floats(1e-6, 1.0), min_size=1, max_size=12)


def assess(sweep):
    return assess_significance(summarise_conditions(sweep), sweep.settings)


def test_one_replicate_keeps_its_p_value():
    assert combine_replicates(np.array([1 / 51])) == pytest.approx(1 / 51)


def test_two_replicates_follow_the_closed_form():
    product = 0.02 * 0.3  # P(U1 U2 <= x) = x (1 - log x)
    assert combine_replicates(np.array([0.02, 0.3])) == pytest.approx(product * (1 - math.log(product)))


@given(probabilities)
def test_combination_equals_scipys_fisher(p_values):
    assert combine_replicates(np.array(p_values)) == pytest.approx(
        combine_pvalues(p_values, method="fisher").pvalue, rel=1e-9, abs=1e-300
    )


def test_replicates_without_a_test_are_left_out():
    assert combine_replicates(np.array([0.2, np.nan])) == pytest.approx(0.2)
    assert math.isnan(combine_replicates(np.array([np.nan])))


@pytest.mark.parametrize(("num_shuffles", "replicates"), [(1, 3), (4, 4), (9, 3), (19, 2), (50, 2)])
def test_combined_p_is_valid_for_every_discrete_null(num_shuffles, replicates):
    # All outcomes of R independent permutation tests under the null, each as likely as any other.
    possible = np.arange(1, num_shuffles + 2) / (num_shuffles + 1)
    combined = np.array(
        [combine_replicates(np.array(p)) for p in itertools.product(possible, repeat=replicates)]
    )
    for level in np.unique(combined):
        assert (combined <= level).mean() <= level + 1e-12


def test_simulated_null_sweeps_are_rarely_significant(make_sweep):
    # Networks exchangeable with their shuffles: in at most 5% of such sweeps may anything pass.
    chance = np.random.default_rng(7)
    sweep = make_sweep(axes={"model.dropout": [0.0, 0.1, 0.2, 0.3]}, num_shuffles=19)
    false_alarms = 0
    for _ in range(200):
        values = chance.normal(size=(len(sweep.trials), 20))
        sweep.trials["p_value"] = (1 + (values[:, 1:] <= values[:, :1]).sum(axis=1)) / 20
        false_alarms += assess(sweep).conditions["passes"].any()
    assert false_alarms <= 200 * 0.05 + 3 * math.sqrt(200 * 0.05 * 0.95)


def test_benjamini_hochberg_by_hand():
    np.testing.assert_allclose(
        benjamini_hochberg(np.array([0.01, 0.04, 0.03, 0.005])), [0.02, 0.04, 0.04, 0.02]
    )


@given(probabilities)
def test_benjamini_hochberg_follows_its_definition(p_values):
    p_values = np.array(p_values)
    ranks = np.array([(p_values <= p).sum() for p in p_values])
    scaled = p_values * len(p_values) / ranks
    expected = [min(1.0, scaled[p_values >= p].min()) for p in p_values]
    np.testing.assert_allclose(benjamini_hochberg(p_values), expected)


def test_untested_hypotheses_do_not_enter_the_family():
    q_values = benjamini_hochberg(np.array([0.01, np.nan, 0.02]))
    np.testing.assert_allclose(q_values, [0.02, np.nan, 0.02])


@pytest.mark.parametrize("replicates", [1, 2, 3, 5])
@pytest.mark.parametrize("family", [1, 10, 135])
def test_shuffles_needed_is_the_least_that_lets_one_pass_alone(family, replicates):
    def smallest(num_shuffles):
        return combine_replicates(np.full(replicates, 1 / (num_shuffles + 1)))

    needed = shuffles_needed(family, replicates, alpha=0.05)
    assert smallest(needed) <= 0.05 / family + 1e-12
    assert smallest(needed - 1) > 0.05 / family


def test_shuffles_needed_for_single_trials_is_the_bound_of_the_methods():
    assert shuffles_needed(24, 1, alpha=0.05) + 1 == 24 / 0.05


def test_seeds_are_replicates_and_not_extra_hypotheses(make_sweep):
    result = assess(make_sweep())
    assert len(result.conditions) == 12
    assert len(result.trials) == 36
    assert result.conditions["num_tests"].tolist() == [3] * 12
    assert "over the 12 tested conditions" in result.family
    first = result.trials[result.trials["condition_id"] == "c0000"]["p_value"]
    row = result.conditions.set_index("condition_id").loc["c0000"]
    assert row["p_value"] == pytest.approx(combine_pvalues(first, method="fisher").pvalue)


def test_repeated_trial_is_no_second_replicate(make_sweep):
    sweep = make_sweep()
    sweep.trials.loc[1, ["trial_id", "seed"]] = sweep.trials.loc[0, ["trial_id", "seed"]].tolist()
    assert assess(sweep).conditions.set_index("condition_id").loc["c0000", "num_tests"] == 2


def test_too_few_shuffles_for_anything_are_named(make_sweep):
    (warning,) = assess(make_sweep(seeds=[0], num_shuffles=9)).warnings
    assert "no condition can pass, whatever" in warning
    assert "nulls.num_shuffles = 239" in warning  # 12 conditions / 0.05 - 1


def test_too_few_shuffles_for_a_lone_condition_are_named(make_sweep):
    (warning,) = assess(make_sweep(seeds=[0], num_shuffles=50)).warnings
    assert "5 of the 12 must reach that p together" in warning  # 12 / 51 / 0.05 = 4.7


def test_enough_shuffles_bring_no_warning(make_sweep):
    assert assess(make_sweep(num_shuffles=50)).warnings == ()


def test_missing_null_tests_are_counted(make_sweep):
    sweep = make_sweep()
    sweep.trials.loc[sweep.trials["condition_id"] == "c0000", "p_value"] = np.nan
    result = assess(sweep)
    untested = result.conditions[result.conditions["condition_id"] == "c0000"]
    assert untested["q_value"].isna().all()
    assert not untested["passes"].any()
    assert "1 of 12 conditions have no null test" in result.warnings[0]
    assert "over the 11 tested conditions" in result.family
