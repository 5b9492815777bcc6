"""Matrices of edge weights out of the kernels of layers."""

from dataclasses import dataclass

import numpy as np
import torch
from torch import nn

from clusterability.graph.block import KernelNorm

Convolution = nn.Conv1d | nn.Conv2d | nn.Conv3d
BatchNorm = nn.BatchNorm1d | nn.BatchNorm2d | nn.BatchNorm3d


@dataclass(frozen=True, kw_only=True, slots=True)
class Kernel:
    """A layer's weights as one matrix of edges."""

    matrix: np.ndarray
    """(units in, units out)."""
    area: int
    """Weights behind each entry."""
    places: np.ndarray | None
    """Where the layer has weights; None: everywhere."""
    lengths: np.ndarray | None = None
    """L2 norm of the weights behind each entry, same shape; None: |entry|."""


def convolution_kernel(layer: Convolution, norm: KernelNorm) -> Kernel:
    """Return the norms of a convolution's kernels: entry (i, j) is that of input channel i and filter j.

    "l1" is the sum of absolute values over height and width (the paper's), "l2" the root of the sum of
    squares. In a grouped convolution channels of different groups have no weight.
    """
    weights = _values(layer.weight)
    weights = weights.reshape(*weights.shape[:2], -1)
    matrix = _spread_over_groups(kernel_norms(weights, norm).T, layer.groups)
    lengths = None
    if norm != "l2":
        lengths = _spread_over_groups(kernel_norms(weights, "l2").T, layer.groups)
    places = None
    if layer.groups > 1:
        places = _spread_over_groups(np.ones(weights.shape[1::-1], dtype=bool), layer.groups)
    return Kernel(matrix=matrix, area=weights.shape[2], places=places, lengths=lengths)


def _spread_over_groups(entries: np.ndarray, groups: int) -> np.ndarray:
    """Return (channels in, filters) out of (channels of a group, filters): zero between groups."""
    if groups == 1:
        return entries
    rows, columns = entries.shape[0], entries.shape[1] // groups
    spread = np.zeros((rows * groups, columns * groups), dtype=entries.dtype)
    for group in range(groups):
        own = slice(group * columns, (group + 1) * columns)
        spread[group * rows : (group + 1) * rows, own] = entries[:, own]
    return spread


def linear_kernel(layer: nn.Linear, units_in: int, norm: KernelNorm) -> Kernel:
    """Return the weights of a linear layer; where each unit brings several features, their norms."""
    weights = _values(layer.weight)
    area = layer.in_features // units_in
    if area == 1:
        return Kernel(matrix=weights.T, area=1, places=None)
    weights = weights.reshape(layer.out_features, units_in, area)
    lengths = None if norm == "l2" else kernel_norms(weights, "l2").T
    return Kernel(matrix=kernel_norms(weights, norm).T, area=area, places=None, lengths=lengths)


def kernel_norms(weights: np.ndarray, norm: KernelNorm) -> np.ndarray:
    """Return the L1 or L2 norms along the last axis."""
    return np.abs(weights).sum(axis=-1) if norm == "l1" else np.sqrt((weights**2).sum(axis=-1))


def batch_norm_factor(layer: BatchNorm) -> np.ndarray:
    """Return gamma / sqrt(running_var + eps), what batch norm multiplies each channel with in evaluation."""
    variance = layer.running_var
    assert variance is not None, "checked by the reader"
    spread = np.sqrt(_values(variance) + layer.eps)
    return (1 if layer.weight is None else _values(layer.weight)) / spread


def folded_bias(layer: BatchNorm, bias: np.ndarray) -> np.ndarray:
    """Return the bias of a layer and the batch norm behind it: beta + (bias - running_mean) * factor."""
    assert layer.running_mean is not None, "there with running_var"
    shift = 0 if layer.bias is None else _values(layer.bias)
    return shift + (bias - _values(layer.running_mean)) * batch_norm_factor(layer)


def bias_of(layer: nn.Linear | Convolution) -> np.ndarray:
    """Return a layer's biases, shape (units,); zeros where it has none."""
    return np.zeros(layer.weight.shape[0]) if layer.bias is None else _values(layer.bias)


def _values(parameter: torch.Tensor) -> np.ndarray:
    return parameter.detach().cpu().double().numpy()
