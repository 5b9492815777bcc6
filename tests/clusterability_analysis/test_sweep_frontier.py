import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from clusterability_analysis.conditions import summarise_conditions
from clusterability_analysis.frontier import find_frontier, hypervolume_share, pareto_mask

# Few distinct values, so that ties and copies are common.
points = st.lists(st.tuples(st.integers(0, 6), st.integers(0, 6)), max_size=25)


def unpack(pairs, k=6):
    values = np.array(pairs, dtype=float).reshape(-1, 2)
    return values[:, 0] / k, values[:, 1]


def dominates(a, b, maximise):
    better = [x - y if larger else y - x for x, y, larger in zip(a, b, maximise, strict=True)]
    return min(better) >= 0 and max(better) > 0


@given(st.data(), st.lists(st.booleans(), min_size=1, max_size=4))
def test_pareto_mask_agrees_with_brute_force(data, maximise):
    point = st.tuples(*[st.integers(0, 6)] * len(maximise))
    found = data.draw(st.lists(point, max_size=25))
    expected = [not any(dominates(other, point, maximise) for other in found) for point in found]
    values = np.array(found, dtype=float).reshape(-1, len(maximise))
    assert pareto_mask(values, maximise).tolist() == expected


@given(points)
def test_hypervolume_agrees_with_counting_unit_squares(pairs):
    # Integer corners: a unit square is dominated as a whole or not at all.
    squares = [(a, n) for a in range(6) for n in range(6)]
    covered = sum(any(a + 1 <= accuracy and n >= ncut for accuracy, ncut in pairs) for a, n in squares)
    assert hypervolume_share(*unpack(pairs), num_clusters=6) == pytest.approx(covered / 36)


def test_hypervolume_of_one_point_is_its_rectangle():
    assert hypervolume_share(np.array([0.9]), np.array([9.0]), 12) == pytest.approx(0.9 * 3 / 12)


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
def test_values_that_are_not_finite_are_refused(bad):
    with pytest.raises(ValueError, match="1 of 4 values are not finite"):
        pareto_mask(np.array([[0.9, 9.0], [bad, 8.0]]), [True, False])
    with pytest.raises(ValueError, match="1 of 4 values are not finite"):
        hypervolume_share(np.array([0.9, 0.8]), np.array([9.0, bad]), 12)


def frontier_of(sweep):
    conditions = summarise_conditions(sweep)
    return find_frontier(conditions, conditions.table, sweep.settings)


def test_means_decide_and_not_one_lucky_seed(make_sweep):
    sweep = make_sweep(axes={"model.dropout": [0.0, 0.5]}, seeds=[0, 1])
    sweep.trials["ncut"] = [9.0, 9.0, 8.0, 11.0]
    sweep.trials["test_accuracy"] = [0.97, 0.97, 0.99, 0.93]
    frontier = frontier_of(sweep)
    assert frontier.table["condition_id"].tolist() == ["c0000"]
    assert frontier.all_conditions["frontier"].isna().sum() == 1


def test_equal_conditions_share_the_frontier(make_sweep):
    sweep = make_sweep(axes={"model.dropout": [0.0, 0.25, 0.5]}, seeds=[0])
    sweep.trials["ncut"], sweep.trials["test_accuracy"] = 9.0, [0.97, 0.97, 0.96]
    assert frontier_of(sweep).table["condition_id"].tolist() == ["c0000", "c0001"]


def test_frontier_is_numbered_from_the_lowest_ncut(make_sweep):
    table = frontier_of(make_sweep()).table
    assert table["frontier"].tolist() == list(range(1, len(table) + 1))
    assert table["ncut_mean"].is_monotonic_increasing
    assert table["test_accuracy_mean"].is_monotonic_increasing


def test_no_hypervolume_over_different_numbers_of_clusters(make_sweep):
    frontier = frontier_of(make_sweep(axes={"ncut.num_clusters": [4, 12]}, settings={}))
    assert frontier.hypervolume is None
    assert "number of clusters" in frontier.status


def test_empty_sweep_says_why_there_is_no_frontier(make_sweep):
    frontier = frontier_of(make_sweep(failing=range(100)))
    assert frontier.table.empty
    assert "36 trials, 36 failed or stopped" in frontier.status
    assert isinstance(frontier.all_conditions, pd.DataFrame)
