"""Batch norms in evaluation: a factor and a shift for each channel."""

from typing import Any

import torch

from clusterability.graph.kernels import values_of
from clusterability.graph.rules.elementwise import multiplied, shifted
from clusterability.graph.rules.step import Constant, Rule, Step
from clusterability.graph.signal import Followed


def _batch_norm(step: Step) -> Followed:
    """Multiply by gamma / sqrt(running_var + eps) and shift to beta - running_mean times that."""
    signal = step.only_signal()
    mean, variance = step.argument(1, "running_mean"), step.argument(2, "running_var")
    if step.argument(5, "training", False) or not isinstance(variance, Constant):
        raise step.refused("has no running statistics")
    eps = step.argument(7, "eps", 1e-5)
    factor = _number(step.argument(3, "weight"), 1) / (_number(variance, 1) + eps).sqrt()
    shift = _number(step.argument(4, "bias"), 0) - _number(mean, 0) * factor
    signal = step.along(signal, 1) if signal.ids.ndim > 2 else signal
    shape = [-1 if axis == 1 else 1 for axis in range(signal.ids.ndim)]
    marked = [layer.unscalable for layer in step.draft.layers_of(signal)]
    result = shifted(step, multiplied(step, signal, factor.reshape(shape)), shift.reshape(shape))
    for layer, before in zip(step.draft.layers_of(signal), marked, strict=True):
        layer.unscalable = before  # the shift behind a nonlinearity counts as no bias: see normalised_weights
    return result


def _number(constant: Any, otherwise: float) -> torch.Tensor:
    if isinstance(constant, Constant):
        return torch.from_numpy(values_of(constant.value))
    return torch.tensor(float(otherwise), dtype=torch.double)


RULES: dict[str, Rule] = {"batch_norm": _batch_norm}
