"""A number that is recorded of every trial, and what tables, figures and searches need to know of it."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal


@dataclass(frozen=True, kw_only=True, slots=True)
class Metric:
    """One metric; an instance is a component of the table in `clusterability.components`."""

    name: str
    """Its name in records, in MLflow, and as an objective."""
    meaning: str
    """What it is, for docs/metrics.md."""
    label: str
    """How tables and figures call it, such as "n-cut"."""
    unit: str = ""
    """Unit; empty: a pure number."""
    better: Literal["max", "min"] | None = None
    """Which way is better; None: neither."""
    searchable: bool = False
    """Whether a search may look at it: never at anything that was measured on the test set."""
    decimals: int = 2
    """Digits after the point in tables."""
    graph: Literal["weights", "contribution"] | None = None
    """The graph that it is measured on, whose null test stands beside it; None: not on a graph."""
    reported_as: str | None = None
    """The metric that reports show in its place: the test set's for one of the validation set's."""
    compute: Callable[[Any], float | None] | None = None
    """Its value for a measured network; None where it does not exist. No function: training records it."""


def undescribed_metric(
    name: str, meaning: str = "", compute: Callable[[Any], float | None] | None = None
) -> Metric:
    """Return what can be said of a metric of which little more than the name is known."""
    return Metric(
        name=name,
        meaning=meaning or f"the user's own {name}",
        label=name.replace("_", " "),
        searchable=True,
        decimals=3,
        compute=compute,
    )
