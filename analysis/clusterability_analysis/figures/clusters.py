"""What clusters do: a strip of its clusters for each network of the control and the frontier."""

from dataclasses import dataclass

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Patch

from clusterability_analysis.analysis import Analysis
from clusterability_analysis.figures.report_figure import ReportFigure
from clusterability_analysis.figures.style import EFFECTS, GRID, INK, MUTED, OTHER, PAPER, clear_grid, style
from clusterability_analysis.labels import format_spread, shorten
from clusterability_analysis.lesioned import Cluster, LesionedCondition, find_lesioned

MAX_CONDITIONS = 8
MAX_SEEDS = 3
"""Strips of a condition; its numbers are means over all of its seeds."""
STEPS = (0.01, 0.1, 0.3, 1.0, 3.0)
"""Effects from which on each colour of EFFECTS stands."""

_PLACES = (1.12, 1.28, 1.33)  # right ends of the columns of numbers, in widths of the panel


@dataclass(frozen=True, kw_only=True, slots=True)
class Strips:
    """One condition."""

    title: str
    control: bool
    strips: tuple[tuple[Cluster, ...], ...]
    """The clusters of its first MAX_SEEDS seeds."""
    functional: tuple[float, float]
    """Functional clusters, mean and standard deviation (ddof 1) over all seeds; NaN for one seed."""
    without_effect: float
    """Clusters without effect, mean over all seeds."""
    num_clusters: float
    """The same of all clusters."""
    num_seeds: int


@dataclass(frozen=True, kw_only=True, slots=True)
class ClustersInfo:
    """What the figure shows."""

    conditions: tuple[Strips, ...]
    """The control first."""
    num_hidden: int
    """Frontier conditions that are not drawn."""
    num_random: int
    """Random sets that each cluster is compared with."""
    unit: str
    """Of the effects."""


def info(analysis: Analysis) -> ClustersInfo | None:
    """Collect the clusters of the conditions shown; None where no trial has lesions."""
    found = find_lesioned(analysis, MAX_CONDITIONS)
    if found is None:
        return None
    return ClustersInfo(
        conditions=tuple(map(_strips, found.conditions)),
        num_hidden=found.num_hidden,
        num_random=found.num_random,
        unit=found.unit,
    )


def _strips(condition: LesionedCondition) -> Strips:
    functional = [seed.functional_clusters for seed in condition.seeds]
    return Strips(
        title=condition.title,
        control=condition.control,
        strips=tuple(seed.clusters for seed in condition.seeds[:MAX_SEEDS]),
        functional=(
            float(np.mean(functional)),
            float(np.std(functional, ddof=1)) if len(functional) > 1 else float("nan"),
        ),
        without_effect=float(np.mean([seed.clusters_without_effect for seed in condition.seeds])),
        num_clusters=float(np.mean([len(seed.clusters) for seed in condition.seeds])),
        num_seeds=len(condition.seeds),
    )


def caption(info: ClustersInfo) -> str:
    """Explain strips, colours and numbers, and what they do not say."""
    texts = [
        f"Clusters of the layered modularity on contributions, a strip for each network (at most {MAX_SEEDS} "
        "seeds of a condition). Width: share of the volume. Colour: rise of the validation loss when the "
        f"cluster's hidden units are set to zero. Grey: without effect, a rise below {STEPS[0]:g} (faint) or "
        f"within the 95 % band of {info.num_random} random sets with as many units in every layer (strong): "
        "such a cluster may hurt much, but not unlike random units. Numbers: mean over the n seeds (± sd); "
        "functional clusters do not look at the random sets.",
    ]
    if any(strips.num_seeds == 1 for strips in info.conditions):
        texts.append("Where n is 1, another seed may look different.")
    if info.num_hidden:
        texts.append(f"An even choice: {info.num_hidden} more frontier conditions are not drawn.")
    return " ".join(texts)


