"""Tests outside the regime where their size is known say so in their status."""

from itertools import pairwise

import numpy as np
import pytest

from clusterability import WeightGraph, null_test

WIDTHS = (40, 30, 30, 20)


def graph(seed: int, tail: float = 0.0, strengths: float = 0.0) -> WeightGraph:
    """Return half-normal weights, or log-normal ones of sigma `tail`, times units' factors of that sigma."""
    rng = np.random.default_rng(seed)
    factors = [np.exp(strengths * rng.standard_normal(width)) for width in WIDTHS]
    matrices = []
    for layer, pair in enumerate(pairwise(WIDTHS)):
        normal = rng.standard_normal(pair)
        weights = np.exp(tail * normal) if tail else np.abs(normal)
        matrices.append(weights * np.outer(factors[layer], factors[layer + 1]))
    return WeightGraph.from_matrices(matrices)


def status(measured: WeightGraph, null: str, statistic: str = "ncut") -> str:
    return null_test(measured, null, num_shuffles=2, num_clusters=3, statistic=statistic).status


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("strengths", [0.0, 0.7])
def test_light_tails_leave_nothing_to_say(seed, strengths):
    measured = graph(seed, strengths=strengths)
    assert status(measured, "residual") == "ok"
    assert status(measured, "unit_factors", "layered_modularity") == "ok"
    assert status(measured, "layer") == "ok"


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("tail", [0.75, 1.5])
def test_heavy_tails_are_undecided_where_strengths_are_divided_out(seed, tail):
    for strengths in (0.0, 0.7):
        measured = graph(seed, tail, strengths)
        assert status(measured, "residual").startswith("undecided: with strengths divided out")
        found = status(measured, "unit_factors", "layered_modularity")
        assert found.startswith("undecided: units' strengths vary") == bool(strengths)
        assert strengths or found == "ok"


def test_what_never_has_a_size_says_so():
    assert "no stated size" in status(graph(0), "layer_degree")
    assert "size 0.08" in status(graph(0), "residual", "layered_modularity")


def test_the_limit_does_not_hide_what_else_limits_a_test():
    (found,) = {null_test(graph(0), "layer_degree", num_shuffles=1, num_clusters=3).status}
    assert "no stated size" in found
    assert "take more shuffles" in found
