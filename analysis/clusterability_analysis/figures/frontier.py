"""The accuracy-clusterability frontier: one point per condition, its seeds' spread, its null."""

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from clusterability_analysis.figures.style import CONTROL, FRONTIER, INK, NULL, OTHER, PAPER, style
from clusterability_analysis.frontier import Frontier
from clusterability_analysis.labels import shorten

MAX_NULLS = 14
"""Nulls drawn, those of the first frontier and control conditions: more would be a thicket."""
MAX_SPREADS = 40
"""With more conditions than this, only frontier and controls show their spread."""
MAX_KEY = 14
"""Frontier conditions that are spelled out beside the figure; the table has all of them."""


@dataclass(frozen=True, kw_only=True, slots=True)
class FrontierInfo:
    """What the frontier figure shows; all arrays have one entry per condition."""

    ncut: np.ndarray
    ncut_sd: np.ndarray
    """Standard deviation between seeds; NaN where there is one seed."""
    accuracy: np.ndarray
    accuracy_sd: np.ndarray
    null_mean: np.ndarray
    """NaN where there is no null test."""
    null_sd: np.ndarray
    number: np.ndarray
    """Place on the frontier from 1, lowest n-cut first; 0 for a dominated condition."""
    control: np.ndarray
    penalised: np.ndarray
    shows_null: np.ndarray
    """Whether the condition's null is drawn: frontier and control conditions."""
    key: tuple[str, ...]
    """Labels of the first MAX_KEY frontier conditions."""

    @property
    def floor(self) -> float | None:
        """Accuracy at which the panel ends, where far worse conditions would flatten the frontier.

        None where all conditions fit. It lies below every frontier and control condition and its bar.
        """
        notable = (self.number > 0) | self.control
        bar = np.nan_to_num(self.accuracy_sd)
        low, high = (self.accuracy - bar)[notable].min(), (self.accuracy + bar)[notable].max()
        span = max(high - low, 0.01)
        return float(low - span) if self.accuracy.min() < low - 2 * span else None

    @property
    def line(self) -> tuple[np.ndarray, np.ndarray]:
        """Corners (n-cut, accuracy) of the staircase between frontier points, lowest n-cut first."""
        order = np.argsort(self.number[self.number > 0])
        ncut = self.ncut[self.number > 0][order]
        accuracy = self.accuracy[self.number > 0][order]
        return np.repeat(ncut, 2)[1:], np.repeat(accuracy, 2)[:-1]


def frontier_info(frontier: Frontier) -> FrontierInfo | None:
    """Collect what the figure shows; None where no condition has a complete trial."""
    table = frontier.all_conditions
    if table.empty:
        return None
    number = table["frontier"].fillna(0).to_numpy(dtype=int)
    control = table["control"].to_numpy(dtype=bool)
    null_mean = table["null_mean_mean"].to_numpy(dtype=float)
    shows_null = ((number > 0) | control) & np.isfinite(null_mean)
    shows_null &= np.cumsum(shows_null) <= MAX_NULLS
    return FrontierInfo(
        ncut=table["ncut_mean"].to_numpy(dtype=float),
        ncut_sd=table["ncut_sd"].to_numpy(dtype=float),
        accuracy=table["test_accuracy_mean"].to_numpy(dtype=float),
        accuracy_sd=table["test_accuracy_sd"].to_numpy(dtype=float),
        null_mean=null_mean,
        null_sd=table["null_sd_mean"].to_numpy(dtype=float),
        number=number,
        control=control,
        penalised=table["penalised"].to_numpy(dtype=bool),
        shows_null=shows_null,
        key=tuple(frontier.table["label"].head(MAX_KEY)),
    )


def draw_frontier(info: FrontierInfo) -> Figure:
    """Draw the frontier: n-cut to the right, test accuracy upwards, better is up and left."""
    with style():
        figure = Figure(figsize=(10, 5), layout="constrained")
        axes = figure.subplots()
        _draw_nulls(axes, info)
        for penalised in (False, True):
            _draw_points(axes, info, penalised)
        axes.set_xlabel("n-cut   (← more clusterable)")
        axes.set_ylabel("test accuracy   (better →)")
        axes.margins(0.06, 0.08)
        axes.set_ylim(top=min(axes.get_ylim()[1], 1.005))  # no room for accuracies that cannot be
        _cut_off(axes, info)
        _draw_line(axes, info)
        _number_points(axes, info)
        _legend(figure, axes, info)
        _write_key(axes, info)
    return figure


def _below(info: FrontierInfo) -> np.ndarray:
    return info.accuracy < (-math.inf if info.floor is None else info.floor)


def _cut_off(axes: Axes, info: FrontierInfo) -> None:
    """End the panel at its floor; conditions below it become triangles on the edge."""
    if info.floor is None:
        return
    axes.set_ylim(bottom=info.floor)
    below = info.ncut[_below(info)]
    axes.plot(
        below, np.full(len(below), 0.015), "v", color=OTHER, markersize=5, markeredgecolor=PAPER,
        markeredgewidth=0.5, transform=axes.get_xaxis_transform(), zorder=2,
    )  # fmt: skip


