"""Clusters too small to count."""

from clusterability.measurement.metric import Metric

SMALL_CLUSTERS = Metric(
    name="small_clusters",
    meaning="clusters of `ncut`'s partition that hold less than 1 % of the volume",
    label="small clusters",
    decimals=0,
    graph="weights",
    compute=lambda network: network.weights.partition.small_clusters,
)
LAYERED_SMALL_CLUSTERS = Metric(
    name="layered_small_clusters",
    meaning="`small_clusters` of the partition of `layered_modularity`",
    label="small clusters of the layered modularity",
    decimals=0,
    graph="weights",
    compute=lambda network: network.weights.modularity.small_clusters,
)
SMALL_CLUSTERS_CONTRIBUTION = Metric(
    name="small_clusters_contribution",
    meaning="`small_clusters` of the contribution graph",
    label="small clusters (contribution)",
    decimals=0,
    graph="contribution",
    compute=lambda network: network.contribution.partition.small_clusters,
)
LAYERED_SMALL_CLUSTERS_CONTRIBUTION = Metric(
    name="layered_small_clusters_contribution",
    meaning="`layered_small_clusters` of the contribution graph",
    label="small clusters of the layered modularity (contribution)",
    decimals=0,
    graph="contribution",
    compute=lambda network: network.contribution.modularity.small_clusters,
)
