import numpy as np
import pytest

from clusterability import WeightGraph
from clusterability.ncut import prepare
from clusterability.ncut.normalised import NormalisedAdjacency
from clusterability.ncut.partition import cluster_volumes, ncut_value, weights_within
from clusterability.nulls.ties import count_hits, z_score


def test_what_differs_by_rounding_is_a_tie_and_counts_against_the_claim():
    rounding = np.array([0.0, 3e-16, -2e-16, 1e-12, 4e-9])
    assert count_hits(rounding, 1e-15, 12) == 5
    assert count_hits(rounding, 1e-15, 1) == 4
    assert count_hits(rounding + 1e-6, 0.0, 12) == 0


def test_hits_are_counted_on_the_side_of_the_statistic():
    values = np.array([1.0, 2.0, 3.0])
    assert count_hits(values, 2.0, 1, "min") == 2
    assert count_hits(values, 2.5, 1, "min") == 2
    assert count_hits(values, 2.5, 1, "max") == 1


def test_networks_that_all_fall_apart_have_no_z():
    assert z_score(np.array([0.0, 3e-16, -2e-16]), -1e-15, 12) is None
    assert z_score(np.array([1.0]), 0.5, 12) is None


def test_z_is_in_units_of_the_sample_deviation():
    values = np.array([1.0, 2.0, 3.0, 4.0])
    assert z_score(values, 0.0, 12) == pytest.approx(-2.5 / np.std(values, ddof=1))


def test_an_ncut_lies_between_0_and_k():
    volumes = np.array([3.0, 5.0])
    assert ncut_value(volumes * (1 + 1e-15), volumes) == 0
    assert ncut_value(np.array([1.5, 2.0]), volumes) == pytest.approx(0.5 + 0.6)
    assert ncut_value(np.array([-1e-16, 0.0]), volumes) == 2


def test_the_ncut_of_components_is_zero_but_for_double_rounding():
    """Sums in single precision would leave 1e-7, more than a tie may differ by."""
    rng = np.random.default_rng(0)
    matrices = [np.kron(np.eye(4), rng.random((50, 50))) for _ in range(2)]
    graph = WeightGraph.from_matrices(matrices)
    prepared = prepare(graph)
    layout, flat = prepared.layout, prepared.flat
    labels = np.tile(np.repeat(np.arange(4), 50), 3).astype(np.int32)
    within = weights_within(flat, layout.halves, layout.forward, labels, 4)
    volumes = cluster_volumes(NormalisedAdjacency(layout=layout, flat=flat).degrees, labels, 4)
    assert np.abs(1 - within / volumes).max() < 1e-12
    assert count_hits(np.zeros(1), ncut_value(within, volumes), 4) == 1
