"""Figures in two steps: `*_info(...) -> Info` collects the numbers, `draw_*(info) -> Figure` draws them."""

from clusterability_analysis.figures.axes import AxesInfo, axes_info, draw_axes
from clusterability_analysis.figures.frontier import FrontierInfo, draw_frontier, frontier_info
from clusterability_analysis.figures.significance import (
    SignificanceInfo,
    draw_significance,
    significance_info,
)
from clusterability_analysis.figures.style import save_png, svg_text

__all__ = [
    "AxesInfo",
    "FrontierInfo",
    "SignificanceInfo",
    "axes_info",
    "draw_axes",
    "draw_frontier",
    "draw_significance",
    "frontier_info",
    "save_png",
    "significance_info",
    "svg_text",
]
