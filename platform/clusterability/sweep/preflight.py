"""What can be known to fail before anything starts."""

import math
import os
import shutil
from dataclasses import dataclass, replace
from itertools import pairwise, product
from pathlib import Path

import psutil
import torch
from torch import nn

from clusterability.config import TrialConfig
from clusterability.data import Dataset, load_dataset
from clusterability.errors import ConfigError, ResourceError, StorageError
from clusterability.graph import WeightGraph
from clusterability.models import build_module
from clusterability.spaces import ChoiceAxis, SearchSpace

_AUTO_GPU_SHARE = 0.25
_MARGIN = 100e6
"""Bytes of disk that a sweep leaves to others."""
_TRIAL_BYTES = 500e3
"""Bytes of a trial beside its networks: records, histories, rows of the tracking store."""
_COPIES_IN_TRAINING = 6
"""A weight in training: itself, its gradient, Adam's two moments, and two for its draw in float64."""


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
    """What Ray is told; None: as many as fit, also on machines that join later."""


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


def check_networks(space: SearchSpace) -> int:
    """Load every data set and build every architecture that the space can reach, untrained.

    Returns the bytes of the largest network.

    Raises:
        DataError: a data set cannot be had, or is not what its name says.
        ConfigError: a graph has fewer units than clusters are asked for.
        ResourceError: a network does not fit the memory.
    """
    largest = 0
    for config in network_variants(space):
        dataset = load_dataset(config.dataset, config.seed)
        module = _built(config, dataset)
        num_units = WeightGraph.from_module(module).num_nodes
        if config.ncut.num_clusters > num_units:
            raise ConfigError(
                f"ncut.num_clusters: got {config.ncut.num_clusters}, allowed: up to {num_units}, "
                f"the units of the network with widths {list(config.model.widths)} on {config.dataset.name}"
            )
        largest = max(largest, sum(item.numel() * item.element_size() for item in module.parameters()))
    return largest


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


def _built(config: TrialConfig, dataset: Dataset) -> nn.Module:
    shape, widths = dataset.input_shape, config.model.widths
    if config.model.architecture == "mlp":
        sizes = (math.prod(shape), *widths, dataset.num_classes)
        needed = _COPIES_IN_TRAINING * 4 * sum(map(math.prod, pairwise(sizes)))
        available = psutil.virtual_memory().available
        if needed > available:
            raise ResourceError(
                f"model.widths: got {list(widths)}, allowed: networks that train in the "
                f"{available / 1e9:.1f} GB of free memory; this one takes {needed / 1e9:.1f} GB"
            )
    try:
        return build_module(
            config.model, input_shape=shape, num_classes=dataset.num_classes, seed=config.seed
        )
    except MemoryError:
        raise ResourceError(
            f"model: got {config.model.architecture} with width_factor {config.model.width_factor:g}, "
            "allowed: networks that fit the memory"
        ) from None


def _gpu_share(asked: float | str, machines: tuple[Machine, ...]) -> float:
    if isinstance(asked, str):
        return _AUTO_GPU_SHARE if any(machine.gpus for machine in machines) else 0.0
    return float(asked)


def network_variants(space: SearchSpace) -> list[TrialConfig]:
    """Return one configuration for each combination of the axes that shape data, network and partition."""
    axes = [axis for axis in space.axes if axis.name.split(".")[0] in ("dataset", "model", "ncut")]
    values = [axis.values if isinstance(axis, ChoiceAxis) else (axis.low, axis.high) for axis in axes]
    base = space.trial(space.first_condition, space.seeds[0])
    variants = []
    for combination in product(*values):
        assignment = dict(zip((axis.name for axis in axes), combination, strict=True))
        variants.append(space.trial({**space.first_condition, **assignment}, space.seeds[0]))
    # Dropout and the like change no shape: one network each will do.
    shapes = {
        (item.dataset, replace(item.model, dropout=0.0), item.ncut.num_clusters): item
        for item in variants or [base]
    }
    return list(shapes.values())
