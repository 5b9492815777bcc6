"""A graph measured as the command `measure` is asked to: partitions, null tests, numbers of clusters."""

import argparse
from collections.abc import Iterator
from contextlib import contextmanager
from typing import get_args

from rich.console import Console
from rich.progress import Progress

from clusterability.cli.graph_measurement import GraphMeasurement
from clusterability.components import names, require_known
from clusterability.errors import GraphError, unknown_name
from clusterability.graph import WeightGraph
from clusterability.measurement.measured_graph import MeasuredGraph
from clusterability.ncut.measure import check_request
from clusterability.nulls.plan import NullTestPlan
from clusterability.record import NullTest, Statistic


def check_names(arguments: argparse.Namespace) -> None:
    """Say before anything is measured which null or statistic is not known.

    Raises:
        ConfigError: an unknown null.
        GraphError: an unknown statistic.
    """
    for name in _listed(arguments.nulls):
        require_known("null", name)
    for name in _listed(arguments.statistics):
        if name not in get_args(Statistic):
            raise GraphError(unknown_name("statistic", name, get_args(Statistic)))


def measured_graph(graph: WeightGraph, arguments: argparse.Namespace) -> MeasuredGraph:
    """Return a graph with the plan that the command's arguments make; nothing is computed yet.

    Raises:
        GraphError: numbers that are impossible for this graph.
    """
    if arguments.leave_out_dangling:
        graph = graph.without_dangling()
    check_request(graph, arguments.num_clusters, arguments.estimator)
    return MeasuredGraph(
        graph,
        NullTestPlan(
            num_shuffles=arguments.num_shuffles,
            num_clusters=arguments.num_clusters,
            estimator=arguments.estimator,
            seed=arguments.seed,
            num_workers=arguments.num_workers,
            device=arguments.device,
        ),
    )


def graph_measurement(
    measured: MeasuredGraph, arguments: argparse.Namespace, name: str = ""
) -> GraphMeasurement:
    """Measure a graph and test it; `name` tells graphs apart in what is shown of progress."""
    estimators = sorted({*names("estimator"), arguments.estimator})
    numbers = range(2, min(16, measured.graph.num_nodes) + 1)
    results = {estimator: measured.ncut(estimator) for estimator in estimators}
    return GraphMeasurement(
        graph=measured.graph,
        results=results,
        modularity=measured.modularity,
        estimator=arguments.estimator,
        stability={estimator: measured.stability_of(result) for estimator, result in results.items()},
        layered_stability=measured.stability_of(measured.modularity),
        tests=_null_tests(measured, arguments, name),
        sweeps={
            estimator: measured.ncuts(numbers, estimator) for estimator in estimators if arguments.k_sweep
        },
    )


@contextmanager
def progress_bars() -> Iterator[Progress]:
    """Show bars on a terminal's standard error until the block ends; nothing elsewhere."""
    console = Console(stderr=True)
    with Progress(console=console, transient=True, disable=not console.is_terminal) as progress:
        yield progress


def _null_tests(measured: MeasuredGraph, arguments: argparse.Namespace, name: str) -> tuple[NullTest, ...]:
    nulls, statistics = _listed(arguments.nulls), _listed(arguments.statistics)
    total = measured.plan.num_shuffles
    with progress_bars() as progress:
        bars = {
            (statistic, null): progress.add_task(f"{name} {statistic}, null {null}".strip(), total=total)
            for statistic in statistics
            for null in nulls
        }

        def tests_of(statistic: Statistic) -> tuple[NullTest, ...]:
            return measured.null_tests(
                nulls,
                statistic,
                lambda null, found: progress.update(bars[statistic, null], completed=found),
            )

        return tuple(test for statistic in statistics for test in tests_of(statistic))


def _listed(text: str) -> tuple:
    return tuple(name.strip() for name in text.split(",") if name.strip())
