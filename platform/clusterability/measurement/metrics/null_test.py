"""How far the n-cut is from that of shuffled networks."""

from clusterability.measurement.metric import Metric

Z_SCORE = Metric(
    name="z_score",
    meaning="(ncut - null_mean) / null_sd; negative: more clusterable than its shuffles.",
    label="z-score",
    better="min",
    searchable=True,
    decimals=1,
    graph="weights",
)
Z_SCORE_CONTRIBUTION = Metric(
    name="z_score_contribution",
    meaning="The z-score of the contribution graph.",
    label="z-score of contributions",
    better="min",
    searchable=True,
    decimals=1,
    graph="contribution",
)
