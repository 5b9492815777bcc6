"""What the verdict's null says of the n-cut and of the layered modularity: the null of known size."""

from clusterability.measurement.metric import Metric
from clusterability.measurement.null_number import number_of

VERDICT_NULL_MEAN = Metric(
    name="verdict_null_mean",
    meaning="mean of the n-cuts of networks of the verdict's null, `nulls.verdict`",
    label="verdict's null mean",
    graph="weights",
    compute=lambda network: number_of(network.weights.verdict_test, "mean"),
)
VERDICT_NULL_SD = Metric(
    name="verdict_null_sd",
    meaning="their standard deviation (ddof 1)",
    label="verdict's null sd",
    decimals=3,
    graph="weights",
    compute=lambda network: number_of(network.weights.verdict_test, "sd"),
)
VERDICT_Z_SCORE = Metric(
    name="verdict_z_score",
    meaning="(ncut − verdict_null_mean) / verdict_null_sd; negative: more clusterable",
    label="verdict's z",
    better="min",
    searchable=True,
    decimals=1,
    graph="weights",
    compute=lambda network: number_of(network.weights.verdict_test, "z_score"),
)
VERDICT_P_VALUE = Metric(
    name="verdict_p_value",
    meaning="`p_value` under the verdict's null",
    label="verdict's p",
    better="min",
    decimals=3,
    graph="weights",
    compute=lambda network: number_of(network.weights.verdict_test, "p_value"),
)
LAYERED_MODULARITY_AT_K = Metric(
    name="layered_modularity_at_k",
    meaning=(
        "layered modularity of the best partition into k clusters, which is tested against the verdict's null"
    ),
    label="layered modularity at k",
    better="max",
    searchable=True,
    decimals=3,
    graph="weights",
    compute=lambda network: number_of(network.weights.modularity_test, "observed"),
)
LAYERED_MODULARITY_NULL_MEAN = Metric(
    name="layered_modularity_null_mean",
    meaning="mean of that of networks of the verdict's null",
    label="layered modularity's null mean",
    decimals=3,
    graph="weights",
    compute=lambda network: number_of(network.weights.modularity_test, "mean"),
)
LAYERED_MODULARITY_NULL_SD = Metric(
    name="layered_modularity_null_sd",
    meaning="their standard deviation (ddof 1)",
    label="layered modularity's null sd",
    decimals=4,
    graph="weights",
    compute=lambda network: number_of(network.weights.modularity_test, "sd"),
)
LAYERED_MODULARITY_Z_SCORE = Metric(
    name="layered_modularity_z_score",
    meaning=(
        "(layered_modularity_at_k − layered_modularity_null_mean) / layered_modularity_null_sd; "
        "positive: more clusterable than networks of the verdict's null"
    ),
    label="layered modularity's z",
    better="max",
    searchable=True,
    decimals=1,
    graph="weights",
    compute=lambda network: number_of(network.weights.modularity_test, "z_score"),
)
LAYERED_MODULARITY_P_VALUE = Metric(
    name="layered_modularity_p_value",
    meaning=(
        "(1 + number of null networks with a layered modularity at least the network's) / (1 + m); the "
        "verdict"
    ),
    label="layered modularity's p",
    better="min",
    decimals=3,
    graph="weights",
    compute=lambda network: number_of(network.weights.modularity_test, "p_value"),
)
VERDICT_NULL_MEAN_CONTRIBUTION = Metric(
    name="verdict_null_mean_contribution",
    meaning="`verdict_null_mean` of the contribution graph",
    label="verdict's null mean (contribution)",
    graph="contribution",
    compute=lambda network: number_of(network.contribution.verdict_test, "mean"),
)
VERDICT_NULL_SD_CONTRIBUTION = Metric(
    name="verdict_null_sd_contribution",
    meaning="`verdict_null_sd` of the contribution graph",
    label="verdict's null sd (contribution)",
    decimals=3,
    graph="contribution",
    compute=lambda network: number_of(network.contribution.verdict_test, "sd"),
)
VERDICT_Z_SCORE_CONTRIBUTION = Metric(
    name="verdict_z_score_contribution",
    meaning="`verdict_z_score` of the contribution graph",
    label="verdict's z (contribution)",
    better="min",
    searchable=True,
    decimals=1,
    graph="contribution",
    compute=lambda network: number_of(network.contribution.verdict_test, "z_score"),
)
VERDICT_P_VALUE_CONTRIBUTION = Metric(
    name="verdict_p_value_contribution",
    meaning="`verdict_p_value` of the contribution graph",
    label="verdict's p (contribution)",
    better="min",
    decimals=3,
    graph="contribution",
    compute=lambda network: number_of(network.contribution.verdict_test, "p_value"),
)
LAYERED_MODULARITY_AT_K_CONTRIBUTION = Metric(
    name="layered_modularity_at_k_contribution",
    meaning="`layered_modularity_at_k` of the contribution graph",
    label="contribution layered modularity at k",
    better="max",
    searchable=True,
    decimals=3,
    graph="contribution",
    compute=lambda network: number_of(network.contribution.modularity_test, "observed"),
)
LAYERED_MODULARITY_NULL_MEAN_CONTRIBUTION = Metric(
    name="layered_modularity_null_mean_contribution",
    meaning="`layered_modularity_null_mean` of the contribution graph",
    label="layered modularity's null mean (contribution)",
    decimals=3,
    graph="contribution",
    compute=lambda network: number_of(network.contribution.modularity_test, "mean"),
)
LAYERED_MODULARITY_NULL_SD_CONTRIBUTION = Metric(
    name="layered_modularity_null_sd_contribution",
    meaning="`layered_modularity_null_sd` of the contribution graph",
    label="layered modularity's null sd (contribution)",
    decimals=4,
    graph="contribution",
    compute=lambda network: number_of(network.contribution.modularity_test, "sd"),
)
LAYERED_MODULARITY_Z_SCORE_CONTRIBUTION = Metric(
    name="layered_modularity_z_score_contribution",
    meaning="`layered_modularity_z_score` of the contribution graph",
    label="layered modularity's z (contribution)",
    better="max",
    searchable=True,
    decimals=1,
    graph="contribution",
    compute=lambda network: number_of(network.contribution.modularity_test, "z_score"),
)
LAYERED_MODULARITY_P_VALUE_CONTRIBUTION = Metric(
    name="layered_modularity_p_value_contribution",
    meaning="`layered_modularity_p_value` of the contribution graph",
    label="layered modularity's p (contribution)",
    better="min",
    decimals=3,
    graph="contribution",
    compute=lambda network: number_of(network.contribution.modularity_test, "p_value"),
)
