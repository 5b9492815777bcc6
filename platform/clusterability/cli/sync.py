"""`clusterability sync SWEEP`."""

import argparse

from rich.console import Console


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare what the command takes."""
    parser.add_argument("sweep", help="identifier of a sweep: the name of its folder in runs/")


def run(arguments: argparse.Namespace, console: Console) -> int:
    """Replay what the tracking store missed, without duplicates."""
    from clusterability.sweep import sync_sweep  # Ray and torch: seconds that help should not cost

    sync_sweep(arguments.sweep)
    console.print(f"the tracking store has all of {arguments.sweep}", highlight=False, soft_wrap=True)
    return 0
