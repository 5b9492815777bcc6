"""n-cut and accuracy against each swept axis, as small multiples."""

from dataclasses import dataclass

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter

from clusterability_analysis.conditions import Conditions
from clusterability_analysis.figures.style import FRONTIER, INK, NULL, OTHER, clear_grid, style
from clusterability_analysis.labels import axis_names, format_value, shorten

MAX_LEVELS = 10
"""An axis with at most this many values is drawn with equal steps, one per value; else on a number line."""
NUM_BINS = 6
"""Groups of equal size that a number line's means are taken over."""
MAX_COLUMNS = 6
"""Axes in one row of panels."""


@dataclass(frozen=True, kw_only=True, slots=True)
class AxisEffect:
    """One swept axis; arrays over conditions, unless said otherwise."""

    name: str
    ordered: bool
    """Whether the values are numbers; the means of names are not joined by a line."""
    levels: tuple[str, ...]
    """Written values for an axis with equal steps; empty for a number line."""
    position: np.ndarray
    """Place along the axis: the level's index, or the value itself."""
    scale: str
    """linear, log, or symlog (log with a place for 0)."""
    threshold: float
    """Smallest positive value, where a symlog scale turns linear."""
    ncut: np.ndarray
    null: np.ndarray
    """Mean of the null; NaN where there is none."""
    accuracy: np.ndarray
    centre: np.ndarray
    """Where the means stand, shape (levels or bins,)."""
    mean_ncut: np.ndarray
    mean_null: np.ndarray
    mean_accuracy: np.ndarray


@dataclass(frozen=True, kw_only=True, slots=True)
class AxesInfo:
    """What the axes figure shows."""

    effects: tuple[AxisEffect, ...]


def axes_info(conditions: Conditions) -> AxesInfo | None:
    """Collect what the figure shows; None where nothing varies or no condition has a complete trial."""
    if conditions.table.empty or not conditions.axes:
        return None
    names = axis_names(conditions.axes)
    return AxesInfo(effects=tuple(_effect(conditions.table, axis, names[axis]) for axis in conditions.axes))


def _effect(table: pd.DataFrame, axis: str, name: str) -> AxisEffect:
    values = table[axis]
    numbers = np.array([float(value) if _is_number(value) else np.nan for value in values])
    distinct = sorted(set(values), key=_sort_key)
    if len(distinct) <= MAX_LEVELS or np.isnan(numbers).any():
        levels = tuple(format_value(value) for value in distinct)
        position = np.array([distinct.index(value) for value in values], dtype=float)
        scale, threshold, groups = "linear", 1.0, position
    else:
        levels, position = (), numbers
        scale, threshold = _scale(numbers)
        groups = pd.Series(numbers).rank(pct=True, method="first").mul(NUM_BINS).apply(np.ceil).to_numpy()
    columns = {"position": position} | {
        short: table[metric].to_numpy(dtype=float)
        for short, metric in (
            ("ncut", "ncut_mean"),
            ("null", "null_mean_mean"),
            ("accuracy", "test_accuracy_mean"),
        )
    }
    means = pd.DataFrame(columns).groupby(groups).mean()
    return AxisEffect(
        name=name,
        ordered=not np.isnan(numbers).any(),
        levels=levels,
        scale=scale,
        threshold=threshold,
        **columns,
        centre=means["position"].to_numpy(),
        mean_ncut=means["ncut"].to_numpy(),
        mean_null=means["null"].to_numpy(),
        mean_accuracy=means["accuracy"].to_numpy(),
    )


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _sort_key(value: object) -> tuple[bool, float, int, str]:
    """Numbers by size, then the others by length and letter as written, so that [64, 64] follows [64]."""
    if isinstance(value, int | float):
        return False, float(value), 0, ""
    written = format_value(value)
    return True, 0.0, len(written), written


