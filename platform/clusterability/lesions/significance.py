"""Does a network lose more with a cluster than with as many random units?"""

from typing import Any

import numpy as np
import torch

from clusterability.errors import LesionError
from clusterability.graph import WeightGraph
from clusterability.graph.from_module import TracedModule
from clusterability.lesions.double_lesions import double_lesions
from clusterability.lesions.effects import measure_effects
from clusterability.lesions.examples import Examples, examples_of, tensor_of
from clusterability.lesions.findings import Findings
from clusterability.lesions.hidden_units import checked_labels, hidden_units
from clusterability.lesions.network import LesionedNetwork, OnExamples
from clusterability.lesions.plan import Ablation, LesionPlan
from clusterability.lesions.random_partitions import random_partitions
from clusterability.lesions.result import ClusterLesion, DoubleLesions, LesionTest


def lesion_test(
    module: torch.nn.Module,
    graph: WeightGraph,
    labels: Any,
    inputs: Any,
    targets: Any,
    num_random: int = 50,
    seed: int = 0,
    *,
    ablation: Ablation = "zero",
    mean_inputs: Any = None,
    double: bool = False,
) -> LesionTest:
    """Lesion each cluster's hidden units and compare the loss with that of random units lesioned.

    A lesioned unit (in convolutions: channel) is 0, or its mean, for all that reads it: behind its
    nonlinearity, batch norm and pooling, before the next weights. Inputs and outputs in a cluster stay. The
    reference is `num_random` random sets with as many units in every layer as the cluster, drawn from all
    hidden units of the layer, its own too; p = (1 + #{reference >= rise}) / (1 + m). The module itself is not
    changed. Hod et al. 2021, "Detecting modularity in deep neural networks"; the summaries are ours.

    Args:
        module: what the graph was read from, by `WeightGraph.from_module`.
        graph: weights or contributions.
        labels: cluster of each node, shape (nodes,), from 0; below 0: in no cluster.
        inputs: examples that it was not trained on, shape (examples, ...).
        targets: their classes, shape (examples,), or floats, shape (examples, targets): the loss is then the
            mean squared error, and what has to do with classes is None.
        num_random: random sets m of each cluster.
        seed: of the random sets, which do not depend on the order of clusters' lesions.
        ablation: "zero", or "mean", over examples and places.
        mean_inputs: what means are taken over, such as the training set; None: `inputs`.
        double: whether all pairs of clusters are lesioned too, against pairs of at most 20 of the draws.

    Raises:
        GraphError: the module cannot be read, or the graph is not its own.
        LesionError: arguments that do not fit; a module that does not run on the inputs as its trace does.
    """
    plan = LesionPlan(num_random=num_random, seed=seed, ablation=ablation, double=double)
    return lesion_test_of(TracedModule(module), graph, labels, (inputs, targets, mean_inputs), plan)


def lesion_test_of(
    traced: TracedModule,
    graph: WeightGraph,
    labels: Any,
    data: tuple[Any, Any, Any],
    plan: LesionPlan,
    on_examples: OnExamples | None = None,
) -> LesionTest:
    """Do what `lesion_test` says with a module that has been traced; data: inputs, targets, mean_inputs."""
    labels = checked_labels(labels, graph)
    units = hidden_units(traced, graph)
    network = LesionedNetwork(traced, units)
    examples = examples_of(data[0], data[1], network.dtype)
    network.require_runnable(examples)
    spreads, means = network.unit_moments(examples.inputs)
    if plan.ablation == "mean":
        network.replace_by_means(means if data[2] is None else _means(network, data[2], examples))
    numbers = np.unique(labels[labels >= 0])
    sets = units.sets(labels, numbers)
    drawn = random_partitions(sets, units.layer_of, plan.num_random, plan.seed)
    every = np.concatenate([sets[None], drawn])  # (1 + m, k, units)
    baseline, effects = measure_effects(network, every.reshape(-1, units.num_units), examples, on_examples)
    if not (np.isfinite(baseline.loss) and np.isfinite(effects.loss).all()):
        raise LesionError("losses: got values that are not finite, allowed: finite ones, with lesions too")
    found = Findings(baseline, effects, examples, num_clusters=len(numbers))
    degrees = _degrees(graph)
    return LesionTest(
        clusters=tuple(
            ClusterLesion(
                cluster=int(number),
                units_per_layer=tuple(np.bincount(units.layer_of[own], minlength=len(units.layers)).tolist()),
                dead_units=int((spreads[own] == 0).sum()),
                volume=float(degrees[labels == number].sum()),
                loss=found.loss_rise(row),
                accuracy_drop=found.accuracy_drop(row),
                class_loss_increase=found.class_loss(row),
                class_accuracy_drop=found.class_accuracy(row),
                least_effect=found.least_effect,
            )
            for row, (number, own) in enumerate(zip(numbers, sets, strict=True))
        ),
        layer_names=tuple(layer.name for layer in units.layers),
        classes=() if examples.is_regression else tuple(examples.classes.tolist()),
        ablation=plan.ablation,
        num_random=plan.num_random,
        num_examples=len(examples.inputs),
        baseline_loss=baseline.loss,
        baseline_accuracy=None if examples.is_regression else baseline.accuracy,
        class_information=found.class_information(),
        class_gap=found.class_gap(),
        double=_double(network, every, found, examples, plan) if plan.double else None,
    )


def _means(network: LesionedNetwork, inputs: Any, examples: Examples) -> dict:
    inputs = tensor_of(inputs)
    if not len(inputs) or inputs.shape[1:] != examples.inputs.shape[1:]:
        raise LesionError(
            f"mean_inputs: got shape {tuple(inputs.shape)}, "
            f"allowed: examples of shape {tuple(examples.inputs.shape[1:])}"
        )
    return network.unit_moments(inputs.to(network.dtype))[1]


def _degrees(graph: WeightGraph) -> np.ndarray:
    """Return the sum of |w| at each node, shape (nodes,)."""
    starts, degrees = graph.layer_starts, np.zeros(graph.num_nodes)
    for block in graph.blocks:
        for layer, axis in ((block.source, 1), (block.target, 0)):
            degrees[starts[layer] : starts[layer + 1]] += np.abs(block.matrix).sum(axis=axis)
    return degrees


def _double(
    network: LesionedNetwork, every: np.ndarray, found: Findings, examples: Examples, plan: LesionPlan
) -> DoubleLesions:
    used = 1 + plan.num_random_pairs
    return double_lesions(network, every[:used], found.loss[:used], examples, found.rounding)
