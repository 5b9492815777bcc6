"""The frontier: one point per condition, its seeds' spread, its null."""

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from clusterability_analysis.analysis import Analysis
from clusterability_analysis.figures.report_figure import ReportFigure
from clusterability_analysis.figures.style import (
    ACCENT,
    CONTROL,
    INK,
    MUTED,
    OTHER,
    PAPER,
    null_colour,
    style,
)
from clusterability_analysis.frontier import Frontier
from clusterability_analysis.labels import format_number, shorten
from clusterability_analysis.quantity import Quantity
from clusterability_analysis.shown import ACCURACY
from clusterability_analysis.tested import Tested

MAX_NULLS = 14
"""Nulls drawn, those of the first frontier and control conditions: more would be a thicket."""
MAX_SPREADS = 40
"""With more conditions than this, only frontier and controls show their spread."""
MAX_KEY = 14
"""Frontier conditions that are spelled out beside the figure; the table has all of them."""


@dataclass(frozen=True, kw_only=True, slots=True)
class FrontierInfo:
    """What the frontier figure shows; all arrays have one entry per condition."""

    across: Quantity
    """What the horizontal axis is."""
    upwards: Quantity
    """What the vertical axis is."""
    is_plane: bool
    """Whether the frontier is over these two: then it is a line, else a set of points."""
    objectives: tuple[str, ...]
    """Labels of what the frontier is over."""
    x: np.ndarray
    x_sd: np.ndarray
    """Standard deviation between seeds; NaN where there is one seed."""
    y: np.ndarray
    y_sd: np.ndarray
    test: Tested | None
    """The null test of what is drawn across."""
    null_mean: np.ndarray
    """NaN where there is none."""
    null_sd: np.ndarray
    number: np.ndarray
    """Number of a frontier condition, from 1; 0 for a dominated condition."""
    elsewhere: np.ndarray
    """Number of a condition that is on the frontier of the other figure alone; else 0."""
    control: np.ndarray
    penalised: np.ndarray
    reference: tuple[str, ...]
    """What a network is called that others are compared with, such as one that is cut; else empty."""
    shows_null: np.ndarray
    """Whether the condition's null is drawn: frontier and control conditions."""
    key: tuple[tuple[int, str], ...]
    """Numbers and labels of the first MAX_KEY frontier conditions, best `across` first."""

    @property
    def limit(self) -> float | None:
        """Value of y at which the panel ends, where far worse conditions would flatten the frontier.

        None where all conditions fit. It is worse than every frontier and control condition and its bar.
        """
        sign = self.upwards.sign
        y, bar = sign * self.y, np.nan_to_num(self.y_sd)
        notable = (self.number > 0) | self.control
        low, high = (y - bar)[notable].min(), (y + bar)[notable].max()
        span = max(high - low, 0.01)
        return float(sign * (low - span)) if y.min() < low - 2 * span else None

    @property
    def beyond(self) -> np.ndarray:
        """Which conditions are worse than the limit."""
        if self.limit is None:
            return np.zeros(len(self.y), dtype=bool)
        return self.upwards.sign * self.y < self.upwards.sign * self.limit

    @property
    def line(self) -> tuple[np.ndarray, np.ndarray]:
        """Corners (x, y) of the staircase between frontier points, best x first."""
        order = np.argsort(-self.across.sign * self.x[self.number > 0], kind="stable")
        x, y = self.x[self.number > 0][order], self.y[self.number > 0][order]
        return np.repeat(x, 2)[1:], np.repeat(y, 2)[:-1]


def info(analysis: Analysis) -> FrontierInfo | None:
    """Collect what the figure shows; None where no condition has a complete trial."""
    return info_of(analysis.frontier)


def info_of(frontier: Frontier) -> FrontierInfo | None:
    """Collect what a frontier's figure shows; None where there is no condition."""
    shown, table = frontier.shown, frontier.all_conditions
    if table.empty or table["twin"].all():
        return None
    number, elsewhere = (_numbers(table, name) for name in ("frontier", "elsewhere"))
    control = table["control"].to_numpy(dtype=bool)
    test = shown.test_of(shown.across)
    null_mean, null_sd = np.full((2, len(table)), math.nan)
    if test is not None:
        null_mean, null_sd = (_means(table, name) for name in (test.null_mean, test.null_sd))
    shows_null = ((number > 0) | control) & np.isfinite(null_mean)
    shows_null &= np.cumsum(shows_null) <= MAX_NULLS
    keyed = frontier.table.head(MAX_KEY)
    return FrontierInfo(
        across=shown.across,
        upwards=shown.upwards,
        is_plane=shown.is_plane,
        objectives=tuple(objective.label for objective in shown.objectives),
        x=table[shown.across.mean].to_numpy(dtype=float),
        x_sd=table[shown.across.sd].to_numpy(dtype=float),
        y=table[shown.upwards.mean].to_numpy(dtype=float),
        y_sd=table[shown.upwards.sd].to_numpy(dtype=float),
        test=test,
        null_mean=null_mean,
        null_sd=null_sd,
        number=number,
        elsewhere=elsewhere,
        control=control,
        penalised=table["penalised"].to_numpy(dtype=bool),
        reference=tuple(table["reference"].fillna("")),
        shows_null=shows_null,
        key=tuple(zip(map(int, keyed["frontier"]), keyed["label"], strict=True)),
    )


