"""`clusterability doctor`."""

import argparse
import os
import platform
import shutil
from collections.abc import Callable
from importlib.metadata import version
from pathlib import Path

from rich.console import Console
from rich.table import Table

from clusterability.errors import ClusterabilityError, StorageError
from clusterability.tracking import RUNS_FOLDER, connect, tracking_uri

_LIBRARIES = ("clusterability", "torch", "ray", "optuna", "mlflow", "numpy", "scipy")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare what the command takes."""
    parser.add_argument(
        "--data", nargs="*", default=["digits"], metavar="DATASET",
        help="data sets to load, downloaded where needed (default: digits)",
    )  # fmt: skip


def run(arguments: argparse.Namespace, console: Console) -> int:
    """Check what a sweep needs, line by line; exit code 1 where something is missing."""
    checks: dict[str, Callable[[], str]] = {
        "versions": _versions,
        "devices": _devices,
        "storage": _storage,
        "tracking": _tracking,
        **{f"data: {name}": lambda name=name: _data(name) for name in arguments.data},
    }
    table, problems = Table(box=None, pad_edge=False, show_header=False), 0
    for name, check in checks.items():
        try:
            table.add_row(name, "[green]ok", check())
        except ClusterabilityError as error:
            problems += 1
            table.add_row(name, "[red]no", str(error))
    console.print(table)
    return 1 if problems else 0


def _versions() -> str:
    libraries = ", ".join(f"{name} {version(name)}" for name in _LIBRARIES)
    return f"Python {platform.python_version()}, {libraries}"


def _devices() -> str:
    import psutil
    import torch

    from clusterability.sweep.preflight import this_machine

    machine, memory = this_machine(), psutil.virtual_memory()
    names = [torch.cuda.get_device_name(index) for index in range(machine.gpus)]
    return (
        f"{machine.cpus} CPU cores, {memory.available / 1e9:.0f} of {memory.total / 1e9:.0f} GB memory free, "
        f"GPUs: {', '.join(names) or 'none'}"
    )


def _storage() -> str:
    from clusterability.sweep.preflight import existing_part

    folder = RUNS_FOLDER.resolve()
    existing = existing_part(folder)
    if not existing.is_dir() or not os.access(existing, os.W_OK):
        raise StorageError(f"{folder}: cannot be written")
    return f"{folder}: {shutil.disk_usage(existing).free / 1e9:.1f} GB free"


def _tracking() -> str:
    uri = tracking_uri()
    path = Path(uri.removeprefix("sqlite:///"))
    if uri.startswith("sqlite:///") and not path.exists():
        return f"{uri}: not there yet, the first sweep makes it"
    connect(uri)
    return f"{uri}: answers"


def _data(name: str) -> str:
    from clusterability.data import load_dataset
    from clusterability.spaces import resolve_space

    config = resolve_space("doctor", {"dataset": name}, {}).base.dataset
    data = load_dataset(config, 0)
    return f"{len(data.train)} training, {len(data.validation)} validation, {len(data.test)} test examples"
