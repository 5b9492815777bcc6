"""How far other seeds find the same partition."""

from clusterability.measurement.metric import Metric

STABILITY = Metric(
    name="stability",
    meaning=(
        "mean adjusted Rand index between `ncut`'s partition and those of two other seeds: 1 the same, about "
        "0 as random ones; costs two further searches, a few percent of three null tests with 50 shuffles"
    ),
    label="stability",
    better="max",
    searchable=True,
    decimals=2,
    graph="weights",
    compute=lambda network: network.weights.stability_of(network.weights.partition),
)
LAYERED_STABILITY = Metric(
    name="layered_stability",
    meaning="`stability` of the partition of `layered_modularity`; the other seeds look for k as well",
    label="stability of the layered modularity",
    better="max",
    searchable=True,
    decimals=2,
    graph="weights",
    compute=lambda network: network.weights.stability_of(network.weights.modularity),
)
STABILITY_CONTRIBUTION = Metric(
    name="stability_contribution",
    meaning="`stability` of the contribution graph",
    label="stability (contribution)",
    better="max",
    searchable=True,
    decimals=2,
    graph="contribution",
    compute=lambda network: network.contribution.stability_of(network.contribution.partition),
)
LAYERED_STABILITY_CONTRIBUTION = Metric(
    name="layered_stability_contribution",
    meaning="`layered_stability` of the contribution graph",
    label="stability of the layered modularity (contribution)",
    better="max",
    searchable=True,
    decimals=2,
    graph="contribution",
    compute=lambda network: network.contribution.stability_of(network.contribution.modularity),
)
