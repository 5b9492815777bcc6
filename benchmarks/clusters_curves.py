"""Curves over training of curves_mnist: does modularity rise before, with or after accuracy?"""

from collections.abc import Mapping, Sequence

import numpy as np
from clusters_records import Groups, spread
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from clusterability.record import TrialRecord
from clusterability_analysis.figures.style import ACCENT, CONTROL, style
from clusterability_analysis.labels import format_number

CURVES: Mapping[str, tuple[str, int]] = {
    "validation_accuracy": ("validation accuracy", 3),
    "layered_modularity_at_k": ("layered modularity of weights", 4),
    "layered_modularity_at_k_contribution": ("layered modularity of contributions", 4),
    "ncut_contribution": ("contribution n-cut", 2),
    "functional_clusters_at_k": ("functional clusters", 1),
}
"""What each curve is called, and its decimals."""
DRAWN = {
    "validation_accuracy": "validation accuracy",
    "layered_modularity_at_k": "modularity, weights",
    "layered_modularity_at_k_contribution": "modularity, contributions",
    "functional_clusters_at_k": "functional clusters",
}
"""Curves of the figure, with the titles of their panels."""
LOGARITHMIC = ("layered_modularity_at_k", "layered_modularity_at_k_contribution")
TICKS = (0.02, 0.05, 0.1, 0.2)
SHARES = (0.5, 0.9)
COLOURS = (CONTROL, ACCENT)
MOST_BEYOND = 0.2  # of the change, outside of both ends; beyond, no time is given
LEAST_CHANGE = 3.0  # standard deviations between seeds; below, no time of the change is given


def curve(records: Sequence[TrialRecord], name: str) -> tuple[np.ndarray, np.ndarray]:
    """Return the points that all seeds have, in epochs, and the values there, shape (seeds, points)."""
    found = [dict(record.curves[name]) for record in records if name in record.curves]
    epochs = sorted(set.intersection(*map(set, found))) if found else []
    return np.array(epochs), np.array([[seed[epoch] for epoch in epochs] for seed in found])


def table_of(groups: Groups) -> str:
    """Return the curves' mean over seeds at every point."""
    epochs = max((curve(records, "validation_accuracy")[0] for records in groups.values()), key=len)
    rows = [f"| condition | of | {' | '.join(map(_epoch, epochs))} |", "|---" * (2 + len(epochs)) + "|"]
    for condition, records in groups.items():
        for name, (label, decimals) in CURVES.items():
            points, values = curve(records, name)
            at = dict(zip(points.tolist(), values.T, strict=True))
            cells = (format_number(at[x].mean(), decimals) if x in at else "–" for x in epochs.tolist())
            rows.append(f"| {condition} | {label} | {' | '.join(cells)} |")
    return "\n".join(rows)


def _epoch(epoch: float) -> str:
    return f"{epoch:.2g}" if epoch < 1 else f"{epoch:g}"


def halves(groups: Groups) -> str:
    """Return when each curve has gone half, and nine tenths, of its way from first to last point."""
    columns = " | ".join(f"{100 * share:.0f} % of it after (epochs)" for share in SHARES)
    rows = [f"| condition | of | n | start | end | {columns} |", "|---" * (5 + len(SHARES)) + "|"]
    for condition, records in groups.items():
        for name, (label, decimals) in CURVES.items():
            epochs, values = curve(records, name)
            if not len(epochs):
                continue
            ends = [spread(values[:, place], decimals) for place in (0, -1)]
            times = [_times(epochs, values, share) for share in SHARES]
            rows.append(f"| {condition} | {label} | {len(values)} | {' | '.join((*ends, *times))} |")
    return "\n".join(rows)


def _times(epochs: np.ndarray, values: np.ndarray, share: float) -> str:
    changes = values[:, -1] - values[:, 0]
    sd = max(values[:, place].std(ddof=1) for place in (0, -1)) if len(values) > 1 else 0.0
    if abs(changes.mean()) < LEAST_CHANGE * sd:
        return "no clear change"
    gone = (values.mean(axis=0) - values[:, 0].mean()) / changes.mean()
    if gone.min() < -MOST_BEYOND or gone.max() > 1 + MOST_BEYOND:
        return "there and back"
    return spread([first_time(epochs, seed, share) for seed in values], 2)


def first_time(epochs: np.ndarray, values: np.ndarray, share: float) -> float:
    """Return when a curve first has gone `share` of its way from first to last value, linear in between."""
    gone = (values - values[0]) / (values[-1] - values[0])
    later = int(np.argmax(gone >= share))
    before = later - 1
    part = (share - gone[before]) / (gone[later] - gone[before])
    return float(epochs[before] + part * (epochs[later] - epochs[before]))


def draw(groups: Groups) -> Figure:
    """Draw a panel for each quantity, a line for each condition, a band of ± sd over seeds."""
    with style():
        figure = Figure(figsize=(10, 2.9), layout="constrained")
        grid = figure.subplots(1, len(DRAWN), squeeze=False)[0]
        for axes, (name, title) in zip(grid, DRAWN.items(), strict=True):
            for colour, records in zip(COLOURS, groups.values(), strict=False):
                _draw_curve(axes, *curve(records, name), colour)
            axes.set_xlabel("epochs of training")
            axes.set_title(title, fontsize=9)
            if name in LOGARITHMIC:
                axes.set_yscale("log")
                axes.set_yticks(TICKS, [f"{tick:g}" for tick in TICKS])
                axes.minorticks_off()
        figure.legend(grid[0].get_lines(), list(groups), loc="outside lower center", ncols=2)
    return figure


def _draw_curve(axes: Axes, epochs: np.ndarray, values: np.ndarray, colour: str) -> None:
    mean = values.mean(axis=0)
    axes.plot(epochs, mean, color=colour, marker="o", markersize=2.5)
    if len(values) > 1:
        sd = values.std(axis=0, ddof=1)
        axes.fill_between(epochs, mean - sd, mean + sd, color=colour, alpha=0.15, linewidth=0)
    first = float(epochs[epochs > 0][0])
    axes.set_xscale("symlog", base=10, linthresh=first, linscale=0.3)
    axes.set_xticks([0, 0.1, 1, 10], ["0", "0.1", "1", "10"])
    axes.minorticks_off()
