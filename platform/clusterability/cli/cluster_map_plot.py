"""Picture of a module's clusters: a column for each layer, a row for each cluster, a dot for each unit."""

from typing import Any

import numpy as np
from matplotlib import colormaps
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from clusterability.cli.cluster_map import ClusterMap, DotGrid, MapRow, cluster_map, dot_grid, dots
from clusterability.cli.module_measurement import ModuleMeasurement

# Inches.
_LEAST_WIDTH, _MOST_WIDTH = 8.0, 16.0
_LABELS, _MARGIN, _TOP, _BOTTOM = 1.75, 0.15, 1.15, 0.5
_LEAST_COLUMN, _ROW, _GAP, _MOST_ROWS = 0.5, 0.34, 0.1, 7.0
_USED = 0.88  # of a column's width
_LEAST_DOT, _LARGEST_DOT = 0.3, 0.92  # of the pitch
_POINTS = 72


def draw_cluster_map(measured: ModuleMeasurement) -> Figure:
    """Draw the clusters of highest layered modularity through the layers, sized by effect."""
    shown = cluster_map(measured)
    width = min(_MOST_WIDTH, max(_LEAST_WIDTH, _LABELS + 2 * _MARGIN + _LEAST_COLUMN * len(shown.layers)))
    column = (width - _LABELS - 2 * _MARGIN) / len(shown.layers)
    grid = dot_grid(shown, _USED * column, _MOST_ROWS, _ROW)
    height = _TOP + sum(grid.heights) + _GAP * len(shown.rows) + _BOTTOM
    figure = Figure(figsize=(width, height))
    FigureCanvasAgg(figure)
    axes = figure.add_axes((0, 0, 1, 1))
    axes.set(xlim=(0, width), ylim=(height, 0))  # in inches, downwards
    axes.axis("off")
    _write_headings(axes, shown, column)
    top = _TOP
    for place, (row, row_height) in enumerate(zip(shown.rows, grid.heights, strict=True)):
        middle = top + row_height / 2
        axes.axhspan(top - _GAP / 2, top + row_height + _GAP / 2, color=("1", "0.96")[place % 2])
        _write_label(axes, row, middle)
        for layer, strengths in enumerate(row.strengths):
            left = _MARGIN + _LABELS + layer * column
            _draw_dots(axes, dots(strengths, grid.units_per_dot), (left, top), grid, _colour(row, place))
        top += row_height + _GAP
    axes.text(_MARGIN, top + 0.08, _caption(shown, grid), fontsize=7.5, va="top", color="0.25", wrap=True)
    return figure


def _write_headings(axes: Axes, shown: ClusterMap, column: float) -> None:
    axes.text(_MARGIN, 0.14, shown.heading[0], fontsize=10, va="top", weight="bold")
    axes.text(_MARGIN, 0.38, shown.heading[1], fontsize=7.5, va="top", wrap=True)
    narrow = column < 0.75
    for layer, (name, width) in enumerate(shown.layers):
        axes.text(
            _MARGIN + _LABELS + layer * column,
            _TOP - 0.1,
            f"{name} ({width})" if narrow else f"{name}\n{width}",
            fontsize=6.5 if narrow else 8,
            ha="left",
            va="bottom",
            rotation=35 if narrow else 0,
        )


def _write_label(axes: Axes, row: MapRow, middle: float) -> None:
    axes.text(_MARGIN, middle - 0.02, row.name, fontsize=8.5, va="bottom", weight="bold")
    axes.text(_MARGIN, middle + 0.02, row.text, fontsize=6.5, va="top", color="0.25")


def _draw_dots(
    axes: Axes,
    sizes: np.ndarray,
    corner: tuple[float, float],
    grid: DotGrid,
    colour: Any,
) -> None:
    places = np.arange(len(sizes))
    x = corner[0] + (places % grid.dots_across + 0.5) * grid.pitch
    y = corner[1] + (places // grid.dots_across + 0.5) * grid.pitch
    diameters = grid.pitch * np.maximum(_LEAST_DOT, _LARGEST_DOT * np.sqrt(sizes))
    areas = (_POINTS * diameters) ** 2
    if colour is None:
        axes.scatter(x, y, s=0.6 * areas, facecolors="none", edgecolors="0.45", linewidths=0.4)
    else:
        axes.scatter(x, y, s=areas, color=colour, linewidths=0)


def _colour(row: MapRow, place: int) -> Any:
    """Return a row's colour, full ones before pale ones; None for hollow dots."""
    if row.kind == "left out":
        return None
    if row.kind == "ends":
        return "0.6"
    return colormaps["tab20"](2 * place % 20 + place // 10 % 2)


def _caption(shown: ClusterMap, grid: DotGrid) -> str:
    sharing = "a unit" if grid.units_per_dot == 1 else f"up to {grid.units_per_dot} units of one layer"
    hollow = "; hollow: not in the graph" if shown.rows[-1].kind == "left out" else ""
    return f"A dot is {sharing}. Its area: {shown.size_means}{hollow}."
