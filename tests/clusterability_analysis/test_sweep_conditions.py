import math
import statistics
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from clusterability_analysis.analysis import analyse
from clusterability_analysis.caveats import find_caveats
from clusterability_analysis.conditions import summarise_conditions
from clusterability_analysis.scale import axes_off_scale


def row_of(conditions, name):
    return conditions.table.set_index("condition_id").loc[name]


def caveats_of(sweep):
    return {caveat.title: caveat for caveat in find_caveats(analyse(sweep))}


def test_mean_and_deviation_over_seeds_by_hand(make_sweep):
    sweep = make_sweep()
    values = sweep.trials["ncut"].tolist()[3:6]
    row = row_of(summarise_conditions(sweep), "c0001")
    assert row["ncut_mean"] == pytest.approx(statistics.mean(values))
    assert row["ncut_sd"] == pytest.approx(statistics.stdev(values))
    assert row["num_replicates"] == 3


def test_failed_trials_enter_no_mean_and_are_counted(make_sweep):
    sweep = make_sweep(failing=[0, 1, 6, 7, 8])
    conditions = summarise_conditions(sweep)
    row = row_of(conditions, "c0000")
    assert (row["num_replicates"], row["num_failed"]) == (1, 2)
    assert row["ncut_mean"] == sweep.trials["ncut"][2]
    assert math.isnan(row["ncut_sd"])
    assert "c0002" not in set(conditions.table["condition_id"])
    assert (len(conditions.failed), conditions.num_lost, conditions.num_trials) == (5, 1, 36)


def test_trial_that_failed_and_was_run_again_counts_once(make_sweep):
    sweep = make_sweep()
    earlier = sweep.trials.head(1).assign(state="failed", error="killed", ncut=np.nan)
    again = make_sweep(trials=pd.concat([earlier, sweep.trials], ignore_index=True))
    conditions = summarise_conditions(again)
    assert (len(conditions.failed), conditions.num_trials) == (0, 36)
    pd.testing.assert_frame_equal(conditions.table, summarise_conditions(sweep).table)


def test_complete_trial_without_finite_metrics_is_unusable(make_sweep):
    sweep = make_sweep()
    sweep.trials.loc[0, "ncut"] = np.inf
    sweep.trials.loc[1, "test_accuracy"] = np.nan
    conditions = summarise_conditions(sweep)
    assert conditions.num_unusable == 2
    assert row_of(conditions, "c0000")["num_replicates"] == 1
    assert (
        "2 lack a finite test accuracy or n-cut" in caveats_of(sweep)["Trials that are not in the means"].text
    )


def test_running_trials_are_unfinished(make_sweep):
    sweep = make_sweep(state="running")
    sweep.trials.loc[[0, 1], "state"] = "running"
    assert summarise_conditions(sweep).num_unfinished == 2
    text = caveats_of(sweep)["Trials that are not in the means"].text
    assert "2 did not finish" in text
    assert "“running”" in text


def test_axes_that_do_not_vary_are_no_axes(make_sweep):
    sweep = make_sweep(axes={"model.dropout": [0.0, 0.5], "penalties.l1.weight": [5e-5]})
    assert summarise_conditions(sweep).axes == ("model.dropout",)


LOCALITY = {"penalties.l1.weight": [0.0, 5e-5], "penalties.locality.weight": [0.0, 1e-3]}


def labels_by_control(sweep):
    table = summarise_conditions(sweep).table
    return {control: sorted(table[table["control"] == control]["label"]) for control in (True, False)}


def test_control_is_the_spaces_own_values_and_nothing_else(make_sweep):
    assert labels_by_control(make_sweep(axes=LOCALITY)) == {
        True: ["control"],
        False: ["L1 5e-5", "L1 5e-5, locality 0.001", "locality 0.001"],
    }


def test_control_may_have_a_penalty_and_none_of_it_is_no_control(make_sweep):
    own = {"penalties.l1.weight": 5e-5, "penalties.locality.weight": 0.0}
    assert labels_by_control(make_sweep(axes=LOCALITY, control=own)) == {
        True: ["control"],
        False: ["L1 0", "L1 0, locality 0.001", "locality 0.001"],
    }


def test_without_the_spaces_own_values_there_is_no_control(make_sweep):
    axes = {"model.widths": [(64,), (64, 64)]}
    expected = {True: [], False: ["widths [64, 64]", "widths [64]"]}
    assert labels_by_control(make_sweep(axes=axes, control=None)) == expected


def test_control_whose_trials_are_missing_marks_no_other_condition(make_sweep):
    axes = {"penalties.l1.weight": [5e-5], "penalties.locality.weight": [0.0, 1e-3]}
    own = {"penalties.l1.weight": 0.0, "penalties.locality.weight": 0.0}
    table = summarise_conditions(make_sweep(axes=axes, control=own)).table
    assert not table["control"].any()


