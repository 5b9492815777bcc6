"""The second frontier: test accuracy against layered modularity, drawn as the first."""

from clusterability_analysis.analysis import Analysis
from clusterability_analysis.figures.frontier import alternative, caption
from clusterability_analysis.figures.frontier_drawing import draw
from clusterability_analysis.figures.frontier_info import FrontierInfo, info_of
from clusterability_analysis.figures.report_figure import ReportFigure


def info(analysis: Analysis) -> FrontierInfo | None:
    """Collect what the figure shows; None where no condition has a layered modularity."""
    return None if analysis.second_frontier is None else info_of(analysis.second_frontier)


SECOND_FRONTIER = ReportFigure(
    name="second_frontier",
    title="Accuracy against layered modularity",
    info=info,
    draw=draw,
    caption=caption,
    alternative=alternative,
)
