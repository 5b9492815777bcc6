"""`clusterability report SWEEP`."""

import argparse

from rich.console import Console

from clusterability.tracking import RUNS_FOLDER, find_sweep, log_report


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare what the command takes."""
    parser.add_argument("sweep", help="identifier of a sweep, or a space: its newest sweep")


def run(arguments: argparse.Namespace, console: Console) -> int:
    """Write the report and show its frontier."""
    show_report(arguments.sweep, console)
    return 0


def show_report(name: str, console: Console) -> None:
    """Write the report of a sweep, put it beside its run, and print its frontier and its path."""
    from clusterability_analysis import frontier_table, write_report  # matplotlib: only where it is used

    table = find_sweep(name)
    folder = RUNS_FOLDER / table.sweep_id / "report"
    report = write_report(table, folder)
    log_report(table.run_id, folder)
    console.print(frontier_table(report))
    console.print(f"report: {report.html}", highlight=False, soft_wrap=True)
