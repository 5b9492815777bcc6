"""What `clusterability measure` found of one graph, as tables and as plain values."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from rich.console import Console
from rich.table import Table

from clusterability.graph import WeightGraph
from clusterability.ncut import ModularityResult, NcutResult
from clusterability.record import NullTest


@dataclass(frozen=True, kw_only=True, slots=True)
class GraphMeasurement:
    """One graph's n-cuts, clusters and null tests."""

    graph: WeightGraph
    results: dict[str, NcutResult]
    """By estimator."""
    estimator: str
    """The estimator of the clusters and of the null tests."""
    modularity: ModularityResult
    """The partition of highest layered modularity."""
    stability: dict[str, float]
    """By estimator, how far two other seeds find the same partition; see `measure_stability`."""
    layered_stability: float
    """The same of the partition of highest layered modularity."""
    tests: tuple[NullTest, ...]
    sweeps: dict[str, tuple[NcutResult, ...]]
    """By estimator, one result per number of clusters; empty: not asked for."""

    @property
    def chosen(self) -> NcutResult:
        """The result whose clusters are shown."""
        return self.results[self.estimator]


def cluster_rows(measured: GraphMeasurement) -> list[dict[str, Any]]:
    """Return per cluster its units per layer, share of the volume, cut, and one-sided units."""
    graph, result = measured.graph, measured.chosen
    layers, one_sided = graph.layer_of, _one_sided(graph)
    return [
        {
            "cluster": cluster,
            "units_per_layer": np.bincount(layers[own], minlength=len(graph.widths)).tolist(),
            "volume_share": float(result.volume[cluster] / result.volume.sum()),
            "cut": float(result.cut[cluster]),
            "ncut": float(result.cut[cluster] / result.volume[cluster]),
            "one_sided_units": int(one_sided[own].sum()),
        }
        for cluster in range(result.num_clusters)
        for own in [result.labels == cluster]
    ]


def _one_sided(graph: WeightGraph) -> np.ndarray:
    """True for units that only read or only write although their layer does both, shape (nodes,)."""
    reads, writes = np.zeros(graph.num_nodes), np.zeros(graph.num_nodes)
    starts = graph.layer_starts
    for block in graph.blocks:
        writes[starts[block.source] : starts[block.source + 1]] += np.abs(block.matrix).sum(axis=1)
        reads[starts[block.target] : starts[block.target + 1]] += np.abs(block.matrix).sum(axis=0)
    sources, targets = {b.source for b in graph.blocks}, {b.target for b in graph.blocks}
    both = np.isin(graph.layer_of, list(sources & targets))
    return both & ((reads == 0) | (writes == 0))


def as_dict(measured: GraphMeasurement) -> dict[str, Any]:
    """Return plain values, fit for JSON: what does not exist is None."""
    graph, chosen = measured.graph, measured.chosen
    return {
        "layers": list(graph.layer_names),
        "units": list(graph.full_widths),
        "connected_units": list(graph.widths),
        "kept": [units.tolist() for units in graph.kept],
        "weighting": graph.weighting,
        "note": graph.note,
        "num_components": chosen.num_components,
        "num_isolated": chosen.num_isolated,
        "num_dangling": chosen.num_dangling,
        "dangling_left_out": graph.dangling_left_out is not None,
        "num_clusters": chosen.num_clusters,
        "estimator": measured.estimator,
        "status": chosen.status,
        "lower_bound": chosen.lower_bound,
        "eigenvalues": chosen.eigenvalues.tolist(),
        "ncut": {
            name: _result(result) | {"stability": measured.stability[name]}
            for name, result in measured.results.items()
        },
        "layered_modularity": {
            "value": measured.modularity.value,
            "num_clusters": measured.modularity.num_clusters,
            "layered_ncut": measured.modularity.layered_ncut,
            "layer_share": measured.modularity.layer_share,
            "small_clusters": measured.modularity.small_clusters,
            "stability": measured.layered_stability,
            "numbers": list(measured.modularity.numbers),
            "curve": measured.modularity.curve.tolist(),
            "labels": measured.modularity.labels.tolist(),
        },
        "null_tests": [
            {
                "statistic": test.statistic,
                "null": test.null,
                "observed": test.observed,
                "mean": test.mean,
                "sd": test.sd,
                "z": test.z_score,
                "p": test.p_value,
                "status": test.status,
                "values": test.null_values.tolist(),
            }
            for test in measured.tests
        ],
        "clusters": cluster_rows(measured),
        "labels": chosen.labels.tolist(),
        "k_sweep": {name: [_result(one) for one in sweep] for name, sweep in measured.sweeps.items()},
    }


