"""Is a network's n-cut lower than that of shuffled networks?"""

from concurrent.futures import ThreadPoolExecutor

import numpy as np
from threadpoolctl import threadpool_limits

from clusterability import seeds
from clusterability.errors import GraphError, unknown_name
from clusterability.graph import WeightGraph
from clusterability.ncut.adjacency import fill, graph_layout
from clusterability.ncut.measure import check_request, estimate_ncut
from clusterability.ncut.normalised import NormalisedAdjacency
from clusterability.nulls.shuffles import SHUFFLES
from clusterability.record import NullTest


def null_test(
    graph: WeightGraph,
    null: str = "layer",
    num_shuffles: int = 50,
    num_clusters: int = 12,
    estimator: str = "spectral",
    seed: int = 0,
    num_workers: int = 1,
) -> NullTest:
    """Compare a graph's n-cut with that of `num_shuffles` null networks through the identical pipeline.

    p = (1 + #{null <= observed}) / (1 + m) (Phipson & Smyth 2010), so the smallest is 1 / (1 + m) and ties
    count against the claim; z = (observed - mean) / sd. Each shuffle has its own random stream: the values do
    not depend on `num_workers` threads. Raises GraphError for unknown names and impossible numbers.
    """
    check_request(graph, num_clusters, estimator)
    if null not in SHUFFLES:
        raise GraphError(unknown_name("null", null, SHUFFLES))
    if num_shuffles < 1:
        raise GraphError(f"num_shuffles: got {num_shuffles}, allowed: 1 or more")
    layout = graph_layout(graph)
    flat = fill(layout, [block.matrix for block in graph.blocks])

    def null_value(index: int) -> float:
        rng = seeds.generator(seed, "shuffle", index)
        adjacency = NormalisedAdjacency(layout=layout, flat=SHUFFLES[null](layout, flat, rng))
        return estimate_ncut(adjacency, num_clusters, estimator, rng)

    # Workers are threads, for the time goes to code without the interpreter's lock. Each has one BLAS thread:
    # no more threads than cores, and the same sums in the same order whatever the number of workers.
    with threadpool_limits(1, "blas"), ThreadPoolExecutor(num_workers) as pool:
        adjacency = NormalisedAdjacency(layout=layout, flat=flat)
        observed = estimate_ncut(adjacency, num_clusters, estimator, seeds.generator(seed, "partition"))
        null_values = np.array(list(pool.map(null_value, range(num_shuffles))))
    return summarise(null, observed, null_values)


def summarise(null: str, observed: float, null_values: np.ndarray) -> NullTest:
    """Return p and z of an observed n-cut among null values, shape (m,)."""
    deviation = float(np.std(null_values, ddof=1)) if len(null_values) > 1 else 0.0
    return NullTest(
        null=null,
        observed=observed,
        null_values=null_values,
        p_value=float((1 + np.count_nonzero(null_values <= observed)) / (1 + len(null_values))),
        z_score=(observed - float(null_values.mean())) / deviation if deviation > 0 else None,
        status="ok" if deviation > 0 else "z undefined: the null values do not vary; take more shuffles",
    )
