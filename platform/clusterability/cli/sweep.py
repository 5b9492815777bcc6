"""`clusterability sweep SPACE [field=value ...]`."""

import argparse

from rich.console import Console

from clusterability.cli.report import show_report
from clusterability.spaces import load_space


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare what the command takes."""
    parser.add_argument("space", help="a file of search_spaces/, without .yaml")
    parser.add_argument(
        "overrides",
        nargs="*",
        metavar="field=value",
        help="any field of the space, such as dataset=fashion_mnist search.num_trials=12 "
        "'axes.training.l1_weight=[0, 1e-4]'; a fixed value takes a field off the axes",
    )
    parser.add_argument(
        "--fresh", action="store_true", help="start anew instead of continuing the same sweep"
    )


def run(arguments: argparse.Namespace, console: Console) -> int:
    """Run the sweep and its report."""
    space = load_space(arguments.space, arguments.overrides)
    from clusterability.sweep import run_sweep  # Ray and torch: seconds that a typo should not cost

    outcome = run_sweep(space, console, fresh=arguments.fresh)
    if outcome.state == "stopped":
        console.print(f"stopped; {outcome.num_complete} trials are kept. The same command continues.")
        return 130
    if outcome.num_complete:
        show_report(outcome.sweep_id, console)
    console.print(
        f"{outcome.num_complete} trials complete, {outcome.num_failed} failed. "
        "Compare them in the MLflow UI: make ui",
        highlight=False,
        soft_wrap=True,
    )
    return 1 if outcome.num_failed else 0
