"""How far apart connected units are."""

from typing import Any

from clusterability.measurement.metric import Metric


def _length(network: Any) -> float:
    from clusterability.measurement.connection_length import connection_length  # scipy

    return connection_length(network.graph)


CONNECTION_LENGTH = Metric(
    name="connection_length",
    meaning=(
        "mean distance of connected units laid out on lines of length 1 in the best order found, weighted by "
        "weight (BIMT); about 1/3 without structure"
    ),
    label="connection length",
    better="min",
    searchable=True,
    decimals=3,
    graph="weights",
    compute=_length,
)
