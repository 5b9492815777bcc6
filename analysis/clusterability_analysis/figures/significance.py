"""Each observed statistic beside its nulls, condition by condition, and the verdict's z."""

from dataclasses import dataclass
from itertools import groupby
from textwrap import fill
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FixedLocator, FuncFormatter, MaxNLocator, NullLocator

from clusterability_analysis.analysis import Analysis
from clusterability_analysis.figures.report_figure import ReportFigure
from clusterability_analysis.figures.style import ACCENT, INK, MUTED, OTHER, clear_grid, null_colour, style
from clusterability_analysis.labels import evenly_spread, format_number, format_probability, shorten
from clusterability_analysis.quantity import Quantity
from clusterability_analysis.tested import Tested

MAX_ROWS = 32
"""Conditions drawn; with more, controls and an even choice by z."""
WIDE_Z = 20
"""Above this, z is drawn on a logarithmic scale beyond ±3: a strong condition would flatten the rest."""

_LONGEST_LINE = 24  # letters below a panel: its neighbour's are close


@dataclass(frozen=True, kw_only=True, slots=True)
class NullBands:
    """One null of a panel; one entry per drawn condition."""

    test: Tested
    mean: np.ndarray
    sd: np.ndarray
    """Standard deviation of the null values, averaged over seeds; NaN where it does not exist."""


@dataclass(frozen=True, kw_only=True, slots=True)
class NullPanel:
    """A statistic beside its nulls."""

    statistic: Quantity
    observed: np.ndarray
    """Its mean over seeds, for each drawn condition."""
    seed_observed: tuple[np.ndarray, ...]
    """That of each replicate."""
    nulls: tuple[NullBands, ...]


@dataclass(frozen=True, kw_only=True, slots=True)
class SignificanceInfo:
    """What the significance figure shows; one entry per drawn condition, the most clusterable by z first."""

    labels: tuple[str, ...]
    panels: tuple[NullPanel, ...]
    """The n-cut, then what else is tested."""
    verdict: Tested
    """The test that z, q and `passes` are of."""
    z_score: np.ndarray
    """Mean over seeds; NaN where it is not defined."""
    seed_z: tuple[np.ndarray, ...]
    q_value: np.ndarray
    passes: np.ndarray
    control: np.ndarray
    penalised: np.ndarray
    alpha: float
    num_hidden: int
    """Tested conditions that are not drawn."""


def info(analysis: Analysis) -> SignificanceInfo | None:
    """Collect what the figure shows; None where no condition has a null test."""
    significance, verdict = analysis.significance, analysis.shown.verdict
    tested = significance.conditions[significance.conditions["num_tests"] > 0]
    if tested.empty:
        return None
    shown = _select(tested, verdict)
    replicates = significance.trials.groupby("condition_id")
    seeds = [replicates.get_group(name) for name in shown["condition_id"]]
    by_statistic = groupby(analysis.shown.tests, key=lambda test: test.statistic)
    return SignificanceInfo(
        labels=tuple(shown["label"]),
        panels=tuple(_panel(statistic, tuple(tests), shown, seeds) for statistic, tests in by_statistic),
        verdict=verdict,
        z_score=shown[f"{verdict.z_score}_mean"].to_numpy(dtype=float),
        seed_z=_of_seeds(seeds, verdict.z_score),
        q_value=shown["q_value"].to_numpy(dtype=float),
        passes=shown["passes"].to_numpy(dtype=bool),
        control=shown["control"].to_numpy(dtype=bool),
        penalised=shown["penalised"].to_numpy(dtype=bool),
        alpha=significance.alpha,
        num_hidden=len(tested) - len(shown),
    )


