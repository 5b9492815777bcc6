from pathlib import Path

import numpy as np
import pytest

from clusterability.spaces import load_space
from clusterability.sweep.proposer import Outcome, make_proposer

SHIPPED = Path(__file__).parents[3] / "search_spaces"
METHODS = ("grid", "random", "tpe", "nsga2", "gp")


def small_space(method: str, seed: int = 0):
    overrides = [
        f"search.method={method}",
        "search.num_trials=24",
        f"search.seed={seed}",
        "axes.penalties.l1.weight=[0, 1e-4, 1e-3]",
        "axes.model.widths=[[8], [8, 8]]",
    ]
    return load_space("smoke", overrides, folder=SHIPPED)


def outcome(accuracy, ncut):
    return Outcome(values=(accuracy, ncut), accuracy=accuracy)


def drain(proposer, score=lambda assignment: outcome(0.5, 1.0)):
    proposed = []
    while (assignment := proposer.propose()) is not None:
        proposed.append(assignment)
        proposer.observe(assignment, score(assignment))
    return proposed


@pytest.mark.parametrize("method", METHODS)
def test_a_finite_space_is_covered_once_control_first(method):
    space = small_space(method)
    proposed = drain(make_proposer(space, 0))
    assert proposed[0] == space.first_condition
    assert sorted(map(str, proposed)) == sorted(map(str, space.grid()))


@pytest.mark.parametrize("method", METHODS)
def test_what_was_observed_before_is_not_proposed_again(method):
    space = small_space(method)
    proposer = make_proposer(space, 5)
    for assignment in space.grid()[:5]:
        proposer.observe(assignment, outcome(0.9, 2.0))
    assert sorted(map(str, drain(proposer))) == sorted(map(str, space.grid()[5:]))


@pytest.mark.parametrize("method", METHODS)
def test_no_condition_is_proposed_twice_while_its_result_is_awaited(method):
    space = small_space(method)
    proposer = make_proposer(space, 0)
    for assignment in space.grid()[:6]:
        proposer.observe(
            assignment, outcome(0.9, 2.0)
        )  # leaves TPE with little but known conditions to suggest
    proposed = [proposer.propose() for _ in range(6)]
    assert len({str(item) for item in proposed}) == 6


@pytest.mark.parametrize("method", METHODS)
def test_the_seed_determines_the_order(method):
    first, again = (drain(make_proposer(small_space(method), 0)) for _ in range(2))
    assert first == again


def test_failed_conditions_do_not_stop_the_search():
    space = small_space("tpe")
    assert len(drain(make_proposer(space, 0), score=lambda assignment: None)) == space.num_conditions


def test_tpe_concentrates_where_the_objectives_are_good():
    overrides = [
        "search.method=tpe",
        "search.num_trials=80",
        "seeds=[0]",
        "axes.penalties.l1.weight={low: 0.0, high: 1.0}",
    ]
    space = load_space("smoke", [*overrides, "penalties.clusterability.weight=0"], folder=SHIPPED)
    proposer = make_proposer(space, 0)
    drawn = []
    for _ in range(60):
        assignment = proposer.propose()
        distance = abs(assignment["penalties.l1.weight"] - 0.3)
        drawn.append(distance)
        proposer.observe(assignment, outcome(1 - distance, distance))
    assert np.median(drawn[30:]) < 0.5 * np.median(drawn[1:10])


def conditional_space(method: str):
    overrides = [
        f"search.method={method}",
        "search.num_trials=24",
        "axes.model.dropout={values: [0.1, 0.2, 0.3], when: {penalties.l1.weight: 0}}",
    ]
    # The axis named by `when` comes first: clusterability_weight, l1_weight, then dropout.
    return load_space("smoke", ["axes.penalties.l1.weight=[0, 1e-3]", *overrides], folder=SHIPPED)


@pytest.mark.parametrize("method", METHODS)
def test_an_axis_is_varied_only_where_its_condition_holds(method):
    proposed = drain(make_proposer(conditional_space(method), 0))
    dropouts = {
        l1: {item["model.dropout"] for item in proposed if item["penalties.l1.weight"] == l1}
        for l1 in (0, 1e-3)
    }
    assert dropouts == {0: {0.1, 0.2, 0.3}, 1e-3: {0.0}}
    assert len(proposed) == 2 * (3 + 1)


@pytest.mark.parametrize("method", METHODS)
def test_start_points_follow_the_control(method):
    overrides = [f"search.method={method}", "search.num_trials=20", "axes.model.dropout=[0, 0.1, 0.2]"]
    space = load_space("smoke", [*overrides, "start_points=[{model.dropout: 0.2}]"], folder=SHIPPED)
    proposer = make_proposer(space, 0)
    first = [proposer.propose() for _ in range(2)]
    assert [item["model.dropout"] for item in first] == [0.0, 0.2]


def test_an_accuracy_floor_keeps_tpe_from_infeasible_conditions():
    def share_below(floor: str) -> float:
        overrides = [
            "search.method=tpe",
            "search.num_trials=80",
            "seeds=[0]",
            f"search.accuracy_floor={floor}",
        ]
        axes = ["penalties.clusterability.weight=0", "axes.penalties.l1.weight={low: 0.0, high: 1.0}"]
        proposer = make_proposer(load_space("smoke", [*overrides, *axes], folder=SHIPPED), 0)
        drawn = []
        for _ in range(60):
            assignment = proposer.propose()
            weight = assignment["penalties.l1.weight"]
            drawn.append(weight)
            proposer.observe(assignment, outcome(1 - weight, 1 - weight))  # every weight is Pareto-optimal
        return float(np.mean([weight > 0.5 for weight in drawn[20:]]))

    assert share_below("0.5") < 0.5 * share_below("null")
