"""The weight graph of a torch module: its values are followed from operation to operation.

Units are the outputs of linear layers and the filters of convolutions. Each value knows which units lie where
in its tensor; an operation moves them exactly, makes a layer of new ones, or is refused by its name. Batch
norm and constant factors right after a layer scale that layer's weights, those behind a nonlinearity the next
one's. Outputs that are added are one layer; an identity skip into them is an identity block, a projection
skip its kernel.
"""

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import torch
from torch import fx, nn

from clusterability.errors import GraphError
from clusterability.graph.block import KernelNorm
from clusterability.graph.draft import DraftGraph, DraftLayer, Values, indices_of_layers
from clusterability.graph.example import traced_with_shapes
from clusterability.graph.input_units import InputUnits
from clusterability.graph.module_copy import evaluation_copy
from clusterability.graph.rules import RULES
from clusterability.graph.rules.layers import as_function
from clusterability.graph.rules.step import Constant, Step
from clusterability.graph.shapes import Shapes, call, operation, own_name
from clusterability.graph.signal import Followed, Mixed, Signal
from clusterability.graph.trace import follow_changes_in_place


def read_module(
    module: nn.Module, kernel_norm: KernelNorm, example: torch.Tensor | None = None
) -> tuple[DraftGraph, fx.GraphModule]:
    """Return all layers and blocks of a module, and its trace.

    Args:
        module: any module with one input, or with others that have defaults.
        kernel_norm: as `WeightGraph.from_module`.
        example: a few inputs, shape (examples, ...); None: of a shape that the module's weights fit.

    Raises:
        GraphError: a layer or an operation that cannot be read, by its name.
    """
    copy, hooks = evaluation_copy(module)
    traced, shapes = traced_with_shapes(copy, hooks, example)
    follow_changes_in_place(traced, shapes)
    reader = _Reader(traced, shapes, kernel_norm)
    for node in traced.graph.nodes:
        reader.read(node)
    reader.require_all_weights()
    if not reader.draft.blocks:
        raise GraphError(f"{type(module).__name__} has no layer with weights")
    return reader.draft, traced