def _panel(
    statistic: Quantity, tests: tuple[Tested, ...], shown: pd.DataFrame, seeds: list[pd.DataFrame]
) -> NullPanel:
    return NullPanel(
        statistic=statistic,
        observed=shown[statistic.mean].to_numpy(dtype=float),
        seed_observed=_of_seeds(seeds, statistic.name),
        nulls=tuple(
            NullBands(
                test=test,
                mean=shown[f"{test.null_mean}_mean"].to_numpy(dtype=float),
                sd=shown[f"{test.null_sd}_mean"].to_numpy(dtype=float),
            )
            for test in tests
        ),
    )


def _of_seeds(seeds: list[pd.DataFrame], column: str) -> tuple[np.ndarray, ...]:
    return tuple(trials[column].to_numpy(dtype=float) for trials in seeds)


def _select(tested: pd.DataFrame, verdict: Tested) -> pd.DataFrame:
    """Return the conditions to draw, most clusterable first: by z, then by the distance to the null."""
    z, statistic = tested[f"{verdict.z_score}_mean"], verdict.statistic
    distance = tested[statistic.mean] - tested[f"{verdict.null_mean}_mean"]
    ordered = tested.assign(z=-statistic.sign * z, distance=-statistic.sign * distance)
    ordered = ordered.sort_values(["z", "distance", "condition_id"], na_position="last")
    controls = ordered[ordered["control"]].head(MAX_ROWS // 4)
    others = ordered[~ordered["control"]]
    others = others.iloc[evenly_spread(len(others), MAX_ROWS - len(controls))]
    return ordered[ordered["condition_id"].isin([*controls["condition_id"], *others["condition_id"]])]


def caption(info: SignificanceInfo) -> str:
    """Explain the panels."""
    panels = "; ".join(
        f"{panel.statistic.label} beside {' and '.join(bands.test.title for bands in panel.nulls)}"
        for panel in info.panels
    )
    side, other = ("Above", "below") if info.verdict.statistic.maximise else ("Below", "above")
    return (
        f"From the left: {panels}; z, the distance of the {info.verdict.statistic.label} to the mean of "
        f"{info.verdict.title} in its standard deviations, with q. Large dots are means over seeds, small "
        f"ones the seeds. {side} z = 0 a condition is more clusterable than its shuffles, {other} it less; p "
        "and q ask for more only."
    )


def draw(info: SignificanceInfo) -> Figure:
    """Draw a row per condition: a panel for each statistic beside its nulls, and one for z."""
    rows = np.arange(len(info.labels))
    widths = [1.35, *[1.0] * len(info.panels)]
    with style():
        figure = Figure(figsize=(10, 1.5 + 0.27 * max(len(rows), 2)), layout="constrained")
        panels = figure.subplots(1, len(widths), sharey=True, gridspec_kw={"width_ratios": widths})
        for axes, panel in zip(panels, info.panels, strict=False):
            _draw_panel(axes, panel, info, rows)
        _draw_z(panels[-1], info, rows)
        longest = 54 if len(info.panels) == 1 else 44
        panels[0].set_yticks(rows, [shorten(label, longest) for label in info.labels])
        panels[0].set_ylim(len(rows) - 0.4, -0.6)
        for axes in panels:
            clear_grid(axes, keep="x")
            axes.spines["left"].set_visible(False)
            axes.tick_params(axis="y", length=0)
        _legend(figure, panels[0], info)
        if info.num_hidden:
            figure.supxlabel(
                f"an even choice by z; {info.num_hidden} more conditions are in the table",
                fontsize=8,
                color=MUTED,
                ha="center",
            )
    return figure


def _draw_panel(axes: Axes, panel: NullPanel, info: SignificanceInfo, rows: np.ndarray) -> None:
    for place, bands in enumerate(panel.nulls):
        # Two nulls share a row: the first in its upper half, the second in its lower.
        height = 0.56 / len(panel.nulls)
        middle = rows + (place - (len(panel.nulls) - 1) / 2) * height
        half, colour = np.nan_to_num(bands.sd), null_colour(bands.test)
        for width, alpha in ((2, 0.18), (1, 0.3)):
            left = bands.mean - width * half
            axes.barh(middle, 2 * width * half, left=left, height=height, color=colour, alpha=alpha)
        axes.plot(bands.mean, middle, "|", color=colour, markersize=16 * height, markeredgewidth=1.6)
    _draw_replicates(axes, info, rows, panel.observed, panel.seed_observed)
    better = "more clusterable →" if panel.statistic.maximise else "← more clusterable"
    axes.set_xlabel(f"{fill(panel.statistic.label, _LONGEST_LINE)}\n({better})")
    axes.xaxis.set_major_locator(MaxNLocator(5))
    axes.margins(x=0.05)


def _draw_z(axes: Axes, info: SignificanceInfo, rows: np.ndarray) -> None:
    axes.axvline(0, color=null_colour(info.verdict), linewidth=1.2)
    _draw_replicates(axes, info, rows, info.z_score, info.seed_z)
    better = "more clusterable →" if info.verdict.statistic.maximise else "← more clusterable"
    axes.set_xlabel(f"{fill(f'z of the {info.verdict.statistic.label}', _LONGEST_LINE)}\n({better})")
    axes.xaxis.set_major_locator(MaxNLocator(5, integer=True))
    if np.nanmax(np.abs(info.z_score), initial=0) > WIDE_Z:
        axes.set_xscale("symlog", linthresh=3, linscale=0.6)
        axes.xaxis.set_major_locator(FixedLocator([-300, -100, -30, -10, -3, 0, 3, 10, 30, 100, 300]))
        axes.xaxis.set_minor_locator(NullLocator())
        axes.xaxis.set_major_formatter(FuncFormatter(lambda z, _: format_number(z, 0)))
    axes.tick_params(axis="y", labelleft=False)
    axes.margins(x=0.05)
    for row, q_value, passes in zip(rows, info.q_value, info.passes, strict=True):
        axes.annotate(
            format_probability(q_value), (1.0, row), xycoords=("axes fraction", "data"), xytext=(40, 0),
            textcoords="offset points", ha="right", va="center", fontsize=8.2,
            color=INK if passes else MUTED, fontweight="bold" if passes else "normal",
        )  # fmt: skip
    axes.annotate(
        "q", (1.0, 1), xycoords="axes fraction", xytext=(40, 2), textcoords="offset points", ha="right",
        va="bottom", fontsize=9, style="italic", color=INK,
    )  # fmt: skip


def _draw_replicates(
    axes: Axes, info: SignificanceInfo, rows: np.ndarray, means: np.ndarray, seeds: tuple[np.ndarray, ...]
) -> None:
    colours = np.where(info.passes, ACCENT, OTHER)
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
    titles = {null_colour(bands.test): bands.test.title for panel in info.panels for bands in panel.nulls}
    for colour, title in titles.items():
        look = {"color": colour, "linestyle": "-", "linewidth": 5, "alpha": 0.5}
        entry(f"{title}: mean, ± 1 and 2 sd", marker="|", **look)
    columns = 6 if len(titles) == 1 else 4
    figure.legend(loc="outside upper left", ncols=columns, handletextpad=0.4, columnspacing=1.6)


def alternative(info: SignificanceInfo) -> str:
    """Say in words what is drawn."""
    rows = [
        f"{label}: z {format_number(z, 1)}, q {format_probability(q)}"
        for label, z, q in zip(info.labels, info.z_score, info.q_value, strict=True)
    ]
    passing = int(info.passes.sum())
    return (
        f"{len(rows)} conditions beside their null networks, the most clusterable first; {passing} pass by "
        f"the {info.verdict.statistic.label} at q up to {info.alpha:g}. {'; '.join(rows)}."
    )


SIGNIFICANCE = ReportFigure(
    name="significance",
    title="Against shuffled networks",
    info=info,
    draw=draw,
    caption=caption,
    alternative=alternative,
)
