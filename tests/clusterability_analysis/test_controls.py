"""Twins are paired by seed and stand on no frontier, cut networks are named, curves are means over seeds."""

import re

import numpy as np
import pytest
from scipy import stats

from clusterability_analysis import write_report
from clusterability_analysis.analysis import analyse
from clusterability_analysis.conditions import summarise_conditions
from clusterability_analysis.figures import curves, frontier
from clusterability_analysis.figures.style import svg_text
from clusterability_analysis.twins import find_twins

TWINNED = {"penalties.clusterability.weight": [0.0, 1.0], "dataset.permuted_labels": [False, True]}


def twinned(make_sweep, **options):
    """Twins at the accuracy of chance and at a lower n-cut than all others."""
    sweep = make_sweep(axes=TWINNED, **options)
    trials = sweep.trials
    twins = trials["dataset.permuted_labels"].eq(True)
    trials["layered_modularity"] = 0.03 + 0.001 * trials["seed"] + 0.01 * ~twins
    trials["train_loss"], trials["epochs_trained"] = 0.04, np.where(twins, 60.0, 9.0)
    trials.loc[twins, ["test_accuracy", "validation_accuracy"]] = 0.1
    trials.loc[twins, "ncut"] -= 5
    return sweep


def test_twins_are_paired_by_seed(make_sweep):
    sweep = twinned(make_sweep, seeds=[0, 1, 2, 3])
    found = find_twins(summarise_conditions(sweep))
    assert sorted(pair.label for pair in found) == ["clusterability 1", "control"]
    pair = next(pair for pair in found if pair.label == "control")
    assert [item.quantity.name for item in pair.excesses] == [
        "ncut",
        "ncut_contribution",
        "layered_modularity",
    ]
    assert (pair.losses, pair.epochs) == ((0.04, 0.04), (9.0, 60.0))
    trials = sweep.trials[sweep.trials["penalties.clusterability.weight"] == 0.0]
    by_seed = trials.pivot_table(index="seed", columns="dataset.permuted_labels", values="ncut").to_numpy(
        float
    )
    differences = by_seed[:, 0] - by_seed[:, 1]
    excess = pair.excesses[0]
    assert excess.excess == pytest.approx(differences.mean())
    assert (excess.true, excess.permuted) == pytest.approx(tuple(by_seed.mean(axis=0)))
    interval = stats.ttest_rel(by_seed[:, 0], by_seed[:, 1]).confidence_interval(0.95)
    assert excess.excess - excess.half_width == pytest.approx(interval.low)
    assert excess.excess + excess.half_width == pytest.approx(interval.high)


def test_only_seeds_that_both_have_are_compared(make_sweep):
    sweep = twinned(make_sweep, failing=[0, 5])  # seed 0 of the control, seed 2 of its twin
    found = find_twins(summarise_conditions(sweep))
    pair = next(pair for pair in found if pair.label == "control")
    assert [item.num_pairs for item in pair.excesses] == [1, 1, 1]
    assert pair.excesses[0].half_width is None
    trials = sweep.trials[sweep.trials["seed"] == 1].set_index("condition_id")
    assert pair.excesses[0].excess == pytest.approx(trials["ncut"]["c0000"] - trials["ncut"]["c0001"])


def test_a_sweep_without_twins_has_none(make_sweep, tmp_path):
    assert find_twins(summarise_conditions(make_sweep())) == ()
    assert 'id="twins"' not in write_report(make_sweep(), tmp_path).html.read_text()


def test_twins_stand_on_no_frontier(make_sweep):
    analysis = analyse(twinned(make_sweep))
    table = analysis.frontier.all_conditions
    assert table["twin"].sum() == 2
    assert table.loc[table["twin"], "ncut_mean"].max() < table.loc[~table["twin"], "ncut_mean"].min()
    assert not analysis.frontier.table["twin"].any()
    assert len(analysis.frontier.table) >= 1


def test_a_sweep_of_permuted_labels_alone_has_a_frontier(make_sweep):
    sweep = make_sweep(settings={"dataset.permuted_labels": True, "ncut.num_clusters": 12})
    analysis = analyse(sweep)
    assert not analysis.frontier.all_conditions["twin"].any()
    assert len(analysis.frontier.table) >= 1


def test_the_page_shows_the_excess(make_sweep, tmp_path):
    page = write_report(twinned(make_sweep), tmp_path).html.read_text()
    body = page[page.index('<table id="twins-table"') :].partition("</table>")[0]
    rows = [re.findall("<td[^>]*>(.*?)</td>", row, re.DOTALL) for row in body.split("<tr>")]
    row = next(row for row in rows if "layered modularity" in row)
    assert row[2:7] == ["0.041", "0.031", "0.010", "0.010 to 0.010", "3"]  # the same difference at every seed


def test_cut_networks_are_named_in_the_frontier(make_sweep):
    info = frontier.info(analyse(make_sweep(axes={"model.cut": [None, 5, 10]})))
    assert sorted(info.reference) == ["", "cut network, m = 10", "cut network, m = 5"]
    assert "</svg>" in svg_text(frontier.draw(info))


def followed(make_sweep, seeds=(0, 1, 2)):
    sweep = make_sweep(axes={"penalties.clusterability.weight": [0.0, 1.0, 2.0]}, seeds=seeds)
    found = {}
    for trial in sweep.trials.to_dict("records"):
        points = [0.0, 0.5, 1.0, 2.0, 4.0, 8.0] + ([9.0] if trial["seed"] == 0 else [])
        found[trial["trial_id"]] = {
            "validation_accuracy": [(epoch, 0.1 * trial["seed"] + epoch) for epoch in points],
            "layered_modularity_at_k": [(epoch, 0.01 * epoch) for epoch in points if epoch],
        }
    del found["c0001-s0"]  # one that was stopped
    return make_sweep(axes={"penalties.clusterability.weight": [0.0, 1.0, 2.0]}, seeds=seeds, curves=found)


def test_curves_are_means_over_seeds_at_the_points_that_all_have(make_sweep):
    info = curves.info(analyse(followed(make_sweep)))
    assert info.panels == ("validation accuracy", "layered modularity at k")
    assert info.labels[0] == "control"
    assert info.control == (True, *[False] * (len(info.labels) - 1))
    accuracy = info.curves[0][0]
    assert accuracy.epochs.tolist() == [0.0, 0.5, 1.0, 2.0, 4.0, 8.0]  # only seed 0 has 9
    np.testing.assert_allclose(accuracy.mean, 0.1 + accuracy.epochs)
    np.testing.assert_allclose(accuracy.sd, 0.1)
    assert info.curves[1][0].epochs[0] == 0.5
    assert info.threshold == 0.5
    assert "</svg>" in svg_text(curves.draw(info))


def test_a_single_seed_has_a_curve_and_no_band(make_sweep):
    info = curves.info(analyse(followed(make_sweep, seeds=[0])))
    assert np.isnan(info.curves[0][0].sd).all()
    assert "</svg>" in svg_text(curves.draw(info))


def test_without_curves_there_is_no_figure(make_sweep):
    assert curves.info(analyse(make_sweep())) is None
    assert curves.info(analyse(make_sweep(failing=range(100)))) is None
