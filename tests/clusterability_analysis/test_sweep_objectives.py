"""The space's objectives decide what the report is about."""

import re

import numpy as np
import pytest

from clusterability.components import find, names
from clusterability.config import Objective
from clusterability.measurement.metric import Metric
from clusterability_analysis import frontier_text, write_report
from clusterability_analysis.analysis import analyse
from clusterability_analysis.shown import shown_of

ACCURACY = Objective(metric="validation_accuracy", direction="max")
NCUT = Objective(metric="ncut", direction="min")
CONTRIBUTION = Objective(metric="ncut_contribution", direction="min")
MODULARITY = Objective(metric="layered_modularity_at_k", direction="max")
LOSS = Objective(metric="validation_loss", direction="min")
SPARSITY = Objective(metric="sparsity", direction="max")
OWN = {SPARSITY.metric: Metric(name="sparsity", meaning="", label="share of zeros", better="max", decimals=4)}


@pytest.fixture
def sweep_for(make_sweep):
    def sweep_for(*objectives, **replaced):
        sweep = make_sweep(objectives=objectives, metrics=OWN, **replaced)
        chance = np.random.default_rng(3)
        sweep.trials["validation_loss"] = 2 - sweep.trials["test_accuracy"]
        sweep.trials["sparsity"] = chance.uniform(size=len(sweep.trials))
        return sweep

    return sweep_for


@pytest.mark.parametrize(
    ("objectives", "over", "across", "upwards", "tested"),
    [
        ([ACCURACY, NCUT], ["test_accuracy", "ncut"], "ncut", "test_accuracy", "ncut"),
        ([NCUT, ACCURACY], ["ncut", "test_accuracy"], "ncut", "test_accuracy", "ncut"),
        (
            [ACCURACY, CONTRIBUTION], ["test_accuracy", "ncut_contribution"],
            "ncut_contribution", "test_accuracy", "ncut_contribution",
        ),
        ([CONTRIBUTION], ["ncut_contribution"], "ncut_contribution", "test_accuracy", "ncut_contribution"),
        ([ACCURACY], ["test_accuracy"], "ncut", "test_accuracy", "ncut"),
        ([LOSS, SPARSITY], ["validation_loss", "sparsity"], "validation_loss", "sparsity", "ncut"),
        (
            [ACCURACY, SPARSITY, NCUT], ["test_accuracy", "sparsity", "ncut"],
            "sparsity", "test_accuracy", "ncut",
        ),
    ],
)  # fmt: skip
def test_what_is_shown_follows_the_objectives(sweep_for, objectives, over, across, upwards, tested):
    shown = shown_of(sweep_for(*objectives))
    assert [quantity.name for quantity in shown.objectives] == over
    assert (shown.across.name, shown.upwards.name, shown.verdict.statistic.name) == (across, upwards, tested)
    assert shown.is_plane == (len(over) == 2)


def test_an_own_metric_is_called_what_the_store_says_and_its_code_is_not_imported(sweep_for):
    sparsity = shown_of(sweep_for(ACCURACY, SPARSITY)).across
    assert (sparsity.label, sparsity.direction, sparsity.decimals) == ("share of zeros", "max", 4)


def test_an_objective_that_nothing_describes_is_called_by_its_name(sweep_for):
    shown = shown_of(sweep_for(ACCURACY, Objective(metric="weight_spread", direction="min")))
    assert (shown.across.name, shown.across.label) == ("weight_spread", "weight spread")


def dominates(one, other, objectives):
    better = [
        (one[item.mean] - other[item.mean]) * (1 if item.direction == "max" else -1) for item in objectives
    ]
    return min(better) >= 0 and max(better) > 0


@pytest.mark.parametrize(
    "objectives",
    [[ACCURACY, CONTRIBUTION], [NCUT], [LOSS, SPARSITY], [ACCURACY, SPARSITY, NCUT]],
    ids=lambda objectives: " ".join(item.metric for item in objectives),
)
def test_the_frontier_is_over_the_objectives(sweep_for, objectives):
    analysis = analyse(sweep_for(*objectives))
    rows = analysis.conditions.table.to_dict("records")
    expected = [
        row["condition_id"]
        for row in rows
        if not any(dominates(other, row, analysis.shown.objectives) for other in rows)
    ]
    frontier = analysis.frontier.table
    assert sorted(frontier["condition_id"]) == sorted(expected)
    across = analysis.shown.across
    assert (across.sign * frontier[across.mean]).is_monotonic_decreasing  # numbered from the best on


