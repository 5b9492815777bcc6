"""Matrices of edge weights out of the kernels of layers."""

from dataclasses import dataclass

import numpy as np
import torch

from clusterability.graph.block import KernelNorm


@dataclass(frozen=True, kw_only=True, slots=True)
class Kernel:
    """A layer's weights as one matrix of edges."""

    matrix: np.ndarray
    """(rows that read, units out): weights with their signs, or norms."""
    area: int
    """Weights behind each entry."""
    norm: KernelNorm
    """How several weights make one entry."""
    places: np.ndarray | None = None
    """Where the layer has weights; None: everywhere."""
    lengths: np.ndarray | None = None
    """L2 norm of the weights behind each entry, same shape; None: |entry|."""

    def of_rows(self, rows: np.ndarray) -> tuple[np.ndarray, np.ndarray | None]:
        """Return entries and lengths where several rows read one unit; rows: (units, places), -1: none."""
        if rows.shape[1] == 1:
            lengths = None if self.lengths is None else _taken(self.lengths, rows)[:, 0]
            return _taken(self.matrix, rows)[:, 0], lengths
        weights = _taken(self.matrix, rows).swapaxes(1, 2)
        if self.norm == "l2":
            return kernel_norms(weights, "l2"), None
        lengths = weights if self.lengths is None else _taken(self.lengths, rows).swapaxes(1, 2)
        return kernel_norms(weights, "l1"), kernel_norms(lengths, "l2")

    def places_of_rows(self, rows: np.ndarray) -> np.ndarray | None:
        """Return where there are weights between units; None: everywhere."""
        if self.places is None and (rows >= 0).all():
            return None
        places = np.ones(self.matrix.shape, dtype=bool) if self.places is None else self.places
        return np.asarray(_taken(places, rows).any(axis=1))


def _taken(matrix: np.ndarray, rows: np.ndarray) -> np.ndarray:
    """Return (units, places, columns) of a matrix, zeros where a unit is not read."""
    if (rows >= 0).all():
        return matrix[rows]
    return np.where((rows >= 0)[:, :, None], matrix[rows], 0).astype(matrix.dtype)


def convolution_kernel(weight: torch.Tensor, groups: int, norm: KernelNorm) -> Kernel:
    """Return the norms of a convolution's kernels: entry (i, j) is that of input channel i and filter j.

    weight: (filters, channels of a group, ...). "l1" is the sum of absolute values over height and width
    (the paper's), "l2" the root of the sum of squares. In a grouped convolution channels of different groups
    have no weight.
    """
    weights = values_of(weight)
    weights = weights.reshape(*weights.shape[:2], -1)
    matrix = _spread_over_groups(kernel_norms(weights, norm).T, groups)
    lengths = None
    if norm != "l2":
        lengths = _spread_over_groups(kernel_norms(weights, "l2").T, groups)
    places = None
    if groups > 1:
        places = _spread_over_groups(np.ones(weights.shape[1::-1], dtype=bool), groups)
    return Kernel(matrix=matrix, area=weights.shape[2], norm=norm, places=places, lengths=lengths)


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


def kernel_norms(weights: np.ndarray, norm: KernelNorm) -> np.ndarray:
    """Return the L1 or L2 norms along the last axis."""
    return np.abs(weights).sum(axis=-1) if norm == "l1" else np.sqrt((weights**2).sum(axis=-1))


def values_of(parameter: torch.Tensor) -> np.ndarray:
    """Return a tensor's numbers in double precision."""
    return parameter.detach().cpu().double().numpy()
