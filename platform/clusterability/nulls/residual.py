"""Null `residual`: permute what is left of a matrix when its strengths are divided out.

Keeps: every unit's strength in the matrix, on both sides; the values E_ij of W_ij = E_ij / (r_i c_j), r and c
the factors that make all rows and all columns of E weigh the same (Sinkhorn & Knopp 1967).
Destroys: which weights are large for their row and column.
Asks: is there structure within each matrix beyond the units' strengths?
Size at level 0.05, 400 graphs a regime: for half-normal weights, with equal or unequal strengths, at most
0.035 by n-cut and 0.065 by layered n-cut; by layered modularity 0.08 for iid ones. Not for other weights: iid
log-normal ones of sigma 0.5 come out significant in 0.72 to 0.91 of graphs (100), of sigma 1.5 always. r and
c hide large single weights from the permutation, and dividing strengths out a second time takes away spread
that the observed matrix has lost only once: drawn matrices are less uneven (`unevenness.py`), and the status
says "undecided" where they clearly are. The coefficient of variation of E does not tell, nor its skewness:
log-normal weights of sigma 0.35 have less of both than half-normal ones, and most graphs reject. See
docs/nulls.md.
"""

from collections.abc import Callable, Sequence

import numpy as np

from clusterability.nulls.limits import DECIDED_BY, DrawBlocks, unevenness_limit
from clusterability.nulls.model import FactorNull
from clusterability.nulls.permutation import permuted
from clusterability.nulls.strengths import balancing_factors, matched_strengths
from clusterability.record import Statistic


def residual_draw(weights: np.ndarray) -> Callable[[np.random.Generator], np.ndarray]:
    """Return what draws null matrices of one block.

    Args:
        weights: |w| of the block, (sources, targets) float32.

    Returns:
        A function of a generator: the drawn |w|, same shape, float32.
    """
    rows, columns, live = _divided_out(weights)
    factors = rows[:, None] * columns
    residuals = (weights * factors)[live].astype(np.float32)
    inverse = (1 / factors[live]).astype(np.float64)

    def draw(rng: np.random.Generator) -> np.ndarray:
        shuffled = np.empty_like(residuals)
        permuted(residuals, rng.integers(2**64, dtype=np.uint64), shuffled)
        drawn = np.zeros(weights.shape)
        drawn[live] = shuffled * inverse
        return matched_strengths(drawn, weights.sum(axis=1), weights.sum(axis=0)).astype(np.float32)

    return draw


def residual_spread(weights: np.ndarray) -> float:
    """Return the coefficient of variation of E, 0 for a block of zeros.

    Above 0.9 the test never has its size, below it may still lack it.
    """
    rows, columns, live = _divided_out(weights)
    residuals = (rows[:, None] * weights * columns)[live]
    return float(residuals.std() / residuals.mean()) if residuals.any() else 0.0


def _divided_out(weights: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return r, c, and where both are above 0."""
    num_rows, num_columns = weights.shape
    rows, columns = balancing_factors(weights, np.full(num_rows, num_columns), np.full(num_columns, num_rows))
    return rows, columns, (rows > 0)[:, None] & (columns > 0)


def residual_limits(observed: Sequence[np.ndarray], draw: DrawBlocks, statistic: Statistic) -> str | None:
    """See `Limits`: dividing strengths out twice leaves most networks less uneven than the observed one."""
    return unevenness_limit(observed, draw, range(len(observed)), DECIDED_BY)


residual = FactorNull(prepare_block=residual_draw, limits=residual_limits)
"""See the text of this module."""
