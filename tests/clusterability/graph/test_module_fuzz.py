"""Random modules: every block is what perturbing one unit at a time shows, or the module is refused."""

from collections import Counter

import numpy as np
import pytest
from hypothesis import HealthCheck, Phase, given, settings

from clusterability import WeightGraph
from clusterability.errors import GraphError

from .perturbation import Layer, blocks_by_perturbation, input_readings, layers_of
from .random_lines import programs
from .random_modules import Program

TOLERANCE = {"rtol": 1e-4, "atol": 1e-6}
PHASES = (Phase.explicit, Phase.reuse, Phase.generate, Phase.shrink)


def outcome(program: Program) -> str | None:
    """Return the refusal, or None for a module that is read exactly; fail on a wrong graph."""
    try:
        graph = WeightGraph.from_module(program.module(), program.example(), kept_layers="all")
    except GraphError as error:
        refusal = str(error)
    else:
        refusal = None
    if refusal is not None:
        assert refusal.isprintable(), f"the refusal is not one line: {refusal}"
        return refusal
    failures = []
    for place, axis in input_readings(program):
        try:
            assert_exact(graph, program, layers_of(program, place, axis))
            return None
        except AssertionError as failure:
            failures.append(failure)
    raise max(failures, key=lambda failure: "shapes" not in str(failure))


def assert_exact(graph: WeightGraph, program: Program, layers: list[Layer]) -> None:
    number_of = layers_by_name(graph, layers)
    expected, at_once = blocks_by_perturbation(program, layers)
    found = {}
    for block in graph.blocks:
        ends = number_of[block.source], number_of[block.target]
        whole = np.zeros((graph.full_widths[block.source], graph.full_widths[block.target]))
        whole[np.ix_(graph.kept[block.source], graph.kept[block.target])] = np.abs(block.matrix)
        found[ends] = found.get(ends, 0) + whole
    for source, target in expected | found:
        between = f"from {layers[source].names} to {layers[target].names}"
        assert (source, target) in expected, f"block {between}: nothing flows there"
        assert (source, target) in found, f"block {between}: missing"
        block = found[source, target]
        if (source, target) in at_once and are_close(block, at_once[source, target]):
            continue
        assert block.shape == expected[source, target].shape, f"block {between}: shapes"
        np.testing.assert_allclose(block, expected[source, target], **TOLERANCE, err_msg=f"block {between}")


def are_close(one: np.ndarray, other: np.ndarray) -> bool:
    return one.shape == other.shape and np.allclose(one, other, **TOLERANCE)


def layers_by_name(graph: WeightGraph, layers: list[Layer]) -> list[int]:
    """Return for each layer of the graph its number in `layers`; sums and functions are taken in order."""
    named = {name: number for number, layer in enumerate(layers) for name in layer.names}
    numbers = [named.get(name) for name in graph.layer_names]
    others = iter([number for number in range(len(layers)) if number not in numbers])
    numbers = [next(others, None) if number is None else number for number in numbers]
    names = [layer.names for layer in layers]
    assert None not in numbers, f"got the layers {graph.layer_names}, allowed: {names}"
    assert sorted(numbers) == list(range(len(layers))), f"got the layers {graph.layer_names}, ran: {names}"
    return numbers


@settings(max_examples=25, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))
@given(program=programs())
def test_a_random_module_is_read_exactly_or_refused(program):
    outcome(program)


@pytest.mark.slow
def test_a_thousand_random_modules_are_read_exactly_or_refused_many_of_each():
    outcomes = Counter()

    @settings(max_examples=1000, deadline=None, phases=PHASES, suppress_health_check=list(HealthCheck))
    @given(program=programs())
    def read(program):
        refusal = outcome(program)
        outcomes["refused" if refusal else f"{min(len(layers_of(program, 0, 1)) - 1, 3)} layers"] += 1

    read()
    total = sum(outcomes.values())
    assert 0.5 < 1 - outcomes["refused"] / total < 0.85, outcomes
    assert outcomes["3 layers"] > 0.15 * total, outcomes
