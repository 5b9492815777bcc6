"""Units that cannot matter, although they have weights."""

from clusterability.measurement.metric import Metric

NUM_DANGLING = Metric(
    name="num_dangling",
    meaning=(
        "units with weights that lie on no path from the network's inputs to its outputs; they are nodes of "
        "the graph all the same"
    ),
    label="dangling units",
    unit="units",
    decimals=0,
    graph="weights",
    compute=lambda network: network.weights.prepared.num_dangling,
)
NUM_DANGLING_CONTRIBUTION = Metric(
    name="num_dangling_contribution",
    meaning="`num_dangling` of the contribution graph",
    label="dangling units (contribution)",
    unit="units",
    decimals=0,
    graph="contribution",
    compute=lambda network: network.contribution.prepared.num_dangling,
)
