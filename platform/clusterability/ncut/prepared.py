"""A weight graph made ready for measuring: what is expensive is computed once, on first use, and kept."""

from collections.abc import Callable
from functools import cached_property

import numpy as np

from clusterability import seeds
from clusterability.components import find, names
from clusterability.errors import ConfigError, GraphError
from clusterability.graph import WeightGraph
from clusterability.ncut.adjacency import Layout, fill, graph_layout
from clusterability.ncut.eigen import measured_precision, top_eigenpairs
from clusterability.ncut.layered import LayeredWeights, layer_share, layered_values, layered_weights
from clusterability.ncut.normalised import Eigenvectors, NormalisedAdjacency
from clusterability.ncut.one_thread import one_blas_thread
from clusterability.ncut.partition import (
    cluster_volumes,
    effective_clusters,
    modularity,
    ncut_value,
    weights_within,
)
from clusterability.ncut.result import Partition
from clusterability.own_code import blamed, described, is_own

Estimator = Callable[[NormalisedAdjacency, int, np.random.Generator, Eigenvectors], np.ndarray]
"""Returns each node's cluster, shape (nodes,), int32, -1 for nodes without weights; no cluster is empty."""


class Prepared:
    """The layout, weights, eigenpairs, components and partitions of one graph."""

    def __init__(self, graph: WeightGraph) -> None:
        self.graph = graph
        self._eigenpairs: tuple[np.ndarray, np.ndarray] | None = None
        self._partitions: dict[tuple[int, str, int], Partition] = {}

    @cached_property
    def layout(self) -> Layout:
        """Where the weights of each block lie in `flat`."""
        return graph_layout(self.graph)

    @cached_property
    def flat(self) -> np.ndarray:
        """|w| as the layout says, float32."""
        return fill(self.layout, [block.matrix for block in self.graph.blocks])

    @cached_property
    def adjacency(self) -> NormalisedAdjacency:
        """D^-1/2 A D^-1/2, in single precision, and the degrees."""
        return NormalisedAdjacency(layout=self.layout, flat=self.flat)

    @cached_property
    def layered(self) -> LayeredWeights:
        """|w| with what is needed of its expectation from strengths."""
        return layered_weights(self.layout, self.flat)

    @cached_property
    def num_components(self) -> int:
        """Connected components of the graph."""
        return self.graph.num_components

    @cached_property
    def num_dangling(self) -> int:
        """Units on no path from the network's inputs to its outputs."""
        return self.graph.num_dangling

    def eigenvalues(self, num_clusters: int) -> np.ndarray:
        """Return the k + 1 largest eigenvalues of D^-1/2 A D^-1/2, descending (k in a graph of k nodes).

        One decomposition serves all k up to the first one asked for.

        Raises:
            GraphError: the eigensolver failed.
        """
        return self._pairs(num_clusters)[0]

    def eigenvectors(self, num_clusters: int) -> np.ndarray:
        """Return the vectors of the k largest eigenvalues, shape (nodes, k), as `eigenvalues` does."""
        return self._pairs(num_clusters)[1][:, :num_clusters]

    def lower_bound(self, num_clusters: int) -> float:
        """Return k - sum of the k largest eigenvalues: no k-partition has a lower n-cut (Ky Fan)."""
        return float(num_clusters - self.eigenvalues(num_clusters)[:num_clusters].sum())

    def _pairs(self, num_clusters: int) -> tuple[np.ndarray, np.ndarray]:
        count, kept = min(num_clusters + 1, self.graph.num_nodes), self._eigenpairs
        if kept is None or len(kept[0]) < count:
            precise = NormalisedAdjacency(
                layout=self.layout, flat=self.flat, dtype=measured_precision(self.layout)
            )
            with one_blas_thread():
                kept = self._eigenpairs = top_eigenpairs(precise, count)
        return kept[0][:count], kept[1][:, :count]

    def partition(self, num_clusters: int, estimator: str, seed: int) -> Partition:
        """Return the partition of an estimator; the same request is answered from memory.

        Raises:
            GraphError: the estimator cannot partition this graph.
        """
        request = (num_clusters, estimator, seed)
        if request not in self._partitions:
            rng = seeds.generator(seed, "partition")
            # As in a null test: the same sums in the same order.
            with one_blas_thread():
                labels = find_labels(self.adjacency, num_clusters, estimator, rng, self.eigenvectors)
            self._partitions[request] = self._described(labels, num_clusters, estimator)
        return self._partitions[request]

    def _described(self, labels: np.ndarray, num_clusters: int, estimator: str) -> Partition:
        layout = self.layout
        within = weights_within(self.flat, layout.halves, layout.forward, labels, num_clusters)
        volumes = cluster_volumes(self.adjacency.degrees, labels, num_clusters)
        layered_ncut, layered_modularity = layered_values(self.layered, labels, num_clusters)
        return Partition(
            value=ncut_value(within, volumes),
            num_clusters=num_clusters,
            estimator=estimator,
            labels=labels,
            cut=volumes - within,
            volume=volumes,
            modularity=modularity(within, volumes),
            effective_clusters=effective_clusters(volumes),
            layered_ncut=layered_ncut,
            layered_modularity=layered_modularity,
            layer_share=layer_share(layout.layer_of, labels),
        )


def prepare(graph: WeightGraph) -> Prepared:
    """Return a graph made ready for measuring."""
    return Prepared(graph)


def prepared_of(graph: WeightGraph | Prepared) -> Prepared:
    """Return what is prepared already as it is, and a graph prepared."""
    return graph if isinstance(graph, Prepared) else prepare(graph)


def find_labels(
    adjacency: NormalisedAdjacency,
    num_clusters: int,
    estimator: str,
    rng: np.random.Generator,
    eigenvectors: Eigenvectors,
    is_quick: bool = False,
) -> np.ndarray:
    """Return each node's cluster by an estimator, or by its quick form if it has one, (nodes,) int32."""
    kind = "quick_estimator" if is_quick and estimator in names("quick_estimator") else "estimator"
    partitioner: Estimator = find(kind, estimator)
    with blamed("estimator", estimator):
        labels = partitioner(adjacency, num_clusters, rng, eigenvectors)
    return _checked(labels, adjacency, num_clusters, estimator) if is_own(estimator) else labels


def _checked(
    labels: np.ndarray, adjacency: NormalisedAdjacency, num_clusters: int, estimator: str
) -> np.ndarray:
    """Return the labels of the user's own estimator, made sure that compiled code can take them."""
    whose = described("estimator", estimator)
    labels, connected = np.asarray(labels), adjacency.degrees > 0
    if labels.shape != connected.shape or labels.dtype.kind not in "iu":
        raise ConfigError(
            f"{whose}: got {labels.dtype} labels of shape {labels.shape}, "
            f"allowed: integers of shape {connected.shape}"
        )
    found = np.unique(labels[connected])
    if not np.array_equal(found, np.arange(num_clusters)):
        raise GraphError(
            f"{whose}: got clusters {found.tolist()}, allowed: each of 0 to {num_clusters - 1} at least once"
        )
    return np.where(connected, labels, -1).astype(np.int32)
