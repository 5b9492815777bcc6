"""A module as a graph of torch operations, on examples of one shape and any number of them."""

import inspect
import math
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, cast

import torch
from torch import fx, nn
from torch.fx._symbolic_trace import _maybe_revert_all_patches  # torch has no public name for it

from clusterability.errors import GraphError, first_line
from clusterability.graph.shapes import MisfitError, Shapes, operation

_IN_PLACE_OPERATORS = {"iadd", "isub", "imul", "itruediv", "ipow", "ifloordiv", "imatmul"}


class Root(nn.Module):
    """Calls a module with one input: its default arguments, hooks and own `forward` are then heeded."""

    def __init__(self, module: nn.Module) -> None:
        """Take the module."""
        super().__init__()
        self.module = module

    def forward(self, inputs: torch.Tensor) -> Any:
        """Return what the module gives."""
        return self.module(inputs)


class _Tracer(fx.Tracer):
    """Goes into every module that is not torch's own, and into those whose `forward` has been replaced."""

    def __init__(self) -> None:
        super().__init__(param_shapes_constant=True)

    def is_leaf_module(self, m: nn.Module, module_qualified_name: str) -> bool:
        """Say whether a module is one node."""
        return "forward" not in vars(m) and super().is_leaf_module(m, module_qualified_name)


class _ShapedProxy(fx.Proxy):
    """Answers with the shapes of its value, but for the number of examples, which stays open."""

    @property
    def shape(self) -> tuple:  # pyright: ignore[reportIncompatibleVariableOverride]
        """The value's shape, its first entry a proxy."""
        value = self._value()
        if not isinstance(value, torch.Tensor):
            raise AttributeError("shape")
        open_shape: Any = fx.Proxy.__getattr__(self, "shape")
        return (open_shape[0], *value.shape[1:]) if value.ndim else ()

    @property
    def ndim(self) -> int:
        """Dimensions of the value."""
        return self._value().ndim

    @property
    def dtype(self) -> torch.dtype:
        """Type of the value's numbers."""
        return self._value().dtype

    def dim(self) -> int:
        """Return the dimensions of the value."""
        return self._value().ndim

    def size(self, dim: int | None = None) -> Any:
        """Return the value's shape, or one entry of it."""
        return self.shape if dim is None else self.shape[dim]

    def numel(self) -> Any:
        """Return how many numbers the value has."""
        return math.prod(self.shape)

    def __len__(self) -> int:
        """Return the length of a list of values."""
        value = self._value()
        if isinstance(value, torch.Tensor):
            raise TypeError("the number of examples is open")
        return len(value)

    def __iter__(self) -> Any:
        """Go through a list of values, or through a tensor's first axis."""
        value, proxy = self._value(), cast(Any, self)
        if isinstance(value, list | tuple):
            return iter([proxy[index] for index in range(len(value))])
        return super().__iter__()

    def is_tensor(self) -> bool:
        """Say whether the value is one tensor rather than a list of them."""
        return isinstance(self._value(), torch.Tensor)

    def _value(self) -> Any:
        return self.tracer.shapes.values[self.node]  # pyright: ignore[reportAttributeAccessIssue]


class _ShapedTracer(_Tracer):
    """Knows the shape of every value while tracing, for modules that look at shapes."""

    def __init__(self, shapes: Callable[[nn.Module], Shapes]) -> None:
        super().__init__()
        self._shapes = shapes
        self.shapes: Shapes

    def trace(self, root: Any, concrete_args: dict[str, Any] | None = None) -> fx.Graph:
        """Trace the root module."""
        self.shapes = self._shapes(root)
        return super().trace(root, concrete_args)

    def proxy(self, node: fx.Node) -> fx.Proxy:
        """Return the proxy of a node, whose value is computed first."""
        if node not in self.shapes.values:
            with _maybe_revert_all_patches():  # while tracing, torch's layers make nodes when they are called
                self.shapes.visit(node)
        return _ShapedProxy(node, self) if node in self.shapes.depends else super().proxy(node)


def plain_trace(module: nn.Module) -> fx.GraphModule:
    """Trace a module whatever the shape of its inputs; raises what the module's code raises."""
    return _graph_module(Root(module), _Tracer())


