"""How a frontier is drawn."""

import math
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from clusterability_analysis.figures.frontier_info import FrontierInfo
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
from clusterability_analysis.labels import format_number, shorten
from clusterability_analysis.shown import ACCURACY

MAX_SPREADS = 40
"""With more conditions than this, only frontier and controls show their spread."""


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
