"""Layered modularity of a weight graph: clusters that run through layers, and how many of them there are."""

from dataclasses import dataclass

import numpy as np

from clusterability import seeds
from clusterability.errors import GraphError
from clusterability.graph import WeightGraph
from clusterability.ncut.adjacency import Layout
from clusterability.ncut.layered import LayeredWeights, layer_share, layered_values
from clusterability.ncut.layered_partition import (
    MOST_CLUSTERS,
    Objective,
    layered_partition,
    modularity_curve,
)
from clusterability.ncut.measure import require_connected
from clusterability.ncut.one_thread import one_blas_thread
from clusterability.ncut.partition import cluster_volumes, small_clusters
from clusterability.ncut.prepared import Prepared, prepared_of


@dataclass(frozen=True, kw_only=True, slots=True)
class ModularityResult:
    """The partition of highest layered modularity that was found."""

    value: float
    """Layered modularity Q = sum_c (a_c - e_c) / sum_c v_c; higher is more modular, 0 for bands of layers."""
    num_clusters: int
    """Clusters k of the partition; the k of the highest Q where none was asked for."""
    labels: np.ndarray
    """Cluster of each node, shape (nodes,); nodes are numbered as in the graph."""
    layered_ncut: float
    """sum_c [1 - (a_c - e_c) / v_c] of the same partition, about k without structure."""
    volume: np.ndarray
    """Sum of the degrees of each cluster's nodes, shape (k,)."""
    layer_share: float
    """Share of the layers' entropy that is in the labels, 0 to 1: 1 where each cluster keeps to a layer."""
    numbers: tuple[int, ...]
    """The numbers of clusters that were tried, ascending."""
    curve: np.ndarray
    """The highest Q found for each of them."""

    @property
    def small_clusters(self) -> int:
        """Clusters that hold less than 1 % of the volume."""
        return small_clusters(self.volume)

    @property
    def at_the_end(self) -> bool:
        """Whether the largest number tried is the best, so that more clusters may be better still."""
        return len(self.numbers) > 1 and self.num_clusters == self.numbers[-1]


def estimate_layered(
    layout: Layout,
    weights: LayeredWeights,
    num_clusters: int,
    objective: Objective,
    rng: np.random.Generator,
) -> float:
    """Return the lowest layered n-cut or highest layered modularity found, and nothing else."""
    require_connected(int(np.count_nonzero(weights.degrees)), num_clusters)
    labels = layered_partition(layout, weights, num_clusters, objective, rng)
    ncut, modularity = layered_values(weights, labels, num_clusters)
    return modularity if objective == "layered_modularity" else ncut


def measure_modularity(
    graph: WeightGraph | Prepared, num_clusters: int | None = None, seed: int = 0
) -> ModularityResult:
    """Partition a weight graph by layered modularity.

    Q = sum_c (a_c - e_c) / sum_c v_c, with a_c the weight within cluster c (both directions), v_c its volume
    and e_c what its units' strengths alone would put there: in each block s_i t_j / T. A cluster that is a
    band of layers earns nothing, unlike by n-cut. For one block Q is the bipartite modularity of Barber 2007.

    Args:
        graph: chains, skips and contributions alike; a graph that is measured in several ways is best given
            as `prepare(graph)`.
        num_clusters: k; None: the k from 2 to 20 at which Q is highest.
        seed: of the embedding's first vectors and the starts.

    Raises:
        GraphError: a graph of fewer nodes than clusters, or an embedding that is not finite.
    """
    prepared = prepared_of(graph)
    most = prepared.graph.num_nodes
    if most < 2 or (num_clusters is not None and not 2 <= num_clusters <= most):
        raise GraphError(
            f"num_clusters: got {num_clusters}, allowed: 2 to {most}, the graph's connected units, or None"
        )
    layout, weights = prepared.layout, prepared.layered
    rng = seeds.generator(seed, "modularity")
    with one_blas_thread():
        if num_clusters is None:
            curve = modularity_curve(layout, weights, min(MOST_CLUSTERS, most), rng)
            labels, k, numbers, values = curve.labels, curve.num_clusters, curve.numbers, curve.values
        else:
            labels = layered_partition(layout, weights, num_clusters, "layered_modularity", rng)
            k, numbers, values = num_clusters, (num_clusters,), None
        ncut, value = layered_values(weights, labels, k)
    return ModularityResult(
        value=value,
        num_clusters=k,
        labels=labels,
        layered_ncut=ncut,
        volume=cluster_volumes(weights.degrees, labels, k),
        layer_share=layer_share(layout.layer_of, labels),
        numbers=numbers,
        curve=np.array([value]) if values is None else values,
    )
