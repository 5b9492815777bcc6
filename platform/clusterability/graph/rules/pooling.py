"""Pooling over places, in windows or over whole axes: units stay what they are."""

from collections.abc import Sequence
from math import prod

import numpy as np

from clusterability.graph.draft import moved_by
from clusterability.graph.rules.step import Rule, Step, mixed
from clusterability.graph.signal import Followed, Signal, squeezed

_POOLS = tuple(
    f"{kind}_pool{sides}d" for kind in ("max", "avg", "adaptive_avg", "adaptive_max") for sides in (1, 2, 3)
)
_LINEAR = ("mean", "sum", "nanmean")
_HOMOGENEOUS = ("amax", "amin", "max", "min")
_OTHERS = (
    "logsumexp",
    "std",
    "var",
    "norm",
    "prod",
    "median",
    "argmax",
    "argmin",
    "all",
    "any",
    "vector_norm",
)


def _pooled(step: Step) -> Followed:
    """Follow windows over the last axes, whose number the operation's name says."""
    signal = step.only_signal()
    sides = int(step.operation[-2])
    if not step.shape:
        raise step.refused("returns indices of places")
    return _resized(step, signal, sides).nonlinear()


def _interpolated(step: Step) -> Followed:
    signal = step.only_signal()
    return _resized(step, signal, signal.ids.ndim - 2).nonlinear()


def _resized(step: Step, signal: Signal, sides: int) -> Signal:
    if signal.ids.ndim != sides + 2:
        raise step.refused(f"pools values of shape {tuple(signal.ids.shape)} over its last {sides} axes")
    signal = step.along(signal, 1)
    row = squeezed(signal.ids).amax(dim=[axis for axis in range(signal.ids.ndim) if axis != 1], keepdim=True)
    return signal.moved(row.expand(step.shape))


def _reduced(step: Step) -> Followed:
    """Follow a reduction over axes along which units do not differ."""
    signal = step.only_signal()
    axes = _axes(step, signal)
    if axes is None:
        return mixed(step)
    kept = [axis for axis in range(1, signal.ids.ndim) if axis not in axes]
    if kept:
        step.inputs.settle(signal, kept[0], step.label)
        signal = step.inputs.settled(signal)
    if set(axes) & {0, *signal.varying_axes()}:
        return mixed(step)
    ids = squeezed(signal.ids)
    keep = bool(step.argument(2, "keepdim", False))
    ids = ids.amax(dim=axes, keepdim=keep)
    shape = [
        1 if axis in axes else size for axis, size in enumerate(signal.ids.shape) if keep or axis not in axes
    ]
    result = signal.moved(ids.expand(shape)).nonlinear()
    if step.operation == "sum":  # the mean, whose weights those behind it are, times the number of places
        num_places = prod(signal.ids.shape[axis] for axis in axes)
        result = moved_by(result, np.full(len(result.scales), float(num_places)))
    if step.operation not in _LINEAR + _HOMOGENEOUS:
        step.draft.mark_unscalable(signal, step.what)
    return result if step.shape or not shape else (result, None)


def _axes(step: Step, signal: Signal) -> list[int] | None:
    """Return the axes that are reduced; None: all of them."""
    given = step.argument(1, "dim", step.kwargs.get("axis"))
    if given is None or (isinstance(given, Sequence) and not given):
        return None
    axes = given if isinstance(given, Sequence) else [given]
    return [axis % signal.ids.ndim for axis in axes]


RULES: dict[str, Rule] = {
    **dict.fromkeys(_POOLS, _pooled),
    **dict.fromkeys(("interpolate", "upsample"), _interpolated),
    **dict.fromkeys(_LINEAR + _HOMOGENEOUS + _OTHERS, _reduced),
}
