"""What the frontier figure draws, against each swept axis, as small multiples."""

from dataclasses import dataclass

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter

from clusterability_analysis.analysis import Analysis
from clusterability_analysis.figures.report_figure import ReportFigure
from clusterability_analysis.figures.style import ACCENT, INK, OTHER, clear_grid, null_colour, style
from clusterability_analysis.labels import axis_names, format_number, format_value, shorten
from clusterability_analysis.quantity import Quantity
from clusterability_analysis.tested import Tested

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
    above: np.ndarray
    """What the upper panel shows."""
    null: np.ndarray
    """Mean of its null; NaN where there is none."""
    below: np.ndarray
    """What the lower panel shows."""
    centre: np.ndarray
    """Where the means stand, shape (levels or bins,)."""
    mean_above: np.ndarray
    mean_null: np.ndarray
    mean_below: np.ndarray


@dataclass(frozen=True, kw_only=True, slots=True)
class AxesInfo:
    """What the axes figure shows."""

    above: Quantity
    """What the upper panels show."""
    below: Quantity
    """What the lower panels show."""
    test: Tested | None
    """The null test of what the upper panels show."""
    effects: tuple[AxisEffect, ...]


def info(analysis: Analysis) -> AxesInfo | None:
    """Collect what the figure shows; None where nothing varies or no condition has a complete trial."""
    table, axes, shown = analysis.conditions.table, analysis.conditions.axes, analysis.shown
    if table.empty or not axes:
        return None
    names, test = axis_names(axes), shown.test_of(shown.across)
    columns = {
        "above": table[shown.across.mean].to_numpy(dtype=float),
        "null": table[f"{test.null_mean}_mean"].to_numpy(dtype=float)
        if test
        else np.full(len(table), np.nan),
        "below": table[shown.upwards.mean].to_numpy(dtype=float),
    }
    effects = tuple(_effect(table[axis], names[axis], columns) for axis in axes)
    return AxesInfo(above=shown.across, below=shown.upwards, test=test, effects=effects)


def _effect(values: pd.Series, name: str, columns: dict[str, np.ndarray]) -> AxisEffect:
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
    columns = {"position": position, **columns}
    means = pd.DataFrame(columns).groupby(groups).mean()
    return AxisEffect(
        name=name,
        ordered=not np.isnan(numbers).any(),
        levels=levels,
        scale=scale,
        threshold=threshold,
        **columns,
        centre=means["position"].to_numpy(),
        mean_above=means["above"].to_numpy(),
        mean_null=means["null"].to_numpy(),
        mean_below=means["below"].to_numpy(),
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


def caption(info: AxesInfo) -> str:
    """Explain points and lines."""
    return (
        "Grey: conditions. Lines: means over all conditions at a value, whatever their other values; where a "
        "search chose the conditions, these are not controlled comparisons."
    )


def draw(info: AxesInfo) -> Figure:
    """Draw two rows of panels, one above the other, with a column for each swept axis."""
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
            _draw_effect(panels, below, info.effects[place], info.test)
        for band in range(bands):
            grid[2 * band, 0].set_ylabel(info.above.label)
            grid[2 * band + 1, 0].set_ylabel(info.below.label)
        _legend(figure, grid[0, 0], info)
    return figure


def _draw_effect(above: Axes, below: Axes, effect: AxisEffect, test: Tested | None) -> None:
    # A sideways shift by multiples of the golden ratio keeps conditions at one level apart; it means nothing.
    golden = np.arange(1, len(effect.position) + 1) * 0.618034 % 1 - 0.5
    shift = 0.4 * golden if effect.levels else 0.0
    points = {"s": 12, "color": OTHER, "alpha": 0.55, "linewidths": 0, "zorder": 2}
    join = "-" if effect.ordered else "none"
    line = {"linestyle": join, "linewidth": 1.6, "marker": "o", "markersize": 4.5, "zorder": 3}
    above.scatter(effect.position + shift, effect.above, **points)
    dashes = (0, (3, 2)) if effect.ordered else "none"
    null = {"marker": "_", "markersize": 10, "markeredgewidth": 1.6, "linestyle": dashes}
    if test is not None:
        above.plot(effect.centre, effect.mean_null, color=null_colour(test), **{**line, **null})
    above.plot(effect.centre, effect.mean_above, color=ACCENT, **line)
    below.scatter(effect.position + shift, effect.below, **points)
    below.plot(effect.centre, effect.mean_below, color=INK, **line)
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


def _legend(figure: Figure, axes: Axes, info: AxesInfo) -> None:
    axes.plot([], [], color=ACCENT, marker="o", markersize=4.5, label=f"mean {info.above.label}")
    if info.test and any(np.isfinite(effect.null).any() for effect in info.effects):
        label = f"mean of {info.test.title}"
        axes.plot([], [], color=null_colour(info.test), linestyle=(0, (3, 2)), label=label)
    axes.plot([], [], color=INK, marker="o", markersize=4.5, label=f"mean {info.below.label}")
    axes.plot(
        [], [], color=OTHER, linestyle="none", marker="o", markersize=4, label="one condition (mean of seeds)"
    )
    figure.legend(loc="outside upper left", ncols=4, handletextpad=0.5, columnspacing=1.6)


def alternative(info: AxesInfo) -> str:
    """Say in words what is drawn."""
    axes = []
    for effect in info.effects:
        written = effect.levels or tuple(map(format_value, effect.centre.tolist()))
        means = [
            f"{level}: {format_number(above, info.above.decimals)}, "
            f"{format_number(below, info.below.decimals)}"
            for level, above, below in zip(written, effect.mean_above, effect.mean_below, strict=True)
        ]
        axes.append(f"{effect.name} ({'; '.join(means)})")
    return f"Mean {info.above.label} and {info.below.label} along each axis. {'. '.join(axes)}."


AXES = ReportFigure(
    name="axes", title="What each axis does", info=info, draw=draw, caption=caption, alternative=alternative
)
