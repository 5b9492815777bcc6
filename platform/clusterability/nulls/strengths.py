"""Matrices with given row and column sums."""

import numpy as np

MOST_ITERATIONS = 200
TOLERANCE = 1e-5
_LARGEST_FACTOR = 1e30  # where no factors do it, some grow without limit while others vanish


def matched_strengths(weights: np.ndarray, row_sums: np.ndarray, column_sums: np.ndarray) -> np.ndarray:
    """Return diag(r) W diag(c), r and c such that rows and columns have the sums asked for.

    Iterative proportional fitting (Sinkhorn & Knopp 1967) to a relative error of 1e-5. Where W is so sparse
    that no r and c do it (a row of zeros, say), the result is as near as 200 iterations come; columns are
    exact. W: (n, m) without negative entries.
    """
    rows, columns = balancing_factors(weights, row_sums, column_sums)
    return (rows[:, None] * weights.astype(np.float64) * columns).astype(weights.dtype)


def balancing_factors(
    weights: np.ndarray, row_sums: np.ndarray, column_sums: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Return the r and c of `matched_strengths`, 0 for rows and columns of zeros."""
    precise, row_sums, column_sums = (array.astype(np.float64) for array in (weights, row_sums, column_sums))
    rows, columns = np.ones(weights.shape[0]), np.ones(weights.shape[1])
    across = precise @ columns
    for _ in range(MOST_ITERATIONS):
        rows = _ratio(row_sums, across)
        columns = _ratio(column_sums, precise.T @ rows)
        across = precise @ columns
        reached = np.abs(rows * across - row_sums).max(initial=0) <= TOLERANCE * row_sums.max(initial=0)
        if reached or max(rows.max(initial=0), columns.max(initial=0)) > _LARGEST_FACTOR:
            break
    return rows, columns


def _ratio(wanted: np.ndarray, reached: np.ndarray) -> np.ndarray:
    possible = reached > 0
    return np.where(
        possible, wanted / np.where(possible, np.maximum(reached, wanted / _LARGEST_FACTOR**2), 1), 0
    )
