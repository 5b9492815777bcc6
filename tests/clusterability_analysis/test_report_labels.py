import math

import pytest

from clusterability_analysis import labels


@pytest.mark.parametrize(
    ("value", "written"),
    [
        (5e-05, "5e-5"), (64.0, "64"), (0.0, "0"), (0.25, "0.25"), (0.7498942, "0.75"), (1e-10, "1e-10"),
        (60000, "60000"), (2.5e7, "2.5e7"), ((64, 64), "[64, 64]"), (True, "true"), ((), "[]"),
        (math.nan, "–"), (None, "–"),
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


def test_spread_is_left_out_for_a_single_replicate():
    assert labels.format_spread(9.2, 0.05, 2) == "9.20 ± 0.05"
    assert labels.format_spread(-9.2, math.nan, 2) == "−9.20"


def test_axes_that_would_share_a_name_keep_their_dotted_one():
    assert labels.axis_names(["model.size", "dataset.size", "penalties.l1.weight"]) == {
        "model.size": "model.size", "dataset.size": "dataset.size", "penalties.l1.weight": "L1",
    }  # fmt: skip


def test_axes_of_penalties_are_named_after_the_penalty():
    own = "penalties.my_lab.penalties:Orthogonality"
    assert labels.axis_names([f"{own}.weight", f"{own}.scale", "penalties.intra_cluster.weight"]) == {
        f"{own}.weight": "Orthogonality",
        f"{own}.scale": "scale",
        "penalties.intra_cluster.weight": "intra cluster",
    }


def label(values, control=None, settings=None):
    return labels.condition_label(values, labels.axis_names(values), control, settings or {})


@pytest.mark.parametrize(("count", "most"), [(0, 5), (3, 5), (5, 5), (6, 5), (324, 20)])
def test_even_choice_keeps_both_ends(count, most):
    chosen = labels.evenly_spread(count, most)
    assert len(chosen) == min(count, most)
    assert len(set(chosen)) == len(chosen)
    assert not chosen or (chosen[0], chosen[-1]) == (0, count - 1)


PENALTY = [
    "penalties.clusterability.weight",
    "penalties.clusterability.eigenvalues",
    "penalties.clusterability.edges",
    "training.rescale_units",
]


@pytest.mark.parametrize("control", [None, (0.0, 3, "weights", False)])
@pytest.mark.parametrize(
    ("values", "written"),
    [
        ((0.0, 3, "weights", True), "rescale units"),
        ((0.0, 11, "contribution", True), "rescale units"),
        ((0.1, 11, "contribution", False), "clusterability 0.1, eigenvalues 11, edges contribution"),
    ],
)
def test_what_is_off_is_left_out_of_a_label(values, written, control):
    own = control and dict(zip(PENALTY, control, strict=True))
    assert label(dict(zip(PENALTY, values, strict=True)), own) == written


def test_a_label_says_what_sets_a_condition_apart_from_the_control():
    own = {"penalties.l1.weight": 5e-5, "training.rescale_units": True, "training.epochs": 20}
    assert label(own, own) == "control"
    assert label({**own, "penalties.l1.weight": 0.0}, own) == "L1 0"
    assert label({**own, "training.rescale_units": False}, own) == "rescale units false"
    assert label({**own, "training.epochs": 5}, own) == "epochs 5"


def test_settings_of_a_penalty_that_is_off_by_the_fixed_fields_are_left_out():
    values = {"penalties.locality.spacing": 0.2, "training.epochs": 5}
    assert label(values, settings={"penalties.locality.weight": 0.0}) == "epochs 5"
    assert label(values, settings={"penalties.locality.weight": 0.1}) == "spacing 0.2, epochs 5"


def test_a_label_is_never_empty():
    assert label({"penalties.l1.weight": 0.0, "training.rescale_units": False}) == "L1 0, rescale units false"
    own = {"penalties.locality.weight": 0.0, "penalties.locality.spacing": 0.1}
    assert label({**own, "penalties.locality.spacing": 0.2}, own) == "spacing 0.2"


def test_a_sweep_over_a_switch_alone_names_both_its_values():
    written = [label({"training.rescale_units": on}) for on in (False, True)]
    assert written == ["rescale units false", "rescale units"]
