import numpy as np
from hypothesis import assume, given
from hypothesis import strategies as st
from scipy.sparse.csgraph import connected_components

from clusterability import WeightGraph
from clusterability.graph import Block


@given(
    widths=st.tuples(*[st.integers(1, 90)] * 4),
    skip=st.booleans(),
    edges_per_unit=st.floats(0.1, 3),
    seed=st.integers(0, 2**32 - 1),
)
def test_components_are_those_that_scipy_counts(widths, skip, edges_per_unit, seed):
    rng = np.random.default_rng(seed)
    blocks = []
    for source, target in [(0, 1), (1, 2), (2, 3), *([(0, 2)] if skip else [])]:
        shape = (widths[source], widths[target])
        matrix = 1.0 * (rng.random(shape) < edges_per_unit / max(shape))
        blocks.append(Block(source=source, target=target, matrix=matrix))
    assume(any(block.matrix.any() for block in blocks))
    graph = WeightGraph.from_blocks(blocks, widths)
    assert graph.num_components == connected_components(graph.adjacency(), directed=False)[0]
