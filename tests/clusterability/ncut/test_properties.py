"""What holds for every graph, whatever its wiring, zeros and scale."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from clusterability import WeightGraph, measure_ncut, null_test
from clusterability.errors import GraphError
from clusterability.graph import Block


@st.composite
def graphs(draw):
    """Up to five layers in a chain, perhaps with a skip, of small widths, with zeros and any scale."""
    widths = draw(st.lists(st.integers(1, 8), min_size=2, max_size=5))
    pairs = [(layer, layer + 1) for layer in range(len(widths) - 1)]
    if len(widths) > 2 and draw(st.booleans()):
        pairs.append((0, 2))
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    decayed = draw(st.booleans())
    density, scale = draw(st.floats(0.1, 1)), 10.0 ** draw(st.integers(-6, 6))
    blocks = []
    for source, target in pairs:
        shape = (widths[source], widths[target])
        matrix = scale * rng.standard_normal(shape) ** 3 * (rng.random(shape) < density)
        if decayed:  # as L2 leaves the weights of units that nothing else moves
            matrix *= 10.0 ** -rng.choice([0, 5, 11, 20, 40], shape[0])[:, None]
        blocks.append(Block(source=source, target=target, matrix=matrix))
    assume(max(np.abs(block.matrix).max() for block in blocks) > 1e-14)
    return WeightGraph.from_blocks(blocks, widths)


def by_definition(graph, labels):
    adjacency = graph.adjacency().toarray()
    members = [labels == cluster for cluster in np.unique(labels)]
    return sum(adjacency[own][:, ~own].sum() / adjacency[own].sum() for own in members)


@settings(max_examples=150, deadline=None)
@given(graph=graphs(), k=st.integers(2, 6), estimator=st.sampled_from(["refined", "spectral"]))
def test_a_result_is_the_ncut_of_its_partition_into_k_clusters_and_within_its_bounds(graph, k, estimator):
    if graph.num_nodes < k:
        with pytest.raises(GraphError, match=f"num_clusters: got {k}, allowed: 2 to {graph.num_nodes}"):
            measure_ncut(graph, k, estimator)
        return
    result = measure_ncut(graph, k, estimator)
    assert set(result.labels) == set(range(k))
    assert result.value == pytest.approx(by_definition(graph, result.labels), abs=1e-5)
    assert result.lower_bound - 1e-5 <= result.value <= k + 1e-5
    assert 1 - 1e-9 <= result.effective_clusters <= k + 1e-9
    assert result.status.startswith("ok" if graph.num_components == 1 else "disconnected")


@settings(max_examples=60, deadline=None)
@given(graph=graphs(), exponent=st.integers(-8, 8), signs=st.integers(0, 2**32 - 1))
def test_powers_of_four_and_signs_change_nothing_at_all(graph, exponent, signs):
    assume(graph.num_nodes >= 3)
    rng = np.random.default_rng(signs)
    changed = [
        replace(block, matrix=block.matrix * 4.0**exponent * rng.choice([-1, 1], block.matrix.shape))
        for block in graph.blocks
    ]
    other = measure_ncut(WeightGraph.from_blocks(changed, graph.widths), 3)
    # Roots of degrees scale by powers of two then: every rounding is the same.
    assert other.value == pytest.approx(measure_ncut(graph, 3).value, abs=1e-9)


@settings(max_examples=30, deadline=None)
@given(graph=graphs(), null=st.sampled_from(["layer", "layer_nonzero", "layer_degree"]))
def test_p_is_between_its_smallest_value_and_one(graph, null):
    assume(graph.num_nodes >= 2)
    try:
        test = null_test(graph, null, num_shuffles=4, num_clusters=2)
    except GraphError as error:  # a shuffle may leave fewer connected units than clusters
        assert "connected unit" in str(error)  # noqa: PT017
        return
    assert 1 / 5 <= test.p_value <= 1
    assert np.all(test.null_values >= -1e-6)
    assert np.all(test.null_values <= 2 + 1e-6)
