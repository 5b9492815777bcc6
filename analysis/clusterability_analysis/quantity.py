"""One metric as tables and figures write it."""

from dataclasses import dataclass

from clusterability.components import find
from clusterability.config import Direction
from clusterability.measurement.metric import Metric


@dataclass(frozen=True, kw_only=True, slots=True)
class Quantity:
    """One metric as tables and figures write it, averaged over a condition's seeds."""

    name: str
    """Its column in the table of trials."""
    label: str
    """How tables and figures call it, such as "n-cut"."""
    direction: Direction
    """Whether larger (max) or smaller (min) is better."""
    decimals: int

    @property
    def mean(self) -> str:
        """Column of the conditions' means over seeds."""
        return f"{self.name}_mean"

    @property
    def sd(self) -> str:
        """Column of the conditions' standard deviations between seeds."""
        return f"{self.name}_sd"

    @property
    def maximise(self) -> bool:
        """Whether larger is better."""
        return self.direction == "max"

    @property
    def sign(self) -> int:
        """1 where larger is better, else -1."""
        return 1 if self.maximise else -1

    @property
    def axis_label(self) -> str:
        """Its label with an arrow to the better end."""
        return f"{self.label}   ({'better →' if self.maximise else '← better'})"


def quantity_of(metric: Metric, direction: Direction) -> Quantity:
    """Return a metric as it is written, with the direction that an objective gives it."""
    unit = f" ({metric.unit})" if metric.unit else ""
    return Quantity(
        name=metric.name, label=metric.label + unit, direction=direction, decimals=metric.decimals
    )


def known_quantity(name: str) -> Quantity:
    """Return a metric of the table of components, in its own direction."""
    metric: Metric = find("metric", name)
    return quantity_of(metric, metric.better or "min")