def draw(info: ClustersInfo) -> Figure:
    """Draw a group of strips for each condition, and its numbers beside it."""
    with style():
        figure = Figure(figsize=(10, 1.3 + 0.5 * len(info.conditions)), layout="constrained")
        axes = figure.subplots()
        for row, condition in enumerate(info.conditions):
            _draw_condition(axes, row, condition)
        clear_grid(axes)
        axes.set_xlim(0, 1)
        axes.set_ylim(len(info.conditions) - 0.5, -0.5)
        axes.set_xlabel("share of the clusters' volume")
        axes.xaxis.set_major_formatter(lambda value, _: f"{100 * value:.0f} %")
        titles = [shorten(condition.title, 44) for condition in info.conditions]
        axes.set_yticks(range(len(titles)), titles)
        axes.spines["left"].set_visible(False)
        axes.tick_params(axis="y", length=0)
        for place, heading in zip(_PLACES, ("functional", "without effect", "n"), strict=True):
            axes.text(place, 1.01, heading, transform=axes.transAxes, ha="right", fontsize=8.2, color=MUTED)
        figure.legend(handles=_legend(info), loc="outside upper left", ncols=4, columnspacing=1.6)
    return figure


def _draw_condition(axes: Axes, row: int, condition: Strips) -> None:
    height = 0.78 / len(condition.strips)
    for place, clusters in enumerate(condition.strips):
        shares = np.array([cluster.share for cluster in clusters])
        axes.barh(
            np.full(len(clusters), row - 0.39 + (place + 0.5) * height),
            shares,
            left=np.cumsum(shares) - shares,
            height=0.88 * height,
            color=[colour(cluster) for cluster in clusters],
            edgecolor=PAPER,
            linewidth=0.9,
        )
    counted = f"{condition.without_effect:.1f} of {condition.num_clusters:.1f}"
    numbers = (format_spread(*condition.functional, 1), counted, str(condition.num_seeds))
    for place, text in zip(_PLACES, numbers, strict=True):
        axes.text(
            place, row, text, transform=axes.get_yaxis_transform(), ha="right", va="center", fontsize=8.5,
            color=INK,
        )  # fmt: skip


def colour(cluster: Cluster) -> str:
    """Return the colour of a cluster's effect, or a grey."""
    if cluster.verdict != "effect":
        return OTHER if cluster.verdict == "as random units" else GRID
    return EFFECTS[max(0, int(np.searchsorted(STEPS, cluster.effect, side="right")) - 1)]


def _legend(info: ClustersInfo) -> list[Patch]:
    ends = [f"to {step:g}" for step in STEPS[1:]] + ["or more"]
    colours = [
        Patch(color=shade, label=f"{step:g} {end} {info.unit}")
        for shade, step, end in zip(EFFECTS, STEPS, ends, strict=True)
    ]
    greys = [
        Patch(color=OTHER, label="as random units do"),
        Patch(color=GRID, label=f"below {STEPS[0]:g} {info.unit}"),
    ]
    return [*colours, *greys]


def alternative(info: ClustersInfo) -> str:
    """Say in words what is drawn."""
    rows = [
        f"{condition.title}: {format_spread(*condition.functional, 1)} functional clusters, "
        f"{condition.without_effect:.1f} of {condition.num_clusters:.1f} clusters without effect, "
        f"{_share(condition):.0%} of the volume in clusters with one (n = {condition.num_seeds})"
        for condition in info.conditions
    ]
    return f"Strips of clusters, wide as their volume, coloured by their lesion's effect. {'; '.join(rows)}."


def _share(condition: Strips) -> float:
    """Return the volume in clusters with an effect, mean over the strips drawn."""
    found = [
        sum(item.share for item in clusters if item.verdict == "effect") for clusters in condition.strips
    ]
    return float(np.mean(found))


CLUSTERS = ReportFigure(
    name="clusters",
    title="What clusters do",
    info=info,
    draw=draw,
    caption=caption,
    alternative=alternative,
)
