"""What a measurement of n-cut says."""

from dataclasses import dataclass

import numpy as np

from clusterability.ncut.partition import small_clusters


@dataclass(frozen=True, kw_only=True, slots=True)
class Partition:
    """The partition that an estimator found."""

    value: float
    """n-cut: sum over clusters of cut / volume, between 0 and k; lower is more clusterable."""
    num_clusters: int
    """Clusters k."""
    estimator: str
    """Name of the estimator."""
    labels: np.ndarray
    """Cluster of each node, shape (nodes,); nodes are numbered as in the graph."""
    cut: np.ndarray
    """Weight that leaves each cluster, shape (k,)."""
    volume: np.ndarray
    """Sum of the degrees of each cluster's nodes, shape (k,)."""
    modularity: float
    """Q = sum_c [a_c / vol - (vol_c / vol)^2] of the same partition, a_c the weight within c, both ways."""
    effective_clusters: float
    """exp(entropy of volume shares), between 1 and k."""
    layered_ncut: float
    """Layered n-cut, sum_c [1 - (a_c - e_c) / vol_c], e_c what strengths alone put into c; about k without
    structure, and for bands of layers."""
    layered_modularity: float
    """sum_c (a_c - e_c) / sum_c vol_c of the same partition."""
    layer_share: float
    """Share of the layers' entropy that is in the labels: 1 where each cluster keeps to a layer."""

    @property
    def small_clusters(self) -> int:
        """Clusters that hold less than 1 % of the volume."""
        return small_clusters(self.volume)

    @property
    def value_per_cluster(self) -> float:
        """n-cut / k, between 0 and 1."""
        return self.value / self.num_clusters


@dataclass(frozen=True, kw_only=True, slots=True)
class NcutResult(Partition):
    """A partition, and how far to trust its n-cut."""

    eigenvalues: np.ndarray
    """The k + 1 largest eigenvalues of D^-1/2 A D^-1/2, descending (k in a graph of k nodes)."""
    lower_bound: float
    """k - sum of the k largest eigenvalues: no k-partition has a lower n-cut (Ky Fan)."""
    num_components: int
    """Connected components of the graph."""
    num_isolated: int
    """Units of the network that are no nodes because all their weights are zero."""
    num_dangling: int
    """Units on no path from the network's inputs to its outputs, left out or not."""
    status: str = "ok"
    """"ok", or what limits the result and what would help."""
