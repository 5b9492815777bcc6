"""Every way to the top eigenpairs, against numpy's dense decomposition of the matrix by its definition."""

from itertools import pairwise

import numpy as np
import pytest
from scipy.linalg import LinAlgError
from scipy.sparse.linalg import ArpackNoConvergence

from clusterability import WeightGraph, measure_ncut
from clusterability.errors import GraphError
from clusterability.graph import Block
from clusterability.ncut import eigen
from clusterability.ncut.adjacency import fill, graph_layout
from clusterability.ncut.normalised import NormalisedAdjacency

COUNT = 6


def chain(*widths, seed=0):
    rng = np.random.default_rng(seed)
    return WeightGraph.from_matrices([rng.standard_normal(pair) for pair in pairwise(widths)])


def with_odd_cycle():
    rng = np.random.default_rng(0)
    widths, pairs = (100, 80, 90), [(0, 1), (1, 2), (0, 2)]
    blocks = [
        Block(source=one, target=two, matrix=rng.standard_normal((widths[one], widths[two])))
        for one, two in pairs
    ]
    return WeightGraph.from_blocks(blocks, widths)


def normalised(graph):
    layout = graph_layout(graph)
    flat = fill(layout, [block.matrix for block in graph.blocks])
    return NormalisedAdjacency(layout=layout, flat=flat, dtype=np.float64)


def by_definition(graph):
    adjacency = graph.adjacency().toarray()
    scale = 1 / np.sqrt(adjacency.sum(axis=1))
    values, vectors = np.linalg.eigh(adjacency * scale[:, None] * scale)
    return values[::-1], vectors[:, ::-1]


@pytest.mark.parametrize(
    "graph",
    [
        pytest.param(chain(30, 20, 10), id="small: dense"),
        pytest.param(chain(150, 90, 60, 40), id="chain: Gram matrix"),
        pytest.param(chain(150, 90, 60, 40, seed=5), id="chain: Gram matrix, other weights"),
        pytest.param(with_odd_cycle(), id="odd cycles: Lanczos"),
        pytest.param(chain(300, 4, 300), id="rank below the count: Lanczos"),
    ],
)
def test_values_and_vectors_are_those_of_the_dense_matrix(graph):
    values, vectors = eigen.top_eigenpairs(normalised(graph), COUNT)
    exact, exact_vectors = by_definition(graph)
    np.testing.assert_allclose(values, exact[:COUNT], atol=1e-6)
    np.testing.assert_allclose(vectors.T @ vectors, np.eye(COUNT), atol=1e-6)
    separate = exact[:COUNT] - exact[1 : COUNT + 1] > 1e-4  # vectors of equal values are any of their span
    separate[1:] &= exact[: COUNT - 1] - exact[1:COUNT] > 1e-4
    overlaps = np.abs(np.sum(vectors * exact_vectors[:, :COUNT], axis=0))
    np.testing.assert_allclose(overlaps[separate], 1, atol=1e-5)


def test_lanczos_that_does_not_converge_falls_back_to_the_dense_decomposition(monkeypatch):
    def never(*arguments, **options):
        raise ArpackNoConvergence("no convergence after 1 iteration", np.empty(0), np.empty((0, 0)))

    graph = with_odd_cycle()
    expected = measure_ncut(graph, COUNT)
    monkeypatch.setattr(eigen, "eigsh", never)
    fallen_back = measure_ncut(graph, COUNT)
    assert fallen_back.lower_bound == pytest.approx(expected.lower_bound, abs=1e-6)
    assert fallen_back.value == pytest.approx(expected.value, abs=0.05)

    monkeypatch.setattr(eigen, "FALLBACK_NODES", 100)
    with pytest.raises(GraphError, match="did not converge on 270 nodes"):
        measure_ncut(graph, COUNT)


def test_a_failed_dense_decomposition_is_a_graph_error(monkeypatch):
    def never(*arguments, **options):
        raise LinAlgError("the leading minor is not finite")

    monkeypatch.setattr(eigen, "eigh", never)
    for graph in (chain(30, 20, 10), chain(150, 90, 60, 40)):
        with pytest.raises(GraphError, match="the eigensolver failed on"):
            measure_ncut(graph, COUNT, "spectral")