def _scale(numbers: np.ndarray) -> tuple[str, float]:
    positive = numbers[numbers > 0]
    if numbers.min() < 0 or not len(positive) or positive.max() < 30 * positive.min():
        return "linear", 1.0
    return ("symlog" if numbers.min() == 0 else "log"), float(positive.min())


def draw_axes(info: AxesInfo) -> Figure:
    """Draw two rows of panels, n-cut above accuracy, with a column for each swept axis."""
    columns = min(len(info.effects), MAX_COLUMNS)
    bands = -(-len(info.effects) // columns)
    with style():
        figure = Figure(figsize=(max(2.3 * columns, 5.0), 4.3 * bands), layout="constrained")
        grid = figure.subplots(2 * bands, columns, sharey="row", squeeze=False)
        for place, panels in enumerate(grid[::2].flat):
            below = grid[1::2].flat[place]
            if place >= len(info.effects):
                panels.remove()
                below.remove()
                continue
            _draw_effect(panels, below, info.effects[place])
        for band in range(bands):
            grid[2 * band, 0].set_ylabel("n-cut")
            grid[2 * band + 1, 0].set_ylabel("test accuracy")
        _legend(figure, grid[0, 0])
    return figure


def _draw_effect(above: Axes, below: Axes, effect: AxisEffect) -> None:
    # A sideways shift by multiples of the golden ratio keeps conditions at one level apart; it means nothing.
    golden = np.arange(1, len(effect.position) + 1) * 0.618034 % 1 - 0.5
    shift = 0.4 * golden if effect.levels else 0.0
    points = {"s": 12, "color": OTHER, "alpha": 0.55, "linewidths": 0, "zorder": 2}
    join = "-" if effect.ordered else "none"
    line = {"linestyle": join, "linewidth": 1.6, "marker": "o", "markersize": 4.5, "zorder": 3}
    above.scatter(effect.position + shift, effect.ncut, **points)
    dashes = (0, (3, 2)) if effect.ordered else "none"
    null = {"marker": "_", "markersize": 10, "markeredgewidth": 1.6, "linestyle": dashes}
    above.plot(effect.centre, effect.mean_null, color=NULL, **{**line, **null})
    above.plot(effect.centre, effect.mean_ncut, color=FRONTIER, **line)
    below.scatter(effect.position + shift, effect.accuracy, **points)
    below.plot(effect.centre, effect.mean_accuracy, color=INK, **line)
    below.set_xlabel(shorten(effect.name, 30))
    for axes in (above, below):
        _prepare(axes, effect, labels=axes is below)


def _prepare(axes: Axes, effect: AxisEffect, labels: bool) -> None:
    clear_grid(axes, keep="y")
    if effect.levels:
        written = [shorten(level, 20) if labels else "" for level in effect.levels]
        slanted = max(map(len, written)) * len(written) > 26
        look = {"rotation": 35, "ha": "right", "rotation_mode": "anchor"} if slanted else {}
        axes.set_xticks(range(len(written)), written, **look)
        axes.set_xlim(-0.6, len(effect.levels) - 0.4)
        return
    if effect.scale == "symlog":
        axes.set_xscale("symlog", linthresh=effect.threshold, linscale=0.5)
    else:
        axes.set_xscale(effect.scale)
    axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: format_value(value) if labels else ""))
    axes.xaxis.set_minor_formatter(FuncFormatter(lambda _value, _place: ""))


def _legend(figure: Figure, axes: Axes) -> None:
    axes.plot([], [], color=FRONTIER, marker="o", markersize=4.5, label="mean n-cut")
    axes.plot([], [], color=NULL, linestyle=(0, (3, 2)), label="mean of the nulls")
    axes.plot([], [], color=INK, marker="o", markersize=4.5, label="mean test accuracy")
    axes.plot(
        [], [], color=OTHER, linestyle="none", marker="o", markersize=4, label="one condition (mean of seeds)"
    )
    figure.legend(loc="outside upper left", ncols=4, handletextpad=0.5, columnspacing=1.6)