def _result(result: NcutResult) -> dict[str, Any]:
    return {
        "num_clusters": result.num_clusters,
        "ncut": result.value,
        "ncut_per_cluster": result.value_per_cluster,
        "lower_bound": result.lower_bound,
        "modularity": result.modularity,
        "effective_clusters": result.effective_clusters,
        "layered_ncut": result.layered_ncut,
        "layer_share": result.layer_share,
        "small_clusters": result.small_clusters,
    }


def print_tables(measured: GraphMeasurement, console: Console) -> None:
    """Print n-cuts, null tests, clusters and the sweep over k."""
    graph, chosen = measured.graph, measured.chosen
    left_out = "" if graph.dangling_left_out is None else " (left out)"
    console.print(
        f"{'-'.join(map(str, graph.full_widths))}: {graph.num_nodes} connected units, {chosen.num_isolated} "
        f"isolated, {chosen.num_dangling} on no path from inputs to outputs{left_out}, components: "
        f"{chosen.num_components}",
        highlight=False,
    )
    if graph.note:
        console.print(graph.note, style="yellow", markup=False)
    if chosen.status != "ok":
        console.print(chosen.status, style="yellow", markup=False)
    console.print(_ncut_table(f"n-cut, k = {chosen.num_clusters}", measured.results.values()))
    modules = measured.modularity
    console.print(
        f"layered modularity {modules.value:.4g} at k = {modules.num_clusters}, the best of "
        f"{modules.numbers[0]} to {modules.numbers[-1]}",
        highlight=False,
    )
    console.print(_partition_table(measured))
    console.print("layer share: 1 where each cluster keeps to a layer; stability: 1 where other seeds agree")
    for table in _test_tables(measured):
        console.print(table)
    for test in measured.tests:
        if test.status != "ok":
            line = f"{test.statistic} under {test.null}: {test.status}"
            console.print(line, style="yellow", markup=False, highlight=False)
    table = new_table(
        f"clusters ({measured.estimator})", "cluster", "units per layer", "volume", "cut", "one-sided"
    )
    for row in cluster_rows(measured):
        units = " ".join(map(str, row["units_per_layer"]))
        share, one_sided = f"{row['volume_share']:.1%}", str(row["one_sided_units"])
        table.add_row(str(row["cluster"]), units, share, shown(row["cut"]), one_sided)
    console.print(table)
    console.print("one-sided: hidden units without any incoming or without any outgoing weight")
    for name, sweep in measured.sweeps.items():
        console.print(_ncut_table(f"n-cut by number of clusters ({name})", sweep))


def _test_tables(measured: GraphMeasurement) -> Iterator[Table]:
    for statistic in dict.fromkeys(test.statistic for test in measured.tests):
        tests = [test for test in measured.tests if test.statistic == statistic]
        title = f"null tests: {statistic} {shown(tests[0].observed)}"
        table = new_table(title, "null", "m", "mean", "sd", "z", "p")
        for test in tests:
            numbers = map(shown, (test.mean, test.sd, test.z_score, test.p_value))
            table.add_row(test.null, str(len(test.null_values)), *numbers)
        yield table


def _partition_table(measured: GraphMeasurement) -> Table:
    table = new_table("partitions", "of", "k", "below 1 % of volume", "layer share", "stability")
    found = [(name, result, measured.stability[name]) for name, result in measured.results.items()]
    for name, result, stability in (
        *found,
        ("layered modularity", measured.modularity, measured.layered_stability),
    ):
        numbers = (result.num_clusters, result.small_clusters, result.layer_share, stability)
        table.add_row(name, *map(shown, numbers))
    return table


def _ncut_table(title: str, results) -> Table:
    table = new_table(title, "estimator", "k", "n-cut", "n-cut/k", "bound", "modularity", "eff. clusters")
    for result in results:
        numbers = (
            result.value, result.value_per_cluster, result.lower_bound, result.modularity,
            result.effective_clusters,
        )  # fmt: skip
        table.add_row(result.estimator, str(result.num_clusters), *map(shown, numbers))
    return table


def new_table(title: str, first: str, *others: str) -> Table:
    """Return an empty table; all columns but the first are numbers."""
    table = Table(title=title, title_justify="left")
    table.add_column(first)
    for name in others:
        table.add_column(name, justify="right")
    return table


def shown(value: float | None) -> str:
    """Return a number as tables show it."""
    return "undefined" if value is None else f"{value:.4g}"
