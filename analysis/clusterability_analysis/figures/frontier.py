"""The frontier: one point per condition, its seeds' spread, its null."""

import numpy as np

from clusterability_analysis.analysis import Analysis
from clusterability_analysis.figures.frontier_drawing import draw
from clusterability_analysis.figures.frontier_info import FrontierInfo, info_of
from clusterability_analysis.figures.report_figure import ReportFigure
from clusterability_analysis.labels import format_number


def info(analysis: Analysis) -> FrontierInfo | None:
    """Collect what the figure shows; None where no condition has a complete trial."""
    return info_of(analysis.frontier)


def caption(info: FrontierInfo) -> str:
    """Explain points, line and nulls."""
    texts = ["Each point is a condition, the mean over its seeds."]
    if info.is_plane:
        side = "below" if info.upwards.maximise else "above"
        worse = "left" if info.across.maximise else "right"
        texts.append(
            "Dominance is decided by the means; the line is what the frontier attains, and everything "
            f"{side} and to the {worse} of it is dominated."
        )
    else:
        texts.append(f"Dominance is decided by the means of: {', '.join(info.objectives)}.")
    if info.test and info.shows_null.any():
        texts.append(f"The {info.test.title} is the condition's own, drawn from its weights.")
    if info.elsewhere.any():
        texts.append("A condition has one number in both figures; grey ones are explained in the other.")
    return " ".join(texts)


def alternative(info: FrontierInfo) -> str:
    """Say in words what is drawn."""
    across, upwards = info.across, info.upwards
    points = [
        f"{number} ({label}): {across.label} {format_number(info.x[index], across.decimals)}, "
        f"{upwards.label} {format_number(info.y[index], upwards.decimals)}"
        for number, label in info.key
        for index in np.flatnonzero(info.number == number)
    ]
    return (
        f"{len(info.x)} conditions as points, {across.label} across and {upwards.label} upwards. "
        f"On the frontier: {'; '.join(points)}. The table below has the numbers."
    )


FRONTIER = ReportFigure(
    name="frontier", title="The frontier", info=info, draw=draw, caption=caption, alternative=alternative
)
