"""How the units of a network are wired: which layers there are and which kernels lie between them."""

import operator
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import torch
from torch import fx, nn
from torch.fx.proxy import TraceError
from torch.nn import functional

from clusterability.errors import GraphError

_KERNELS = (nn.Linear, nn.Conv2d)
_NORMS = (nn.BatchNorm1d, nn.BatchNorm2d)
_UNITWISE = (
    nn.ReLU, nn.Dropout, nn.Dropout2d, nn.Flatten, nn.Identity,
    nn.MaxPool2d, nn.AvgPool2d, nn.AdaptiveAvgPool2d,
)  # fmt: skip
_UNITWISE_FUNCTIONS = (
    functional.relu, torch.relu, torch.flatten, functional.max_pool2d, functional.avg_pool2d,
    functional.adaptive_avg_pool2d, functional.dropout, "relu", "relu_", "flatten", "view", "reshape", "mean",
)  # fmt: skip
_ADDITIONS = (operator.add, operator.iadd, torch.add, "add", "add_")


@dataclass(frozen=True, kw_only=True, slots=True)
class Wire:
    """A kernel, or an identity skip, between two layers of units."""

    source: int
    """Layer that it reads from."""
    target: int
    """Layer that it writes to."""
    kernel: str | None
    """Name of the linear or convolutional module; none: an identity skip."""
    norm: str | None
    """Name of the batch norm between the kernel and the units, to be folded into it."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Tap:
    """The input or the output of a module."""

    module: str
    """The module's name."""
    is_input: bool
    """Whether it is what the module gets, or else what it gives."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Wiring:
    """Layers of units and the wires between them."""

    widths: tuple[int, ...]
    """Units (or channels) of each layer."""
    names: tuple[str, ...]
    """What each layer is called: "inputs" or its kernel's name."""
    taps: tuple[Tap | None, ...]
    """Where each layer's values before the nonlinearity can be seen; none: nowhere (a network's inputs)."""
    wires: tuple[Wire, ...]


def read_wiring(module: nn.Module) -> Wiring:
    """Follow the data through `module` and return its layers of units.

    A network of linear layers has its inputs as the first layer. A network with convolutions has one unit
    per channel of each convolution; its input channels and its dense head are left out. What is added to a
    layer's output before its nonlinearity belongs to that layer: a projection's kernel then leads to it, and
    an earlier layer's output that is added as it is does so by an identity wire (METHODS of Filan et al.
    2021, section 2, for chains; skips are ours).

    Raises:
        GraphError: a module that cannot be traced, or does something else than linear layers, convolutions in
            one group, batch norms right after them, additions, pooling and ReLU; the message names the place.
    """
    try:
        graph = fx.symbolic_trace(module).graph
    except (TraceError, TypeError) as error:
        raise GraphError(f"{type(module).__name__} cannot be traced: {error}") from error
    reader = _WiringReader(dict(module.named_modules()))
    for node in graph.nodes:
        reader.visit(node)
    return reader.wiring()


