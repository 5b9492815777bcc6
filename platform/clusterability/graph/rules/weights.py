"""Linear layers and convolutions: each makes a layer of units and the blocks that lead to it."""

from typing import Any

import numpy as np
import torch

from clusterability.graph.draft import LayerKind
from clusterability.graph.kernels import Kernel, convolution_kernel, values_of
from clusterability.graph.rules.step import Constant, Rule, Step
from clusterability.graph.signal import Followed, Signal


def _linear(step: Step) -> Followed:
    signal, weight = step.argument(0, "input"), step.argument(1, "weight")
    return _dense(step, signal, weight, step.argument(2, "bias"), axis=-1)


def _matmul(step: Step) -> Followed:
    first, second = step.argument(0, "input"), step.argument(1, "other", step.kwargs.get("mat2"))
    if isinstance(first, Signal) and isinstance(second, Constant):
        return _dense(step, first, second, None, axis=-1, is_transposed=True)
    if isinstance(second, Signal) and isinstance(first, Constant) and second.ids.ndim > 1:
        return _dense(step, second, first, None, axis=-2)
    raise step.refused("is a product of two values of the network" if len(step.signals) > 1 else "")


def _addmm(step: Step) -> Followed:
    bias, signal, weight = (step.argument(i, name) for i, name in enumerate(("input", "mat1", "mat2")))
    if step.argument(3, "beta", 1) != 1 or step.argument(4, "alpha", 1) != 1:
        raise step.refused("has factors of its own")
    return _dense(step, signal, weight, bias, axis=-1, is_transposed=True)


def _dense(
    step: Step, signal: Any, weight: Any, bias: Any, axis: int, is_transposed: bool = False
) -> Followed:
    _require(step, signal, weight, bias)
    if weight.value.ndim != 2 or signal.ids.ndim < 2:
        raise step.refused(f"has weights of shape {tuple(weight.value.shape)}")
    values = weight.value.T if is_transposed else weight.value
    kernel = Kernel(matrix=values_of(values).T, area=1, norm=step.kernel_norm)
    return _through(step, signal, weight, kernel, bias, axis % signal.ids.ndim, "linear")


def _convolution(step: Step) -> Followed:
    signal, weight = step.argument(0, "input"), step.argument(1, "weight")
    bias, groups = step.argument(2, "bias"), step.argument(6, "groups", 1)
    _require(step, signal, weight, bias)
    kernel = convolution_kernel(weight.value, groups, step.kernel_norm)
    return _through(step, signal, weight, kernel, bias, _channels(step, signal, weight), "convolution")


def _transposed_convolution(step: Step) -> Followed:
    signal, weight = step.argument(0, "input"), step.argument(1, "weight")
    bias, groups = step.argument(2, "bias"), step.argument(6, "groups", 1)
    _require(step, signal, weight, bias)
    if groups != 1:
        raise step.refused(f"has {groups} groups")
    kernel = convolution_kernel(weight.value.transpose(0, 1), 1, step.kernel_norm)
    return _through(step, signal, weight, kernel, bias, _channels(step, signal, weight), "convolution")


def _channels(step: Step, signal: Signal, weight: Constant) -> int:
    if signal.ids.ndim != weight.value.ndim:
        raise step.refused(f"reads values of shape {tuple(signal.ids.shape)}, without an axis of examples")
    return 1


def _require(step: Step, signal: Any, weight: Any, bias: Any) -> None:
    """Refuse everything but a value of the network through constant weights."""
    if not isinstance(signal, Signal) or not isinstance(weight, Constant) or isinstance(bias, Signal):
        raise step.refused("has weights that the network computes from its input")
    for parameter in weight.parameters:
        if parameter in step.used:
            raise step.refused(f"uses the weights {parameter!r} twice")


def _through(
    step: Step, signal: Signal, weight: Constant, kernel: Kernel, bias: Any, axis: int, kind: LayerKind
) -> Signal:
    node = step.source_node(signal)
    found = step.along(signal, axis)
    name = step.layer or _named(step, weight)
    for parameter in weight.parameters:
        step.used[parameter] = name
    width = kernel.matrix.shape[1]
    shift = np.zeros(width) if bias is None else np.broadcast_to(values_of(bias.value), width)
    result = step.draft.add_layer(name, kind, step.values(step.node, axis), step.shape, shift.copy())
    target = int(result.layers[0])
    consumed = step.values(node, axis, found)
    step.draft.add_blocks(found, target, kernel, consumed, step.label, layer=step.layer)
    return result


def _named(step: Step, weight: Constant) -> str:
    """Return the name of the layer that the weights are stored in, or theirs, or the operation's."""
    if len(weight.parameters) != 1:
        return step.name
    (parameter,) = weight.parameters
    return parameter.removesuffix(".weight") if parameter != "weight" else step.name


def constant_of(tensor: torch.Tensor | None, name: str) -> Constant | None:
    """Return a parameter of a layer as a constant."""
    return None if tensor is None else Constant(value=tensor.detach(), parameters=frozenset({name}))


RULES: dict[str, Rule] = {
    "linear": _linear,
    "matmul": _matmul,
    "mm": _matmul,
    "imatmul": _matmul,
    "addmm": _addmm,
    **dict.fromkeys(("conv1d", "conv2d", "conv3d"), _convolution),
    **dict.fromkeys(("conv_transpose1d", "conv_transpose2d", "conv_transpose3d"), _transposed_convolution),
}
