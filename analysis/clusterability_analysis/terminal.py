"""The frontier as a table for the terminal, at most 100 columns wide."""

from rich import box
from rich.console import Console, Group, RenderableType
from rich.table import Table
from rich.text import Text

from clusterability_analysis.labels import evenly_spread, format_number, format_probability, format_spread
from clusterability_analysis.report import Report

WIDTH = 100
"""Columns that the table fits in."""
HEADING_WIDTH = 16
"""Longer names of metrics are broken."""


def frontier_table(report: Report, max_rows: int = 20) -> RenderableType:
    """Return the frontier, best `shown.across` first, as something rich can print.

    At most `max_rows` conditions, spread evenly over the frontier; frontier.csv has all of them.
    """
    table, shown = report.frontier.table, report.conditions.shown
    if table.empty:
        return Text(report.frontier.status, style="yellow")
    grid = Table(box=box.SIMPLE_HEAD, padding=(0, 1), collapse_padding=True, show_edge=False)
    test = shown.verdict
    labels = [quantity.label for quantity in shown.quantities]
    for heading in ("#", *labels, "null", "z", "q", "n"):
        is_label = heading in labels
        width = HEADING_WIDTH if is_label else None
        grid.add_column(heading, justify="right", no_wrap=not is_label, max_width=width)
    grid.add_column("condition", overflow="fold")
    for _, row in table.iloc[evenly_spread(len(table), max_rows)].iterrows():
        grid.add_row(
            str(row["frontier"]),
            *(format_spread(row[item.mean], row[item.sd], item.decimals) for item in shown.quantities),
            format_number(row[f"{test.null_mean}_mean"], test.statistic.decimals),
            format_number(row[f"{test.z_score}_mean"], 1),
            format_probability(row["q_value"]),
            str(row["num_replicates"]),
            Text(row["label"]),
            style="bold" if row["passes"] else "",
        )
    return Group(grid, Text(_footnote(report, min(len(table), max_rows)), style="dim"))


def frontier_text(report: Report) -> str:
    """Return the frontier table as plain text, for logs and pipes."""
    console = Console(width=WIDTH, no_color=True, force_terminal=False, legacy_windows=False)
    with console.capture() as capture:
        console.print(frontier_table(report))
    return capture.get().rstrip() + "\n"


def _footnote(report: Report, num_rows: int) -> str:
    significance, shown = report.significance, report.conditions.shown
    passing = significance.conditions["passes"]
    lines = [
        f"On the frontier: {len(report.frontier.table)} of {len(passing)} conditions"
        + (f" ({num_rows} shown). " if num_rows < len(report.frontier.table) else ". ")
        + f"q <= {significance.alpha:g} (bold): {int(passing.sum())} of {len(passing)}. "
        + "n: seeds, ±: sd.",
    ]
    if len(shown.tests) > 1:
        first, verdict = shown.tests[0], shown.verdict
        by_first = int((significance.conditions[first.adjusted] <= significance.alpha).sum())
        lines += [
            f"null, z, q: {verdict.statistic.label}, {verdict.title}.",
            f"{first.statistic.label}, {first.title}: {by_first} of {len(passing)} conditions pass.",
        ]
    if report.conditions.table["penalised"].any():
        lines.append(f"{shown.ncut.label} of penalised networks can be gamed: see the caveats in the report.")
    if len(report.conditions.failed):
        lines.append(f"{len(report.conditions.failed)} failed or stopped trials are left out.")
    return "\n".join(lines)
