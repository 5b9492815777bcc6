"""The chain of layers that a file holds as a torch module, so that file and module are read by one reader."""

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import nn

from clusterability.graph.files.elements import Element, Norm, Weights
from clusterability.graph.files.norm_side import NormSide, norm_side

_CONVOLUTIONS = {3: nn.Conv1d, 4: nn.Conv2d, 5: nn.Conv3d}
_POOLS = {3: nn.AdaptiveAvgPool1d, 4: nn.AdaptiveAvgPool2d, 5: nn.AdaptiveAvgPool3d}
_NORMS = {2: nn.BatchNorm1d, 3: nn.BatchNorm1d, 4: nn.BatchNorm2d, 5: nn.BatchNorm3d}


@dataclass(frozen=True, kw_only=True, slots=True)
class BatchNormSettings:
    """What a file does not say of its batch norms."""

    side: NormSide | None = None
    """Before its layer's nonlinearity or behind it, where names do not show it; None: refused there."""
    eps: float = 1e-5
    """Added to the variance; torch's own value."""


def rebuilt_chain(
    elements: Sequence[Element], batch_norm: BatchNormSettings
) -> tuple[nn.Sequential, dict[str, str]]:
    """Return a module of the chain's layers, with ReLUs between them, and its layers' names in the file.

    Raises:
        CheckpointError: as `norm_side`.
    """
    layers: list[nn.Module] = []
    names: dict[str, str] = {}
    sides = next(one.weight.ndim for one in elements if isinstance(one, Weights))
    channels = 1
    is_linear = False  # no nonlinearity since the last layer of weights
    for index, element in enumerate(elements):
        if isinstance(element, Weights):
            layers += [nn.ReLU()] if is_linear else []
            layers += _flattening(sides, channels, element)
            names[str(len(layers))] = element.name
            layers.append(_layer(element))
            sides, channels, is_linear = element.weight.ndim, element.units_out, True
        elif isinstance(element, Norm):
            if is_linear and norm_side(elements, index, batch_norm.side) == "behind":
                layers.append(nn.ReLU())
                is_linear = False
            layers.append(_batch_norm(element, sides, batch_norm.eps))
    return nn.Sequential(*layers), names


def _flattening(sides: int, channels: int, weights: Weights) -> list[nn.Module]:
    """Return what stands between convolutions and a linear layer: as many places as it reads of a channel."""
    if sides == 2 or weights.is_convolution:
        return []
    places = [1] * (sides - 3) + [weights.units_in // channels]
    return [_POOLS[sides](tuple(places)), nn.Flatten()]


def _layer(weights: Weights) -> nn.Module:
    tensor = weights.weight
    made = {"bias": weights.bias is not None, "device": "meta"}  # nothing is drawn: the weights are put in
    if weights.is_convolution:
        sides = tuple(tensor.shape[2:])
        padding = tuple(side // 2 for side in sides)  # an input of any size will do
        layer = _CONVOLUTIONS[tensor.ndim](
            weights.units_in, weights.units_out, sides, padding=padding, **made
        )
    else:
        layer = nn.Linear(weights.units_in, weights.units_out, **made)
    layer.weight = nn.Parameter(tensor, requires_grad=False)
    if weights.bias is not None:
        layer.bias = nn.Parameter(weights.bias, requires_grad=False)
    return layer


def _batch_norm(norm: Norm, sides: int, eps: float) -> nn.Module:
    ones, zeros = torch.ones_like(norm.variance), torch.zeros_like(norm.variance)
    layer = _NORMS[sides](norm.width, eps=eps)
    layer.weight = nn.Parameter(ones if norm.gamma is None else norm.gamma, requires_grad=False)
    layer.bias = nn.Parameter(zeros if norm.beta is None else norm.beta, requires_grad=False)
    layer.running_mean = zeros if norm.mean is None else norm.mean
    layer.running_var = norm.variance
    return layer
