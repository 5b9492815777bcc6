"""The size of the network's graph, which an n-cut depends on."""

from typing import Any

from clusterability.measurement.metric import Metric


def _num_units(network: Any) -> int:
    return sum(network.graph.full_widths)


NUM_UNITS = Metric(
    name="num_units",
    meaning="units of the weight graph, isolated ones included; n-cuts of other sizes are on other scales",
    label="units",
    decimals=0,
    graph="weights",
    compute=_num_units,
)
