"""Functions of single values: a unit's nonlinearities, and its factors."""

import numpy as np
import torch

from clusterability.graph.draft import moved_by
from clusterability.graph.kernels import values_of
from clusterability.graph.rules.step import Constant, Rule, Step, mixed
from clusterability.graph.signal import Followed, Signal, squeezed

_HOMOGENEOUS = ("relu", "leaky_relu", "prelu", "rrelu", "abs", "absolute")  # f(c x) = c f(x) for c > 0
_NONLINEAR = (
    "relu6", "elu", "selu", "celu", "gelu", "silu", "mish", "hardswish", "hardsigmoid", "hardtanh", "tanh",
    "sigmoid", "softplus", "softsign", "logsigmoid", "tanhshrink", "hardshrink", "softshrink", "threshold",
    "exp", "expm1", "log", "log1p", "log2", "log10", "sin", "cos", "atan", "sinh", "cosh", "sqrt", "rsqrt",
    "square", "pow", "clamp_max", "sign", "round", "floor", "ceil", "erf", "logit", "nan_to_num",
    "reciprocal", "gt", "lt", "ge", "le", "eq", "ne", "isnan", "isfinite", "maximum", "minimum",
)  # fmt: skip
_SOFTMAXES = ("softmax", "log_softmax", "softmin")
_RUN_ALONG = ("cumsum", "cumprod", "sort", "argsort", "topk", "normalize", "softmax2d")


def _homogeneous(step: Step) -> Followed:
    return step.only_signal().nonlinear()


def _nonlinear(step: Step) -> Followed:
    signal = step.only_signal()
    step.draft.mark_unscalable(signal, step.what)
    if step.shape != tuple(signal.ids.shape):
        raise step.refused("changes the shape of its input")
    return signal.nonlinear()


def _clamped(step: Step) -> Followed:
    is_relu = step.argument(1, "min") == 0 and step.argument(2, "max") is None
    return _homogeneous(step) if is_relu else _nonlinear(step)


def _softmax(step: Step) -> Followed:
    signal, axis = step.only_signal(), step.argument(1, "dim")
    axes = [axis % signal.ids.ndim] if isinstance(axis, int) else list(range(signal.ids.ndim))
    if set(axes) & set(signal.varying_axes()) or 0 in axes:
        return mixed(step)
    return _nonlinear(step)


def multiplied(step: Step, signal: Signal, factor: torch.Tensor) -> Signal:
    """Return a signal times a constant, one factor for each unit.

    The factors of a layer whose bare outputs these are belong to its incoming weights; those of others are
    taken up by the weights that read them next.

    Raises:
        GraphError: a unit that has several factors.
    """
    factors, _ = per_entry(step, signal, factor)
    owned = step.draft.owned_layer(signal)
    if owned is None:
        return moved_by(signal, factors)
    layer, axis = owned
    by_unit = factors[signal.along(axis)]
    bias = step.draft.layers[layer].bias * by_unit
    step.draft.fold(layer, by_unit, bias, step.values(step.node, axis), step.name)
    return signal


def shifted(step: Step, signal: Signal, constant: torch.Tensor) -> Signal:
    """Return a signal plus a constant; one for each unit of a layer's bare outputs is its bias."""
    owned = step.draft.owned_layer(signal)
    shifts, is_one_each = per_entry(step, signal, constant, may_differ=True)
    if owned is None or not is_one_each or constant.ndim == 0:
        step.draft.mark_unscalable(signal, "addition of a constant")
        return signal
    layer, axis = owned
    bias = step.draft.layers[layer].bias + shifts[signal.along(axis)]
    ones = np.ones(step.draft.layers[layer].width)
    step.draft.fold(layer, ones, bias, step.values(step.node, axis), step.name)
    return signal


def per_entry(
    step: Step, signal: Signal, constant: torch.Tensor, may_differ: bool = False
) -> tuple[np.ndarray, bool]:
    """Return what a constant is at each entry, 1 where an entry is nowhere, and whether it is one number.

    Raises:
        GraphError: it differs between the places of an entry, unless that may be, or it copies units.
    """
    if step.shape != tuple(signal.ids.shape):
        raise step.refused("copies units along an axis of a constant")
    constant = constant.detach().cpu().double()
    if constant.numel() == 1:
        return np.full(len(signal.scales), float(constant)), True
    ids, constant = torch.broadcast_tensors(squeezed(signal.ids), constant)
    ids, values = squeezed_together(ids, constant)
    flat, numbers = ids.reshape(-1).numpy(), values_of(values.reshape(-1))
    numbers, flat = numbers[flat >= 0], flat[flat >= 0]
    found = np.ones(len(signal.scales))
    found[flat] = numbers
    is_one_each = np.array_equal(found[flat], numbers, equal_nan=True)
    if not is_one_each and not may_differ:
        raise step.refused("has different factors at different places of one unit")
    return found, is_one_each


def squeezed_together(ids: torch.Tensor, values: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    """Return two tensors of one shape with length 1 along axes where both have been expanded."""
    for axis in range(ids.ndim):
        if ids.stride(axis) == 0 and values.stride(axis) == 0:
            ids, values = ids.narrow(axis, 0, 1), values.narrow(axis, 0, 1)
    return ids, values


def constant_value(argument: object) -> torch.Tensor | None:
    """Return a constant or a number as a tensor; None: it is neither."""
    if isinstance(argument, Constant):
        return argument.value
    return torch.tensor(argument, dtype=torch.double) if isinstance(argument, int | float) else None


RULES: dict[str, Rule] = {
    **dict.fromkeys(_HOMOGENEOUS, _homogeneous),
    **dict.fromkeys(_NONLINEAR, _nonlinear),
    **dict.fromkeys(("clamp", "clip", "clamp_min"), _clamped),
    **dict.fromkeys(_SOFTMAXES, _softmax),
    **dict.fromkeys(_RUN_ALONG, mixed),
}
