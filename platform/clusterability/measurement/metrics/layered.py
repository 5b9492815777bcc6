"""Modules that run through layers, and how far clusters of the n-cut are layer bands instead."""

from clusterability.measurement.metric import Metric

LAYERED_MODULARITY = Metric(
    name="layered_modularity",
    meaning=(
        "share of the weight that lies within clusters beyond what units' strengths explain, of the best "
        "partition into 2 to 20 clusters; 0 for bands of layers"
    ),
    label="layered modularity",
    better="max",
    searchable=True,
    decimals=3,
    graph="weights",
    compute=lambda network: network.weights.modularity.value,
)
LAYERED_CLUSTERS = Metric(
    name="layered_clusters",
    meaning="clusters of that partition",
    label="clusters of the layered modularity",
    decimals=0,
    graph="weights",
    compute=lambda network: network.weights.modularity.num_clusters,
)
LAYER_SHARE = Metric(
    name="layer_share",
    meaning=(
        "share of the layers' entropy in the labels of `ncut`'s partition; 1: each cluster keeps to a layer"
    ),
    label="layer share",
    decimals=2,
    graph="weights",
    compute=lambda network: network.weights.partition.layer_share,
)
LAYERED_MODULARITY_CONTRIBUTION = Metric(
    name="layered_modularity_contribution",
    meaning="`layered_modularity` of the contribution graph",
    label="contribution layered modularity",
    better="max",
    searchable=True,
    decimals=3,
    graph="contribution",
    compute=lambda network: network.contribution.modularity.value,
)
LAYERED_CLUSTERS_CONTRIBUTION = Metric(
    name="layered_clusters_contribution",
    meaning="`layered_clusters` of the contribution graph",
    label="clusters of the contribution layered modularity",
    decimals=0,
    graph="contribution",
    compute=lambda network: network.contribution.modularity.num_clusters,
)
LAYER_SHARE_CONTRIBUTION = Metric(
    name="layer_share_contribution",
    meaning="`layer_share` of the contribution graph",
    label="contribution layer share",
    decimals=2,
    graph="contribution",
    compute=lambda network: network.contribution.partition.layer_share,
)
