"""Sweeps whose trials are tested against two nulls: the verdict, both tests side by side, both frontiers."""

import numpy as np
import pytest

from clusterability.components import find
from clusterability.config import Objective
from clusterability_analysis import frontier_text, write_report
from clusterability_analysis.analysis import analyse
from clusterability_analysis.caveats import find_caveats
from clusterability_analysis.questions import questions
from clusterability_analysis.significance import benjamini_hochberg, combine_replicates


@pytest.fixture
def sweep(make_sweep):
    return make_sweep(verdict=True)


def test_the_verdict_is_that_of_the_layered_modularity(sweep):
    significance = analyse(sweep).significance.conditions.set_index("condition_id")
    p_values = sweep.trials.groupby("condition_id")["layered_modularity_p_value"].agg(combine_replicates)
    q_values = dict(zip(p_values.index, benjamini_hochberg(p_values.to_numpy()), strict=True))
    for name, row in significance.iterrows():
        assert row["p_value"] == pytest.approx(p_values[name])
        assert row["q_value"] == pytest.approx(q_values[name])
        assert row["passes"] == (q_values[name] <= 0.05)
    assert 0 < significance["passes"].sum() < len(significance)


def test_a_sweep_of_an_earlier_version_keeps_its_verdict(make_sweep):
    analysis = analyse(make_sweep())
    p_values = make_sweep().trials.groupby("condition_id")["p_value"].agg(combine_replicates)
    table = analysis.significance.conditions.set_index("condition_id")
    assert table["p_value"].to_dict() == pytest.approx(p_values.to_dict())
    assert analysis.second_frontier is None


def test_both_tests_of_the_ncut_stand_beside_that_of_the_modularity(sweep):
    info = find("figure", "significance").info(analyse(sweep))
    drawn = [(panel.statistic.name, [bands.test.null for bands in panel.nulls]) for panel in info.panels]
    assert drawn == [("ncut", ["layer", "unit_factors"]), ("layered_modularity_at_k", ["unit_factors"])]
    assert (np.diff(info.z_score) <= 0).all()  # the most modular first


def test_the_second_frontier_is_that_of_accuracy_and_layered_modularity(sweep):
    analysis = analyse(sweep)
    table = analysis.second_frontier.all_conditions
    points = table[["layered_modularity_at_k_mean", "test_accuracy_mean"]].to_numpy()
    beaten = [any((other >= point).all() and (other > point).any() for other in points) for point in points]
    assert (table["frontier"].isna() == beaten).all()
    first = analysis.frontier.table.set_index("condition_id")["frontier"]
    shared = analysis.second_frontier.table.set_index("condition_id")["frontier"]
    for name in first.index.intersection(shared.index):
        assert first[name] == shared[name]  # one number for a condition
    assert not set(shared[~shared.index.isin(first.index)]) & set(first)


def test_the_report_says_where_the_two_disagree(sweep, tmp_path):
    analysis = analyse(sweep)
    table = analysis.significance.conditions
    by_ncut, by_modularity = table["p_value_adjusted"] <= 0.05, table["passes"]
    number = int((by_ncut != by_modularity).sum())
    assert number
    caveat = next(item for item in find_caveats(analysis) if "disagree" in item.title)
    assert f"For {number} of {len(table)} conditions" in caveat.text
    report = write_report(sweep, tmp_path)
    page = next(tmp_path.rglob("*.html")).read_text()
    for words in ("unit_factors", "null layer", "layered modularity", caveat.title):
        assert words in page
    assert "layered modularity" in frontier_text(report)


UNLIKE = "Null networks that are not like the networks"


