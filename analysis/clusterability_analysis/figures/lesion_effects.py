"""Lesion effect against volume: a dot for each cluster beside the band of its random sets."""

import math
from dataclasses import dataclass

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from clusterability_analysis.analysis import Analysis
from clusterability_analysis.figures.report_figure import ReportFigure
from clusterability_analysis.figures.style import ACCENT, CONTROL, MUTED, OTHER, PAPER, style
from clusterability_analysis.labels import shorten
from clusterability_analysis.lesioned import Cluster, LesionedCondition, find_lesioned

MAX_CONDITIONS = 6
_COLUMNS = 3


@dataclass(frozen=True, kw_only=True, slots=True)
class EffectPanel:
    """One condition; entries are the clusters with hidden units of all of its seeds."""

    title: str
    control: bool
    share: tuple[float, ...]
    """Of the network's volume."""
    effect: tuple[float, ...]
    band: tuple[tuple[float, float], ...]
    """The middle 95 % of the effects of random sets."""
    has_effect: tuple[bool, ...]
    num_seeds: int


@dataclass(frozen=True, kw_only=True, slots=True)
class EffectsInfo:
    """What the figure shows."""

    panels: tuple[EffectPanel, ...]
    """The control first."""
    num_hidden: int
    """Frontier conditions that are not drawn."""
    num_random: int
    """Random sets that each cluster is compared with."""
    unit: str
    """Of the effects."""


def info(analysis: Analysis) -> EffectsInfo | None:
    """Collect the clusters of the conditions shown; None where no trial has lesions."""
    found = find_lesioned(analysis, MAX_CONDITIONS)
    if found is None:
        return None
    return EffectsInfo(
        panels=tuple(map(_panel, found.conditions)),
        num_hidden=found.num_hidden,
        num_random=found.num_random,
        unit=found.unit,
    )


def _panel(condition: LesionedCondition) -> EffectPanel:
    clusters: list[Cluster] = [
        cluster for seed in condition.seeds for cluster in seed.clusters if cluster.has_units
    ]
    return EffectPanel(
        title=condition.title,
        control=condition.control,
        share=tuple(cluster.share for cluster in clusters),
        effect=tuple(cluster.effect for cluster in clusters),
        band=tuple(cluster.band for cluster in clusters),
        has_effect=tuple(cluster.verdict == "effect" for cluster in clusters),
        num_seeds=len(condition.seeds),
    )


def caption(info: EffectsInfo) -> str:
    """Explain dots and bars, and what they do not say."""
    texts = [
        "A dot is a cluster of one network: rise of the validation loss when its hidden units are set to "
        f"zero, against its share of the volume. Bars: the middle 95 % of {info.num_random} random sets with "
        "as many units in every layer. Filled: outside its bar, and a rise of 0.01 or more; hollow: without "
        "effect. Each dot is a test of its own: of 20 clusters that are like random units one lies outside.",
    ]
    if any(panel.num_seeds == 1 for panel in info.panels):
        texts.append("Panels with n = 1 show a single seed.")
    if info.num_hidden:
        texts.append(f"An even choice: {info.num_hidden} more frontier conditions are not drawn.")
    return " ".join(texts)


def draw(info: EffectsInfo) -> Figure:
    """Draw a panel for each condition, all on one scale."""
    columns = min(_COLUMNS, len(info.panels))
    rows = math.ceil(len(info.panels) / columns)
    with style():
        figure = Figure(figsize=(10, 0.8 + 2.5 * rows), layout="constrained")
        grid = figure.subplots(rows, columns, sharex=True, sharey=True, squeeze=False)
        for axes in grid.flat[len(info.panels) :]:
            axes.remove()
        for axes, panel in zip(grid.flat, info.panels, strict=False):
            _draw_panel(axes, panel)
        for axes in grid.flat[max(0, len(info.panels) - columns) : len(info.panels)]:
            axes.set_xlabel("share of the volume")
            axes.tick_params(axis="x", labelbottom=True)
        widest = max((share for panel in info.panels for share in panel.share), default=1.0)
        grid[0, 0].set_xlim(-0.02 * widest, 1.05 * widest)
        for axes in grid[:, 0]:
            axes.set_ylabel(f"rise of the loss ({info.unit})")
        _legend(figure, grid[0, 0], info)
    return figure


def _draw_panel(axes: Axes, panel: EffectPanel) -> None:
    shade = CONTROL if panel.control else ACCENT
    share, effect, has = np.array(panel.share), np.array(panel.effect), np.array(panel.has_effect, dtype=bool)
    low, high = np.array(panel.band).reshape(-1, 2).T
    axes.vlines(share, low, high, color=OTHER, linewidth=3.5, alpha=0.45, zorder=2)
    axes.axhline(0, color=MUTED, linewidth=0.7, zorder=1)
    axes.scatter(share[~has], effect[~has], s=20, facecolor=PAPER, edgecolor=shade, linewidth=1.1, zorder=3)
    axes.scatter(share[has], effect[has], s=24, facecolor=shade, edgecolor=PAPER, linewidth=0.6, zorder=4)
    seeds = f"n = {panel.num_seeds}"
    axes.set_title(f"{shorten(panel.title, 36)} ({seeds})", fontsize=8.8)
    axes.xaxis.set_major_formatter(lambda value, _: f"{100 * value:.0f} %")


def _legend(figure: Figure, axes: Axes, info: EffectsInfo) -> None:
    dot = {"linestyle": "none", "marker": "o", "color": MUTED, "markersize": 5}
    axes.plot([], [], label="cluster with an effect of its own", **dot)
    axes.plot([], [], label="without effect", markerfacecolor=PAPER, **dot)
    band = f"95 % band of {info.num_random} random sets"
    axes.plot([], [], label=band, color=OTHER, linewidth=4, alpha=0.45)
    figure.legend(loc="outside upper left", ncols=3, columnspacing=1.6)


def alternative(info: EffectsInfo) -> str:
    """Say in words what is drawn."""
    panels = [
        f"{panel.title}: {sum(panel.has_effect)} of {len(panel.effect)} clusters of {panel.num_seeds} "
        f"networks have an effect of their own, the largest rise is {max(panel.effect, default=0):.2g}"
        for panel in info.panels
    ]
    return (
        f"Rise of the loss, in {info.unit}, against share of the volume, a dot for each cluster. "
        f"{'; '.join(panels)}."
    )


LESION_EFFECTS = ReportFigure(
    name="lesion_effects",
    title="Lesion effect against volume",
    info=info,
    draw=draw,
    caption=caption,
    alternative=alternative,
)
