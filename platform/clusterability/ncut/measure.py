"""n-cut of a weight graph."""

from collections.abc import Iterable

import numpy as np
from threadpoolctl import threadpool_limits

from clusterability import seeds
from clusterability.errors import GraphError, unknown_name
from clusterability.graph import WeightGraph
from clusterability.ncut.adjacency import laid_out
from clusterability.ncut.eigen import measured_precision, top_eigenpairs
from clusterability.ncut.estimators import PARTITIONERS, spectral_partition
from clusterability.ncut.normalised import NormalisedAdjacency
from clusterability.ncut.partition import (
    cluster_volumes,
    effective_clusters,
    modularity,
    ncut_value,
    partition_ncut,
    weights_within,
)
from clusterability.ncut.result import NcutResult


def measure_ncut(
    graph: WeightGraph, num_clusters: int = 12, estimator: str = "refined", seed: int = 0
) -> NcutResult:
    """Partition a weight graph into k clusters and return the n-cut, sum_c cut(c) / vol(c).

    Between 0 and k; a structureless graph is near k - 1. Raises GraphError for an unknown estimator and for a
    graph of fewer nodes than clusters. Filan et al. 2021, section 2.
    """
    check_request(graph, num_clusters, estimator)
    (result,) = _measure(graph, (num_clusters,), estimator, seed, reuse=False)
    return result


def measure_ncuts(
    graph: WeightGraph, num_clusters: Iterable[int] = range(2, 17), estimator: str = "refined", seed: int = 0
) -> tuple[NcutResult, ...]:
    """Return `measure_ncut` for each number of clusters, with one eigendecomposition for all of them.

    Differs in the `spectral` estimator only: its vectors are those of the shared decomposition in double
    precision, so its partition is the same within the noise of k-means. n-cuts of different k are not
    comparable as they are; n-cut / k is closer to being so. Raises GraphError as `measure_ncut` does.
    """
    numbers = tuple(num_clusters)
    if not numbers:
        raise GraphError("num_clusters: got no numbers, allowed: one or more")
    for number in numbers:
        check_request(graph, number, estimator)
    return _measure(graph, numbers, estimator, seed, reuse=True)


def _measure(
    graph: WeightGraph, numbers: tuple[int, ...], estimator: str, seed: int, *, reuse: bool
) -> tuple[NcutResult, ...]:
    layout, flat = laid_out(graph)
    adjacency = NormalisedAdjacency(layout=layout, flat=flat)
    measured = NormalisedAdjacency(layout=layout, flat=flat, dtype=measured_precision(layout))
    eigenvalues, vectors = top_eigenpairs(measured, min(max(numbers) + 1, graph.num_nodes))
    num_components = graph.num_components
    results = []
    for k in numbers:
        rng = seeds.generator(seed, "partition")
        with threadpool_limits(1, "blas"):  # the same sums in the same order anywhere, as in a null test
            if reuse and estimator == "spectral":
                labels = spectral_partition(adjacency, k, rng, vectors[:, :k])
            else:
                labels = PARTITIONERS[estimator](adjacency, k, rng)
        within = weights_within(flat, layout.halves, layout.forward, labels, k)
        volumes = cluster_volumes(adjacency.degrees, labels, k)
        results.append(
            NcutResult(
                value=ncut_value(within, volumes),
                num_clusters=k,
                estimator=estimator,
                labels=labels,
                cut=volumes - within,
                volume=volumes,
                modularity=modularity(within, volumes),
                effective_clusters=effective_clusters(volumes),
                eigenvalues=eigenvalues[: k + 1],
                lower_bound=float(k - eigenvalues[:k].sum()),
                num_components=num_components,
                num_isolated=graph.num_isolated,
                status=_status(num_components),
            )
        )
    return tuple(results)


def estimate_ncut(
    adjacency: NormalisedAdjacency, num_clusters: int, estimator: str, rng: np.random.Generator
) -> float:
    """Return the n-cut of the estimator's partition and nothing else: what a null network needs."""
    require_connected(int(np.count_nonzero(adjacency.degrees)), num_clusters)
    labels = PARTITIONERS[estimator](adjacency, num_clusters, rng)
    return partition_ncut(adjacency, labels, num_clusters)


def require_connected(num_connected: int, num_clusters: int) -> None:
    """Raise GraphError where a null network has too few connected units to be partitioned."""
    if num_connected < num_clusters:
        raise GraphError(
            f"num_clusters: got {num_clusters}, but a shuffled network has {num_connected} connected units"
        )


def check_request(graph: WeightGraph, num_clusters: int, estimator: str) -> None:
    """Raise GraphError where this graph cannot be partitioned as asked."""
    if estimator not in PARTITIONERS:
        raise GraphError(unknown_name("estimator", estimator, PARTITIONERS))
    if not 2 <= num_clusters <= graph.num_nodes:
        raise GraphError(
            f"num_clusters: got {num_clusters}, allowed: 2 to {graph.num_nodes}, the graph's connected units"
        )


def _status(num_components: int) -> str:
    if num_components == 1:
        return "ok"
    return (
        f"disconnected: {num_components} components; a cluster made of whole components adds 0 to the n-cut, "
        "so compare it with nulls that are as disconnected"
    )
