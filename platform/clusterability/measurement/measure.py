"""What a trial records of its networks: every metric of the table that has a function, and the user's own."""

from collections.abc import Sequence
from typing import Any

from clusterability.components import find, names
from clusterability.errors import GraphError, LesionError
from clusterability.lesions import LesionTest
from clusterability.lesions.plain import plain_values
from clusterability.measurement.measured_graph import MeasuredGraph
from clusterability.measurement.metric import Metric
from clusterability.measurement.network import MeasuredNetwork
from clusterability.measurement.own_metric import own_metrics, own_value
from clusterability.record import NullTest


class Measurements:
    """Metrics, null tests and notes of a trial's networks, collected as they become known."""

    def __init__(self) -> None:
        self.metrics: dict[str, float] = {}
        self.null_tests: dict[str, NullTest] = {}
        self.lesions: dict[str, dict[str, Any]] = {}
        self.notes: list[str] = []

    def measure(self, network: MeasuredNetwork, prefix: str = "") -> None:
        """Record all that is measured of a network; names get `prefix`.

        A contribution graph that cannot be measured, say because hardly any unit is alive, is a note, and
        what was known of it before stays; so is a network whose units cannot be lesioned.

        Raises:
            ClusterabilityError: anything else that cannot be measured.
        """
        own = own_metrics(network.config.metrics)
        table = [metric for metric in map(_known, names("metric")) if metric.compute is not None]
        for metric in table:
            if metric.graph != "contribution":
                self._keep(prefix, metric, network)
        self._keep_null_tests(f"{prefix}weights", network.weights)
        try:
            self._keep_contribution(prefix, table, network)
            self._keep_null_tests(f"{prefix}contribution", network.contribution)
        except GraphError as problem:
            self.notes.append(f"{prefix}contribution graph: {problem}")
        for reference, metric in own.items():
            self.metrics[prefix + metric.name] = own_value(reference, metric, network)

    def _keep(self, prefix: str, metric: Metric, network: MeasuredNetwork) -> None:
        assert metric.compute is not None, "left out otherwise"
        value = metric.compute(network)
        if value is not None:
            self.metrics[prefix + metric.name] = float(value)

    def _keep_contribution(self, prefix: str, table: Sequence[Metric], network: MeasuredNetwork) -> None:
        """Record the metrics of contributions and, last in the table, of lesions."""
        try:
            for metric in table:
                if metric.graph == "contribution":
                    self._keep(prefix, metric, network)
            self._keep_lesions(prefix + "layered_modularity_contribution", network.lesions)
            self._keep_lesions(prefix + "ncut_contribution", network.ncut_lesions)
        except LesionError as problem:
            self.notes.append(f"{prefix}lesions: {problem}")

    def _keep_lesions(self, name: str, test: LesionTest | None) -> None:
        if test is not None:
            self.lesions[name] = plain_values(test)

    def _keep_null_tests(self, name: str, graph: MeasuredGraph) -> None:
        tests = {
            name: graph.null_test,
            f"{name}_verdict": graph.verdict_test,
            f"{name}_layered_modularity": graph.modularity_test,
        }
        self.null_tests |= {key: test for key, test in tests.items() if test is not None}


def _known(name: str) -> Metric:
    return find("metric", name)
