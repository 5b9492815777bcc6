"""Sums, differences, products and quotients, of values with constants and with each other."""

from typing import Any

import numpy as np
import torch

from clusterability.graph.draft import LayerKind, Values
from clusterability.graph.kernels import Kernel
from clusterability.graph.rules.elementwise import constant_value, multiplied, shifted
from clusterability.graph.rules.step import Rule, Step
from clusterability.graph.signal import Followed, Signal, common_units, same_units


def _add(step: Step) -> Followed:
    return _linear_combination(step, 1.0)


def _sub(step: Step) -> Followed:
    return _linear_combination(step, -1.0)


def _rsub(step: Step) -> Followed:
    """Follow other - input."""
    signal = multiplied(step, step.args[0], torch.tensor(-1.0))
    constant = constant_value(step.argument(1, "other"))
    if constant is None or step.argument(2, "alpha", 1) != 1:
        raise step.refused()
    return shifted(step, signal, constant)


def _neg(step: Step) -> Followed:
    return multiplied(step, step.only_signal(), torch.tensor(-1.0))


def _mul(step: Step) -> Followed:
    first, second = step.argument(0, "input"), step.argument(1, "other")
    if isinstance(first, Signal) and isinstance(second, Signal):
        return _unitwise(step, first, second)
    signal, constant = (first, second) if isinstance(first, Signal) else (second, first)
    return multiplied(step, signal, _constant(step, constant))


def _div(step: Step) -> Followed:
    first, second = step.argument(0, "input"), step.argument(1, "other")
    if step.kwargs.get("rounding_mode") is not None or not isinstance(first, Signal):
        raise step.refused("divides by a value of the network" if not isinstance(first, Signal) else "")
    if isinstance(second, Signal):
        return _unitwise(step, first, second)
    return multiplied(step, first, 1 / _constant(step, second).double())


def _constant(step: Step, argument: Any) -> torch.Tensor:
    constant = constant_value(argument)
    if constant is None:
        raise step.refused()
    return constant


def _unitwise(step: Step, first: Signal, second: Signal) -> Signal:
    """Follow a product of two functions of the same units, such as x * sigmoid(x)."""
    wider = first if step.shape == tuple(first.ids.shape) else second
    has_factors = any((one.scales[one.present] != 1).any() for one in (first, second))
    if not same_units(first, second) or has_factors or step.shape != tuple(wider.ids.shape):
        raise step.refused("is a product of two values of the network")
    step.draft.mark_unscalable(wider, step.what)
    return wider.nonlinear()


def _linear_combination(step: Step, sign: float) -> Followed:
    first, second = step.argument(0, "input"), step.argument(1, "other")
    factor = sign * _alpha(step)
    if isinstance(first, Signal) and isinstance(second, Signal):
        return _sum(step, first, second, factor)
    if isinstance(first, Signal):
        return shifted(step, first, factor * _constant(step, second).double())
    signal = second if factor == 1 else multiplied(step, second, torch.tensor(factor))
    return shifted(step, signal, _constant(step, first))


def _alpha(step: Step) -> float:
    alpha = step.kwargs.get("alpha", 1)
    if not isinstance(alpha, int | float):
        raise step.refused("has a factor that is no number")
    return float(alpha)


def _sum(step: Step, first: Signal, second: Signal, factor: float) -> Signal:
    """Return the signal of a sum: one layer, made of the summed layers that nothing else reads."""
    if first is second or step.source_node(first) is step.source_node(second):
        return _doubled(step, first, factor)
    if common_units([first, second]):
        raise step.refused("adds two values that hold the same units")
    axis = _axis(step, [first, second])
    operands = [step.along(first, axis), step.along(second, axis)]
    nodes = [step.source_node(first), step.source_node(second)]
    if any(operand.ids.shape[axis] != step.shape[axis] for operand in operands):
        widths = sorted(operand.ids.shape[axis] for operand in operands)
        raise step.refused(f"adds {widths[0]} units to {widths[1]}")
    draft, values = step.draft, step.values(step.node, axis)
    owned = [draft.owned_layer(operand) for operand in operands]
    targets = [found[0] for found in owned if found is not None and found[1] == axis]
    is_owned = [found is not None and found[1] == axis for found in owned]
    if is_owned[1] and factor != 1:
        layer = draft.layers[targets[-1]]
        sign = np.full(layer.width, factor)
        draft.fold(targets[-1], sign, layer.bias * sign, values, step.name)
    if not targets:
        targets = [int(_layer_of_sum(step, operands, values).layers[0])]
    for gone in targets[1:]:
        draft.merge(targets[0], gone, step.label)
    for own, operand, node, times in zip(is_owned, operands, nodes, (1.0, factor), strict=True):
        if not own:
            kernel = Kernel(matrix=times * np.eye(values.size), area=1, norm=step.kernel_norm)
            consumed = step.values(node, axis, operand)
            draft.add_blocks(operand, targets[0], kernel, consumed, step.label, is_skip=True)
    draft.layers[targets[0]].preactivation = values
    return draft.outputs_of(targets[0], step.shape, axis)


def _axis(step: Step, signals: list[Signal]) -> int:
    """Return the axis of a sum along which the units of both lie."""
    axes = [axis for signal in signals for axis in signal.varying_axes() if signal.layers.max() >= 0]
    axes = axes or [1]
    if len({len(signal.ids.shape) for signal in signals}) > 1 or len(set(axes)) > 1 or axes[0] == 0:
        raise step.refused("adds values whose units lie along different axes")
    return axes[0]


def _doubled(step: Step, signal: Signal, factor: float) -> Signal:
    """Return the signal of x + factor x, a layer like every sum of values that others read."""
    axis = _axis(step, [signal])
    found = step.along(signal, axis)
    values = step.values(step.node, axis)
    result = _layer_of_sum(step, [found], values)
    kernel = Kernel(matrix=(1 + factor) * np.eye(values.size), area=1, norm=step.kernel_norm)
    consumed = step.values(step.source_node(signal), axis, found)
    step.draft.add_blocks(found, int(result.layers[0]), kernel, consumed, step.label, is_skip=True)
    return result


def _layer_of_sum(step: Step, operands: list[Signal], values: Values) -> Signal:
    """Add a layer of sums and return the signal of its outputs."""
    kinds = {layer.kind for operand in operands for layer in step.draft.layers_of(operand)}
    kind: LayerKind = "linear" if "linear" in kinds else "convolution"
    return step.draft.add_layer(step.name, kind, values, step.shape, np.zeros(values.size))


RULES: dict[str, Rule] = {
    **dict.fromkeys(("add", "iadd"), _add),
    **dict.fromkeys(("sub", "isub", "subtract"), _sub),
    "rsub": _rsub,
    **dict.fromkeys(("neg", "negative"), _neg),
    **dict.fromkeys(("mul", "imul", "multiply"), _mul),
    **dict.fromkeys(("div", "truediv", "itruediv", "divide", "true_divide"), _div),
}
