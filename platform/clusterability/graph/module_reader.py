"""The weight graph of a torch module: its layers are found by tracing the module with torch.fx.

Units are the outputs of linear layers and the filters of convolutions. Batch norm right after its layer
scales that layer's weights, batch norm behind a nonlinearity those of the next. Outputs that are added are
one layer; an identity skip into them is an identity block, a projection skip its kernel.
"""

import operator
from collections.abc import Callable
from copy import deepcopy
from dataclasses import replace

import numpy as np
import torch
from torch import fx, nn
from torch.nn import functional

from clusterability.errors import GraphError
from clusterability.graph.block import KernelNorm
from clusterability.graph.draft import DraftGraph, LayerKind, Segment, Signal
from clusterability.graph.kernels import (
    BatchNorm,
    Convolution,
    Kernel,
    batch_norm_factor,
    bias_of,
    convolution_kernel,
    folded_bias,
    linear_kernel,
)

_LINEAR_PASS = (nn.Dropout, nn.Dropout1d, nn.Dropout2d, nn.Dropout3d, nn.Identity, nn.AlphaDropout)
_NONLINEAR_PASS = (
    nn.ReLU6, nn.ELU, nn.SELU, nn.CELU, nn.GELU, nn.SiLU, nn.Mish, nn.Hardswish,
    nn.Hardsigmoid, nn.Hardtanh, nn.Tanh, nn.Sigmoid, nn.Softplus, nn.Softmax, nn.LogSoftmax,
)  # fmt: skip
_HOMOGENEOUS_PASS = (  # f(c x) = c f(x) for c > 0
    nn.ReLU, nn.LeakyReLU, nn.PReLU,
    nn.MaxPool1d, nn.MaxPool2d, nn.MaxPool3d, nn.AvgPool1d, nn.AvgPool2d, nn.AvgPool3d,
    nn.AdaptiveAvgPool1d, nn.AdaptiveAvgPool2d, nn.AdaptiveAvgPool3d,
    nn.AdaptiveMaxPool1d, nn.AdaptiveMaxPool2d, nn.AdaptiveMaxPool3d,
)  # fmt: skip
_LINEAR_FUNCTIONS = {
    functional.dropout,
    functional.dropout2d,
    "contiguous",
    "to",
    "float",
    "double",
    "detach",
}
_NONLINEAR_FUNCTIONS = {
    functional.relu6, functional.elu, functional.gelu,
    functional.silu, functional.hardswish, functional.softplus, torch.tanh, torch.sigmoid, functional.tanh,
    functional.sigmoid, functional.softmax, functional.log_softmax, torch.softmax, torch.log_softmax,
    "tanh", "sigmoid", "softmax", "log_softmax",
}  # fmt: skip
_HOMOGENEOUS_FUNCTIONS = {
    torch.relu, functional.relu, functional.leaky_relu, functional.prelu,
    functional.max_pool1d, functional.max_pool2d, functional.max_pool3d, functional.avg_pool1d,
    functional.avg_pool2d, functional.avg_pool3d, functional.adaptive_avg_pool1d,
    functional.adaptive_avg_pool2d, functional.adaptive_max_pool2d, torch.mean,
    "relu", "relu_", "mean",
}  # fmt: skip
_ADDITIONS = {operator.add, operator.iadd, torch.add, "add", "add_"}
_FLATTENINGS = {torch.flatten, torch.reshape, "flatten", "view", "reshape", "squeeze", torch.squeeze}
_SHAPES = {"size", "dim", getattr, operator.getitem}
_CONCATENATIONS = {torch.cat, torch.concat}


def read_module(module: nn.Module, kernel_norm: KernelNorm) -> tuple[DraftGraph, fx.GraphModule]:
    """Return all layers and blocks of a module, and its trace.

    Raises:
        GraphError: a layer or an operation that cannot be read, by its name.
    """
    try:
        traced = fx.symbolic_trace(deepcopy(module).eval())
    except Exception as error:  # tracing runs the module's own code, which may raise anything
        raise GraphError(f"{type(module).__name__} cannot be traced: {str(error).splitlines()[0]}") from error
    reader = _Reader(traced, kernel_norm)
    for node in traced.graph.nodes:
        reader.read(node)
    if not reader.draft.blocks:
        raise GraphError(f"{type(module).__name__} has no layer with weights")
    return reader.draft, traced


