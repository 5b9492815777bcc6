"""What can be known to fail before anything starts."""

import os
from dataclasses import dataclass, replace
from itertools import product

import torch

from clusterability.config import TrialConfig
from clusterability.data import load_dataset
from clusterability.errors import ConfigError, ResourceError
from clusterability.graph import WeightGraph
from clusterability.models import build_module
from clusterability.spaces import ChoiceAxis, SearchSpace

_AUTO_GPU_SHARE = 0.25


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


def this_machine() -> Machine:
    """Return the cores this process may use and the accelerators that torch sees."""
    allowed = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    return Machine(cpus=allowed, gpus=torch.cuda.device_count())


def plan_resources(space: SearchSpace, machine: Machine) -> TrialResources:
    """Return the resources of each trial.

    Raises:
        ResourceError: not even one trial fits the machine.
    """
    asked = space.resources
    gpus = _gpu_share(asked.gpus_per_trial, machine)
    if asked.cpus_per_trial > machine.cpus:
        raise ResourceError(
            f"resources.cpus_per_trial: got {asked.cpus_per_trial}, allowed: up to {machine.cpus}, "
            "the CPU cores there are"
        )
    if gpus > machine.gpus:
        raise ResourceError(
            f"resources.gpus_per_trial: got {gpus:g}, allowed: up to {machine.gpus}, the GPUs there are"
        )
    concurrent = machine.cpus // asked.cpus_per_trial
    if gpus:
        concurrent = min(concurrent, int(machine.gpus / gpus + 1e-9))
    return TrialResources(
        cpus=asked.cpus_per_trial, gpus=gpus, concurrent=min(concurrent, asked.max_concurrent or concurrent)
    )


def check_networks(space: SearchSpace) -> None:
    """Load every data set and build every architecture that the space can reach, untrained.

    Raises:
        DataError: a data set cannot be had, or is not what its name says.
        ConfigError: a graph has fewer units than clusters are asked for.
    """
    for config in _network_variants(space):
        dataset = load_dataset(config.dataset, config.seed)
        module = build_module(
            config.model, input_shape=dataset.input_shape, num_classes=dataset.num_classes, seed=config.seed
        )
        num_units = WeightGraph.from_module(module).num_nodes
        if config.ncut.num_clusters > num_units:
            raise ConfigError(
                f"ncut.num_clusters: got {config.ncut.num_clusters}, allowed: up to {num_units}, "
                f"the units of the network with widths {list(config.model.widths)} on {config.dataset.name}"
            )


def _gpu_share(asked: float | str, machine: Machine) -> float:
    if isinstance(asked, str):
        return _AUTO_GPU_SHARE if machine.gpus else 0.0
    return float(asked)


def _network_variants(space: SearchSpace) -> list[TrialConfig]:
    """Return one configuration for each combination of the axes that shape data, network and partition."""
    axes = [axis for axis in space.axes if axis.name.split(".")[0] in ("dataset", "model", "ncut")]
    values = [axis.values if isinstance(axis, ChoiceAxis) else (axis.low, axis.high) for axis in axes]
    base = space.trial(space.control, space.seeds[0])
    variants = []
    for combination in product(*values):
        assignment = dict(zip((axis.name for axis in axes), combination, strict=True))
        variants.append(space.trial({**space.control, **assignment}, space.seeds[0]))
    # Dropout and the like change no shape: one network each will do.
    shapes = {
        (item.dataset, replace(item.model, dropout=0.0), item.ncut.num_clusters): item
        for item in variants or [base]
    }
    return list(shapes.values())
