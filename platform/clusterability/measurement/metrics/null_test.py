"""The n-cuts of networks of the first null, and how far the network is from them."""

from clusterability.measurement.metric import Metric
from clusterability.measurement.null_number import number_of

NULL_MEAN = Metric(
    name="null_mean",
    meaning="mean of the n-cuts of the m shuffled networks",
    label="null mean",
    graph="weights",
    compute=lambda network: number_of(network.weights.null_test, "mean"),
)
NULL_SD = Metric(
    name="null_sd",
    meaning="their standard deviation (ddof 1)",
    label="null sd",
    graph="weights",
    decimals=3,
    compute=lambda network: number_of(network.weights.null_test, "sd"),
)
Z_SCORE = Metric(
    name="z_score",
    meaning="(ncut − null_mean) / null_sd; negative: more clusterable than its shuffles",
    label="z",
    better="min",
    searchable=True,
    decimals=1,
    graph="weights",
    compute=lambda network: number_of(network.weights.null_test, "z_score"),
)
P_VALUE = Metric(
    name="p_value",
    meaning=(
        "(1 + number of shuffles with n-cut at most the network's) / (1 + m); the smallest is 1 / (1 + m)"
    ),
    label="p",
    better="min",
    decimals=3,
    graph="weights",
    compute=lambda network: number_of(network.weights.null_test, "p_value"),
)
NULL_MEAN_CONTRIBUTION = Metric(
    name="null_mean_contribution",
    meaning="`null_mean` of the contribution graph",
    label="null mean (contribution)",
    graph="contribution",
    compute=lambda network: number_of(network.contribution.null_test, "mean"),
)
NULL_SD_CONTRIBUTION = Metric(
    name="null_sd_contribution",
    meaning="`null_sd` of the contribution graph",
    label="null sd (contribution)",
    graph="contribution",
    decimals=3,
    compute=lambda network: number_of(network.contribution.null_test, "sd"),
)
Z_SCORE_CONTRIBUTION = Metric(
    name="z_score_contribution",
    meaning="`z_score` of the contribution graph",
    label="z (contribution)",
    better="min",
    searchable=True,
    decimals=1,
    graph="contribution",
    compute=lambda network: number_of(network.contribution.null_test, "z_score"),
)
P_VALUE_CONTRIBUTION = Metric(
    name="p_value_contribution",
    meaning="`p_value` of the contribution graph",
    label="p (contribution)",
    better="min",
    decimals=3,
    graph="contribution",
    compute=lambda network: number_of(network.contribution.null_test, "p_value"),
)
