"""What a report shows: the metrics that the space's objectives ask for, and the null tests beside them."""

from dataclasses import dataclass, replace

from clusterability.components import find, names
from clusterability.measurement.graph_suffix import GRAPH_SUFFIXES
from clusterability.measurement.metric import Metric, undescribed_metric
from clusterability.tracking import SweepTable
from clusterability_analysis.quantity import Quantity, known_quantity, quantity_of
from clusterability_analysis.tested import Tested, is_recorded, recorded_tests

ACCURACY = "test_accuracy"
"""What figures draw upwards."""
OTHER_GRAPH = {"weights": "contribution", "contribution": "weights"}


@dataclass(frozen=True, kw_only=True, slots=True)
class Shown:
    """The quantities of a report."""

    objectives: tuple[Quantity, ...]
    """What the frontier is over: the objectives, the test set's metrics in place of the validation set's."""
    across: Quantity
    """What figures draw to the right."""
    upwards: Quantity
    """What figures draw upwards."""
    tests: tuple[Tested, ...]
    """The null tests of the graph that the objectives are about; the verdict comes from the last."""
    other_tests: tuple[Tested, ...]
    """Those of the other graph; none where only the first null was asked."""
    modularity: Quantity | None
    """What the second frontier is over, beside the test accuracy; None where there is none."""
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
        return _distinct(*self.required, *(test.statistic for test in self.tests))

    @property
    def ncut(self) -> Quantity:
        """The n-cut of the graph that the objectives are about."""
        return self.tests[0].statistic

    @property
    def verdict(self) -> Tested:
        """The test that q-values come from: of the layered modularity where that was tested."""
        return self.tests[-1]

    def test_of(self, quantity: Quantity) -> Tested | None:
        """Return the test whose null is drawn beside a quantity, the verdict's null where there is one."""
        return next((test for test in self.tests[::-1] if test.statistic.name == quantity.name), None)

    @property
    def with_modularity(self) -> "Shown | None":
        """The same for the second frontier: layered modularity and test accuracy are its objectives."""
        if self.modularity is None:
            return None
        accuracy = known_quantity(ACCURACY)
        return replace(self, objectives=(accuracy, self.modularity), across=self.modularity, upwards=accuracy)

    @property
    def is_plane(self) -> bool:
        """Whether the figure's two axes are all there is to the frontier."""
        return {quantity.name for quantity in self.objectives} == {self.across.name, self.upwards.name}


def shown_of(sweep: SweepTable) -> Shown:
    """Return what the report of a sweep shows.

    The frontier is over the space's objectives, in their own directions. Figures draw the test accuracy
    upwards (or the second objective, where none is an accuracy) against the first objective that is no
    accuracy (or the n-cut, where there is none). The null tests are those of the graph on which the first
    such objective is measured, else those of the weights.
    """
    metrics = [_metric(sweep, objective.metric) for objective in sweep.objectives]
    reported = [find("metric", metric.reported_as) if metric.reported_as else metric for metric in metrics]
    objectives = _distinct(
        *(
            quantity_of(metric, item.direction)
            for metric, item in zip(reported, sweep.objectives, strict=True)
        )
    )
    graph = next((metric.graph for metric in metrics if metric.graph), "weights")
    suffix, other_suffix = GRAPH_SUFFIXES[graph], GRAPH_SUFFIXES[OTHER_GRAPH[graph]]
    other_tests = recorded_tests(sweep, other_suffix)
    others = [quantity for quantity in objectives if quantity.name != ACCURACY]
    if len(others) < len(objectives) or len(others) == 1:
        upwards = next((item for item in objectives if item.name == ACCURACY), known_quantity(ACCURACY))
    else:
        upwards = others[1]
    return Shown(
        objectives=objectives,
        across=others[0] if others else known_quantity("ncut"),
        upwards=upwards,
        tests=recorded_tests(sweep, suffix),
        other_tests=other_tests if len(other_tests) > 1 else (),
        modularity=_modularity(sweep, suffix, objectives),
        searched=tuple(metric.label for metric in metrics),
        unseen=tuple(quantity_of(metric, "max").label for metric in reported if metric not in metrics),
    )


def _modularity(sweep: SweepTable, suffix: str, objectives: tuple[Quantity, ...]) -> Quantity | None:
    """Return the layered modularity at k, which is tested, else the largest over k.

    None where neither is recorded, and where one is an objective: it has a frontier already.
    """
    candidates = (f"layered_modularity_at_k{suffix}", f"layered_modularity{suffix}")
    if {quantity.name for quantity in objectives} & set(candidates):
        return None
    return next((known_quantity(name) for name in candidates if is_recorded(sweep, name)), None)


def _metric(sweep: SweepTable, name: str) -> Metric:
    """Return the description of an objective's metric; the user's own come from the store alone."""
    if name in names("metric"):
        return find("metric", name)
    return sweep.metrics.get(name) or undescribed_metric(name)


def _distinct(*quantities: Quantity) -> tuple[Quantity, ...]:
    kept: dict[str, Quantity] = {}
    for quantity in quantities:
        kept.setdefault(quantity.name, quantity)
    return tuple(kept.values())