class _Reader:
    """Follows the signals from node to node of a trace."""

    def __init__(self, traced: fx.GraphModule, kernel_norm: KernelNorm):
        self.traced = traced
        self.kernel_norm: KernelNorm = kernel_norm
        self.draft = DraftGraph()
        self.signals: dict[fx.Node, Signal] = {}

    def read(self, node: fx.Node) -> None:
        inputs = [self.signals[source] for source in node.all_input_nodes if source in self.signals]
        if node.op == "placeholder":
            if self.draft.layers:
                raise GraphError(f"input {node.name!r}: a network with several inputs cannot be read")
            self.signals[node] = replace(self.draft.add_layer("input", "input", None, node), is_linear=False)
        elif node.op == "call_module" and inputs:
            self.signals[node] = self._through_module(node, inputs[0])
        elif node.op in ("call_function", "call_method") and inputs:
            self._through_function(node, inputs)
        elif node.op == "output":
            for segment in (segment for signal in inputs for segment in signal.segments):
                self.draft.layers[segment.layer].is_output = True

    def _through_module(self, node: fx.Node, signal: Signal) -> Signal:
        layer = self.traced.get_submodule(str(node.target))
        if isinstance(layer, nn.Linear):
            return self._through_linear(node, layer, signal)
        if isinstance(layer, Convolution):
            return self._through_convolution(node, layer, signal)
        if isinstance(layer, BatchNorm):
            return self._through_batch_norm(node, layer, signal)
        if isinstance(layer, nn.Flatten):
            return replace(signal, is_flat=True)
        if isinstance(layer, _LINEAR_PASS):
            return signal
        if isinstance(layer, _HOMOGENEOUS_PASS):
            return replace(signal, is_linear=False)
        if isinstance(layer, _NONLINEAR_PASS):
            return self._through_nonlinearity(signal, type(layer).__name__)
        raise GraphError(f"layer {node.target!r}: {type(layer).__name__} cannot be read as a weight graph")

    def _through_nonlinearity(self, signal: Signal, name: str) -> Signal:
        self.draft.mark_unscalable(signal, name)
        return replace(signal, is_linear=False)

    def _through_linear(self, node: fx.Node, layer: nn.Linear, signal: Signal) -> Signal:
        self.draft.settle_input(signal, layer.in_features)
        units = sum(self.draft.width_of(segment) for segment in signal.segments)
        if layer.in_features % units:
            raise GraphError(
                f"layer {node.target!r}: got {layer.in_features} features, "
                f"which is not a multiple of {units} channels"
            )
        kernel = linear_kernel(layer, units, self.kernel_norm)
        return self._through_weights(node, kernel, signal, "linear", bias_of(layer))

    def _through_convolution(self, node: fx.Node, layer: Convolution, signal: Signal) -> Signal:
        self.draft.settle_input(signal, layer.in_channels)
        kernel = convolution_kernel(layer, self.kernel_norm)
        return self._through_weights(node, kernel, signal, "convolution", bias_of(layer))

    def _through_weights(
        self, node: fx.Node, kernel: Kernel, signal: Signal, kind: LayerKind, bias: np.ndarray
    ) -> Signal:
        result = self.draft.add_layer(str(node.target), kind, len(bias), node, bias)
        self.draft.add_blocks(signal, result.segments[0].layer, kernel, node.all_input_nodes[0])
        return result

    def _through_batch_norm(self, node: fx.Node, layer: BatchNorm, signal: Signal) -> Signal:
        if layer.running_var is None:
            raise GraphError(f"layer {node.target!r}: batch norm without running statistics cannot be folded")
        self.draft.settle_input(signal, layer.num_features)
        units = sum(self.draft.width_of(segment) for segment in signal.segments)
        if units != layer.num_features:
            raise GraphError(
                f"layer {node.target!r}: got {layer.num_features} features for {units} channels; "
                "batch norm between flattening and a linear layer cannot be folded"
            )
        factor = batch_norm_factor(layer)
        owned = self.draft.owned_layer(signal, node.all_input_nodes[0])
        if owned is None:
            return self.draft.scaled(signal, factor)
        self.draft.fold(owned, factor, folded_bias(layer, self.draft.layers[owned].bias), node)
        return signal

    def _through_function(self, node: fx.Node, inputs: list[Signal]) -> None:
        target = node.target
        if target in _SHAPES:
            return
        name = target if isinstance(target, str) else getattr(target, "__name__", str(target))
        rules: list[tuple[set, Callable[[], Signal]]] = [
            (_ADDITIONS, lambda: self._sum(node, inputs)),
            (_CONCATENATIONS, lambda: self._concatenation(node, inputs)),
            (_FLATTENINGS, lambda: replace(inputs[0], is_flat=True)),
            (_LINEAR_FUNCTIONS, lambda: inputs[0]),
            (_HOMOGENEOUS_FUNCTIONS, lambda: replace(inputs[0], is_linear=False)),
            (_NONLINEAR_FUNCTIONS, lambda: self._through_nonlinearity(inputs[0], name)),
        ]
        for known, rule in rules:
            if target in known:
                self.signals[node] = rule()
                return
        raise GraphError(f"operation {name!r} ({node.name}) cannot be read as a weight graph")

    def _concatenation(self, node: fx.Node, inputs: list[Signal]) -> Signal:
        dimension = node.kwargs.get("dim", node.args[1] if len(node.args) > 1 else 0)
        if dimension not in (1, -3) or any(signal.is_flat for signal in inputs):
            raise GraphError(f"operation 'cat' ({node.name}): only channels can be concatenated")
        return Signal(segments=tuple(segment for signal in inputs for segment in signal.segments))

    def _sum(self, node: fx.Node, inputs: list[Signal]) -> Signal:
        """Return the signal of a sum: one layer, made of the summed layers that nothing else reads."""
        if len(inputs) == 1:
            self.draft.mark_unscalable(inputs[0], "addition of a constant")
            return inputs[0]
        draft, nodes = self.draft, [source for source in node.all_input_nodes if source in self.signals]
        widths = {sum(draft.width_of(segment) for segment in signal.segments) for signal in inputs}
        if len(widths) != 1:
            raise GraphError(
                f"operation 'add' ({node.name}): channels {sorted(widths)} are not the same number"
            )
        width = widths.pop()
        identity = Kernel(matrix=np.eye(width), area=1, places=None)
        owned = [draft.owned_layer(signal, source) for signal, source in zip(inputs, nodes, strict=True)]
        targets = [layer for layer in owned if layer is not None]
        if not targets:
            kinds = {draft.layers[segment.layer].kind for signal in inputs for segment in signal.segments}
            kind = "linear" if "linear" in kinds else "convolution"
            targets = [draft.add_layer(node.name, kind, width, node).segments[0].layer]
        for gone in targets[1:]:
            draft.merge(targets[0], gone, node)
        for layer, signal, source in zip(owned, inputs, nodes, strict=True):
            if layer is None:
                draft.add_blocks(signal, targets[0], identity, source, is_skip=True)
        draft.layers[targets[0]].preactivation = node
        return Signal(segments=(Segment(layer=targets[0]),), is_linear=True)
