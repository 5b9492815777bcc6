"""What is expensive is computed once for a graph, whatever is asked of it."""

from itertools import pairwise

import numpy as np
import pytest

from clusterability import WeightGraph, measure_ncut, null_test
from clusterability.errors import ConfigError, GraphError
from clusterability.graph import Block
from clusterability.ncut import measure_ncuts, prepare, prepared
from clusterability.ncut.measure import estimate_ncut


def chain():
    rng = np.random.default_rng(0)
    return WeightGraph.from_matrices([rng.standard_normal(pair) for pair in pairwise([90, 60, 60, 40])])


def with_odd_cycle():
    rng = np.random.default_rng(0)
    widths, pairs = (100, 80, 90), [(0, 1), (1, 2), (0, 2)]
    blocks = [
        Block(source=one, target=two, matrix=rng.standard_normal((widths[one], widths[two])))
        for one, two in pairs
    ]
    return WeightGraph.from_blocks(blocks, widths)


@pytest.fixture
def calls(monkeypatch):
    """Count what is computed for observed graphs; null networks have a way of their own."""
    counted = dict.fromkeys(("top_eigenpairs", "graph_layout", "fill", "find_labels"), 0)

    def counting(name, function):
        def counts(*arguments):
            counted[name] += 1
            return function(*arguments)

        return counts

    for name in counted:
        monkeypatch.setattr(prepared, name, counting(name, getattr(prepared, name)))
    return counted


@pytest.mark.parametrize("graph", [chain(), with_odd_cycle()], ids=["chain", "odd cycle"])
def test_two_estimators_and_a_null_test_share_layout_and_eigendecomposition(graph, calls):
    ready = prepare(graph)
    results = {name: measure_ncut(ready, 6, name) for name in ("spectral", "refined")}
    test = null_test(ready, num_shuffles=2, num_clusters=6)
    assert calls == {"top_eigenpairs": 1, "graph_layout": 1, "fill": 1, "find_labels": 2}
    assert test.observed == results["refined"].value
    assert test.observed == null_test(graph, num_shuffles=2, num_clusters=6).observed


def test_the_search_of_a_null_network_that_is_a_chain_needs_no_eigendecomposition(calls):
    ready = prepare(chain())
    value = estimate_ncut(ready.adjacency, 6, "refined", np.random.default_rng(0), ready.eigenvectors)
    assert value == pytest.approx(measure_ncut(chain(), 6).value, abs=0.05)
    assert calls["top_eigenpairs"] == 1  # of measure_ncut, for its bound


def test_many_numbers_of_clusters_share_one_decomposition(calls):
    results = measure_ncuts(prepare(chain()), range(2, 9), "spectral")
    assert [len(result.eigenvalues) for result in results] == list(range(3, 10))
    assert calls["top_eigenpairs"] == 1


def test_another_seed_or_number_of_clusters_is_another_partition():
    ready = prepare(chain())
    assert ready.partition(6, "refined", 0) is ready.partition(6, "refined", 0)
    assert not np.array_equal(
        ready.partition(6, "refined", 1).labels, ready.partition(6, "refined", 0).labels
    )
    assert ready.partition(5, "refined", 0).labels.max() == 4


OWN = """
import numpy as np

def by_place(adjacency, num_clusters, rng, eigenvectors):
    return np.arange(adjacency.layout.num_nodes) % num_clusters

def one_cluster(adjacency, num_clusters, rng, eigenvectors):
    return np.zeros(adjacency.layout.num_nodes, dtype=int)

def floats(adjacency, num_clusters, rng, eigenvectors):
    return eigenvectors(1)[:, 0]
"""


@pytest.fixture
def own(tmp_path, monkeypatch):
    """Return the name of a module with estimators of one's own, in the current folder."""
    (tmp_path / "own_estimators.py").write_text(OWN)
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(tmp_path)
    return "own_estimators"


def test_an_estimator_of_ones_own_is_measured_and_tested(own):
    result = measure_ncut(chain(), 4, f"{own}:by_place")
    np.testing.assert_array_equal(result.labels, np.arange(250) % 4)
    adjacency = chain().adjacency().toarray()
    member = np.eye(4)[result.labels]
    cut = np.diag(member.T @ adjacency @ (1 - member))
    assert result.value == pytest.approx(np.sum(cut / (member.T @ adjacency.sum(axis=1))), abs=1e-5)
    test = null_test(chain(), num_shuffles=3, num_clusters=4, estimator=f"{own}:by_place")
    assert test.observed == result.value
    assert len(set(test.null_values)) == 3


@pytest.mark.parametrize(
    ("name", "error", "message"),
    [
        ("one_cluster", GraphError, r"got clusters \[0\], allowed: each of 0 to 3"),
        ("floats", ConfigError, "got float64 labels of shape"),
    ],
)
def test_labels_that_are_no_partition_are_refused(own, name, error, message):
    with pytest.raises(error, match=rf"estimator '{own}:{name}' \(own_estimators.py\): {message}"):
        measure_ncut(chain(), 4, f"{own}:{name}")
