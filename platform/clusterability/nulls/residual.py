"""Null `residual`: permute what is left of a matrix when its strengths are divided out.

Keeps: every unit's strength in the matrix, on both sides; the values E_ij of W_ij = E_ij / (r_i c_j), r and c
the factors that make all rows and all columns of E weigh the same (Sinkhorn & Knopp 1967).
Destroys: which weights are large for their row and column.
Asks: is there structure within each matrix beyond the units' strengths?
Size at level 0.05, 400 graphs a regime: for half-normal weights, with equal or unequal strengths, at most
0.035 by n-cut and 0.065 by layered n-cut; by layered modularity 0.08 for iid ones.
Not for log-normal weights: iid of sigma 0.5 come out significant in 0.7 to 0.9 of graphs, of sigma 1.5
always. Two reasons: r and c hide large single weights from the permutation, and dividing them out a second
time takes away spread that the observed matrix has lost only once. The skewness of E tells (`tails.py`), its
coefficient of variation does not: at sigma 0.5 it is 0.5, half-normal weights have 0.75. See docs/nulls.md.
"""

from collections.abc import Callable

import numpy as np

from clusterability.ncut import Prepared
from clusterability.nulls.model import FactorNull
from clusterability.nulls.permutation import permuted
from clusterability.nulls.strengths import balancing_factors, matched_strengths
from clusterability.nulls.tails import MOST_SKEWNESS, balanced_skewness
from clusterability.record import Statistic

MOST_SPREAD = 0.9
"""Coefficient of variation of E above which the test never has its size; below it may still lack it, which
`tails.py` tells."""


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
    """Return the coefficient of variation of E, 0 for a block of zeros; see MOST_SPREAD."""
    rows, columns, live = _divided_out(weights)
    residuals = (rows[:, None] * weights * columns)[live]
    return float(residuals.std() / residuals.mean()) if residuals.any() else 0.0


def _divided_out(weights: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return r, c, and where both are above 0."""
    num_rows, num_columns = weights.shape
    rows, columns = balancing_factors(weights, np.full(num_rows, num_columns), np.full(num_columns, num_rows))
    return rows, columns, (rows > 0)[:, None] & (columns > 0)


def _size_limit(prepared: Prepared, statistic: Statistic) -> str | None:
    if statistic == "layered_modularity":
        return (
            "undecided: residual has size 0.08 at level 0.05 by layered modularity, even for half-normal "
            "weights; use unit_factors"
        )
    skewness = balanced_skewness(prepared)
    if skewness <= MOST_SKEWNESS:
        return None
    return (
        f"undecided: with strengths divided out the weights have skewness {skewness:.2g}, above "
        f"{MOST_SKEWNESS:g}, where residual rejects 0.4 to 1 of graphs without modules; use unit_factors"
    )


residual = FactorNull(prepare_block=residual_draw, size_limit=_size_limit)
"""See the text of this module."""