def _numbers(table: pd.DataFrame, column: str) -> np.ndarray:
    if column not in table:
        return np.zeros(len(table), dtype=int)
    return table[column].fillna(0).to_numpy(dtype=int)


def _means(table: pd.DataFrame, metric: str) -> np.ndarray:
    return table[f"{metric}_mean"].to_numpy(dtype=float)


def caption(info: FrontierInfo) -> str:
    """Explain points, line and nulls."""
    texts = ["Each point is a condition, the mean over its seeds."]
    if info.is_plane:
        side = "below" if info.upwards.maximise else "above"
        worse = "left" if info.across.maximise else "right"
        texts.append(
            "Dominance is decided by the means; the line is what the frontier attains, and everything "
            f"{side} and to the {worse} of it is dominated."
        )
    else:
        texts.append(f"Dominance is decided by the means of: {', '.join(info.objectives)}.")
    if info.test and info.shows_null.any():
        texts.append(f"The {info.test.title} is the condition's own, drawn from its weights.")
    if info.elsewhere.any():
        texts.append("A condition has one number in both figures; grey ones are explained in the other.")
    return " ".join(texts)


def draw(info: FrontierInfo) -> Figure:
    """Draw the conditions with their spread, the frontier's numbered, and their nulls."""
    with style():
        figure = Figure(figsize=(10, 5), layout="constrained")
        axes = figure.subplots()
        _draw_nulls(axes, info)
        for penalised in (False, True):
            _draw_points(axes, info, penalised)
        axes.set_xlabel(info.across.axis_label)
        axes.set_ylabel(info.upwards.axis_label)
        axes.margins(0.06, 0.08)
        if info.upwards.name == ACCURACY:  # no room for accuracies that cannot be
            axes.set_ylim(top=min(axes.get_ylim()[1], 1.005))
        _cut_off(axes, info)
        if info.is_plane:
            _draw_line(axes, info)
        _number_points(axes, info)
        _name_references(axes, info)
        _legend(figure, axes, info)
        _write_key(axes, info)
    return figure


def _cut_off(axes: Axes, info: FrontierInfo) -> None:
    """End the panel at its limit; conditions beyond it become triangles on the edge."""
    if info.limit is None:
        return
    high_is_good = info.upwards.maximise
    low, high = axes.get_ylim()
    axes.set_ylim(info.limit if high_is_good else low, high if high_is_good else info.limit)
    hidden = info.x[info.beyond]
    axes.plot(
        hidden, np.full(len(hidden), 0.015 if high_is_good else 0.985), "v" if high_is_good else "^",
        color=OTHER, markersize=5, markeredgecolor=PAPER, markeredgewidth=0.5,
        transform=axes.get_xaxis_transform(), zorder=2,
    )  # fmt: skip


def _draw_line(axes: Axes, info: FrontierInfo) -> None:
    """Draw what the frontier attains, out to the worse ends of the panel."""
    left, right = axes.get_xlim()
    low, high = axes.get_ylim()
    x, y = info.line
    worst_x, worst_y = left if info.across.maximise else right, low if info.upwards.maximise else high
    corners = [x[0], *x, worst_x], [worst_y, *y, y[-1]]
    axes.plot(*corners, color=ACCENT, linewidth=3, alpha=0.22, zorder=0.9, solid_joinstyle="miter")
    axes.set(xlim=(left, right), ylim=(low, high))


def _draw_points(axes: Axes, info: FrontierInfo, penalised: bool) -> None:
    on_frontier = info.number > 0
    spread_of_all = len(info.x) <= MAX_SPREADS
    for colour, chosen, notable in (
        (OTHER, ~on_frontier & ~info.control, False),
        (ACCENT, on_frontier & ~info.control, True),
        (CONTROL, info.control, True),
    ):
        chosen = chosen & (info.penalised == penalised) & ~info.beyond
        shown_sd = 1.0 if notable or spread_of_all else math.nan
        axes.errorbar(
            info.x[chosen],
            info.y[chosen],
            xerr=shown_sd * info.x_sd[chosen],
            yerr=shown_sd * info.y_sd[chosen],
            fmt="s" if colour == CONTROL else "D" if penalised else "o",
            color=colour,
            ecolor=colour if notable else (colour, 0.4),
            markersize=6.5 if notable else 4.5,
            markeredgecolor=PAPER,
            markeredgewidth=0.7,
            elinewidth=1.1 if notable else 0.7,
            zorder=5 if notable else 2,
        )


