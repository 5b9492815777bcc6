"""A module of the user's own, measured the way a trial's network is."""

import argparse
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import nn

from clusterability.cli import graph_measurement as graphs
from clusterability.cli.graph_measurement import GraphMeasurement
from clusterability.cli.measuring import graph_measurement, measured_graph, progress_bars
from clusterability.cli.module_options import DEFAULTS
from clusterability.cli.own_module import KIND, built_module, load_weights, moved, traced_module
from clusterability.data.own_examples import OwnExamples, load_own_examples
from clusterability.errors import ConfigError, GraphError, LesionError
from clusterability.graph import WeightGraph
from clusterability.graph.from_module import TracedModule
from clusterability.lesions import LesionTest
from clusterability.lesions.plain import plain_values
from clusterability.lesions.plan import LesionPlan
from clusterability.lesions.significance import lesion_test_of
from clusterability.measurement.lesion_examples import lesion_examples
from clusterability.measurement.measured_graph import MeasuredGraph
from clusterability.measurement.network import CONTRIBUTION_EXAMPLES
from clusterability.own_code import blamed, described
from clusterability.training.evaluate import Evaluation, evaluate

MODULARITY, NCUT = "layered_modularity_contribution", "ncut_contribution"
"""Whose clusters are lesioned, as records name them."""
_PROBE = 2


@dataclass(frozen=True, kw_only=True, slots=True)
class ModuleMeasurement:
    """What was found of one module, on data or without."""

    name: str
    """The module, as package.module:attribute."""
    weights: GraphMeasurement
    """The graph of weights."""
    contribution: GraphMeasurement | None
    """The graph of contributions; None without data, or where it cannot be measured."""
    num_examples: int
    """Examples in the data; 0: none."""
    is_regression: bool
    """Whether the accuracy is a coefficient of determination."""
    evaluation: Evaluation | None
    """How good it is on all examples; None without targets."""
    lesions: dict[str, LesionTest]
    """Lesions of the clusters on contributions, by the measure whose partition they are of."""
    notes: tuple[str, ...]
    """What a reader of the numbers should know, and what could not be measured, and why."""

    @property
    def shown(self) -> GraphMeasurement:
        """The graph whose clusters are drawn: contributions, or weights where there are none."""
        return self.contribution or self.weights


def measure_module(arguments: argparse.Namespace) -> ModuleMeasurement:
    """Build, load, read, run and measure the module that the command's arguments name.

    Raises:
        ClusterabilityError: anything that is wrong with module, weights, data or options; the contribution
            graph and lesions are left out with a note where the network itself does not allow them.
    """
    name = arguments.module
    module = built_module(name, arguments.module_args, arguments.seed)
    if arguments.weights is not None:
        load_weights(module, name, arguments.weights)
    moved(module, arguments.device)
    traced = traced_module(module, name, kernel_norm=arguments.kernel_norm, kept_layers=arguments.kept_layers)
    weights = _graph_of_weights(traced, name, arguments)
    examples, evaluation = None, None
    if arguments.data is not None:
        examples = load_own_examples(arguments.data)
        evaluation = _evaluated(module, name, examples)
    notes = _caveats(arguments, examples)
    found = graph_measurement(weights, arguments, "weights,")
    contribution, measured, lesions = None, None, {}
    try:
        if examples is not None:
            measured = _graph_of_contributions(traced, name, examples, arguments)
            contribution = graph_measurement(measured, arguments, "contributions,")
    except GraphError as problem:
        notes.append(f"contribution graph: {problem}")
    try:
        if contribution is not None and measured is not None and examples is not None:
            lesions = _lesions(traced, name, measured, examples, arguments)
    except LesionError as problem:
        notes.append(f"lesions: {problem}")
    return ModuleMeasurement(
        name=name,
        weights=found,
        contribution=contribution,
        num_examples=0 if examples is None else len(examples.inputs),
        is_regression=examples is not None and examples.is_regression,
        evaluation=evaluation,
        lesions=lesions,
        notes=tuple(notes),
    )


