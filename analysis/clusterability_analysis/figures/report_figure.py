"""What a figure of the report is; an instance is a component of the table in `clusterability.components`."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from matplotlib.figure import Figure

from clusterability_analysis.analysis import Analysis


@dataclass(frozen=True, kw_only=True, slots=True)
class ReportFigure:
    """A figure in two steps: `info` collects what it shows, `draw` draws that."""

    name: str
    """Its name in the table of components, and that of its files."""
    title: str
    """Heading of its section of the report."""
    info: Callable[[Analysis], Any]
    """Return what the figure shows; None where there is nothing to show."""
    draw: Callable[[Any], Figure]
    """Draw what `info` returned."""
    caption: Callable[[Any], str]
    """Return the text below the figure, for what `info` returned."""
    alternative: Callable[[Any], str]
    """Say the same in words, for readers who do not see it."""