class _WiringReader:
    """Walks the traced graph; remembers for every value the layer of units that it carries."""

    def __init__(self, modules: Mapping[str, nn.Module]) -> None:
        self._modules = modules
        self._convolutional = any(isinstance(module, nn.Conv2d) for module in modules.values())
        self._layer_of: dict[fx.Node, int | None] = {}
        self._widths: list[int] = []
        self._names: list[str] = []
        self._wires: list[tuple[int, int, str | None]] = []
        self._norms: dict[str, str] = {}
        self._merged: dict[int, int] = {}
        self._taps: dict[int, Tap] = {}

    def visit(self, node: fx.Node) -> None:
        if node.op == "call_module":
            self._visit_module(node, str(node.target), self._modules[str(node.target)])
        elif node.op in ("call_function", "call_method"):
            self._visit_function(node)
        elif node.op == "placeholder":
            self._layer_of[node] = None
        elif node.op != "output":
            raise GraphError(f"{node.name}: a {node.op} cannot be read as a weight graph")

    def wiring(self) -> Wiring:
        remaining = [layer for layer in range(len(self._widths)) if layer not in self._merged]
        if len(remaining) < 2:
            raise GraphError(
                "a weight graph needs at least one kernel between two layers, the module has none"
            )
        number = {layer: index for index, layer in enumerate(remaining)}
        return Wiring(
            widths=tuple(self._widths[layer] for layer in remaining),
            names=tuple(self._names[layer] for layer in remaining),
            taps=tuple(self._taps.get(layer) for layer in remaining),
            wires=tuple(
                Wire(
                    source=number[self._root(source)],
                    target=number[self._root(target)],
                    kernel=kernel,
                    norm=self._norms.get(kernel) if kernel else None,
                )
                for source, target, kernel in self._wires
            ),
        )

    def _visit_module(self, node: fx.Node, name: str, module: nn.Module) -> None:
        source = node.all_input_nodes[0]
        if isinstance(module, _KERNELS):
            self._visit_kernel(node, name, module)
        elif isinstance(module, _NORMS):
            kernel = str(source.target)
            if source.op != "call_module" or not isinstance(self._modules[kernel], _KERNELS):
                raise GraphError(f"{name}: a batch norm that follows no kernel cannot be folded")
            self._norms[kernel] = name
            self._layer_of[node] = layer = self._layer_of[source]
            if layer is not None:
                self._taps[layer] = Tap(module=name, is_input=False)
        elif isinstance(module, _UNITWISE):
            self._layer_of[node] = self._layer_of[source]
        else:
            raise GraphError(f"{name}: a {type(module).__name__} cannot be read as a weight graph")

    def _visit_kernel(self, node: fx.Node, name: str, module: nn.Linear | nn.Conv2d) -> None:
        source = self._layer_of[node.all_input_nodes[0]]
        if isinstance(module, nn.Linear) and self._convolutional:
            self._layer_of[node] = None
            return
        if isinstance(module, nn.Conv2d) and module.groups != 1:
            raise GraphError(f"{name}: a convolution in {module.groups} groups cannot be read")
        width_in, width_out = module.weight.shape[1], module.weight.shape[0]
        if source is None and isinstance(module, nn.Linear):
            source = self._new_layer(width_in, "inputs")
        if source is not None and self._widths[source] != width_in:
            raise GraphError(
                f"{name}: reads {width_in} units, but the layer before has {self._widths[source]}"
            )
        self._layer_of[node] = target = self._new_layer(width_out, name)
        self._taps[target] = Tap(module=name, is_input=False)
        if source is not None:
            self._wires.append((source, target, name))

    def _visit_function(self, node: fx.Node) -> None:
        if node.target in _ADDITIONS:
            self._visit_addition(node)
        elif node.target in _UNITWISE_FUNCTIONS:
            self._layer_of[node] = self._layer_of[node.all_input_nodes[0]]
        else:
            raise GraphError(f"{node.name}: {node.target} cannot be read as a weight graph")

    def _visit_addition(self, node: fx.Node) -> None:
        operands = node.all_input_nodes
        layers = [self._layer_of[operand] for operand in operands]
        fresh = [layer for operand, layer in zip(operands, layers, strict=True) if self._is_fresh(operand)]
        if len(layers) != 2 or None in layers or not fresh:
            raise GraphError(f"{node.name}: only a kernel's output can be added to another layer's")
        target = fresh[0]
        assert target is not None
        for layer in layers:
            assert layer is not None
            if layer in fresh[1:]:
                self._merged[layer] = target
            elif layer != target:
                self._wires.append((layer, target, None))
        self._layer_of[node] = target
        reader = next(iter(node.users), None)
        if reader is not None and reader.op == "call_module":
            self._taps[target] = Tap(module=str(reader.target), is_input=True)
        else:
            del self._taps[target]

    def _is_fresh(self, node: fx.Node) -> bool:
        """Whether the value comes straight from a kernel, and only the addition uses it."""
        module = self._modules.get(str(node.target)) if node.op == "call_module" else None
        return isinstance(module, _KERNELS + _NORMS) and len(node.users) == 1

    def _new_layer(self, width: int, name: str) -> int:
        self._widths.append(width)
        self._names.append(name)
        return len(self._widths) - 1

    def _root(self, layer: int) -> int:
        while layer in self._merged:
            layer = self._merged[layer]
        return layer


def edge_matrix(wire: Wire, module: nn.Module, width: int) -> torch.Tensor:
    """Return the weights of a wire with gradient, shape (source units, target units); |.| are the edges'.

    A linear layer gives its weights. A convolution gives the L1 norm of each filter-to-filter slice. Batch
    norm scales them by gamma / sqrt(running_var + eps). An identity skip gives the identity of `width`.
    """
    if wire.kernel is None:
        return torch.eye(
            width, device=next(module.parameters()).device, dtype=next(module.parameters()).dtype
        )
    kernel: Any = module.get_submodule(wire.kernel).weight
    matrix = kernel.T if kernel.dim() == 2 else kernel.abs().sum(dim=(2, 3)).T
    if wire.norm is None:
        return matrix
    norm: Any = module.get_submodule(wire.norm)
    return matrix * (norm.weight * (norm.running_var + norm.eps).rsqrt())