class _Reader:
    """Follows the values from node to node of a trace."""

    def __init__(self, traced: fx.GraphModule, shapes: Shapes, kernel_norm: KernelNorm) -> None:
        self.draft = DraftGraph()
        self._traced, self._shapes = traced, shapes
        self._kernel_norm: KernelNorm = kernel_norm
        self._values: dict[fx.Node, Any] = {}
        self._parameters: dict[fx.Node, frozenset[str]] = {}  # that constants have been computed from
        self._matrices = _names_of_matrices(traced)
        self._ran: set[str] = set()  # names of matrices
        self._acting: set[str] = set()  # on values of the network
        self._used: dict[str, str] = {}
        self._inputs: InputUnits

    def read(self, node: fx.Node) -> None:
        """Follow one operation."""
        if node.op == "placeholder":
            self._values[node] = self._input(node)
        elif node.op == "output":
            for source in node.all_input_nodes:
                self._mark_outputs(self._values[source])
        elif node in self._shapes.depends:
            self._values[node] = self._followed(node)
        else:
            self._values[node] = self._constant(node)

    def require_all_weights(self) -> None:
        """Refuse matrices that ran and act on no value of the network.

        Raises:
            GraphError: naming them.
        """
        missing = sorted(self._ran - self._acting)
        if missing:
            raise GraphError(
                f"weights {', '.join(map(repr, missing))} read nothing that depends on the input; "
                "they cannot be read as part of a weight graph"
            )

    def _input(self, node: fx.Node) -> Signal:
        shape = tuple(self._shapes.values[node].shape)
        self._inputs = InputUnits(shape=shape[1:])
        none = Values(node=node, axis=1, size=0)
        self.draft.layers.append(
            DraftLayer(name="input", kind="input", width=0, preactivation=none, bias=np.zeros(0))
        )
        return self._inputs.signal(shape[0])

    def _constant(self, node: fx.Node) -> Any:
        """Return a value that does not depend on the input: a tensor with its parameters, or another."""
        value = self._shapes.values[node]
        parameters = frozenset().union(
            *(self._parameters.get(source, frozenset()) for source in node.all_input_nodes),
            self._own_parameters(node),
        )
        self._parameters[node] = parameters
        return Constant(value=value, parameters=parameters) if isinstance(value, torch.Tensor) else value

    def _own_parameters(self, node: fx.Node) -> frozenset[str]:
        """Return the matrices that a node takes from the module, and remember that they ran."""
        if node.op == "get_attr":
            own = {str(node.target)}
        elif node.op == "call_module":
            own = {
                f"{node.target}.{name}"
                for name, _ in self._traced.get_submodule(str(node.target)).named_parameters()
            }
        else:
            own = set()
        found = frozenset(self._matrices[name] for name in own if name in self._matrices)
        self._ran |= found
        return found

    def _followed(self, node: fx.Node) -> Followed:
        step = self._step(node)
        own = self._own_parameters(node)
        constants = [one for one in _flat([*step.args, *step.kwargs.values()]) if isinstance(one, Constant)]
        acting = own.union(*(constant.parameters for constant in constants))
        values = _flat([*step.args, *step.kwargs.values()])
        blurred = next((value for value in values if isinstance(value, Mixed)), None)
        if blurred is not None:
            if acting or step.signals:
                raise self._refused_mixture(step, blurred)
            return blurred
        rule = RULES.get(step.operation)
        if rule is None:
            raise step.refused()
        result = rule(step)
        self._acting |= acting
        return Mixed(step.label, ()) if result is None else result

    def _refused_mixture(self, step: Step, blurred: Mixed) -> GraphError:
        names = ", ".join(repr(self.draft.layers[layer].name) for layer in blurred.layers)
        return GraphError(
            f"{step.label} reads what {blurred.operation} makes of all units of layer {names} together; "
            "allowed: nothing but the outputs reads it"
        )

    def _step(self, node: fx.Node) -> Step:
        sources: dict[int, fx.Node] = {}

        def given(source: fx.Node) -> Any:
            value = self._given(source)
            if isinstance(value, Signal):
                sources[id(value)] = source
            return value

        args, kwargs = fx.node.map_arg((node.args, dict(node.kwargs)), given)
        name, label, layer = operation(node), f"operation {operation(node)!r} ({node.name})", None
        run: Callable[[tuple, dict[str, Any]], Any] = lambda a, k: call(self._traced, node, a, k)  # noqa: E731
        what = name
        if node.op == "call_module":
            layer = own_name(node.target)
            module = self._traced.get_submodule(str(node.target))
            function = as_function(module, own_name(node.target))
            assert function is not None, "others have been refused"
            name, own = function
            first = args[0] if args else next(iter(kwargs.values()))
            args, kwargs = (first, *self._one_name_each(own)), {}
            what = type(module).__name__
            label = f"layer {layer!r}: {what}"
            run = lambda a, k: module(a[0])  # noqa: E731
        shape = getattr(self._shapes.values[node], "shape", ())
        return Step(
            node=node,
            operation=name,
            label=label,
            name=layer or node.name,
            what=what,
            args=tuple(args),
            kwargs=kwargs,
            sources=sources,
            shape=tuple(shape),
            run=run,
            draft=self.draft,
            inputs=self._inputs,
            kernel_norm=self._kernel_norm,
            used=self._used,
            layer=layer,
        )

    def _one_name_each(self, constants: tuple) -> tuple:
        """Return a layer's constants with the first name of each parameter, by which sharing is seen."""
        return tuple(
            Constant(
                value=one.value,
                parameters=frozenset(self._matrices.get(_inside(name), name) for name in one.parameters),
            )
            if isinstance(one, Constant)
            else one
            for one in constants
        )

    def _given(self, source: fx.Node) -> Any:
        value = self._values[source]
        if isinstance(value, Signal):
            value = self._inputs.settled(value)
            if self._num_readers(source) > 1:
                return value.shared()
        return value

    def _num_readers(self, node: fx.Node) -> int:
        return sum(user in self._shapes.depends or user.op == "output" for user in node.users)

    def _mark_outputs(self, value: Any) -> None:
        for one in _flat([value]):
            layers = indices_of_layers(one) if isinstance(one, Signal) else getattr(one, "layers", ())
            for layer in layers:
                self.draft.layers[layer].is_output = True


def _names_of_matrices(traced: fx.GraphModule) -> dict[str, str]:
    """Return the user's name of each parameter of two or more dimensions; a shared one has one name."""
    first: dict[int, str] = {}
    names = {}
    for name, parameter in traced.named_parameters(remove_duplicate=False):
        if parameter.ndim >= 2:
            names[name] = first.setdefault(id(parameter), own_name(name))
    return names


def _inside(name: str) -> str:
    return f"module.{name}"


def _flat(values: Any) -> list[Any]:
    """Return the parts of lists in lists."""
    if isinstance(values, Mapping):
        values = list(values.values())
    if not isinstance(values, list | tuple):
        return [values]
    return [part for value in values for part in _flat(value)]