def _name_references(axes: Axes, info: FrontierInfo) -> None:
    """Ring the networks that others are compared with, and write what they are."""
    for x, y, text, beyond in zip(info.x, info.y, info.reference, info.beyond, strict=True):
        if text and not beyond:
            axes.plot(x, y, "o", color=INK, markerfacecolor="none", markersize=11, zorder=6)
            axes.annotate(
                text, (x, y), xytext=(8, -8), textcoords="offset points", va="top", fontsize=7.6, color=INK
            )


def _draw_nulls(axes: Axes, info: FrontierInfo) -> None:
    """Mark each shown condition's null mean ± sd at its height, with a thread to the condition."""
    if info.test is None:
        return
    shown, colour = info.shows_null, null_colour(info.test)
    axes.hlines(
        info.y[shown], info.x[shown], info.null_mean[shown],
        color=colour, linewidth=0.7, linestyle=(0, (1, 2.5)), zorder=1,
    )  # fmt: skip
    axes.errorbar(
        info.null_mean[shown], info.y[shown], xerr=info.null_sd[shown], fmt="|",
        color=colour, markersize=8, markeredgewidth=1.6, elinewidth=3.2, alpha=0.75, zorder=1,
    )  # fmt: skip


def _number_points(axes: Axes, info: FrontierInfo) -> None:
    """Number the frontier's points as in the key; a number that would cover its neighbour's is left out."""
    places: list[np.ndarray] = []
    right, up = info.across.maximise, info.upwards.maximise  # to the better side, where no other point is
    side = {
        "xytext": (5 if right else -5, 5 if up else -5),
        "ha": "left" if right else "right",
        "va": "bottom" if up else "top",
    }

    def write(number: int, index: int, **look: Any) -> None:
        point = info.x[index], info.y[index]
        place = axes.transAxes.inverted().transform(axes.transData.transform(point))
        near = (0.02 * len(str(number)), 0.035)
        if any((np.abs(place - other) < near).all() for other in places):
            return
        places.append(place)
        axes.annotate(str(number), point, textcoords="offset points", fontsize=8.5, zorder=6, **side, **look)

    for number, _ in info.key:
        index = int(np.flatnonzero(info.number == number)[0])
        write(number, index, fontweight="bold", color=CONTROL if info.control[index] else ACCENT)
    for index in np.flatnonzero((info.elsewhere > 0) & ~info.beyond):
        write(int(info.elsewhere[index]), int(index), color=MUTED)


def _legend(figure: Figure, axes: Axes, info: FrontierInfo) -> None:
    def entry(label: str, **look: Any) -> None:
        axes.plot([], [], label=label, **{"linestyle": "none", "markeredgecolor": PAPER, **look})

    dominated = (info.number == 0) & ~info.control
    entry("on the frontier", marker="o", color=ACCENT, markersize=7)
    if dominated.any():
        entry("dominated", marker="o", color=OTHER, markersize=6)
    if info.limit is not None:
        side, marker = ("below", "v") if info.upwards.maximise else ("above", "^")
        entry(f"{side} {format_number(info.limit, 2)}", marker=marker, color=OTHER, markersize=6)
    if info.control.any():
        entry("control", marker="s", color=CONTROL, markersize=7)
    if info.penalised.any():
        entry("diamond: with the penalty", marker="D", color=INK, markersize=5.5)
    if info.test and info.shows_null.any():
        colour = null_colour(info.test)
        entry(
            f"its {info.test.title}: mean ± sd",
            marker="|",
            color=colour,
            markeredgecolor=colour,
            linestyle="-",
            linewidth=2.5,
        )
    figure.legend(loc="outside upper left", ncols=6, handletextpad=0.5, columnspacing=1.6)


def _write_key(axes: Axes, info: FrontierInfo) -> None:
    more = int((info.number > 0).sum()) - len(info.key)
    lines = [f"{number:>2}  {shorten(label, 54)}" for number, label in info.key]
    lines += [f"      and {more} more in the table"] if more > 0 else []
    lines += ["", "bars: ± sd between seeds"] if np.isfinite(info.x_sd).any() else []
    axes.text(
        1.03, 1.0, "\n".join(lines), transform=axes.transAxes, va="top", fontsize=7.6, linespacing=1.65,
        color=INK,
    )  # fmt: skip


FRONTIER = ReportFigure(name="frontier", title="The frontier", info=info, draw=draw, caption=caption)
