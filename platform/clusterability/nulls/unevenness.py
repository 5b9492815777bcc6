"""How uneven a matrix of weights is for its strengths, and whether null matrices are as uneven.

Noise alone makes modularity, and the more the more uneven a matrix is. So a null whose matrices are less
uneven than the observed one finds too many networks significant, and one whose matrices are more uneven finds
none. That explains nearly all that benchmarks/null_size.py shows of sizes: see docs/nulls.md.
"""

from collections.abc import Callable, Sequence

import numpy as np

NUM_DRAWS = 10
"""Null networks drawn to compare with."""
MOST_EXCESS = 1.5
"""Standard deviations by which an observed network may be more uneven than drawn ones."""


def unevenness(weights: np.ndarray) -> float:
    """Return sum_ij w_ij^2 / (s_i t_j) - 1, with s and t the sums of rows and columns.

    That is chi^2 / T against the expectation s_i t_j / T, T the sum of all: 0 where that is exact,
    (sd / mean)^2 for large matrices of iid weights. Rows and columns of zeros count for nothing.

    Args:
        weights: |w| of a block, (sources, targets).
    """
    rows, columns = weights.sum(axis=1, dtype=np.float64), weights.sum(axis=0, dtype=np.float64)
    if not rows.any():
        return 0.0
    squares = np.square(weights, dtype=np.float64)
    return float(_inverse(rows) @ (squares @ _inverse(columns))) - 1


def unevenness_excess(
    observed: Sequence[np.ndarray],
    draw: Callable[[np.random.Generator], Sequence[np.ndarray]],
    which: Sequence[int],
) -> float:
    """Return by how many standard deviations of drawn networks the observed one is more uneven.

    For each matrix (log of the observed unevenness - mean of the drawn ones' logs) / their standard
    deviation; summed over the n matrices that vary, over sqrt(n). 0 where none varies. The NUM_DRAWS
    networks have streams of their own, so it is the same for the same weights.

    Args:
        observed: |w| of each block.
        draw: from a generator, |w| of each block of a null network.
        which: indices of the blocks that count.
    """
    if not which:
        return 0.0
    own = _logarithms(observed, which)
    drawn = np.array([_logarithms(draw(np.random.default_rng(seed)), which) for seed in range(NUM_DRAWS)])
    deviations = drawn.std(axis=0, ddof=1)
    varying = deviations > _ROUNDING
    if not varying.any():
        return 0.0
    excesses = (own - drawn.mean(axis=0))[varying] / deviations[varying]
    return float(excesses.sum() / np.sqrt(varying.sum()))


_ROUNDING = 1e-6
"""Unevenness, and differences of its logarithm, below this are rounding of single precision."""


def _logarithms(matrices: Sequence[np.ndarray], which: Sequence[int]) -> np.ndarray:
    return np.log([max(unevenness(matrices[index]), _ROUNDING) for index in which])


def _inverse(sums: np.ndarray) -> np.ndarray:
    return np.divide(1, sums, out=np.zeros_like(sums), where=sums > 0)
