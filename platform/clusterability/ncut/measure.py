"""n-cut of a weight graph."""

import numpy as np
from threadpoolctl import threadpool_limits

from clusterability import seeds
from clusterability.errors import GraphError, unknown_name
from clusterability.graph import WeightGraph
from clusterability.ncut.adjacency import fill, graph_layout
from clusterability.ncut.eigen import top_eigenpairs
from clusterability.ncut.estimators import PARTITIONERS
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
    layout = graph_layout(graph)
    flat = fill(layout, [block.matrix for block in graph.blocks])
    adjacency = NormalisedAdjacency(layout=layout, flat=flat)
    with threadpool_limits(1, "blas"):  # the same sums in the same order on any machine, as in a null test
        labels = PARTITIONERS[estimator](adjacency, num_clusters, seeds.generator(seed, "partition"))
    within = weights_within(flat, layout.halves, layout.forward, labels, num_clusters)
    volumes = cluster_volumes(adjacency.degrees, labels, num_clusters)
    precise = NormalisedAdjacency(layout=layout, flat=flat, dtype=np.float64)
    eigenvalues, _ = top_eigenpairs(precise, min(num_clusters + 1, graph.num_nodes))
    num_components = graph.num_components
    return NcutResult(
        value=ncut_value(within, volumes),
        num_clusters=num_clusters,
        estimator=estimator,
        labels=labels,
        cut=volumes - within,
        volume=volumes,
        modularity=modularity(within, volumes),
        effective_clusters=effective_clusters(volumes),
        eigenvalues=eigenvalues,
        lower_bound=float(num_clusters - eigenvalues[:num_clusters].sum()),
        num_components=num_components,
        num_isolated=graph.num_isolated,
        status=_status(num_components),
    )


def estimate_ncut(
    adjacency: NormalisedAdjacency, num_clusters: int, estimator: str, rng: np.random.Generator
) -> float:
    """Return the n-cut of the estimator's partition and nothing else: what a null network needs."""
    num_connected = int(np.count_nonzero(adjacency.degrees))
    if num_connected < num_clusters:
        raise GraphError(
            f"num_clusters: got {num_clusters}, but a shuffled network has {num_connected} connected units"
        )
    labels = PARTITIONERS[estimator](adjacency, num_clusters, rng)
    return partition_ncut(adjacency, labels, num_clusters)


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
