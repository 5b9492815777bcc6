"""Cut networks beside networks of other training: accuracy, n-cut, modularity, function, selectivity."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from clusters_records import Groups, metric
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from clusterability.record import TrialRecord
from clusterability_analysis.figures.style import ACCENT, CONTROL, INK, MUTED, style

PANELS = (
    ("ncut_contribution", "test_accuracy"),
    ("layered_modularity_contribution", "functional_clusters"),
    ("class_mutual_information", "causal_gap"),
)
"""Metrics across and up, of each panel but the last, which is the third again by the mean's lesions."""
LABELS = {
    "ncut_contribution": "contribution n-cut",
    "test_accuracy": "test accuracy",
    "layered_modularity_contribution": "layered modularity",
    "functional_clusters": "functional clusters",
    "class_mutual_information": "class information beyond random",
    "causal_gap": "causal gap",
}
LAST = ("class_mutual_information", "causal_gap")
TITLES = ("", "", "lesions by zero", "lesions by the mean")
MARKERS = ("o", "s", "^", "v", "D", "P", "X", "*")
CUT = "cut, m = "


@dataclass(frozen=True, kw_only=True, slots=True)
class Point:
    """A condition in a panel."""

    name: str
    mean: tuple[float, float]
    sd: tuple[float, float]
    """Between seeds, ddof 1; NaN where there is one seed."""


Selectivity = Mapping[str, tuple[list[float], list[float]]]
"""Class information and causal gap of each seed, by condition."""
Info = Mapping[str, tuple[tuple[Point, ...], ...]]
"""The points of each panel, by data set."""


def info(clusters: Mapping[str, Groups], by_mean: Mapping[str, Selectivity]) -> Info:
    """Average seeds to points; data sets and conditions without any are left out."""
    return {
        dataset: (
            *(_points({name: _metrics(found, pair) for name, found in groups.items()}) for pair in PANELS),
            _points(by_mean[dataset]),
        )
        for dataset, groups in clusters.items()
        if groups
    }


def _metrics(records: Sequence[TrialRecord], pair: tuple[str, str]) -> tuple[list[float], list[float]]:
    return metric(records, pair[0]), metric(records, pair[1])


def _points(pairs: Mapping[str, tuple[list[float], list[float]]]) -> tuple[Point, ...]:
    points = []
    for name, values in pairs.items():
        if all(values):
            across, up = values
            mean, sd = (float(np.mean(across)), float(np.mean(up))), (_sd(across), _sd(up))
            points.append(Point(name=name, mean=mean, sd=sd))
    return tuple(points)


def _sd(values: Sequence[float]) -> float:
    return float(np.std(values, ddof=1)) if len(values) > 1 else float("nan")


def draw(info: Info) -> Figure:
    """Draw a row for each data set."""
    with style():
        figure = Figure(figsize=(11.5, 0.7 + 2.6 * len(info)), layout="constrained")
        grid = figure.subplots(len(info), len(PANELS) + 1, squeeze=False)
        for row, (dataset, panels) in zip(grid, info.items(), strict=True):
            for axes, pair, points, title in zip(row, (*PANELS, LAST), panels, TITLES, strict=True):
                _draw_panel(axes, points)
                axes.set_xlabel(LABELS[pair[0]], fontsize=8.5)
                axes.set_ylabel(LABELS[pair[1]], fontsize=8.5)
                axes.set_title(title or dataset if axes is row[0] else title)
        handles, names = grid[0, 0].get_legend_handles_labels()
        figure.legend(handles, names, loc="outside lower center", ncols=5)
    return figure


def _draw_panel(axes: Axes, points: tuple[Point, ...]) -> None:
    trained = [point for point in points if not point.name.startswith(CUT)]
    cut = [point for point in points if point.name.startswith(CUT)]
    for place, point in enumerate(trained):
        colour = CONTROL if point.name == "control" else INK
        _draw_point(axes, point, MARKERS[place % len(MARKERS)], colour, point.name)
    for place, point in enumerate(cut):
        _draw_point(axes, point, "o", ACCENT, "cut into m parts" if place == 0 else None)
        number = point.name.removeprefix(CUT)
        axes.annotate(number, point.mean, (5, 4), textcoords="offset points", color=ACCENT, fontsize=8)
    if cut:
        axes.plot(*zip(*(point.mean for point in cut), strict=True), color=ACCENT, linewidth=0.8)


def _draw_point(axes: Axes, point: Point, marker: str, colour: str, label: str | None) -> None:
    axes.errorbar(
        *point.mean,
        xerr=np.nan_to_num(point.sd[0]),
        yerr=np.nan_to_num(point.sd[1]),
        marker=marker,
        color=colour,
        ecolor=MUTED if colour == INK else colour,
        elinewidth=0.8,
        markersize=5,
        linestyle="none",
        label=label,
    )
