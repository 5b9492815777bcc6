"""Loops over weights in one pass, compiled for the CPU, where torch needs several passes and new memory."""

import numpy as np
import torch
from numba import njit


def take_magnitudes(
    block: torch.Tensor, magnitudes: torch.Tensor, row_sums: torch.Tensor, column_sums: torch.Tensor
) -> None:
    """Write |w| of a CPU block into `magnitudes` and add its row and column sums to the two vectors."""
    arrays = [tensor.numpy() for tensor in (block, magnitudes, row_sums, column_sums)]
    if _by_column(block):
        block_array, magnitude_array, rows, columns = arrays
        arrays = [block_array.T, magnitude_array.T, columns, rows]
    _take_magnitudes(*arrays)


def multiply_by_sign(values: torch.Tensor, weights: torch.Tensor) -> None:
    """Multiply `values` by the signs of `weights`, in place, both on the CPU and of one shape."""
    arrays = values.numpy(), weights.numpy()
    if _by_column(weights):
        arrays = tuple(array.T for array in arrays)
    _multiply_by_sign(*arrays)


def add_signed_products(
    gradient: torch.Tensor, weights: torch.Tensor, first: torch.Tensor, second: torch.Tensor
) -> None:
    """Add (first' second) * sign(weights) to `gradient`, all on the CPU and stored row by row.

    `gradient` and `weights` are (n, m), `first` (e, n) and `second` (e, m), e a multiple of 4.
    """
    arrays = [tensor.numpy() for tensor in (gradient, weights, first, second)]
    _add_signed_products(*arrays)


def _by_column(matrix: torch.Tensor) -> bool:
    return matrix.stride(0) < matrix.stride(1)


@njit(cache=True, nogil=True, fastmath=True)
def _take_magnitudes(
    block: np.ndarray, magnitudes: np.ndarray, row_sums: np.ndarray, column_sums: np.ndarray
) -> None:
    for i in range(block.shape[0]):
        total = row_sums[i]
        for j in range(block.shape[1]):
            value = abs(block[i, j])
            magnitudes[i, j] = value
            total += value
            column_sums[j] += value
        row_sums[i] = total


@njit(cache=True, nogil=True, fastmath=True)
def _multiply_by_sign(values: np.ndarray, weights: np.ndarray) -> None:
    zero = weights.dtype.type(0)
    for i in range(values.shape[0]):
        for j in range(values.shape[1]):
            value, weight = values[i, j], weights[i, j]
            values[i, j] = value if weight > zero else (-value if weight < zero else zero)


@njit(cache=True, nogil=True, fastmath=True)
def _add_signed_products(
    gradient: np.ndarray, weights: np.ndarray, first: np.ndarray, second: np.ndarray
) -> None:
    zero = weights.dtype.type(0)
    line = np.empty(weights.shape[1], weights.dtype)
    for i in range(weights.shape[0]):
        line[:] = zero
        for k in range(0, first.shape[0], 4):  # four at a time: the line is then read and written less often
            a, b, c, d = first[k, i], first[k + 1, i], first[k + 2, i], first[k + 3, i]
            for j in range(line.size):
                line[j] += (
                    a * second[k, j] + b * second[k + 1, j] + c * second[k + 2, j] + d * second[k + 3, j]
                )
        for j in range(line.size):
            weight = weights[i, j]
            gradient[i, j] += line[j] if weight > zero else (-line[j] if weight < zero else zero)
