"""Picture of a clustered network beside its null values."""

import numpy as np
from matplotlib import colormaps
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.collections import LineCollection
from matplotlib.figure import Figure

from clusterability.cli.graph_measurement import GraphMeasurement
from clusterability.record import NullTest

_EDGES_SHOWN = 3000  # more of them hide each other


def draw_measurement(measured: GraphMeasurement) -> Figure:
    """Draw units by layer and cluster, the strongest edges, and a histogram of each null by statistic."""
    figure = Figure(figsize=(12, 6), layout="constrained")
    FigureCanvasAgg(figure)
    statistics = tuple(dict.fromkeys(test.statistic for test in measured.tests))
    grid = figure.add_gridspec(max(1, len(statistics)), 2, width_ratios=(2, 1))
    _draw_network(figure.add_subplot(grid[:, 0]), measured)
    for row, statistic in enumerate(statistics):
        tests = [test for test in measured.tests if test.statistic == statistic]
        _draw_nulls(figure.add_subplot(grid[row, 1]), tests)
    return figure


def _draw_network(axes, measured: GraphMeasurement) -> None:
    graph, result = measured.graph, measured.chosen
    starts, labels = graph.layer_starts, result.labels
    colours = _colours(result.num_clusters)
    layers = graph.layer_of
    heights = np.zeros(graph.num_nodes)
    for layer, width in enumerate(graph.widths):
        order = np.argsort(labels[starts[layer] : starts[layer + 1]], kind="stable")
        heights[starts[layer] + order] = (np.arange(width) + 0.5) / max(width, 1)
    edges = graph.adjacency().tocoo()
    upper = edges.row < edges.col
    rows, columns, weights = edges.row[upper], edges.col[upper], edges.data[upper]
    strongest = np.argsort(weights)[-_EDGES_SHOWN:]
    rows, columns = rows[strongest], columns[strongest]
    ends = np.stack([np.stack([layers[side], heights[side]], axis=1) for side in (rows, columns)], axis=1)
    shades = np.where((labels[rows] == labels[columns])[:, None], colours[labels[rows]], (0.7, 0.7, 0.7, 1.0))
    axes.add_collection(LineCollection(list(ends), colors=shades, linewidths=0.3, alpha=0.5, zorder=1))
    axes.scatter(layers, heights, c=colours[labels], s=6, zorder=2, linewidths=0)
    axes.set_xticks(
        range(len(graph.widths)),
        [f"{n}\n({w})" for n, w in zip(graph.layer_names, graph.widths, strict=True)],
    )
    axes.set_yticks([])
    axes.set_title(
        f"n-cut {result.value:.2f}, k = {result.num_clusters} ({result.estimator}); "
        f"the {len(strongest)} strongest of {len(weights)} edges, grey: between clusters",
        fontsize="medium",
    )


def _colours(count: int) -> np.ndarray:
    if count <= 20:
        return colormaps["tab10" if count <= 10 else "tab20"](np.arange(count))
    return colormaps["gist_rainbow"](np.linspace(0, 1, count))


def _draw_nulls(axes, tests: list[NullTest]) -> None:
    for test in tests:
        z = "undefined" if test.z_score is None else f"{test.z_score:.1f}"
        label = f"{test.null}: z {z}, p {test.p_value:.3g}"
        axes.hist(test.null_values, bins=12, alpha=0.6, label=label)
    axes.axvline(tests[0].observed, color="black", label="this network")
    axes.set_xlabel(tests[0].statistic)
    axes.set_ylabel("null networks")
    axes.legend(fontsize="small", loc="lower center", bbox_to_anchor=(0.5, 1.0))  # off the line
