"""`clusterability spaces`."""

import argparse

from rich.console import Console
from rich.table import Table

from clusterability.components import COMPONENTS, names
from clusterability.spaces import known_spaces, load_space


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare nothing: the command takes no arguments."""


def run(arguments: argparse.Namespace, console: Console) -> int:
    """List every space with what it answers, and what a space can name."""
    table = Table("space", "trials", "seeds", "search", "what it answers", box=None, pad_edge=False)
    for name in known_spaces():
        space = load_space(name)
        table.add_row(
            name, str(space.num_trials), str(len(space.seeds)), space.search.method, space.description
        )
    console.print(table)
    console.print(
        "\nA space names these components, or your own as package.module:attribute (docs/extending.md):"
    )
    components = Table(box=None, pad_edge=False, show_header=False)
    for kind in COMPONENTS:
        components.add_row(kind, ", ".join(names(kind)))
    console.print(components)
    return 0
