"""`clusterability sweep SPACE [field=value ...]`."""

import argparse

from rich.console import Console

from clusterability.cli.plan import show_plan
from clusterability.errors import TrackingError
from clusterability.spaces import load_space


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare what the command takes."""
    parser.add_argument(
        "space", help="a file of search_spaces/, without .yaml, or the path of a file, with it"
    )
    parser.add_argument(
        "overrides",
        nargs="*",
        metavar="field=value",
        help="any field of the space, such as dataset=fashion_mnist search.num_trials=12 "
        "'axes.training.l1_weight=[0, 1e-4]'; a fixed value takes a field off the axes",
    )
    parser.add_argument(
        "--fresh", action="store_true", help="start over instead of continuing the same sweep"
    )
    parser.add_argument("--retry-failed", action="store_true", help="run failed trials again")
    parser.add_argument("--address", help="Ray cluster to run on: auto, host:port or ray://host:port")
    parser.add_argument(
        "--dry-run",
        action="store_true",
        help="list trials, resources and time; start nothing",
    )


def run(arguments: argparse.Namespace, console: Console) -> int:
    """Run the sweep and its report."""
    space = load_space(arguments.space, arguments.overrides)
    for hint in space.hints:
        console.print(f"{space.name}: {hint}", style="yellow", markup=False, highlight=False, soft_wrap=True)
    # Ray, torch and MLflow: seconds that a typo should not cost.
    from clusterability.cli.report import show_report
    from clusterability.sweep import SweepOptions, is_outside, plan_sweep, run_on_head, run_sweep

    if is_outside(arguments.address):
        return run_on_head(arguments.address, _command(arguments))
    options = SweepOptions(
        fresh=arguments.fresh, retry_failed=arguments.retry_failed, address=arguments.address
    )
    if arguments.dry_run:
        show_plan(space, plan_sweep(space, options), console)
        return 0
    outcome = run_sweep(space, console, options)
    if outcome.untracked:
        raise TrackingError(
            f"{outcome.num_complete} trials complete, {outcome.num_failed} failed, all kept on disk, but the "
            f"tracking store lacks some: {outcome.untracked}; later: clusterability sync {outcome.sweep_id}"
        )
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


def _command(arguments: argparse.Namespace) -> list[str]:
    """Return the command again, without the address."""
    flags = ("fresh", "retry_failed", "dry_run")
    given = [f"--{name.replace('_', '-')}" for name in flags if getattr(arguments, name)]
    return ["sweep", arguments.space, *arguments.overrides, *given]
