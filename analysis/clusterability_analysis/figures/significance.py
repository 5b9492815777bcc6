"""Observed n-cut beside its null, condition by condition."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FixedLocator, FuncFormatter, MaxNLocator, NullLocator

from clusterability_analysis.analysis import Analysis
from clusterability_analysis.figures.report_figure import ReportFigure
from clusterability_analysis.figures.style import ACCENT, INK, MUTED, NULL, OTHER, clear_grid, style
from clusterability_analysis.labels import evenly_spread, format_number, format_probability, shorten
from clusterability_analysis.shown import Quantity, Tested

MAX_ROWS = 32
"""Conditions drawn; with more, controls and an even choice from the lowest z to the highest."""
WIDE_Z = 20
"""Above this, z is drawn on a logarithmic scale beyond ±3: a strong condition would flatten the rest."""


@dataclass(frozen=True, kw_only=True, slots=True)
class SignificanceInfo:
    """What the significance figure shows; one entry per drawn condition, lowest z first."""

    statistic: Quantity
    """The n-cut that is tested."""
    labels: tuple[str, ...]
    observed: np.ndarray
    """Its mean over seeds."""
    null_mean: np.ndarray
    null_sd: np.ndarray
    """Standard deviation of the null values, averaged over seeds; NaN where it does not exist."""
    z_score: np.ndarray
    """Mean over seeds; NaN where it is not defined."""
    q_value: np.ndarray
    passes: np.ndarray
    control: np.ndarray
    penalised: np.ndarray
    seed_observed: tuple[np.ndarray, ...]
    """The n-cut of each replicate."""
    seed_z: tuple[np.ndarray, ...]
    alpha: float
    num_hidden: int
    """Tested conditions that are not drawn."""


def info(analysis: Analysis) -> SignificanceInfo | None:
    """Collect what the figure shows; None where no condition has a null test."""
    significance, tests = analysis.significance, analysis.shown.tested
    tested = significance.conditions[significance.conditions["num_tests"] > 0]
    if tested.empty:
        return None
    shown = _select(tested, tests)
    replicates = significance.trials.groupby("condition_id")
    seeds = [replicates.get_group(name) for name in shown["condition_id"]]
    return SignificanceInfo(
        statistic=tests.statistic,
        labels=tuple(shown["label"]),
        observed=shown[tests.statistic.mean].to_numpy(dtype=float),
        null_mean=shown[f"{tests.null_mean}_mean"].to_numpy(dtype=float),
        null_sd=shown[f"{tests.null_sd}_mean"].to_numpy(dtype=float),
        z_score=shown[f"{tests.z_score}_mean"].to_numpy(dtype=float),
        q_value=shown["q_value"].to_numpy(dtype=float),
        passes=shown["passes"].to_numpy(dtype=bool),
        control=shown["control"].to_numpy(dtype=bool),
        penalised=shown["penalised"].to_numpy(dtype=bool),
        seed_observed=tuple(trials[tests.statistic.name].to_numpy(dtype=float) for trials in seeds),
        seed_z=tuple(trials[tests.z_score].to_numpy(dtype=float) for trials in seeds),
        alpha=significance.alpha,
        num_hidden=len(tested) - len(shown),
    )


def _select(tested: pd.DataFrame, tests: Tested) -> pd.DataFrame:
    ordered = tested.assign(distance=tested[tests.statistic.mean] - tested[f"{tests.null_mean}_mean"])
    ordered = ordered.sort_values([f"{tests.z_score}_mean", "distance", "condition_id"], na_position="last")
    controls = ordered[ordered["control"]].head(MAX_ROWS // 4)
    others = ordered[~ordered["control"]]
    others = others.iloc[evenly_spread(len(others), MAX_ROWS - len(controls))]
    return ordered[ordered["condition_id"].isin([*controls["condition_id"], *others["condition_id"]])]


def caption(info: SignificanceInfo) -> str:
    """Explain the two panels."""
    return (
        f"Left: {info.statistic.label} beside the mean of the null. Right: the same distance in standard "
        "deviations of the null. Large dots are means over seeds, small ones the seeds. Below z = 0 a "
        "condition is more clusterable than its shuffles, above it less; p and q ask for more only."
    )


def draw(info: SignificanceInfo) -> Figure:
    """Draw two panels with a row per condition: n-cut beside its null, and the z-score."""
    rows = np.arange(len(info.labels))
    with style():
        figure = Figure(figsize=(10, 1.5 + 0.27 * max(len(rows), 2)), layout="constrained")
        left, right = figure.subplots(1, 2, sharey=True, gridspec_kw={"width_ratios": [1.35, 1]})
        _draw_ncut(left, info, rows)
        _draw_z(right, info, rows)
        left.set_yticks(rows, [shorten(label, 54) for label in info.labels])
        left.set_ylim(len(rows) - 0.4, -0.6)
        for axes in (left, right):
            clear_grid(axes, keep="x")
            axes.spines["left"].set_visible(False)
            axes.tick_params(axis="y", length=0)
        _legend(figure, left, info)
        if info.num_hidden:
            figure.supxlabel(
                f"an even choice by z; {info.num_hidden} more conditions are in the table",
                fontsize=8,
                color=MUTED,
                ha="center",
            )
    return figure


def _colours(info: SignificanceInfo) -> np.ndarray:
    return np.where(info.passes, ACCENT, OTHER)


def _draw_ncut(axes: Axes, info: SignificanceInfo, rows: np.ndarray) -> None:
    half = np.nan_to_num(info.null_sd)
    for width, alpha in ((2, 0.18), (1, 0.3)):
        axes.barh(
            rows, 2 * width * half, left=info.null_mean - width * half, height=0.56, color=NULL, alpha=alpha
        )
    axes.plot(info.null_mean, rows, "|", color=NULL, markersize=9, markeredgewidth=1.6)
    _draw_replicates(axes, info, rows, info.observed, info.seed_observed)
    axes.set_xlabel(f"{info.statistic.label}   (← more clusterable)")
    axes.margins(x=0.05)


def _draw_z(axes: Axes, info: SignificanceInfo, rows: np.ndarray) -> None:
    axes.axvline(0, color=NULL, linewidth=1.2)
    _draw_replicates(axes, info, rows, info.z_score, info.seed_z)
    axes.set_xlabel("z  =  (n-cut − null mean) / null sd")
    axes.xaxis.set_major_locator(MaxNLocator(5, integer=True))
    if np.nanmax(np.abs(info.z_score), initial=0) > WIDE_Z:
        axes.set_xscale("symlog", linthresh=3, linscale=0.6)
        axes.xaxis.set_major_locator(FixedLocator([-300, -100, -30, -10, -3, 0, 3, 10, 30, 100]))
        axes.xaxis.set_minor_locator(NullLocator())
        axes.xaxis.set_major_formatter(FuncFormatter(lambda z, _: format_number(z, 0)))
    axes.tick_params(axis="y", labelleft=False)
    axes.margins(x=0.05)
    for row, q_value, passes in zip(rows, info.q_value, info.passes, strict=True):
        axes.annotate(
            format_probability(q_value), (1.15, row), xycoords=("axes fraction", "data"), ha="right",
            va="center", fontsize=8.2, color=INK if passes else MUTED,
            fontweight="bold" if passes else "normal",
        )  # fmt: skip
    axes.annotate(
        "q", (1.15, 1), xycoords="axes fraction", xytext=(0, 2), textcoords="offset points", ha="right",
        va="bottom", fontsize=9, style="italic", color=INK,
    )  # fmt: skip


def _draw_replicates(
    axes: Axes, info: SignificanceInfo, rows: np.ndarray, means: np.ndarray, seeds: tuple[np.ndarray, ...]
) -> None:
    colours = _colours(info)
    for row, values, colour in zip(rows, seeds, colours, strict=True):
        axes.plot(values, np.full(len(values), row), "o", color=colour, markersize=3, alpha=0.5, zorder=3)
    for shape, chosen in (
        ("s", info.control),
        ("D", info.penalised),
        ("o", ~info.control & ~info.penalised),
    ):
        axes.scatter(
            means[chosen],
            rows[chosen],
            s=34 if shape == "o" else 28,
            marker=shape,
            color=colours[chosen],
            zorder=4,
        )


def _legend(figure: Figure, axes: Axes, info: SignificanceInfo) -> None:
    def entry(label: str, **look: Any) -> None:
        axes.plot([], [], label=label, **{"linestyle": "none", "marker": "o", "markersize": 6, **look})

    if info.passes.any():
        entry(f"passes, q ≤ {info.alpha:g}", color=ACCENT)
    if not info.passes.all():
        entry("does not pass", color=OTHER)
    if info.control.any():
        entry("square: control", marker="s", color=INK, markerfacecolor="none")
    if info.penalised.any():
        entry("diamond: penalty", marker="D", color=INK, markersize=5, markerfacecolor="none")
    entry("single seeds", color=MUTED, markersize=3)
    entry("null mean, ± 1 and 2 sd", marker="|", color=NULL, linestyle="-", linewidth=5, alpha=0.5)
    figure.legend(loc="outside upper left", ncols=6, handletextpad=0.4, columnspacing=1.6)


SIGNIFICANCE = ReportFigure(
    name="significance", title="Against shuffled networks", info=info, draw=draw, caption=caption
)
