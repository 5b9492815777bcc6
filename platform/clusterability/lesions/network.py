"""A network that can be run with many lesions at once."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import fx
from torch.func import vmap

from clusterability.errors import LesionError, first_line
from clusterability.graph.activations import Moments
from clusterability.graph.from_module import TracedModule
from clusterability.lesions.examples import Examples, hits, losses
from clusterability.lesions.hidden_units import HiddenUnits
from clusterability.lesions.interpreter import LesionedInterpreter, Point, PureInterpreter, nodes_behind

# Values of one tensor over all lesions and examples run together: a few megabytes, or half a gigabyte.
_MOST_VALUES = {"cpu": 2**20, "cuda": 2**27}
_MOST_EXAMPLES = 500
_PROBE = 2
_AGREEMENT = 1e-4  # of the largest output: the trace runs the same operations, perhaps fused otherwise


OnExamples = Callable[[int], None]
"""Called with the number of examples that all lesions have been run on so far, for progress."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Scores:
    """Sums over the examples of each class, for each lesion."""

    loss: np.ndarray
    """Shape (lesions, classes)."""
    correct: np.ndarray
    """Examples classified right, same shape; zeros for a regression."""


@dataclass(frozen=True, kw_only=True, slots=True)
class _Group:
    """Lesions that begin in the same layer: all that lies before it is computed once."""

    rows: np.ndarray
    points: Mapping[fx.Node, Point]
    behind: set[fx.Node]