def as_dict(measured: ModuleMeasurement) -> dict[str, Any]:
    """Return plain values, fit for JSON: what does not exist is None."""
    evaluation, contribution = measured.evaluation, measured.contribution
    return {
        "module": measured.name,
        "num_examples": measured.num_examples,
        "accuracy": None if evaluation is None else evaluation.accuracy,
        "loss": None if evaluation is None else evaluation.loss,
        "weights": graphs.as_dict(measured.weights),
        "contribution": None if contribution is None else graphs.as_dict(contribution),
        "lesions": {name: plain_values(test) for name, test in measured.lesions.items()},
        "notes": list(measured.notes),
    }


def _caveats(arguments: argparse.Namespace, examples: OwnExamples | None) -> list[str]:
    notes = []
    if arguments.weights is None:
        notes.append("untrained: no weights given, so the network is as its code builds it")
    if examples is None:
        notes.append("no data given: contributions, accuracy and lesions are not measured")
    elif examples.targets is None:
        notes.append("no targets in the data: accuracy and lesions are not measured")
    if examples is not None and examples.were_bytes:
        notes.append("inputs are bytes: brought to 0 to 1")
    return notes


def _graph_of_weights(traced: TracedModule, name: str, arguments: argparse.Namespace) -> MeasuredGraph:
    try:
        graph = WeightGraph.from_reading(traced.reading(arguments.weighting))
    except GraphError as error:
        raise GraphError(f"{described(KIND, name)}: {error}") from None
    return measured_graph(graph, arguments)


@torch.no_grad()
def _evaluated(module: nn.Module, name: str, examples: OwnExamples) -> Evaluation | None:
    """Run a module on its examples; say first where inputs, outputs and targets do not fit."""
    parameter = next(module.parameters())
    inputs = torch.tensor(examples.inputs)
    given = f"{_PROBE} inputs of shape {tuple(inputs.shape[1:])}"
    try:
        with blamed(KIND, name):
            outputs = module(inputs[:_PROBE].to(parameter))
    except ConfigError as error:
        raise ConfigError(f"{error}, on {given} of {examples.source}") from None
    if examples.targets is None:
        return None
    if not isinstance(outputs, torch.Tensor) or outputs.shape[:1] != (_PROBE,) or outputs.dim() != 2:
        got = tuple(outputs.shape) if isinstance(outputs, torch.Tensor) else type(outputs).__name__
        raise ConfigError(
            f"{described(KIND, name)}: got outputs {got} for {given}, allowed: ({_PROBE}, outputs)"
        )
    examples.require_fit(outputs.shape[1])
    targets = torch.tensor(examples.targets, device=parameter.device)
    if examples.is_regression:
        targets = targets.to(parameter.dtype)
    found = evaluate(module, inputs.to(parameter), targets)
    if not np.isfinite(found.loss):
        raise ConfigError(f"{described(KIND, name)}: its outputs on {examples.source} are not finite")
    return found


def _graph_of_contributions(
    traced: TracedModule, name: str, examples: OwnExamples, arguments: argparse.Namespace
) -> MeasuredGraph:
    inputs = torch.tensor(examples.inputs[:CONTRIBUTION_EXAMPLES])
    with blamed(KIND, name):
        reading = traced.reading("contribution", inputs)
    return measured_graph(WeightGraph.from_reading(reading), arguments)


def _lesions(
    traced: TracedModule,
    name: str,
    measured: MeasuredGraph,
    examples: OwnExamples,
    arguments: argparse.Namespace,
) -> dict[str, LesionTest]:
    num_random = DEFAULTS.num_random if arguments.num_random is None else arguments.num_random
    if num_random == 0 or examples.targets is None:
        return {}
    most = arguments.num_examples or DEFAULTS.num_examples
    chosen = lesion_examples(len(examples.inputs), most, arguments.seed)
    data = (examples.inputs[chosen], examples.targets[chosen], None)
    plan = LesionPlan(num_random=num_random, seed=arguments.seed)
    labels = {MODULARITY: measured.modularity.labels, NCUT: measured.partition.labels}
    found = {}
    with progress_bars() as progress, blamed(KIND, name):
        for measure, own in labels.items():
            bar = progress.add_task(f"lesions, {measure}", total=len(chosen))
            found[measure] = lesion_test_of(
                traced,
                measured.graph,
                own,
                data,
                plan,
                lambda done, bar=bar: progress.update(bar, completed=done),
            )
    return found
