"""Arguments in, exit codes out: 0 done, 1 some trials failed, 2 a user error in one line, 130 interrupted."""

import argparse
import sys
from importlib import import_module

from rich.console import Console

from clusterability.errors import ClusterabilityError

_COMMANDS = {
    "sweep": "run a search space and its report; the same command continues what was interrupted",
    "measure": "n-cut, clusters, null tests and lesions of one network",
    "report": "frontier, significance, figures and page of a sweep",
    "sync": "bring the tracking store to what a sweep has on disk",
    "doctor": "check versions, devices, storage, the tracking server and the data",
    "spaces": "list the search spaces",
    "ui": "serve the MLflow UI of all runs",
}
"""Each command is a module of this package with `add_arguments(parser)` and `run(arguments, console)`."""


def main(argv: list[str] | None = None) -> int:
    """Run one command and return its exit code."""
    arguments = _parser(argv).parse_args(argv)
    console = Console()
    try:
        return _command(arguments.command).run(arguments, console)
    except ClusterabilityError as error:
        Console(stderr=True).print(
            f"error: {error}", style="red", markup=False, highlight=False, soft_wrap=True
        )
        return 2
    except KeyboardInterrupt:
        return 130


def _parser(argv: list[str] | None) -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="clusterability",
        description="Do trained neural networks fall apart into clusters of neurons?",
    )
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    # Only the command that is run is imported: help should not wait for torch.
    named = next(
        (word for word in (sys.argv[1:] if argv is None else argv) if not word.startswith("-")), None
    )
    for name, summary in _COMMANDS.items():
        subparser = commands.add_parser(name, help=summary, description=summary)
        if name == named:
            _command(name).add_arguments(subparser)
    return parser


def _command(name: str):
    return import_module(f"clusterability.cli.{name}")
