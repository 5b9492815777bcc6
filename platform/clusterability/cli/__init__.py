"""The command line."""

from clusterability.cli.main import main

__all__ = ["main"]