def shaped_trace(module: nn.Module, shape: tuple[int, ...], dtype: torch.dtype) -> fx.GraphModule:
    """Trace a module for examples of one shape; raises what the module's code raises."""
    with _open_lengths(module):
        return _graph_module(Root(module), _ShapedTracer(lambda root: Shapes(root, shape, dtype)))


@contextmanager
def _open_lengths(module: nn.Module) -> Iterator[None]:
    """Let `len(x)` in the user's code be the open number of examples; `__len__` can only give a number."""
    namespaces = [vars(sys.modules[part.__module__]) for part in map(type, module.modules())]
    namespaces = [names for names in namespaces if not names["__name__"].startswith("torch.")]
    patched = {id(names): names for names in namespaces if "len" not in names}
    for names in patched.values():
        names["len"] = _length
    try:
        yield
    finally:
        for names in patched.values():
            del names["len"]


def _length(value: Any) -> Any:
    return value.shape[0] if isinstance(value, _ShapedProxy) and value.is_tensor() else len(value)


def _graph_module(root: Root, tracer: fx.Tracer) -> fx.GraphModule:
    return fx.GraphModule(root, tracer.trace(root), type(root.module).__name__)


def shapes_of(traced: fx.GraphModule, shape: tuple[int, ...], dtype: torch.dtype) -> Shapes:
    """Return the shapes of all values for examples of one shape.

    Raises:
        MisfitError: the module does not take them.
    """
    shapes = Shapes(traced, shape, dtype)
    for node in traced.graph.nodes:
        shapes.visit(node)
    return shapes


def follow_changes_in_place(traced: fx.GraphModule, shapes: Shapes) -> None:
    """Let nodes that read a value after it has been changed in place read what the change gives.

    Raises:
        GraphError: a view of the value, or a value that it is a view of, is read afterwards.
    """
    before: list[fx.Node] = []
    place = {node: index for index, node in enumerate(traced.graph.nodes)}
    for node in traced.graph.nodes:
        if node in shapes.depends and _changes_in_place(traced, node):
            changed = node.all_input_nodes[0]
            for other in before:
                later = [user for user in other.users if place[user] > place[node]]
                if not later or not _share_memory(shapes.values[other], shapes.values[changed]):
                    continue
                if not _are_same(shapes.values[other], shapes.values[changed]):
                    raise GraphError(
                        f"operation {operation(node)!r} ({node.name}) changes values in place that "
                        f"{later[0].name!r} reads in another shape; it cannot be read as a weight graph"
                    )
                for user in later:
                    user.replace_input_with(other, node)
        if node in shapes.depends and isinstance(shapes.values[node], torch.Tensor):
            before.append(node)
    traced.recompile()


def _changes_in_place(traced: fx.GraphModule, node: fx.Node) -> bool:
    if node.op == "call_module":
        return bool(getattr(traced.get_submodule(str(node.target)), "inplace", False))
    name = node.target if isinstance(node.target, str) else getattr(node.target, "__name__", "")
    if node.kwargs.get("inplace") is True or (name.endswith("_") and not name.startswith("_")):
        return True
    if getattr(node.target, "__module__", None) == "torch.nn.functional" and len(node.args) > 1:
        try:
            given = inspect.signature(node.target).bind(*node.args, **node.kwargs)  # pyright: ignore[reportArgumentType]
        except (TypeError, ValueError):  # compiled code without a signature
            return False
        return given.arguments.get("inplace") is True
    return name in _IN_PLACE_OPERATORS


def _share_memory(one: torch.Tensor, other: torch.Tensor) -> bool:
    return one.untyped_storage()._cdata == other.untyped_storage()._cdata


def _are_same(one: torch.Tensor, other: torch.Tensor) -> bool:
    return (one.shape, one.stride(), one.storage_offset()) == (
        other.shape,
        other.stride(),
        other.storage_offset(),
    )


def untraceable(module: nn.Module, error: Exception) -> GraphError:
    """Return the refusal of a module that cannot be traced."""
    text = str(error) if isinstance(error, MisfitError) else first_line(error)
    return GraphError(f"{type(module).__name__} cannot be traced: {text}")
