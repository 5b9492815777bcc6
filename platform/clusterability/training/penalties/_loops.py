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
    gradient: torch.Tensor,
    weights: torch.Tensor,
    first: torch.Tensor,
    second: torch.Tensor,
    row_terms: torch.Tensor,
    column_terms: torch.Tensor,
) -> None:
    """Add (first' second + row_terms + column_terms) * sign(weights) to `gradient`, all on the CPU.

    `gradient` and `weights` are (n, m) and stored row by row, `first` is (e, n) and `second` (e, m), e a
    multiple of 4, `row_terms` (n,) and `column_terms` (m,).
    """
    tensors = (gradient, weights, first, second, row_terms, column_terms)
    _add_signed_products(*[tensor.numpy() for tensor in tensors])


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
    gradient: np.ndarray,
    weights: np.ndarray,
    first: np.ndarray,
    second: np.ndarray,
    row_terms: np.ndarray,
    column_terms: np.ndarray,
) -> None:
    zero = weights.dtype.type(0)
    num_rows, num_columns = weights.shape
    lines = np.empty((2, num_columns), weights.dtype)
    for i in range(0, num_rows, 2):  # two rows, four factors at a time: fewer reads of each
        last = min(i + 1, num_rows - 1)
        one, other = lines[0], lines[1]
        for j in range(num_columns):
            one[j] = row_terms[i] + column_terms[j]
            other[j] = row_terms[last] + column_terms[j]
        for k in range(0, first.shape[0], 4):
            a, b, c, d = first[k, i], first[k + 1, i], first[k + 2, i], first[k + 3, i]
            e, f, g, h = first[k, last], first[k + 1, last], first[k + 2, last], first[k + 3, last]
            for j in range(num_columns):
                p, q, r, s = second[k, j], second[k + 1, j], second[k + 2, j], second[k + 3, j]
                one[j] += a * p + b * q + c * r + d * s
                other[j] += e * p + f * q + g * r + h * s
        for row in range(i, last + 1):
            line = lines[row - i]
            for j in range(num_columns):
                weight = weights[row, j]
                gradient[row, j] += line[j] if weight > zero else (-line[j] if weight < zero else zero)
