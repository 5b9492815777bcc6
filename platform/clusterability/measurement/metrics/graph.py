"""What the graphs themselves are like."""

from clusterability.measurement.metric import Metric

NUM_ISOLATED = Metric(
    name="num_isolated",
    meaning="units left out of the graph because all their weights are zero",
    label="isolated units",
    unit="units",
    decimals=0,
    graph="weights",
    compute=lambda network: network.graph.num_isolated,
)
NUM_COMPONENTS = Metric(
    name="num_components",
    meaning="connected components of the graph; above 1 whole components can be clusters of n-cut 0",
    label="components",
    decimals=0,
    graph="weights",
    compute=lambda network: network.weights.prepared.num_components,
)
NUM_ISOLATED_CONTRIBUTION = Metric(
    name="num_isolated_contribution",
    meaning="units left out of the contribution graph, dead ones among them",
    label="isolated units (contribution)",
    unit="units",
    decimals=0,
    graph="contribution",
    compute=lambda network: network.contribution.graph.num_isolated,
)
