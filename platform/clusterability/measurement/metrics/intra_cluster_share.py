"""How much of the squared weights lies within clusters."""

from typing import Any

from clusterability.measurement.metric import Metric


def _share(network: Any) -> float:
    from clusterability.measurement.intra_cluster_share import intra_cluster_share  # numpy and graph

    return intra_cluster_share(network.graph, network.weights.partition.labels)


INTRA_CLUSTER_SHARE = Metric(
    name="intra_cluster_share",
    meaning="share of squared weights within clusters, mean over the layers' blocks",
    label="intra-cluster share",
    better="max",
    searchable=True,
    decimals=3,
    graph="weights",
    compute=_share,
)
