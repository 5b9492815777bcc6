"""Runs a traced module with some units taken out."""

import operator
from collections.abc import Mapping, Set
from dataclasses import dataclass
from typing import Any

import torch
from torch import fx

_OUT_OF_PLACE = {operator.iadd: operator.add, "add_": "add", "relu_": "relu"}


@dataclass(frozen=True, kw_only=True, slots=True)
class Point:
    """A tensor that the next layers read, and the units that lie along one of its axes."""

    axis: int
    """Axis along which the units lie."""
    units: torch.Tensor
    """Hidden unit at each position, shape (positions,); the number of units where there is no hidden unit."""
    replacement: torch.Tensor | None
    """What takes the place of a lesioned unit's values, shape (positions,); None: 0."""

    def lesioned(self, values: torch.Tensor, kept: torch.Tensor) -> torch.Tensor:
        """Return values without lesioned units.

        kept: 1 for each hidden unit that stays, 0 for a lesioned one, and a 1 at the end.
        """
        shape = [1] * values.dim()
        shape[self.axis] = -1
        scale = kept[self.units].reshape(shape)
        if self.replacement is None:
            return values * scale
        return values * scale + (1 - scale) * self.replacement.reshape(shape)


class PureInterpreter(fx.Interpreter):
    """Runs a trace without changing any value in place, so that values can be kept and shared."""

    def call_function(self, target: Any, args: tuple, kwargs: dict[str, Any]) -> Any:
        """Call a function in its out-of-place form."""
        if "inplace" in kwargs:
            kwargs = {**kwargs, "inplace": False}
        return super().call_function(_OUT_OF_PLACE.get(target, target), args, kwargs)

    def call_method(self, target: Any, args: tuple, kwargs: dict[str, Any]) -> Any:
        """Call a method in its out-of-place form."""
        return super().call_method(_OUT_OF_PLACE.get(target, target), args, kwargs)

    def all_values(self, inputs: torch.Tensor) -> dict[fx.Node, Any]:
        """Return the values of all nodes."""
        self.garbage_collect_values = False
        self.run(inputs)
        return dict(self.env)


class LesionedInterpreter(PureInterpreter):
    """Runs what lies behind the lesioned units; the values before them are given."""

    def __init__(
        self, trace: fx.GraphModule, points: Mapping[fx.Node, Point], shared: Mapping[fx.Node, Any]
    ) -> None:
        """Take the points to lesion and the values of all nodes that none of them leads to."""
        super().__init__(trace)
        self.points = points
        self.shared = shared
        self.kept = torch.empty(0)

    def outputs(self, kept: torch.Tensor) -> torch.Tensor:
        """Return the module's outputs with some units lesioned; kept: see `Point.lesioned`."""
        self.kept = kept
        known = {node: self._lesioned(node, value) for node, value in self.shared.items()}
        return self.run(initial_env=known)

    def run_node(self, n: fx.Node) -> Any:
        """Return a node's value, lesioned where it is a point."""
        return self._lesioned(n, super().run_node(n))

    def _lesioned(self, node: fx.Node, value: Any) -> Any:
        point = self.points.get(node)
        return value if point is None else point.lesioned(value, self.kept)


def nodes_behind(trace: fx.GraphModule, points: Set[fx.Node]) -> set[fx.Node]:
    """Return the nodes that a lesion at any of the points changes; a first point is not among them."""
    behind: set[fx.Node] = set()
    for node in trace.graph.nodes:
        if any(source in points or source in behind for source in node.all_input_nodes):
            behind.add(node)
    return behind