def _draw_line(axes: Axes, info: FrontierInfo) -> None:
    """Draw what the frontier attains, down to the lower and out to the right edge of the panel."""
    left, right = axes.get_xlim()
    low, high = axes.get_ylim()
    ncut, accuracy = info.line
    corners = [ncut[0], *ncut, right], [low, *accuracy, accuracy[-1]]
    axes.plot(*corners, color=FRONTIER, linewidth=3, alpha=0.22, zorder=0.9, solid_joinstyle="miter")
    axes.set(xlim=(left, right), ylim=(low, high))


def _draw_points(axes: Axes, info: FrontierInfo, penalised: bool) -> None:
    on_frontier = info.number > 0
    spread_of_all = len(info.ncut) <= MAX_SPREADS
    for colour, chosen, notable in (
        (OTHER, ~on_frontier & ~info.control, False),
        (FRONTIER, on_frontier & ~info.control, True),
        (CONTROL, info.control, True),
    ):
        chosen = chosen & (info.penalised == penalised)
        chosen &= ~_below(info)
        shown_sd = 1.0 if notable or spread_of_all else math.nan
        axes.errorbar(
            info.ncut[chosen],
            info.accuracy[chosen],
            xerr=shown_sd * info.ncut_sd[chosen],
            yerr=shown_sd * info.accuracy_sd[chosen],
            fmt="s" if colour == CONTROL else "D" if penalised else "o",
            color=colour,
            ecolor=colour if notable else (colour, 0.4),
            markersize=6.5 if notable else 4.5,
            markeredgecolor=PAPER,
            markeredgewidth=0.7,
            elinewidth=1.1 if notable else 0.7,
            zorder=5 if notable else 2,
        )


def _draw_nulls(axes: Axes, info: FrontierInfo) -> None:
    """Mark each shown condition's null mean ± sd at its accuracy, with a thread to the condition."""
    shown = info.shows_null
    axes.hlines(
        info.accuracy[shown], info.ncut[shown], info.null_mean[shown],
        color=NULL, linewidth=0.7, linestyle=(0, (1, 2.5)), zorder=1,
    )  # fmt: skip
    axes.errorbar(
        info.null_mean[shown], info.accuracy[shown], xerr=info.null_sd[shown], fmt="|",
        color=NULL, markersize=8, markeredgewidth=1.6, elinewidth=3.2, alpha=0.75, zorder=1,
    )  # fmt: skip


def _number_points(axes: Axes, info: FrontierInfo) -> None:
    """Number the frontier's points as in the key; a number that would cover its neighbour's is left out."""
    last = np.array([-np.inf, -np.inf])
    for number in range(1, len(info.key) + 1):
        index = int(np.flatnonzero(info.number == number)[0])
        point = info.ncut[index], info.accuracy[index]
        place = axes.transAxes.inverted().transform(axes.transData.transform(point))
        if (np.abs(place - last) < (0.02 * len(str(number)), 0.035)).all():
            continue
        last = place
        axes.annotate(
            str(number), point, xytext=(-5, 5), textcoords="offset points", ha="right", va="bottom",
            fontsize=8.5, fontweight="bold", color=CONTROL if info.control[index] else FRONTIER, zorder=6,
        )  # fmt: skip


def _legend(figure: Figure, axes: Axes, info: FrontierInfo) -> None:
    def entry(label: str, **look: Any) -> None:
        axes.plot([], [], label=label, **{"linestyle": "none", "markeredgecolor": PAPER, **look})

    dominated = (info.number == 0) & ~info.control
    entry("on the frontier", marker="o", color=FRONTIER, markersize=7)
    if dominated.any():
        entry("dominated", marker="o", color=OTHER, markersize=6)
    if info.floor is not None:
        entry(f"below {info.floor:.2f}", marker="v", color=OTHER, markersize=6)
    if info.control.any():
        entry("control", marker="s", color=CONTROL, markersize=7)
    if info.penalised.any():
        entry("diamond: with the penalty", marker="D", color=INK, markersize=5.5)
    if info.shows_null.any():
        entry(
            "its null: mean ± sd", marker="|", color=NULL, markeredgecolor=NULL, linestyle="-", linewidth=2.5
        )
    figure.legend(loc="outside upper left", ncols=6, handletextpad=0.5, columnspacing=1.6)


def _write_key(axes: Axes, info: FrontierInfo) -> None:
    more = int((info.number > 0).sum()) - len(info.key)
    lines = [f"{number:>2}  {shorten(label, 54)}" for number, label in enumerate(info.key, 1)]
    lines += [f"      and {more} more in the table"] if more > 0 else []
    lines += ["", "bars: ± sd between seeds"] if np.isfinite(info.ncut_sd).any() else []
    axes.text(
        1.03, 1.0, "\n".join(lines), transform=axes.transAxes, va="top", fontsize=7.6, linespacing=1.65,
        color=INK,
    )  # fmt: skip
