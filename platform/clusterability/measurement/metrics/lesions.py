"""What the clusters do: what the network loses without them."""

from collections.abc import Callable
from typing import Any, Literal

from clusterability.measurement.metric import Metric


def _of(partition: Literal["lesions", "ncut_lesions"], name: str) -> Callable[[Any], float | None]:
    def value(network: Any) -> float | None:
        test = getattr(network, partition)
        return None if test is None else getattr(test, name)

    return value


FUNCTIONAL_CLUSTERS = Metric(
    name="functional_clusters",
    meaning=(
        "exp(entropy of the clusters' shares of the total rise of the validation loss when each one's hidden "
        "units are set to zero), of the clusters of `layered_modularity_contribution`; 0 where nothing rises"
    ),
    label="functional clusters",
    better="max",
    searchable=True,
    decimals=1,
    graph="contribution",
    compute=_of("lesions", "functional_clusters"),
)
CLUSTERS_WITHOUT_EFFECT = Metric(
    name="clusters_without_effect",
    meaning=(
        "clusters whose lesion raises the loss by less than 0.01 nats (regression: 1 % of the targets' "
        "variance), or by what as many random units in every layer do (their 95 % band)"
    ),
    label="clusters without effect",
    better="min",
    searchable=True,
    decimals=0,
    graph="contribution",
    compute=_of("lesions", "clusters_without_effect"),
)
LARGEST_EFFECT = Metric(
    name="largest_effect",
    meaning="largest rise of the validation loss by the lesion of a cluster; regression: squared targets",
    label="largest lesion effect",
    unit="nats",
    graph="contribution",
    compute=_of("lesions", "largest_effect"),
)
CAUSAL_GAP = Metric(
    name="causal_gap",
    meaning=(
        "drop of accuracy on the classes that a cluster's lesion hurts more than any other's, less that on "
        "the other classes, mean over such clusters; 0 where no cluster has classes of its own; random "
        "clusters have some too, which the record keeps beside it"
    ),
    label="causal gap",
    better="max",
    searchable=True,
    graph="contribution",
    compute=_of("lesions", "causal_gap"),
)
CLASS_MUTUAL_INFORMATION = Metric(
    name="class_mutual_information",
    meaning=(
        "mutual information between a class and which cluster's lesion hurts it, less the mean of random "
        "clusters with as many units in every layer"
    ),
    label="class mutual information",
    unit="nats",
    better="max",
    searchable=True,
    graph="contribution",
    compute=_of("lesions", "class_mutual_information"),
)
FUNCTIONAL_CLUSTERS_NCUT = Metric(
    name="functional_clusters_ncut",
    meaning="`functional_clusters` of the clusters of `ncut_contribution`",
    label="functional clusters (n-cut)",
    better="max",
    searchable=True,
    decimals=1,
    graph="contribution",
    compute=_of("ncut_lesions", "functional_clusters"),
)
CLUSTERS_WITHOUT_EFFECT_NCUT = Metric(
    name="clusters_without_effect_ncut",
    meaning="`clusters_without_effect` of the clusters of `ncut_contribution`",
    label="clusters without effect (n-cut)",
    better="min",
    searchable=True,
    decimals=0,
    graph="contribution",
    compute=_of("ncut_lesions", "clusters_without_effect"),
)
LARGEST_EFFECT_NCUT = Metric(
    name="largest_effect_ncut",
    meaning="`largest_effect` of the clusters of `ncut_contribution`",
    label="largest lesion effect (n-cut)",
    unit="nats",
    graph="contribution",
    compute=_of("ncut_lesions", "largest_effect"),
)
CAUSAL_GAP_NCUT = Metric(
    name="causal_gap_ncut",
    meaning="`causal_gap` of the clusters of `ncut_contribution`",
    label="causal gap (n-cut)",
    better="max",
    searchable=True,
    graph="contribution",
    compute=_of("ncut_lesions", "causal_gap"),
)
CLASS_MUTUAL_INFORMATION_NCUT = Metric(
    name="class_mutual_information_ncut",
    meaning="`class_mutual_information` of the clusters of `ncut_contribution`",
    label="class mutual information (n-cut)",
    unit="nats",
    better="max",
    searchable=True,
    graph="contribution",
    compute=_of("ncut_lesions", "class_mutual_information"),
)