class LesionedNetwork:
    """Runs a traced module with sets of hidden units lesioned, many sets at once, on the module's device."""

    def __init__(self, traced: TracedModule, units: HiddenUnits) -> None:
        """Take a module and its hidden units; lesioned units are 0 until `replace_by_means`."""
        self._module = traced.module
        self._trace = traced.trace
        self._units = units
        parameter = next(self._trace.parameters())
        self._device, self.dtype = parameter.device, parameter.dtype
        for layer in self._trace.modules():  # the trace is a copy of its own
            if getattr(layer, "inplace", False):
                vars(layer)["inplace"] = False  # values before a lesion are kept for all lesions
        self._points = self._found_points()
        (self._output,) = (node for node in self._trace.graph.nodes if node.op == "output")

    def _found_points(self) -> dict[fx.Node, Point]:
        found: dict[fx.Node, np.ndarray] = {}
        axes: dict[fx.Node, int] = {}
        starts, nobody = self._units.starts, self._units.num_units
        for layer, start in zip(self._units.layers, starts, strict=False):
            for read in layer.read_at:
                if axes.setdefault(read.values.node, read.values.axis) != read.values.axis:
                    raise LesionError(
                        f"layer {layer.name!r}: its units are read along two axes of one value, allowed: one"
                    )
                units = found.setdefault(read.values.node, np.full(read.values.size, nobody, dtype=np.int64))
                unit, place = np.nonzero(read.positions >= 0)
                units[read.positions[unit, place]] = start + unit
        return {
            node: Point(axis=axes[node], units=torch.from_numpy(units).to(self._device), replacement=None)
            for node, units in found.items()
        }

    @torch.no_grad()
    def require_runnable(self, examples: Examples) -> None:
        """Raise a LesionError unless the module runs on the examples and its trace gives what it gives."""
        inputs = examples.inputs[:_PROBE].to(self._device)
        was_training = {module: module.training for module in self._module.modules()}
        try:
            self._module.eval()
            expected = self._module(inputs)
            found = self._outputs(
                _Group(
                    rows=np.arange(1),
                    points=self._points,
                    behind=nodes_behind(self._trace, self._points.keys()),
                ),
                PureInterpreter(self._trace).all_values(inputs),
                torch.ones(1, self._units.num_units + 1, dtype=self.dtype, device=self._device),
            )[0]
        except LesionError:
            raise
        except Exception as error:  # the module's own code, which may raise anything
            raise LesionError(
                f"{type(self._module).__name__} cannot be run on inputs of shape "
                f"{tuple(examples.inputs.shape)}: {first_line(error)}"
            ) from error
        finally:
            for module, mode in was_training.items():
                module.training = mode
        if not isinstance(expected, torch.Tensor):
            raise LesionError(f"outputs: got a {type(expected).__name__}, allowed: a tensor")
        examples.require_fit(expected)
        difference = (found - expected).abs().max().item() if found.shape == expected.shape else np.inf
        if difference > _AGREEMENT * max(1.0, expected.abs().max().item()):
            raise LesionError(
                f"{type(self._module).__name__}: got outputs that differ by {difference:g} from those of its "
                "trace, allowed: the same (does it change values in place, or use chance?)"
            )

    @torch.no_grad()
    def unit_moments(self, inputs: torch.Tensor) -> tuple[np.ndarray, dict[fx.Node, np.ndarray]]:
        """Return the largest sd of each hidden unit where it is read, and its mean at each position."""
        moments = {node: Moments(axis=point.axis) for node, point in self._points.items()}
        for batch in inputs.split(self._batch_size(inputs)):
            values = PureInterpreter(self._trace).all_values(batch.to(self._device))
            for node, moment in moments.items():
                moment.add(values[node])
        size = self._units.num_units + 1
        spreads, means = np.zeros(size), {}
        for node, moment in moments.items():
            units = self._points[node].units.cpu().numpy()
            mean, spread = moment.of_labels(units, size)
            spreads, means[node] = np.maximum(spreads, spread), mean[units]
        return spreads[:-1], means

    def replace_by_means(self, means: Mapping[fx.Node, np.ndarray]) -> None:
        """From now on let a lesioned unit have its mean, as `unit_moments` returns it, instead of 0."""
        self._points = {
            node: Point(
                axis=point.axis,
                units=point.units,
                replacement=torch.as_tensor(means[node], dtype=self.dtype, device=self._device),
            )
            for node, point in self._points.items()
        }

    @torch.no_grad()
    def scores(
        self, lesions: np.ndarray, examples: Examples, on_examples: OnExamples | None = None
    ) -> Scores:
        """Return how wrong the network is with each of these sets of units lesioned.

        Args:
            lesions: True for a lesioned unit, shape (lesions, hidden units).
            examples: what the network is run on.
            on_examples: told of progress.
        """
        shape = (len(lesions), len(examples.classes))
        loss, correct = np.zeros(shape), np.zeros(shape)
        groups = list(self._groups(lesions))
        whole = np.setdiff1d(np.arange(len(lesions)), [row for group in groups for row in group.rows])
        size, num_done = self._batch_size(examples.inputs), 0
        for inputs, targets in examples.batches(size, self._device):
            values = PureInterpreter(self._trace).all_values(inputs)
            indicators = examples.groups(targets)

            def add(rows: np.ndarray, outputs: torch.Tensor, targets=targets, indicators=indicators) -> None:
                loss[rows] += (losses(outputs, targets) @ indicators).cpu().numpy()
                if not examples.is_regression:
                    correct[rows] += (hits(outputs, targets) @ indicators).cpu().numpy()

            add(whole, values[self._output][None])
            for group in groups:
                for rows in np.array_split(group.rows, -(-len(group.rows) // self._chunk(group, values))):
                    add(rows, self._outputs(group, values, self._kept(lesions[rows])))
            num_done += len(inputs)
            if on_examples is not None:
                on_examples(num_done)
        return Scores(loss=loss, correct=correct)

    def _groups(self, lesions: np.ndarray) -> Iterator[_Group]:
        """Sort lesions by the first layer that they touch; leave out those that no output depends on."""
        touched = lesions.any(axis=1)
        first = np.where(touched, self._units.layer_of[lesions.argmax(axis=1)], -1)
        for layer in np.unique(first[touched]):
            rows = np.flatnonzero(first == layer)
            lesioned = torch.from_numpy(np.append(lesions[rows].any(axis=0), False)).to(self._device)
            points = {node: point for node, point in self._points.items() if lesioned[point.units].any()}
            behind = nodes_behind(self._trace, points.keys())
            if self._output in behind:
                yield _Group(rows=rows, points=points, behind=behind)

    def _kept(self, lesions: np.ndarray) -> torch.Tensor:
        kept = np.ones((len(lesions), self._units.num_units + 1), dtype=np.float32)
        kept[:, :-1][lesions] = 0
        return torch.from_numpy(kept).to(self._device, self.dtype)

    def _outputs(self, group: _Group, values: Mapping[fx.Node, Any], kept: torch.Tensor) -> torch.Tensor:
        """Return the outputs under each lesion of a group, shape (lesions, examples, values)."""
        shared = {node: value for node, value in values.items() if node not in group.behind}
        return vmap(LesionedInterpreter(self._trace, group.points, shared).outputs)(kept)

    @torch.no_grad()
    def _batch_size(self, inputs: torch.Tensor) -> int:
        values = PureInterpreter(self._trace).all_values(inputs[:_PROBE].to(self._device))
        per_example = sum(_size(value) for value in values.values()) // len(inputs[:_PROBE])
        return min(_MOST_EXAMPLES, max(1, self._most_values // max(per_example, 1)))

    def _chunk(self, group: _Group, values: Mapping[fx.Node, Any]) -> int:
        """Return how many lesions to run together."""
        largest = max(_size(values[node]) for node in (*group.behind, *group.points))
        return max(1, self._most_values // max(largest, 1))

    @property
    def _most_values(self) -> int:
        return _MOST_VALUES.get(self._device.type, _MOST_VALUES["cpu"])


def _size(value: Any) -> int:
    return value.numel() if isinstance(value, torch.Tensor) else 0
