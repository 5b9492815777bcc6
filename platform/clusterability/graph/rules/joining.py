"""Values put side by side, and stacked."""

from dataclasses import replace
from typing import Any

import numpy as np
import torch

from clusterability.graph.rules.step import Constant, Rule, Step
from clusterability.graph.signal import Followed, Signal, common_units, with_common_entries


def _concatenated(step: Step) -> Followed:
    """Follow a concatenation; a constant among the values holds no units."""
    parts, axis = step.argument(0, "tensors"), step.argument(1, "dim", step.kwargs.get("axis", 0))
    return _joined(step, _signals(step, parts), axis % len(step.shape), torch.cat)


def _stacked(step: Step) -> Followed:
    parts, axis = step.argument(0, "tensors"), step.argument(1, "dim", 0)
    return _joined(step, _signals(step, parts), axis % len(step.shape), torch.stack)


def _signals(step: Step, parts: Any) -> list[Signal]:
    """Return the values as signals, constants as signals without units."""
    if not isinstance(parts, list | tuple):
        raise step.refused("joins the parts of one value")
    found = []
    for part in parts:
        if isinstance(part, Constant):
            ids = torch.full([1] * part.value.ndim, -1, dtype=torch.int32).expand(part.value.shape)
            none = np.zeros(0, dtype=np.int64)
            part = Signal(ids=ids, layers=none, units=none, scales=np.zeros(0))
        if not isinstance(part, Signal):
            raise step.refused("joins what is no value of the network")
        found.append(part)
    return found


def _joined(step: Step, signals: list[Signal], axis: int, join: Any) -> Signal:
    with_units = [signal for signal in signals if len(signal.layers)]
    if len(with_units) < len(signals):
        for signal in with_units:
            step.draft.mark_unscalable(signal, "concatenation with a constant")
    if common_units(with_units):
        raise step.refused("joins the same units twice")
    signals = with_common_entries(signals)
    ids = join([signal.ids for signal in signals], dim=axis)
    return replace(signals[0], ids=ids, is_linear=False, is_exclusive=False)


RULES: dict[str, Rule] = {
    **dict.fromkeys(("cat", "concat", "concatenate"), _concatenated),
    "stack": _stacked,
}
