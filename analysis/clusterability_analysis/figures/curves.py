"""Curves: when in training accuracy, modularity and function come, for the control and the frontier."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import NullFormatter

from clusterability.components import find, names
from clusterability_analysis.analysis import Analysis
from clusterability_analysis.figures.report_figure import ReportFigure
from clusterability_analysis.figures.style import ACCENT, CONTROL, style
from clusterability_analysis.labels import shorten

MAX_CONDITIONS = 6
"""Conditions drawn: the control, then the frontier's first."""
_LABELS = {"functional_clusters_at_k": "functional clusters at k"}
_DASHES = ("-", "--", ":", "-.", (0, (5, 1, 1, 1, 1, 1)), (0, (8, 2)))
_WIDE = 8  # times the first point: from there on a straight axis would crowd the first points

Points = Sequence[tuple[float, float]]


@dataclass(frozen=True, kw_only=True, slots=True)
class Curve:
    """One condition's mean over its seeds."""

    epochs: np.ndarray
    """Points that every seed has, ascending."""
    mean: np.ndarray
    sd: np.ndarray
    """Standard deviation between seeds, ddof 1; NaN where there is one seed."""
    num_seeds: int


@dataclass(frozen=True, kw_only=True, slots=True)
class CurvesInfo:
    """What the figure shows."""

    panels: tuple[str, ...]
    """What each panel is called, from left to right."""
    labels: tuple[str, ...]
    """The conditions, the control first."""
    control: tuple[bool, ...]
    curves: tuple[tuple[Curve | None, ...], ...]
    """For each panel the curve of each condition; None where it has none."""

    @property
    def num_seeds(self) -> tuple[int, ...]:
        """Seeds of each condition; the fewest where its panels differ."""
        return tuple(
            min(curve.num_seeds for curve in curves if curve is not None)
            for curves in zip(*self.curves, strict=True)
        )

    @property
    def epochs(self) -> np.ndarray:
        """All points, ascending."""
        found = [curve.epochs for panel in self.curves for curve in panel if curve is not None]
        return np.unique(np.concatenate(found))

    @property
    def threshold(self) -> float | None:
        """The first point after 0 where the axis is logarithmic from there on; None: it is straight."""
        later = self.epochs[self.epochs > 0]
        return float(later[0]) if len(later) > 2 and later[-1] >= _WIDE * later[0] else None


def info(analysis: Analysis) -> CurvesInfo | None:
    """Collect the curves of the conditions shown; None where nothing was measured while training."""
    suffix = analysis.shown.tests[0].suffix
    metrics = ("validation_accuracy", f"layered_modularity_at_k{suffix}", "functional_clusters_at_k")
    trials = analysis.conditions.trials
    rows, drawn = [], []
    for row in analysis.frontier.control_first.itertuples():
        identifiers = trials.loc[trials["condition_id"] == row.condition_id, "trial_id"]
        curves = tuple(_curve(analysis, identifiers, metric) for metric in metrics)
        if any(curves):
            rows.append(row)
            drawn.append(curves)
    rows, drawn = rows[:MAX_CONDITIONS], drawn[:MAX_CONDITIONS]
    panels = [
        (_label(metric), panel) for metric, panel in zip(metrics, zip(*drawn, strict=True), strict=False)
    ]
    panels = [(label, panel) for label, panel in panels if any(panel)]
    if not panels:
        return None
    return CurvesInfo(
        panels=tuple(label for label, _ in panels),
        labels=tuple(str(row.label) for row in rows),
        control=tuple(bool(row.control) for row in rows),
        curves=tuple(panel for _, panel in panels),
    )


def _curve(analysis: Analysis, identifiers: pd.Series, metric: str) -> Curve | None:
    """Return the mean over the trials that have the curve, at the points that all of them have."""
    found = [analysis.sweep.curves.get(trial, {}).get(metric) for trial in identifiers]
    seeds = [dict(points) for points in found if points]
    epochs = sorted(set.intersection(*map(set, seeds))) if seeds else []
    if not epochs:
        return None
    values = np.array([[seed[epoch] for epoch in epochs] for seed in seeds])
    sd = values.std(axis=0, ddof=1) if len(seeds) > 1 else np.full(len(epochs), np.nan)
    return Curve(epochs=np.array(epochs), mean=values.mean(axis=0), sd=sd, num_seeds=len(seeds))


def _label(metric: str) -> str:
    return find("metric", metric).label if metric in names("metric") else _LABELS[metric]


def caption(info: CurvesInfo) -> str:
    """Explain lines and bands."""
    return (
        "Measured while training, without nulls: mean over n seeds, band ± sd (none for a single seed). "
        "A search with k clusters; contributions over fewer examples than in the tables, lesions likewise."
    )


def draw(info: CurvesInfo) -> Figure:
    """Draw a panel for each quantity, a line for each condition."""
    with style():
        figure = Figure(figsize=(10, 3.6), layout="constrained")
        grid = figure.subplots(1, len(info.panels), squeeze=False)[0]
        for axes, label, panel in zip(grid, info.panels, info.curves, strict=True):
            _draw_panel(axes, info, panel)
            axes.set_xlabel("epochs of training")
            axes.set_ylabel(label)
        lines = grid[0].get_lines()
        labels = [
            f"{shorten(label, 36)} (n = {number})"
            for label, number in zip(info.labels, info.num_seeds, strict=True)
        ]
        figure.legend(lines, labels, loc="outside upper left", ncols=3)
    return figure


def _draw_panel(axes: Axes, info: CurvesInfo, panel: Sequence[Curve | None]) -> None:
    for place, curve in enumerate(panel):
        colour = CONTROL if info.control[place] else ACCENT
        look = {"color": colour, "linestyle": _DASHES[place], "marker": "o", "markersize": 2.5}
        if curve is None:
            axes.plot([], [], **look)
            continue
        axes.plot(curve.epochs, curve.mean, **look)
        if np.isfinite(curve.sd).all():
            low, high = curve.mean - curve.sd, curve.mean + curve.sd
            axes.fill_between(curve.epochs, low, high, color=colour, alpha=0.12, linewidth=0)
    if info.threshold is not None:
        axes.set_xscale("symlog", base=2, linthresh=info.threshold, linscale=0.5)
        ticks = [0.0, *(2.0**power for power in range(12))]
        axes.set_xticks([tick for tick in ticks if tick <= info.epochs[-1]])
        axes.xaxis.set_major_formatter(lambda value, _: f"{value:g}")
        axes.xaxis.set_minor_formatter(NullFormatter())


def alternative(info: CurvesInfo) -> str:
    """Say in words what is drawn."""
    panels = []
    for panel, curves in zip(info.panels, info.curves, strict=True):
        ends = [
            f"{label} from {curve.mean[0]:.3g} at epoch {curve.epochs[0]:g} to {curve.mean[-1]:.3g} at "
            f"{curve.epochs[-1]:g}"
            for label, curve in zip(info.labels, curves, strict=True)
            if curve is not None
        ]
        panels.append(f"{panel}: {'; '.join(ends)}")
    return f"Curves over the epochs of training. {'. '.join(panels)}."


CURVES = ReportFigure(
    name="curves",
    title="Over training",
    info=info,
    draw=draw,
    caption=caption,
    alternative=alternative,
)
