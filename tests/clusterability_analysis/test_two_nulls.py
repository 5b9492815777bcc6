"""Sweeps whose trials are tested against two nulls: the verdict, both tests side by side, both frontiers."""

import numpy as np
import pytest

from clusterability.components import find
from clusterability_analysis import frontier_text, write_report
from clusterability_analysis.analysis import analyse
from clusterability_analysis.caveats import find_caveats
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
