"""What else is said of the partitions whose n-cuts are recorded."""

from clusterability.measurement.metric import Metric

MODULARITY = Metric(
    name="modularity",
    meaning="Q of the partition: weight within clusters beyond what volumes alone would give",
    label="modularity",
    better="max",
    searchable=True,
    decimals=3,
    graph="weights",
    compute=lambda network: network.weights.partition.modularity,
)
EFFECTIVE_CLUSTERS = Metric(
    name="effective_clusters",
    meaning="exp(entropy of the clusters' shares of volume), between 1 and k",
    label="effective clusters",
    better="max",
    searchable=True,
    decimals=1,
    graph="weights",
    compute=lambda network: network.weights.partition.effective_clusters,
)
EFFECTIVE_CLUSTERS_CONTRIBUTION = Metric(
    name="effective_clusters_contribution",
    meaning="`effective_clusters` of the contribution graph",
    label="effective clusters (contribution)",
    better="max",
    searchable=True,
    decimals=1,
    graph="contribution",
    compute=lambda network: network.contribution.partition.effective_clusters,
)
