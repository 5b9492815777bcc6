"""One file for each figure of the report; the table in `clusterability.components` names them.

A figure is an `Info` (plain numbers and labels), `info(analysis) -> Info | None`, `draw(info) -> Figure`, and
an instance of `ReportFigure` that holds them with their texts.
"""
