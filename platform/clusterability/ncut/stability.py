"""Does another seed find the same partition?"""

import numpy as np

from clusterability import seeds
from clusterability.errors import GraphError
from clusterability.graph import WeightGraph
from clusterability.ncut.measure import check_request
from clusterability.ncut.modularity import ModularityResult, measure_modularity
from clusterability.ncut.prepared import Prepared, prepared_of
from clusterability.ncut.result import Partition

OTHER_SEEDS = 2
"""Further searches: few, since each costs as much as the one whose partition is judged."""


def measure_stability(
    graph: WeightGraph | Prepared,
    result: Partition | ModularityResult,
    num_seeds: int = OTHER_SEEDS,
    seed: int = 0,
) -> float:
    """Return the mean adjusted Rand index of a partition with those that other seeds find.

    1 where all are the same, about 0 where they agree as much as random partitions do (Hubert & Arabie
    1985). The other searches are those of the result: its estimator and k, or, where the k of highest layered
    modularity was looked for, that again.

    Args:
        graph: what the result was measured of.
        result: of `measure_ncut` or `measure_modularity`.
        num_seeds: other seeds, each a search of its own.
        seed: what the other seeds are drawn from.

    Raises:
        GraphError: no other seed, or a result of another graph.
    """
    prepared = prepared_of(graph)
    if num_seeds < 1:
        raise GraphError(f"num_seeds: got {num_seeds}, allowed: 1 or more")
    if len(result.labels) != prepared.graph.num_nodes:
        raise GraphError(
            f"result: got labels of {len(result.labels)} nodes, "
            f"allowed: {prepared.graph.num_nodes}, the graph's nodes"
        )
    from sklearn.metrics import adjusted_rand_score  # a second to import

    others = [seeds.integer_seed(seed, "stability", index) for index in range(num_seeds)]
    return float(
        np.mean([adjusted_rand_score(result.labels, _labels(prepared, result, other)) for other in others])
    )


def _labels(prepared: Prepared, result: Partition | ModularityResult, seed: int) -> np.ndarray:
    if isinstance(result, Partition):
        check_request(prepared, result.num_clusters, result.estimator)
        return prepared.partition(result.num_clusters, result.estimator, seed).labels
    k = None if len(result.numbers) > 1 else result.num_clusters
    return measure_modularity(prepared, k, seed).labels
