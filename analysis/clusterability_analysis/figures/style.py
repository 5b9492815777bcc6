"""One look for all figures: colours that colour-blind readers can tell apart, no box, a light grid."""

import io
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import matplotlib as mpl
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from clusterability_analysis.tested import Tested

# After Okabe and Ito's blue, vermilion, green and purple; each colour has one meaning and is used for nothing
# else. The page replaces them by variables of its theme, so the same drawing suits light and dark.
INK, MUTED, GRID, PAPER = "#1b1f24", "#67707b", "#e4e7eb", "#fefefe"
ACCENT, OTHER, NULL, CONTROL = "#0072b2", "#98a2ae", "#d55e00", "#00866a"
VERDICT_NULL = "#b0569a"
# Sequential, for effects of lesions from the smallest on; diverging, for interactions from below 0 to above.
# After Brewer's YlGnBu and BrBG; the middle is GRID.
EFFECTS = ("#c7e9b4", "#7fcdbb", "#41b6c4", "#2c7fb8", "#253494")
INTERACTIONS = ("#8c510a", "#d8b365", "#f6e8c3", GRID, "#c7eae5", "#5ab4ac", "#01665e")
THEME = {
    INK: "--ink",
    MUTED: "--muted",
    GRID: "--grid",
    PAPER: "--paper",
    ACCENT: "--frontier",
    OTHER: "--other",
    NULL: "--null",
    VERDICT_NULL: "--verdict-null",
    CONTROL: "--control",
    **{colour: f"--effect-{place}" for place, colour in enumerate(EFFECTS, start=1)},
    **{colour: f"--interaction-{place}" for place, colour in enumerate(INTERACTIONS, 1) if colour != GRID},
}

_STYLE: dict[Any, Any] = {
    "font.family": "DejaVu Sans",
    "font.size": 9,
    "text.color": INK,
    "text.parse_math": False,  # labels hold text from users: a lone dollar sign is no formula
    "axes.labelcolor": INK,
    "axes.edgecolor": MUTED,
    "axes.linewidth": 0.8,
    "axes.labelsize": 9.5,
    "axes.titlesize": 10,
    "axes.titleweight": "bold",
    "axes.titlelocation": "left",
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.grid": True,
    "axes.axisbelow": True,
    "axes.facecolor": PAPER,
    "figure.facecolor": PAPER,
    "savefig.facecolor": PAPER,
    "grid.color": GRID,
    "grid.linewidth": 0.8,
    "xtick.color": MUTED,
    "ytick.color": MUTED,
    "xtick.labelcolor": INK,
    "ytick.labelcolor": INK,
    "xtick.labelsize": 8.5,
    "ytick.labelsize": 8.5,
    "legend.frameon": False,
    "legend.fontsize": 8.5,
    "svg.fonttype": "path",
    "svg.hashsalt": "clusterability",
}


@contextmanager
def style() -> Iterator[None]:
    """Draw and save inside this context."""
    with mpl.rc_context(_STYLE):
        yield


def null_colour(test: Tested) -> str:
    """Return the colour of a test's null: each of the two nulls has its own."""
    return VERDICT_NULL if test.prefix else NULL


def clear_grid(axes: Axes, keep: str | None = None) -> None:
    """Remove the grid lines, but keep those of axis "x" or "y"."""
    axes.grid(False)
    if keep:
        axes.grid(True, axis="x" if keep == "x" else "y")


def save_png(figure: Figure, path: Path) -> None:
    """Write a figure as PNG, 200 dots per inch."""
    with style():
        FigureCanvasAgg(figure)
        figure.savefig(path, format="png", dpi=200, bbox_inches="tight", pad_inches=0.08)


def svg_text(figure: Figure) -> str:
    """Return a figure as SVG; equal figures give equal text."""
    buffer = io.StringIO()
    with style():
        figure.savefig(buffer, format="svg", bbox_inches="tight", pad_inches=0.08, metadata={"Date": None})
    return buffer.getvalue()
