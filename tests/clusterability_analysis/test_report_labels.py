import math

import pytest

from clusterability_analysis import labels


@pytest.mark.parametrize(
    ("value", "written"),
    [
        (5e-05, "5e-5"), (64.0, "64"), (0.0, "0"), (0.25, "0.25"), (0.7498942, "0.75"), (1e-10, "1e-10"),
        (60000, "60000"), (2.5e7, "2.5e7"), ("[64, 64]", "[64, 64]"), (True, "True"), (math.nan, "–"),
        (None, "–"),
    ],
)  # fmt: skip
def test_values_are_written_short(value, written):
    assert labels.format_value(value) == written


@pytest.mark.parametrize(
    ("value", "written"),
    [(0.0196, "0.020"), (2.4e-5, "2e-5"), (1.0, "1.000"), (1e-12, "1e-12"), (math.nan, "–")],
)
def test_probabilities_are_written_short(value, written):
    assert labels.format_probability(value) == written


@pytest.mark.parametrize(
    ("seconds", "written"),
    [
        (2.25, "2.2 s"),
        (59.97, "60.0 s"),
        (61, "1 min 1 s"),
        (1830, "30 min"),
        (7260, "2 h 1 min"),
        (math.nan, "–"),
    ],
)
def test_durations_are_written_short(seconds, written):
    assert labels.format_seconds(seconds) == written


def test_spread_is_left_out_for_a_single_replicate():
    assert labels.format_spread(9.2, 0.05, 2) == "9.20 ± 0.05"
    assert labels.format_spread(-9.2, math.nan, 2) == "−9.20"


def test_axes_that_would_share_a_name_keep_their_dotted_one():
    assert labels.axis_names(["model.size", "dataset.size", "training.l1_weight"]) == {
        "model.size": "model.size", "dataset.size": "dataset.size", "training.l1_weight": "L1",
    }  # fmt: skip


def test_label_leaves_out_regularisers_that_are_off():
    names = labels.axis_names(["model.dropout", "training.l1_weight", "training.epochs"])
    values = {"model.dropout": 0.0, "training.l1_weight": 5e-5, "training.epochs": 0}
    assert labels.condition_label(values, names) == "L1 5e-5, epochs 0"


@pytest.mark.parametrize(("count", "most"), [(0, 5), (3, 5), (5, 5), (6, 5), (324, 20)])
def test_even_choice_keeps_both_ends(count, most):
    chosen = labels.evenly_spread(count, most)
    assert len(chosen) == min(count, most)
    assert len(set(chosen)) == len(chosen)
    assert not chosen or (chosen[0], chosen[-1]) == (0, count - 1)


@pytest.mark.parametrize(
    ("values", "label"),
    [
        ((0.0, 3, "weights", False), "no regulariser"),
        ((0.0, 3, "weights", True), "rescale units"),
        ((0.1, 3, "weights", "False"), "clusterability 0.1, eigenvalues 3, edges weights"),
        ((1.0, 11, "weights", "True"), "clusterability 1, eigenvalues 11, edges weights, rescale units"),
    ],
)
def test_what_is_off_is_left_out_of_a_label(values, label):
    axes = ["clusterability_weight", "clusterability_eigenvalues", "clusterability_edges", "rescale_units"]
    axes = [f"training.{axis}" for axis in axes]
    assert labels.condition_label(dict(zip(axes, values, strict=True)), labels.axis_names(axes)) == label


def test_a_sweep_over_a_switch_alone_names_both_its_values():
    axis = "training.rescale_units"
    names = labels.axis_names([axis])
    assert [labels.condition_label({axis: on}, names) for on in (False, True)] == [
        "rescale units False",
        "rescale units",
    ]
