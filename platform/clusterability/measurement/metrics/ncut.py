"""n-cuts of the weight graph and of the contribution graph."""

from clusterability.measurement.metric import Metric

NCUT = Metric(
    name="ncut",
    meaning=(
        "sum over the k clusters of cut / volume, between 0 and k; lower is more clusterable; "
        "near k − 1 without structure"
    ),
    label="n-cut",
    better="min",
    searchable=True,
    graph="weights",
    compute=lambda network: network.weights.partition.value,
)
NCUT_SPECTRAL = Metric(
    name="ncut_spectral",
    meaning="the same by the paper's estimator",
    label="n-cut (spectral)",
    better="min",
    searchable=True,
    graph="weights",
    compute=lambda network: network.weights.partitions["spectral"].value,
)
NCUT_REFINED = Metric(
    name="ncut_refined",
    meaning="the same by our estimator; `ncut` is that of the estimator that `ncut.estimator` names",
    label="n-cut (refined)",
    better="min",
    searchable=True,
    graph="weights",
    compute=lambda network: network.weights.partitions["refined"].value,
)
NCUT_LOWER_BOUND = Metric(
    name="ncut_lower_bound",
    meaning="no partition into k clusters has a lower n-cut (Ky Fan)",
    label="lower bound of the n-cut",
    graph="weights",
    compute=lambda network: network.weights.lower_bound,
)
NCUT_CONTRIBUTION = Metric(
    name="ncut_contribution",
    meaning=(
        "`ncut` of the contribution graph: weights times the spread that they carry over 10,000 training "
        "examples"
    ),
    label="contribution n-cut",
    better="min",
    searchable=True,
    graph="contribution",
    compute=lambda network: network.contribution.partition.value,
)
