"""n-cut of a weight graph."""

from collections.abc import Iterable
from dataclasses import fields

import numpy as np

from clusterability.components import require_known
from clusterability.errors import GraphError
from clusterability.graph import WeightGraph
from clusterability.ncut.eigen import top_eigenpairs
from clusterability.ncut.normalised import Eigenvectors, NormalisedAdjacency
from clusterability.ncut.partition import partition_ncut
from clusterability.ncut.prepared import Prepared, find_labels, prepared_of
from clusterability.ncut.result import NcutResult, Partition


def measure_ncut(
    graph: WeightGraph | Prepared, num_clusters: int = 12, estimator: str = "refined", seed: int = 0
) -> NcutResult:
    """Partition a weight graph into k clusters and return the n-cut, sum_c cut(c) / vol(c).

    Between 0 and k; a structureless graph is near k - 1. Filan et al. 2021, section 2. A graph that is
    measured in several ways is best given as `prepare(graph)`.

    Raises:
        ConfigError: an unknown estimator.
        GraphError: a graph of fewer nodes than clusters.
    """
    check_request(graph, num_clusters, estimator)
    return _measured(prepared_of(graph), num_clusters, estimator, seed)


def measure_ncuts(
    graph: WeightGraph | Prepared,
    num_clusters: Iterable[int] = range(2, 17),
    estimator: str = "refined",
    seed: int = 0,
) -> tuple[NcutResult, ...]:
    """Return `measure_ncut` for each number of clusters, with one eigendecomposition for all of them.

    n-cuts of different k are not comparable as they are; n-cut / k is closer to being so.

    Raises:
        ConfigError: an unknown estimator.
        GraphError: no numbers, or one that the graph has too few nodes for.
    """
    numbers = tuple(num_clusters)
    if not numbers:
        raise GraphError("num_clusters: got no numbers, allowed: one or more")
    for number in numbers:
        check_request(graph, number, estimator)
    prepared = prepared_of(graph)
    prepared.eigenvalues(max(numbers))  # the largest first: one decomposition
    return tuple(_measured(prepared, k, estimator, seed) for k in numbers)


def estimate_ncut(
    adjacency: NormalisedAdjacency,
    num_clusters: int,
    estimator: str,
    rng: np.random.Generator,
    eigenvectors: Eigenvectors | None = None,
) -> float:
    """Return the n-cut of the estimator's partition, or its quick form's, and nothing else.

    What null tests need, of null networks and of the observed one.
    """
    require_connected(int(np.count_nonzero(adjacency.degrees)), num_clusters)

    def found(count: int) -> np.ndarray:
        return top_eigenpairs(adjacency, count)[1]

    known = eigenvectors or found
    labels = find_labels(adjacency, num_clusters, estimator, rng, known, is_quick=True)
    return partition_ncut(adjacency, labels, num_clusters)


def require_connected(num_connected: int, num_clusters: int) -> None:
    """Raise GraphError where a null network has too few connected units to be partitioned."""
    if num_connected < num_clusters:
        raise GraphError(
            f"num_clusters: got {num_clusters}, but a shuffled network has {num_connected} connected units"
        )


def check_request(graph: WeightGraph | Prepared, num_clusters: int, estimator: str) -> None:
    """Raise ConfigError or GraphError where this graph cannot be partitioned as asked."""
    require_known("estimator", estimator)
    num_nodes = (graph.graph if isinstance(graph, Prepared) else graph).num_nodes
    if not 2 <= num_clusters <= num_nodes:
        raise GraphError(
            f"num_clusters: got {num_clusters}, allowed: 2 to {num_nodes}, the graph's connected units"
        )


def _measured(prepared: Prepared, num_clusters: int, estimator: str, seed: int) -> NcutResult:
    partition = prepared.partition(num_clusters, estimator, seed)
    return NcutResult(
        **{field.name: getattr(partition, field.name) for field in fields(Partition)},
        eigenvalues=prepared.eigenvalues(num_clusters),
        lower_bound=prepared.lower_bound(num_clusters),
        num_components=prepared.num_components,
        num_isolated=prepared.graph.num_isolated,
        num_dangling=prepared.num_dangling,
        status=_status(prepared.num_components),
    )


def _status(num_components: int) -> str:
    if num_components == 1:
        return "ok"
    return (
        f"disconnected: {num_components} components; a cluster made of whole components adds 0 to the n-cut, "
        "so compare it with nulls that are as disconnected"
    )
