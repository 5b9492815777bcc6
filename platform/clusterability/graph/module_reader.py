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
from torch.fx.node import map_arg

from clusterability.errors import GraphError
from clusterability.graph.block import KernelNorm
from clusterability.graph.draft import DraftGraph, DraftLayer, Values, indices_of_layers
from clusterability.graph.example import TOKENS, traced_with_shapes
from clusterability.graph.input_units import InputUnits
from clusterability.graph.module_copy import evaluation_copy
from clusterability.graph.rules import RULES, weights
from clusterability.graph.rules.layers import as_function
from clusterability.graph.rules.step import Constant, Step
from clusterability.graph.shapes import MisfitError, Shapes, call, layer_label, operation, own_name
from clusterability.graph.signal import Followed, Mixed, Signal
from clusterability.graph.trace import follow_changes_in_place, shapes_of

_QUESTIONS = {
    "shape", "size", "dim", "ndim", "ndimension", "numel", "nelement", "stride", "len", "__len__", "dtype",
    "device", "layout", "get_device", "requires_grad", "is_cuda", "is_meta", "is_floating_point",
    "is_sparse",
    "is_contiguous", "is_complex", "is_quantized", "element_size", "_assert", "_assert_async", "zeros_like",
    "ones_like", "full_like", "new_zeros", "new_ones", "new_full",
}  # fmt: skip
"""Operations on values that give shapes and constants."""


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
    draft = _read(traced, shapes, kernel_norm)
    if not draft.blocks:
        raise GraphError(f"{type(module).__name__} has no layer with weights; a graph needs at least one")
    if example is None:
        _require_one_reading(traced, shapes, draft, kernel_norm)
    return draft, traced


def _read(traced: fx.GraphModule, shapes: Shapes, kernel_norm: KernelNorm) -> DraftGraph:
    reader = _Reader(traced, shapes, kernel_norm)
    for node in traced.graph.nodes:
        reader.read(node)
    reader.require_all_weights()
    return reader.draft


def _require_one_reading(
    traced: fx.GraphModule, shapes: Shapes, draft: DraftGraph, kernel_norm: KernelNorm
) -> None:
    """Refuse a module that takes both features and tokens of features, and reads them differently."""
    first = next(node for node in traced.graph.nodes if node.op == "placeholder")
    value = shapes.values[first]
    if value.ndim != 2:
        return
    tokens = (TOKENS, value.shape[1])
    try:
        other = _read(traced, shapes_of(traced, tokens, value.dtype), kernel_norm)
    except MisfitError:
        return
    except GraphError:
        other = DraftGraph()
    same = len(draft.blocks) == len(other.blocks) and all(
        np.array_equal(one.matrix, two.matrix) for one, two in zip(draft.blocks, other.blocks, strict=True)
    )
    if not same:
        raise GraphError(
            f"inputs of shape (examples, {value.shape[1]}) and (examples, tokens, {value.shape[1]}) are read "
            "differently: give WeightGraph.from_module some `inputs`"
        )


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
        self._used: dict[str, str] = {}  # as weights, and the layer's name
        self._multiplied: set[str] = set()  # with constants
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
        missing = sorted((self._ran - self._acting) | (self._multiplied - set(self._used)))
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
        function = operation(node)
        if node.op == "call_module":
            function = self._function(node)[0]
        if function in weights.RULES:
            self._multiplied |= parameters
        if any(source in self._shapes.depends for source in node.all_input_nodes):
            self._require_harmless(node)
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
        values = _flat([*step.args, *step.kwargs.values()])
        constants = [value for value in values if isinstance(value, Constant)]
        acting = self._own_parameters(node).union(*(constant.parameters for constant in constants))
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

        args, kwargs = map_arg((node.args, dict(node.kwargs)), given)
        name, label, layer = operation(node), f"operation {operation(node)!r} ({node.name})", None
        run: Callable[[tuple, dict[str, Any]], Any] = lambda a, k: call(self._traced, node, a, k)  # noqa: E731
        what = name
        if node.op == "call_module":
            layer = own_name(node.target)
            module = self._traced.get_submodule(str(node.target))
            name, own = self._function(node)
            first = args[0] if args else next(iter(kwargs.values()))
            args, kwargs = (first, *self._one_name_each(own)), {}
            what = type(module).__name__
            label = layer_label(layer, module)
            run = lambda a, k: module(a[0])  # noqa: E731
        shape = getattr(self._shapes.values[node], "shape", ())
        return Step(
            node=node,
            operation=name,
            label=label,
            name=layer or (what.lower() if node.op == "call_module" else node.name),
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

    def _function(self, node: fx.Node) -> tuple[str, tuple]:
        layer = self._traced.get_submodule(str(node.target))
        function = as_function(layer, own_name(node.target))
        assert function is not None, "others have been refused"
        return function

    def _require_harmless(self, node: fx.Node) -> None:
        """Refuse an operation on values that gives no value, unless it asks for a shape or the like."""
        name = operation(node)
        asked = node.args[1] if name == "getattr" else name
        if asked not in _QUESTIONS:
            raise GraphError(f"operation {str(asked)!r} ({node.name}) cannot be read as a weight graph")

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
