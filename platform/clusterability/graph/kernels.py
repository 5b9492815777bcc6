"""Matrices of edge weights out of the kernels of layers."""

from dataclasses import dataclass

import numpy as np
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


def convolution_kernel(layer: Convolution, norm: KernelNorm) -> Kernel:
    """Return the norms of a convolution's kernels: entry (i, j) is that of input channel i and filter j.

    "l1" is the sum of absolute values over height and width (the paper's), "l2" the root of the sum of
    squares. In a grouped convolution channels of different groups have no weight.
    """
    weights = layer.weight.detach().cpu().double().numpy()
    norms = kernel_norms(weights.reshape(*weights.shape[:2], -1), norm)
    area = int(np.prod(weights.shape[2:]))
    if layer.groups == 1:
        return Kernel(matrix=norms.T, area=area, places=None)
    per_group_in, per_group_out = norms.shape[1], norms.shape[0] // layer.groups
    matrix = np.zeros((layer.in_channels, layer.out_channels))
    places = np.zeros(matrix.shape, dtype=bool)
    for group in range(layer.groups):
        rows = slice(group * per_group_in, (group + 1) * per_group_in)
        columns = slice(group * per_group_out, (group + 1) * per_group_out)
        matrix[rows, columns] = norms[columns].T
        places[rows, columns] = True
    return Kernel(matrix=matrix, area=area, places=places)


def linear_kernel(layer: nn.Linear, units_in: int, norm: KernelNorm) -> Kernel:
    """Return the weights of a linear layer; where each unit brings several features, their norms."""
    weights = layer.weight.detach().cpu().double().numpy()
    area = layer.in_features // units_in
    if area == 1:
        return Kernel(matrix=weights.T, area=1, places=None)
    norms = kernel_norms(weights.reshape(layer.out_features, units_in, area), norm)
    return Kernel(matrix=norms.T, area=area, places=None)


def kernel_norms(weights: np.ndarray, norm: KernelNorm) -> np.ndarray:
    """Return the L1 or L2 norms along the last axis."""
    return np.abs(weights).sum(axis=-1) if norm == "l1" else np.sqrt((weights**2).sum(axis=-1))


def batch_norm_factor(layer: BatchNorm) -> np.ndarray:
    """Return gamma / sqrt(running_var + eps), what batch norm multiplies each channel with in evaluation."""
    variance = layer.running_var
    assert variance is not None, "checked by the reader"
    spread = np.sqrt(variance.detach().cpu().double().numpy() + layer.eps)
    return (1 if layer.weight is None else layer.weight.detach().cpu().double().numpy()) / spread
