"""Every network of a space, built, read as a graph and run on one batch, before anything starts."""

import math
from collections.abc import Iterator
from dataclasses import replace
from itertools import pairwise, product
from typing import Any

import psutil
import torch
from torch import nn

from clusterability.config import TrialConfig
from clusterability.data import Dataset, load_dataset
from clusterability.errors import ConfigError, GraphError, ResourceError
from clusterability.graph import WeightGraph
from clusterability.measurement.network import MeasuredNetwork
from clusterability.measurement.own_metric import own_metrics, own_value
from clusterability.models import build_module
from clusterability.nulls import null_test
from clusterability.own_code import blamed, described, is_own, whose
from clusterability.spaces import ChoiceAxis, SearchSpace
from clusterability.spaces.axis import Axis
from clusterability.training.evaluate import loss_of
from clusterability.training.objective import penalties_of

_EXAMPLES = 8
_COPIES_IN_TRAINING = 6
"""A weight in training: itself, its gradient, Adam's two moments, and two for its draw in float64."""
_SHAPING = ("dataset", "model", "ncut", "nulls.null", "nulls.verdict")
"""Sections and fields whose values are rehearsed in all combinations."""


def check_networks(space: SearchSpace) -> int:
    """Load every data set and rehearse every network that the space can reach, untrained.

    Returns the bytes of the largest network.

    Raises:
        DataError: a data set cannot be had, or is not what its name says.
        ConfigError: a graph has fewer units than clusters are asked for, or a component of the user's own
            fails or gives what it should not.
        ResourceError: a network does not fit the memory.
    """
    largest = 0
    for config in network_variants(space):
        dataset = load_dataset(config.dataset, config.seed)
        module = _built(config, dataset)
        graph = _read(config, module)
        if config.ncut.num_clusters > graph.num_nodes:
            raise ConfigError(
                f"ncut.num_clusters: got {config.ncut.num_clusters}, allowed: up to {graph.num_nodes}, "
                f"the units of the network with widths {list(config.model.widths)} on {config.dataset.name}"
            )
        _step(config, module, dataset)
        for null in config.nulls.names:
            if is_own(null) or is_own(config.ncut.estimator):
                _draw(config, graph, null)
        _measure(config, module, dataset)
        largest = max(largest, sum(item.numel() * item.element_size() for item in module.parameters()))
    return largest


def network_variants(space: SearchSpace) -> list[TrialConfig]:
    """Return one configuration for each combination of axes that shape data, network, partition and loss."""
    seed = space.seeds[0]
    shapes: dict[str, TrialConfig] = {}
    for assignment in _assignments(space):
        config = space.trial(assignment, seed)
        on = sorted(name for name, settings in config.penalties.items() if settings["weight"] != 0)
        # Dropout and the like change no shape: one network each will do.
        model = replace(config.model, dropout=0.0)
        own = [name for name in (*config.nulls.names, config.ncut.estimator) if is_own(name)]
        shapes.setdefault(repr((config.dataset, model, config.ncut.num_clusters, on, own)), config)
    return list(shapes.values())


def _assignments(space: SearchSpace) -> Iterator[dict[str, Any]]:
    """Yield combinations of the values that shape a network, each with the penalties of the first condition
    and with each swept penalty on; of a range its ends.
    """
    axes = [axis for axis in space.axes if {axis.name, axis.name.split(".")[0]} & set(_SHAPING)]
    values = [_values(axis) for axis in axes]
    weights = [
        axis for axis in space.axes if axis.name.startswith("penalties.") and axis.name.endswith(".weight")
    ]
    penalties = [{}, *({axis.name: max(_values(axis), key=abs)} for axis in weights)]
    for *combination, penalty in product(*values, penalties):
        chosen = dict(zip((axis.name for axis in axes), combination, strict=True))
        yield space.settle({**space.first_condition, **chosen, **penalty})


def _values(axis: Axis) -> tuple[Any, ...]:
    return axis.values if isinstance(axis, ChoiceAxis) else (axis.low, axis.high)


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


def _read(config: TrialConfig, module: nn.Module) -> WeightGraph:
    name = config.model.architecture
    try:
        return WeightGraph.from_module(module)
    except GraphError as error:
        if not is_own(name):
            raise
        raise ConfigError(f"{whose('architecture', name, error.__cause__ or error)}: {error}") from None


def _step(config: TrialConfig, module: nn.Module, dataset: Dataset) -> None:
    """Run one batch through the network and its penalties, forwards and backwards."""
    name = config.model.architecture
    inputs = torch.tensor(dataset.train.inputs[:_EXAMPLES])
    labels = torch.tensor(dataset.train.labels[:_EXAMPLES])
    with torch.random.fork_rng(devices=[]), penalties_of(module, config.penalties) as penalties:
        module.train()
        with blamed("architecture", name):
            outputs = module(inputs)
        allowed = (len(inputs), dataset.num_classes)
        shape = tuple(outputs.shape) if isinstance(outputs, torch.Tensor) else type(outputs).__name__
        if shape != allowed:
            raise ConfigError(
                f"{described('architecture', name)}: got outputs {shape} for {len(inputs)} inputs of shape "
                f"{dataset.input_shape}, allowed: {allowed}"
            )
        total = penalties.backward(loss_of(outputs, labels))
    if not torch.isfinite(total):
        named = ", ".join(described("penalty", term) for term in penalties.terms)
        raise ConfigError(f"{named}: got {total.item()} on the untrained network, allowed: a finite value")
    if not torch.isfinite(outputs).all():
        raise ConfigError(f"{described('architecture', name)}: its outputs are not finite")


def _draw(config: TrialConfig, graph: WeightGraph, null: str) -> None:
    """Compare the untrained network with one null network, where null or estimator is the user's own."""
    null_test(
        graph,
        null=null,
        num_shuffles=1,
        num_clusters=config.ncut.num_clusters,
        estimator=config.ncut.estimator,
    )


def _measure(config: TrialConfig, module: nn.Module, dataset: Dataset) -> None:
    """Compute the user's own metrics of the untrained network, with one null network for those that ask."""
    nulls = replace(config.nulls, num_shuffles=1)
    network = MeasuredNetwork(module.eval(), dataset, replace(config, nulls=nulls))
    for reference, metric in own_metrics(config.metrics).items():
        own_value(reference, metric, network)
