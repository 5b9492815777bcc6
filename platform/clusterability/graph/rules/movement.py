"""Operations that move values and change none: they are done to the units themselves."""

from typing import Any

import numpy as np
import torch
from torch.utils._pytree import tree_map

from clusterability.graph.rules.step import Constant, Rule, Step
from clusterability.graph.signal import Followed, Signal

_SAME = (
    "contiguous", "clone", "detach", "to", "float", "double", "half", "bfloat16", "type", "type_as", "cuda",
    "cpu", "requires_grad", "identity", "dropout", "dropout1d", "dropout2d", "dropout3d", "alpha_dropout",
    "feature_alpha_dropout", "feature_dropout", "alias",
)  # fmt: skip
_MOVES = (
    "view", "reshape", "flatten", "unflatten", "permute", "transpose", "t", "swapaxes", "swapdims", "movedim",
    "moveaxis", "squeeze", "unsqueeze", "narrow", "select", "chunk", "split", "split_with_sizes",
    "tensor_split", "unbind", "flip", "roll", "view_as", "reshape_as", "pixel_shuffle", "pixel_unshuffle",
    "channel_shuffle", "ravel", "hsplit", "vsplit", "dsplit",
)  # fmt: skip
_ATTRIBUTES = ("T", "mT", "H", "mH", "data")


def _same(step: Step) -> Followed:
    dtypes = [part for part in [*step.args, *step.kwargs.values()] if isinstance(part, torch.dtype)]
    if any(not dtype.is_floating_point for dtype in dtypes):
        raise step.refused(f"turns values into {dtypes[0]}")
    return step.only_signal()


def _moved(step: Step) -> Followed:
    signal = step.args[0]
    if not isinstance(signal, Signal) or any(isinstance(argument, torch.dtype) for argument in step.args):
        raise step.refused()
    if step.operation == "view":  # expanded ids can be reshaped, not viewed
        shape = step.args[1:] if isinstance(step.args[1], int) else step.args[1]
        return signal.moved(signal.ids.reshape(shape))
    return _done_to_ids(step, signal)


def _indexed(step: Step) -> Followed:
    """Follow x[...], and the choice of one of several values."""
    value, index = step.args[0], step.args[1]
    if isinstance(value, list | tuple):
        return value[index] if isinstance(index, int | slice) else None
    if len(step.signals) != 1:
        raise step.refused("chooses units by values of the network")
    result = _done_to_ids(step, value)
    if not all(isinstance(part, int | slice | None | type(...)) for part in _parts(index)):
        _require_each_once(step, value, result)
    return result


def _selected(step: Step) -> Followed:
    signal = step.only_signal()
    result = _done_to_ids(step, signal)
    _require_each_once(step, signal, result)
    return result


def _attribute(step: Step) -> Followed:
    if step.args[1] not in _ATTRIBUTES:
        raise step.refused(f"takes {step.args[1]!r} of a value")
    return step.args[0] if step.args[1] == "data" else _done_to_ids(step, step.args[0])


def _expanded(step: Step) -> Followed:
    signal = step.args[0]
    if len(signal.present) == 1:
        raise step.refused("copies a single unit")
    result = _done_to_ids(step, signal)
    before, after = signal.varying_axes(), result.varying_axes()
    if len(before) != len(after):
        raise step.refused("copies units")
    return result


def _padded(step: Step) -> Followed:
    """Follow padding with constants; a padded channel is no unit."""
    signal = step.only_signal()
    mode, value = step.argument(2, "mode", "constant"), step.argument(3, "value", 0)
    if mode not in ("constant", "zeros"):
        raise step.refused(f"pads with {mode!r}")
    if value:
        step.draft.mark_unscalable(signal, "padding with a constant")
    pad = list(step.argument(1, "pad"))
    ids = signal.ids
    for index in range(0, len(pad), 2):
        axis = ids.ndim - 1 - index // 2
        ids = _padded_along(ids, axis, pad[index], pad[index + 1])
    return signal.moved(ids)


def _padded_along(ids: torch.Tensor, axis: int, before: int, behind: int) -> torch.Tensor:
    """Return ids with constants before and behind; negative numbers take places away."""
    length = ids.shape[axis]
    ids = ids.narrow(axis, max(-before, 0), length - max(-before, 0) - max(-behind, 0))
    parts = [ids]
    for number, place in ((before, 0), (behind, len(parts) + 1)):
        if number > 0:
            shape = [number if other == axis else size for other, size in enumerate(ids.shape)]
            constants = torch.full([1] * ids.ndim, -1, dtype=torch.int32).expand(shape)
            parts.insert(place, constants)
    return torch.cat(parts, dim=axis) if len(parts) > 1 else ids


def _done_to_ids(step: Step, signal: Signal) -> Any:
    """Return the signal of what the operation makes of the ids, or several."""

    def as_given(argument: Any) -> Any:
        if isinstance(argument, Signal):
            return argument.ids
        return argument.value.cpu() if isinstance(argument, Constant) else argument

    args, kwargs = tree_map(as_given, (step.args, dict(step.kwargs)))
    moved = step.run(tuple(args), kwargs)
    if isinstance(moved, torch.Tensor):
        return signal.moved(moved)
    return tuple(signal.moved(part) for part in moved)


def _require_each_once(step: Step, signal: Signal, result: Signal) -> None:
    """Refuse an index that takes a unit several times."""
    before, after = signal.varying_axes(), result.varying_axes()
    if len(before) == len(after) == 1:
        counts = [np.bincount(one.along(axes[0]) + 1) for one, axes in ((signal, before), (result, after))]
        if (counts[1][1:] <= counts[0][1 : len(counts[1])]).all():
            return
    raise step.refused("takes units several times, or by places")


def _parts(index: Any) -> tuple:
    return index if isinstance(index, tuple) else (index,)


RULES: dict[str, Rule] = {
    **dict.fromkeys(_SAME, _same),
    **dict.fromkeys(_MOVES, _moved),
    "getitem": _indexed,
    "index_select": _selected,
    **dict.fromkeys(("expand", "expand_as"), _expanded),
    "getattr": _attribute,
    "pad": _padded,
}