def test_conditions_far_on_the_other_side_of_the_verdicts_null_are_named(sweep):
    assert UNLIKE not in {caveat.title for caveat in find_caveats(analyse(sweep))}
    far = sweep.trials["condition_id"].isin(["c0003", "c0004"])
    sweep.trials.loc[far, "layered_modularity_z_score"] = -8.0
    (caveat,) = [caveat for caveat in find_caveats(analyse(sweep)) if caveat.title == UNLIKE]
    assert caveat.serious
    assert caveat.text.startswith("In 2 of 12 conditions the layered modularity at k is 3 sd or more below")
    assert "Nearly dead units" in caveat.text


def test_the_first_null_alone_has_no_such_caveat(make_sweep):
    sweep = make_sweep()
    sweep.trials["z_score"] = 8.0
    assert UNLIKE not in {caveat.title for caveat in find_caveats(analyse(sweep))}


def test_the_other_graphs_tests_are_shown_and_leave_the_verdict_alone(sweep):
    before = analyse(sweep)
    assert [test.p_value for test in before.shown.other_tests] == [
        "p_value_contribution", "verdict_p_value_contribution", "layered_modularity_p_value_contribution",
    ]  # fmt: skip
    sweep.trials["layered_modularity_p_value_contribution"] = 1.0
    after = analyse(sweep).significance.conditions
    assert after["q_value"].tolist() == before.significance.conditions["q_value"].tolist()
    assert (after["layered_modularity_p_value_contribution_combined"] == 1).all()


def test_a_condition_without_layered_modularity_is_on_the_first_frontier_alone(sweep):
    best = analyse(sweep).frontier.table["condition_id"][0]
    missing = sweep.trials["condition_id"] == best
    columns = [name for name in sweep.trials if name.startswith(("layered_", "verdict_"))]
    sweep.trials.loc[missing, columns] = np.nan
    analysis = analyse(sweep)
    assert analysis.frontier.table["condition_id"][0] == best
    assert best not in set(analysis.second_frontier.all_conditions["condition_id"])
    assert "1 of 12 conditions have no null test" in analysis.significance.warnings[0]


def test_largest_modularity_makes_a_second_frontier_without_nulls_where_nothing_tests_it(make_sweep):
    sweep = make_sweep()
    sweep.trials["layered_modularity"] = 0.3 - 0.02 * sweep.trials["ncut"]
    info = find("figure", "second_frontier").info(analyse(sweep))
    assert (info.across.name, info.test) == ("layered_modularity", None)
    assert not info.shows_null.any()
    assert "drawn from its weights" not in find("figure", "second_frontier").caption(info)


def test_the_second_figures_key_has_the_numbers_of_the_first(sweep):
    analysis = analyse(sweep)
    first, second = (find("figure", name).info(analysis) for name in ("frontier", "second_frontier"))
    in_first, in_second = dict(first.key), dict(second.key)
    shared = set(in_first) & set(in_second)
    assert shared
    assert all(in_first[number] == in_second[number] for number in shared)
    assert set(in_second) - shared  # new conditions continue the numbers
    assert min(set(in_second) - shared) == len(in_first) + 1


def test_questions_name_the_nulls_that_were_asked(sweep, make_sweep):
    assert questions(analyse(make_sweep()).shown.tests) == ()
    layer, unit_factors, verdict = questions(analyse(sweep).shown.tests)
    assert layer.startswith("layer (the paper's null)")
    assert unit_factors.startswith("unit_factors keeps")
    assert "layered modularity at k under the null unit_factors" in verdict


@pytest.mark.parametrize("metric", ["layered_modularity", "layered_modularity_contribution"])
def test_layered_modularity_may_be_an_objective_and_has_one_frontier(make_sweep, metric):
    objectives = (Objective(), Objective(metric=metric, direction="max"))
    analysis = analyse(make_sweep(verdict=True, objectives=objectives))
    assert analysis.shown.across.name == metric
    assert analysis.second_frontier is None
    assert analysis.shown.verdict.statistic.name == metric.replace("modularity", "modularity_at_k", 1)
    best = analysis.conditions.table[f"{metric}_mean"].max()
    assert analysis.frontier.table[f"{metric}_mean"][0] == best