def test_the_null_test_is_that_of_the_objectives_graph(sweep_for):
    sweep = sweep_for(ACCURACY, CONTRIBUTION)
    analysis = analyse(sweep)
    trials = sweep.trials[sweep.trials["condition_id"] == "c0003"]
    row = analysis.significance.conditions.set_index("condition_id").loc["c0003"]
    assert row["null_mean_contribution_mean"] == pytest.approx(trials["null_mean_contribution"].mean())
    assert row["num_nominal"] == (trials["p_value_contribution"] <= 0.05).sum()
    info = find("figure", "significance").info(analysis)
    (panel,) = info.panels
    means = analysis.conditions.table["ncut_contribution_mean"]
    assert sorted(panel.observed) == pytest.approx(sorted(means))
    assert panel.statistic.label == find("metric", "ncut_contribution").label


def test_only_a_trial_with_every_objective_counts(sweep_for):
    sweep = sweep_for(ACCURACY, SPARSITY)
    sweep.trials.loc[0, "sparsity"] = np.nan
    conditions = analyse(sweep).conditions
    assert conditions.num_unusable == 1
    assert len(conditions.trials) == len(sweep.trials) - 1


@pytest.mark.parametrize(
    ("objectives", "has_one"),
    [
        ([ACCURACY, NCUT], True), ([ACCURACY, CONTRIBUTION], True), ([NCUT], False),
        ([ACCURACY, SPARSITY], False),
    ],
)  # fmt: skip
def test_hypervolume_is_that_of_accuracy_and_ncut_alone(sweep_for, objectives, has_one):
    frontier = analyse(sweep_for(*objectives)).frontier
    assert (frontier.hypervolume is not None) == has_one
    assert (frontier.status == "ok") == has_one
    assert has_one or "objectives are others" in frontier.status


def test_a_report_on_contributions_shows_no_other_ncut(sweep_for, tmp_path):
    report = write_report(sweep_for(ACCURACY, CONTRIBUTION), tmp_path)
    label = find("metric", "ncut_contribution").label
    header = frontier_text(report).splitlines()[0]
    assert label.split()[0] in header
    page = report.html.read_text(encoding="utf-8")
    headings = re.findall(r"<th[^>]*>([^<]*)</th>", page)
    assert headings.count(label) == 2
    assert find("metric", "ncut").label not in headings
    assert "measured on contributions" in page
    assert "measured on raw weights" not in page


@pytest.mark.parametrize(
    ("verdict", "objectives"),
    [
        (False, [NCUT]),
        (False, [ACCURACY]),
        (False, [ACCURACY, SPARSITY]),
        (True, [MODULARITY]),
        (True, [LOSS, SPARSITY]),
        (True, [ACCURACY, NCUT, CONTRIBUTION, SPARSITY]),
    ],
)
def test_every_figure_and_table_takes_any_objectives(sweep_for, tmp_path, verdict, objectives):
    sweep = sweep_for(*objectives, verdict=verdict)
    sweep.trials.loc[sweep.trials["condition_id"] == "c0002", ["test_accuracy", "sparsity"]] = [0.1, -9.0]
    report = write_report(sweep, tmp_path)
    # No trial here was measured while it was trained, or lesioned.
    drawn = set(names("figure")) - {"curves", "clusters", "lesion_effects", "interactions"}
    if not verdict or MODULARITY in objectives:
        drawn -= {"second_frontier"}
    assert {path.stem for path in report.figures} == drawn
    assert len(frontier_text(report).splitlines()) > 4
    assert max(map(len, frontier_text(report).splitlines())) <= 100


def test_the_staircase_of_a_maximised_metric_runs_the_other_way(sweep_for):
    info = find("figure", "frontier").info(analyse(sweep_for(ACCURACY, SPARSITY)))
    x, y = info.line
    assert (np.diff(x) <= 0).all()
    assert (np.diff(y) >= 0).all()
    caption = find("figure", "frontier").caption(info)
    assert "below and to the left of it is dominated" in caption
    assert not info.shows_null.any()  # the null is one of the n-cut


def test_more_than_two_objectives_are_points_and_no_line(sweep_for):
    info = find("figure", "frontier").info(analyse(sweep_for(ACCURACY, SPARSITY, NCUT)))
    assert not info.is_plane
    assert "test accuracy, share of zeros, n-cut" in find("figure", "frontier").caption(info)
