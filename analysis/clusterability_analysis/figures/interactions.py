"""Two clusters at once: the interaction of pairs, beside that of random pairs."""

import math
from dataclasses import dataclass

import numpy as np
from matplotlib.axes import Axes
from matplotlib.collections import QuadMesh
from matplotlib.colors import BoundaryNorm, ListedColormap
from matplotlib.figure import Figure

from clusterability_analysis.analysis import Analysis
from clusterability_analysis.figures.report_figure import ReportFigure
from clusterability_analysis.figures.style import INK, INTERACTIONS, PAPER, clear_grid, style
from clusterability_analysis.labels import shorten
from clusterability_analysis.lesioned import LEVEL, LesionedCondition, Pairs, find_lesioned

MAX_CONDITIONS = 6
_COLUMNS = 3
_STEPS = (0.05, 0.2, 0.5, 1.0)  # of the limit, where one colour gives way to the next


@dataclass(frozen=True, kw_only=True, slots=True)
class InteractionPanel:
    """One condition."""

    title: str
    seed: int
    """Whose matrix is drawn: clusters of two networks do not correspond, so there is no mean of matrices."""
    pairs: Pairs
    share_marked: float
    """Share of the pairs with p up to LEVEL, mean over all seeds."""
    num_seeds: int


@dataclass(frozen=True, kw_only=True, slots=True)
class InteractionsInfo:
    """What the figure shows."""

    panels: tuple[InteractionPanel, ...]
    """The control first."""
    num_hidden: int
    """Frontier conditions that are not drawn."""
    unit: str
    """Of the interactions."""

    @property
    def limit(self) -> float:
        """End of the scale on both sides: the largest interaction, first digit rounded up to 1, 2 or 5."""
        largest = max(np.abs(panel.pairs.excess).max() for panel in self.panels)
        power = 10.0 ** math.floor(math.log10(max(largest, 1e-3)))
        return next(step * power for step in (1, 2, 5, 10) if step * power >= largest)


def info(analysis: Analysis) -> InteractionsInfo | None:
    """Collect the pairs of the conditions shown; None where no trial lesioned pairs of clusters."""
    found = find_lesioned(analysis, MAX_CONDITIONS)
    panels = [] if found is None else list(filter(None, map(_panel, found.conditions)))
    if found is None or not panels:
        return None
    return InteractionsInfo(panels=tuple(panels), num_hidden=found.num_hidden, unit=found.unit)


def _panel(condition: LesionedCondition) -> InteractionPanel | None:
    """Return one condition's panel; None where no network has two clusters to lesion together."""
    known = [(seed.seed, seed.pairs) for seed in condition.seeds if seed.pairs and len(seed.pairs.excess) > 1]
    if not known:
        return None
    seed, pairs = known[0]
    return InteractionPanel(
        title=condition.title,
        seed=seed,
        pairs=pairs,
        share_marked=float(np.mean([pairs.share_marked for _, pairs in known])),
        num_seeds=len(known),
    )


def caption(info: InteractionsInfo) -> str:
    """Explain colours and dots, and what they do not say."""
    draws = min(panel.pairs.num_random for panel in info.panels)
    texts = [
        "Rise of the loss by the lesion of two clusters less the sum of their single rises, less the mean of "
        f"the same for {draws} pairs of random sets. Above 0 either cluster can stand in for the other; "
        "below 0 the other has little left to do once one is gone. Clusters with hidden units, in the "
        "strips' order.",
        f"Dot: p up to {LEVEL:g} (two-sided); among random pairs {LEVEL:.0%} have one.",
        "One seed only: clusters of two networks do not correspond. The share of pairs with a dot is the "
        "mean over n seeds.",
    ]
    if draws < math.ceil(1 / LEVEL) - 1:
        texts.append(f"With {draws} random pairs no p can be as small, so there is no dot.")
    if info.num_hidden:
        texts.append(f"An even choice: {info.num_hidden} more frontier conditions are not drawn.")
    return " ".join(texts)


def draw(info: InteractionsInfo) -> Figure:
    """Draw a matrix for each condition, all on one scale."""
    columns = min(_COLUMNS, len(info.panels))
    rows = math.ceil(len(info.panels) / columns)
    half = info.limit * np.array(_STEPS)
    edges = np.concatenate([-half[::-1], half])
    with style():
        figure = Figure(figsize=(1.2 + 2.9 * columns, 0.6 + 3.1 * rows), layout="constrained")
        grid = figure.subplots(rows, columns, squeeze=False)
        for axes in grid.flat[len(info.panels) :]:
            axes.remove()
        shades = ListedColormap(INTERACTIONS)
        norm = BoundaryNorm(edges, len(INTERACTIONS))
        meshes = [
            _draw_panel(axes, panel, shades, norm)
            for axes, panel in zip(grid.flat, info.panels, strict=False)
        ]
        bar = figure.colorbar(
            meshes[0], ax=list(grid.flat[: len(info.panels)]), ticks=edges, shrink=0.8, aspect=30,
            format=lambda value, _: f"{value:+.3g}".replace("-", "−"),
        )  # fmt: skip
        bar.set_label(f"interaction, excess over random pairs ({info.unit})")
        bar.outline.set_visible(False)  # pyright: ignore[reportCallIssue]
    return figure


def _draw_panel(axes: Axes, panel: InteractionPanel, shades: ListedColormap, norm: BoundaryNorm) -> QuadMesh:
    excess, marked = np.array(panel.pairs.excess), np.array(panel.pairs.marked)
    number = len(excess)
    off_diagonal = np.ma.masked_array(excess, np.eye(number, dtype=bool))
    mesh = axes.pcolormesh(off_diagonal, cmap=shades, norm=norm, edgecolor=PAPER, linewidth=0.8)
    rows, columns = np.nonzero(marked)
    axes.plot(columns + 0.5, rows + 0.5, "o", color=INK, markersize=3.2, markeredgecolor=PAPER)
    clear_grid(axes)
    axes.set_aspect("equal")
    axes.invert_yaxis()
    places = np.arange(number) + 0.5
    written = [str(place) for place in range(1, number + 1)]
    axes.set_xticks(places, written)
    axes.set_yticks(places, written)
    axes.tick_params(length=0, labelsize=7.5)
    for spine in axes.spines.values():
        spine.set_visible(False)
    axes.set_title(
        f"{shorten(panel.title, 34)}\nseed {panel.seed}; with a dot: {panel.share_marked:.0%}, "
        f"n = {panel.num_seeds}",
        fontsize=8.4,
    )
    return mesh


def alternative(info: InteractionsInfo) -> str:
    """Say in words what is drawn."""
    panels = []
    for panel in info.panels:
        upper = np.array(panel.pairs.excess)[np.triu_indices(len(panel.pairs.excess), 1)]
        panels.append(
            f"{panel.title}, seed {panel.seed}: {len(upper)} pairs, from {upper.min():.2g} to "
            f"{upper.max():.2g}; {panel.share_marked:.0%} of the pairs have a p up to {LEVEL:g} "
            f"(mean of {panel.num_seeds} seeds)"
        )
    return (
        f"Matrices of the interaction of pairs of clusters beyond random pairs, in {info.unit}. "
        f"{'. '.join(panels)}."
    )


INTERACTIONS_FIGURE = ReportFigure(
    name="interactions",
    title="Two clusters at once",
    info=info,
    draw=draw,
    caption=caption,
    alternative=alternative,
)
