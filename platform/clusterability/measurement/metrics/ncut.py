"""The n-cut of the weight graph and of the contribution graph."""

from clusterability.measurement.metric import Metric

NCUT = Metric(
    name="ncut",
    meaning="Sum over the k clusters of cut / volume, between 0 and k.",
    label="n-cut",
    better="min",
    searchable=True,
    graph="weights",
)
NCUT_CONTRIBUTION = Metric(
    name="ncut_contribution",
    meaning="The n-cut of the contribution graph, between 0 and k.",
    label="n-cut of contributions",
    better="min",
    searchable=True,
    graph="contribution",
)
