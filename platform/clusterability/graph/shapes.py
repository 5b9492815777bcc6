"""The shapes of all values of a trace, without computing them."""

from collections.abc import Sequence
from typing import Any

import torch
from torch import fx, nn
from torch.func import functional_call
from torch.fx.node import map_arg
from torch.utils._pytree import tree_map

from clusterability.errors import first_line

BATCH = 2
_FILLED = {"zeros_like", "ones_like", "full_like", "new_zeros", "new_ones", "new_full"}

_INDICES = {"getitem", "index_select"}  # without data, an index is not compared with what there is


class MisfitError(Exception):
    """An input of this shape cannot be run through the module; the text says where."""


class Shapes:
    """Values of a trace's nodes: those that depend on the input without data, all others as they are."""

    def __init__(self, root: nn.Module, shape: Sequence[int], dtype: torch.dtype) -> None:
        """Take the root of a trace and the shape of one example."""
        self.values: dict[fx.Node, Any] = {}
        """The value of each node visited."""
        self.depends: set[fx.Node] = set()
        """Nodes whose values depend on the input's."""
        self._root = root
        self._input = torch.empty((BATCH, *shape), device="meta", dtype=dtype)
        self._tensors: dict[str, dict[str, torch.Tensor]] = {}
        tensor = next(iter(root.parameters()), torch.empty(0))
        self._device = tensor.device

    @torch.no_grad()
    def visit(self, node: fx.Node) -> None:
        """Find a node's value; those it depends on have been visited.

        Raises:
            MisfitError: it cannot be computed.
        """
        if node.op == "placeholder":
            self.values[node] = self._input
            self.depends.add(node)
        elif node.op == "get_attr":
            self.values[node] = _attribute(self._root, str(node.target))
        elif node.op != "output":
            depends = any(source in self.depends for source in node.all_input_nodes)
            try:
                value = self._computed(node, depends)
            except Exception as error:  # whatever torch says of shapes that do not fit
                raise MisfitError(self._complaint(node, error)) from error
            self.values[node] = value
            if depends and _has_tensors(value) and operation(node) not in _FILLED:
                self.depends.add(node)

    def arguments(self, node: fx.Node) -> tuple[tuple, dict[str, Any]]:
        """Return a node's arguments as values."""
        args, kwargs = map_arg((node.args, dict(node.kwargs)), lambda source: self.values[source])
        return tuple(args), dict(kwargs)

    def _computed(self, node: fx.Node, depends: bool) -> Any:
        args, kwargs = self.arguments(node)
        if not depends:
            return call(self._root, node, args, kwargs)
        if node.target is getattr and args[1] == "device":
            return self._device
        if operation(node) in _INDICES:
            call(self._root, node, *tree_map(_one_number, (args, kwargs)))
        args, kwargs = tree_map(_without_data, (args, kwargs))
        if "device" in kwargs:
            kwargs["device"] = "meta"
        if node.op == "call_module":
            layer = self._root.get_submodule(str(node.target))
            return functional_call(layer, self._without_data(str(node.target), layer), args, kwargs)
        value = call(self._root, node, args, kwargs)
        if operation(node) in _FILLED:
            return call(self._root, node, *tree_map(self._zeros, (args, {**kwargs, "device": self._device})))
        return value

    def _zeros(self, value: Any) -> Any:
        """Return a tensor without data as zeros."""
        is_empty = isinstance(value, torch.Tensor)
        return torch.zeros(value.shape, dtype=value.dtype, device=self._device) if is_empty else value

    def _without_data(self, name: str, layer: nn.Module) -> dict[str, torch.Tensor]:
        if name not in self._tensors:
            tensors = {**dict(layer.named_parameters()), **dict(layer.named_buffers())}
            self._tensors[name] = {part: _without_data(tensor) for part, tensor in tensors.items()}
        return self._tensors[name]

    def _complaint(self, node: fx.Node, error: Exception) -> str:
        source = next((source for source in node.all_input_nodes if source in self.depends), None)
        if node.op == "call_module" and source is not None and isinstance(self.values[source], torch.Tensor):
            layer, shape = self._root.get_submodule(str(node.target)), tuple(self.values[source].shape)
            if isinstance(layer, nn.Linear) and shape[-1:] != (layer.in_features,):
                return (
                    f"layer {own_name(node.target)!r}: reads {layer.in_features} units, "
                    f"but the layer before has {shape[-1]}"
                )
            return (
                f"{layer_label(own_name(node.target), layer)} does not take values of shape {shape}: "
                f"{first_line(error)}"
            )
        return f"operation {operation(node)!r} ({node.name}): {first_line(error)}"


def call(root: nn.Module, node: fx.Node, args: Sequence[Any], kwargs: dict[str, Any]) -> Any:
    """Do what a node does to other arguments."""
    if node.op == "call_module":
        return root.get_submodule(str(node.target))(*args, **kwargs)
    if node.op == "call_method":
        return getattr(args[0], str(node.target))(*args[1:], **kwargs)
    assert callable(node.target), "the other nodes are placeholders, attributes and the output"
    return node.target(*args, **kwargs)


def layer_label(name: str, layer: nn.Module) -> str:
    """Return what messages call a layer; the whole module has no name."""
    return f"layer {name!r}: {type(layer).__name__}" if name else type(layer).__name__


def operation(node: fx.Node) -> str:
    """Return the bare name of what a node does: "relu" for torch.relu, functional.relu and x.relu_()."""
    name = node.target if isinstance(node.target, str) else getattr(node.target, "__name__", str(node.target))
    if node.op == "call_module":
        return own_name(name)
    return name if name.startswith("_") else name.rstrip("_")


def own_name(target: object) -> str:
    """Return a module's or a tensor's name in the user's module, which the trace has inside another one."""
    return str(target).removeprefix("module").removeprefix(".")


def _attribute(root: nn.Module, target: str) -> Any:
    value: Any = root
    for part in target.split("."):
        value = getattr(value, part)
    return value.detach() if isinstance(value, torch.Tensor) else value


def _without_data(value: Any) -> Any:
    return value.to("meta") if isinstance(value, torch.Tensor) else value


def _one_number(value: Any) -> Any:
    """Return a tensor without data as one number in every place, which an index can be tried on."""
    is_empty = isinstance(value, torch.Tensor) and value.device.type == "meta"
    return torch.zeros((), device="cpu").expand(value.shape) if is_empty else value


def _has_tensors(value: Any) -> bool:
    if isinstance(value, list | tuple):
        return any(_has_tensors(part) for part in value)
    return isinstance(value, torch.Tensor)
