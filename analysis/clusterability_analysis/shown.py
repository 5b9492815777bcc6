"""What a report shows: the metrics that the space's objectives ask for, and the null test beside them."""

from dataclasses import dataclass

from clusterability.components import find, names
from clusterability.config import Direction
from clusterability.measurement.find_metric import undescribed_metric
from clusterability.measurement.graph_suffix import GRAPH_SUFFIXES
from clusterability.measurement.metric import Metric
from clusterability.tracking import SweepTable

ACCURACY = "test_accuracy"
"""What figures draw upwards."""


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


@dataclass(frozen=True, kw_only=True, slots=True)
class Tested:
    """The n-cut of one graph and the columns of its null test."""

    statistic: Quantity
    suffix: str
    """What the names of the null test's columns end in."""

    @property
    def null_mean(self) -> str:
        """Column of the mean of the null."""
        return f"null_mean{self.suffix}"

    @property
    def null_sd(self) -> str:
        """Column of the standard deviation of the null."""
        return f"null_sd{self.suffix}"

    @property
    def z_score(self) -> str:
        """Column of the distance to the null in its standard deviations."""
        return f"z_score{self.suffix}"

    @property
    def p_value(self) -> str:
        """Column of the p-values of single trials."""
        return f"p_value{self.suffix}"


@dataclass(frozen=True, kw_only=True, slots=True)
class Shown:
    """The quantities of a report."""

    objectives: tuple[Quantity, ...]
    """What the frontier is over: the objectives, the test set's metrics in place of the validation set's."""
    across: Quantity
    """What figures draw to the right."""
    upwards: Quantity
    """What figures draw upwards."""
    tested: Tested
    """What is tested against shuffled networks."""
    searched: tuple[str, ...]
    """Labels of the metrics that the search looked at."""
    unseen: tuple[str, ...]
    """Labels of the objectives that are shown on data that the search did not look at."""

    @property
    def required(self) -> tuple[Quantity, ...]:
        """What a trial must have to be counted: the objectives, and what figures draw."""
        return _distinct(*self.objectives, self.across, self.upwards)

    @property
    def quantities(self) -> tuple[Quantity, ...]:
        """All columns of the tables, the objectives first."""
        return _distinct(*self.required, self.tested.statistic)

    @property
    def is_plane(self) -> bool:
        """Whether the figure's two axes are all there is to the frontier."""
        return {quantity.name for quantity in self.objectives} == {self.across.name, self.upwards.name}


def shown_of(sweep: SweepTable) -> Shown:
    """Return what the report of a sweep shows.

    The frontier is over the space's objectives, in their own directions. Figures draw the test accuracy
    upwards (or the second objective, where none is an accuracy) against the first objective that is no
    accuracy (or the n-cut, where there is none). The null test is that of the graph on which the first such
    objective is measured, else that of the weights.
    """
    metrics = [_metric(sweep, objective.metric) for objective in sweep.objectives]
    reported = [find("metric", metric.reported_as) if metric.reported_as else metric for metric in metrics]
    objectives = _distinct(
        *(_quantity(metric, item.direction) for metric, item in zip(reported, sweep.objectives, strict=True))
    )
    suffix = GRAPH_SUFFIXES[next((metric.graph for metric in metrics if metric.graph), "weights")]
    others = [quantity for quantity in objectives if quantity.name != ACCURACY]
    if len(others) < len(objectives) or len(others) == 1:
        upwards = next((item for item in objectives if item.name == ACCURACY), _known(ACCURACY))
    else:
        upwards = others[1]
    return Shown(
        objectives=objectives,
        across=others[0] if others else _known("ncut"),
        upwards=upwards,
        tested=Tested(statistic=_known(f"ncut{suffix}"), suffix=suffix),
        searched=tuple(metric.label for metric in metrics),
        unseen=tuple(_quantity(metric, "max").label for metric in reported if metric not in metrics),
    )


def _metric(sweep: SweepTable, name: str) -> Metric:
    """Return the description of an objective's metric; the user's own come from the store alone."""
    if name in names("metric"):
        return find("metric", name)
    return sweep.metrics.get(name) or undescribed_metric(name)


def _known(name: str) -> Quantity:
    metric: Metric = find("metric", name)
    return _quantity(metric, metric.better or "min")


def _quantity(metric: Metric, direction: Direction) -> Quantity:
    unit = f" ({metric.unit})" if metric.unit else ""
    return Quantity(
        name=metric.name, label=metric.label + unit, direction=direction, decimals=metric.decimals
    )


def _distinct(*quantities: Quantity) -> tuple[Quantity, ...]:
    kept: dict[str, Quantity] = {}
    for quantity in quantities:
        kept.setdefault(quantity.name, quantity)
    return tuple(kept.values())
