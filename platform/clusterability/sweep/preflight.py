"""The machine, before anything starts: do trials fit its cores, its accelerators and its disk?"""

import os
import shutil
from dataclasses import dataclass
from pathlib import Path

import torch

from clusterability.errors import ResourceError, StorageError
from clusterability.spaces import SearchSpace

_AUTO_GPU_SHARE = 0.25
_MARGIN = 100e6
"""Bytes of disk that a sweep leaves to others."""
_TRIAL_BYTES = 500e3
"""Bytes of a trial beside its networks: records, histories, rows of the tracking store."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Machine:
    """What there is to run trials on."""

    cpus: int
    gpus: int


@dataclass(frozen=True, kw_only=True, slots=True)
class TrialResources:
    """What each trial is given, and how many run at once."""

    cpus: int
    gpus: float
    concurrent: int
    """As many as fit, or as the space allows."""
    limit: int | None
    """The limit that Ray gets; None: as many as fit, also on machines that join later."""


def this_machine() -> Machine:
    """Return the cores this process may use and the accelerators that torch sees."""
    allowed = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    return Machine(cpus=allowed, gpus=torch.cuda.device_count())


def plan_resources(space: SearchSpace, *machines: Machine) -> TrialResources:
    """Return the resources of each trial; a trial runs on one of the machines.

    Raises:
        ResourceError: not even one trial fits.
    """
    asked = space.resources
    gpus = _gpu_share(asked.gpus_per_trial, machines)
    most_cpus = max(machine.cpus for machine in machines)
    most_gpus = max(machine.gpus for machine in machines)
    where = "there are" if len(machines) == 1 else "of the largest of the machines"
    if asked.cpus_per_trial > most_cpus:
        raise ResourceError(
            f"resources.cpus_per_trial: got {asked.cpus_per_trial}, allowed: up to {most_cpus}, "
            f"the CPU cores {where}"
        )
    if gpus > most_gpus:
        raise ResourceError(
            f"resources.gpus_per_trial: got {gpus:g}, allowed: up to {most_gpus}, the GPUs {where}"
        )
    fitting = sum(_fitting(machine, asked.cpus_per_trial, gpus) for machine in machines)
    concurrent = min(fitting, asked.max_concurrent or fitting)
    if not concurrent:
        raise ResourceError(
            f"resources: got {asked.cpus_per_trial} CPU and {gpus:g} GPU per trial, "
            "allowed: what one machine has"
        )
    return TrialResources(
        cpus=asked.cpus_per_trial, gpus=gpus, concurrent=concurrent, limit=asked.max_concurrent
    )


def _fitting(machine: Machine, cpus: int, gpus: float) -> int:
    by_cpus = machine.cpus // cpus
    return min(by_cpus, int(machine.gpus / gpus + 1e-9)) if gpus else by_cpus


def check_space_left(space: SearchSpace, num_left: int, network_bytes: int, folder: Path) -> None:
    """Compare what `num_left` trials will write below `folder` with what is free there.

    Raises:
        StorageError: the disk would run full.
    """
    copies = 2 * (2 if space.base.training.pruning_epochs else 1)  # in the ledger, and beside the tracking
    needed = _MARGIN + num_left * (copies * network_bytes + _TRIAL_BYTES)
    free = shutil.disk_usage(existing_part(folder)).free
    if free < needed:
        raise StorageError(
            f"{folder}: {free / 1e9:.2f} GB free, allowed: {needed / 1e9:.2f} GB or more "
            f"for {num_left} trials with networks of {network_bytes / 1e6:.1f} MB"
        )


def existing_part(folder: Path) -> Path:
    """Return the folder, or the nearest one above it that is there already."""
    return next(path for path in (folder, *folder.parents) if path.exists())


def _gpu_share(asked: float | str, machines: tuple[Machine, ...]) -> float:
    if isinstance(asked, str):
        return _AUTO_GPU_SHARE if any(machine.gpus for machine in machines) else 0.0
    return float(asked)
