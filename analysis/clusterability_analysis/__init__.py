"""From a sweep's records to its frontier, its significance and its figures.

report = write_report(sweep, folder)
print(frontier_text(report))
"""

from clusterability_analysis.report import Report, write_report
from clusterability_analysis.terminal import frontier_table, frontier_text

__all__ = ["Report", "frontier_table", "frontier_text", "write_report"]