def test_a_value_of_none_is_a_value(make_sweep):
    axes = {"model.depth": [None, 2], "dataset.num_train": [100, None]}
    table = summarise_conditions(make_sweep(axes=axes)).table.set_index("condition_id").sort_index()
    assert table["model.depth"].tolist() == [None, None, 2, 2]
    assert table["control"].tolist() == [True, False, False, False]
    assert table["label"].tolist() == ["control", "num train none", "depth 2", "depth 2, num train none"]


def test_penalised_conditions_are_marked_swept_or_fixed(make_sweep):
    table = summarise_conditions(make_sweep()).table
    assert (table["penalised"] == (table["penalties.clusterability.weight"] > 0)).all()
    fixed = make_sweep(axes={"model.dropout": [0.0, 0.5]}, settings={"penalties.clusterability.weight": 0.1})
    assert summarise_conditions(fixed).table["penalised"].all()


def test_trials_of_several_versions_are_a_serious_caveat(make_sweep):
    title, sweep = "Trials of several versions of the code", make_sweep()
    commits = ["0123456789abcdef"] * len(sweep.trials)
    assert title not in caveats_of(replace(sweep, trials=sweep.trials.assign(git_commit=commits)))
    commits[0] = "fedcba9876543210"
    caveat = caveats_of(replace(sweep, trials=sweep.trials.assign(git_commit=commits)))[title]
    assert caveat.serious
    assert "2 commits (0123456789, fedcba9876)" in caveat.text


def test_penalty_caveat_appears_only_where_the_penalty_is_used(make_sweep):
    title = "The clusterability penalty can lower n-cut without any structure in the function"
    assert caveats_of(make_sweep())[title].serious
    assert caveats_of(make_sweep())[title].text.startswith("8 of 12 conditions")
    assert title not in caveats_of(make_sweep(axes={"model.dropout": [0.0, 0.5]}))


NOT_ON_ONE_SCALE = "n-cuts on one axis that are not on one scale"


@pytest.mark.parametrize(
    "sizing",
    [
        {"model.width_factor": [1.0, 2.0]},
        {"model.depth": [2, 3]},
        {"model.widths": [(64,), (64, 64)]},
        {"ncut.num_clusters": [4, 12]},
        {"ncut.estimator": ["refined", "spectral"]},
    ],
    ids=lambda axes: next(iter(axes)),
)
def test_axes_that_change_the_graph_or_its_measurement_are_a_serious_caveat(make_sweep, sizing):
    (axis,) = sizing
    axes = {**sizing, "model.dropout": [0.0, 0.5], "training.epochs": [5, 10]}
    assert axes_off_scale(summarise_conditions(make_sweep(axes=axes))) == (axis,)
    assert caveats_of(make_sweep(axes=axes))[NOT_ON_ONE_SCALE].serious


def test_axes_that_leave_the_graph_as_it_is_are_on_one_scale(make_sweep):
    axes = {
        "model.dropout": [0.0, 0.5],
        "model.initialisation": ["glorot", "clusterable"],
        "dataset.name": ["a", "b"],
    }
    assert NOT_ON_ONE_SCALE not in caveats_of(make_sweep(axes=axes))


def test_sizes_that_earlier_versions_did_not_record_may_differ_along_any_axis_of_the_network(make_sweep):
    axes = {"dataset.variant": ["plain", "halves"], "model.dropout": [0.0, 0.5], "training.epochs": [5, 10]}
    sweep = make_sweep(axes=axes)
    del sweep.trials["num_units"]
    assert axes_off_scale(summarise_conditions(sweep)) == ("dataset.variant", "model.dropout")


def test_sizes_that_differ_along_no_axis_alone_may_differ_along_any(make_sweep):
    sweep = make_sweep(
        axes={"model.depth": [2, 3], "model.width_factor": [1.0, 2.0], "training.epochs": [5, 6]}
    )
    drawn = sweep.trials["condition_id"].isin(["c0000", "c0007"])  # as a random search may
    some = make_sweep(trials=sweep.trials[drawn], axes={})
    some = replace(some, axes=sweep.axes, control=None)
    assert axes_off_scale(summarise_conditions(some)) == ("model.depth", "model.width_factor")


def test_disconnected_networks_are_named(make_sweep):
    sweep = make_sweep()
    assert "Networks that fall into separate pieces" not in caveats_of(sweep)
    sweep.trials.loc[[3, 4], "num_components"] = [2, 5]
    text = caveats_of(sweep)["Networks that fall into separate pieces"].text
    assert "2 of 36 networks" in text
    assert "at most 5" in text


def test_serious_caveats_come_first_and_optimism_is_always_told(make_sweep):
    caveats = list(caveats_of(make_sweep(seeds=[0], num_shuffles=9)).values())
    seriousness = [caveat.serious for caveat in caveats]
    assert seriousness == sorted(seriousness, reverse=True)
    assert any("fresh seeds" in caveat.text for caveat in caveats)
