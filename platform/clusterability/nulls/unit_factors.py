"""Null `unit_factors`: permute weights after dividing out the strengths that chance alone does not explain.

W_ij = a_i b_j E_ij with a factor for each unit; E is permuted over the whole matrix and multiplied by the
factors again. Two things set it apart from `residual`: factors come from fourth roots of the weights, so that
a single large weight does not make a factor; and they are shrunk by what iid weights would show of them by
chance, to nothing where strengths are as equal as chance allows. So for iid weights of any tail this is
nearly the null `layer`, which is exact there; where strengths clearly differ it permutes what they leave.

Keeps: each unit's factor; its strength in the mean, not exactly; the multiset of E.
Destroys: which weights are large for their row and column.
Asks: is there structure within each matrix beyond factors of units?
Size: at most 0.07 at level 0.05 for iid weights of any tail, and for light-tailed weights whose units'
strengths vary, dead units included. Not for heavy-tailed weights whose strengths vary as well (log-normal of
sigma 1.5 and 0.7: 0.2 to 0.3). The plain n-cut is conservative under it, since drawn strengths vary; its
power is with the layered measures. See benchmarks/null_size.py.
"""

from collections.abc import Callable

import numpy as np
from scipy.stats import f as f_distribution

from clusterability.nulls.permutation import permuted

POWER = 0.25
"""Factors are found from |w|^POWER: near 0 single large weights count for little, at 1 they make a factor."""
CERTAINTY = 0.99
"""The chance variation of factors is taken to be this quantile's: strengths have to differ clearly."""


def unit_factors_draw(weights: np.ndarray) -> Callable[[np.random.Generator], np.ndarray]:
    """Return what draws null matrices of one block.

    Args:
        weights: |w| of the block, (sources, targets) float32.

    Returns:
        A function of a generator: the drawn |w|, same shape, float32.
    """
    rows, columns = unit_factors(weights)
    live = np.outer(weights.any(axis=1), weights.any(axis=0))
    factors = (rows[:, None] * columns)[live]
    rest = (weights[live] / factors).astype(np.float32)

    def draw(rng: np.random.Generator) -> np.ndarray:
        shuffled = np.empty_like(rest)
        permuted(rest, rng.integers(2**64, dtype=np.uint64), shuffled)
        drawn = np.zeros_like(weights)
        drawn[live] = shuffled * factors
        return drawn

    return draw


def unit_factors(weights: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return the factors a and b of a block's units, geometric mean 1, 1 for units without weights.

    With x = |w|^p, row sums s, column sums t, total T: log a_i = lambda (log s_i - mean) / p. The variance of
    log s_i by chance is about v / columns, v the squared coefficient of variation of x T / (s t);
    lambda^2 = 1 - F v / columns / variance, or 0 where that is negative, F the quantile CERTAINTY of the F
    distribution that the ratio of the two has in the mean of iid weights. Columns likewise.
    """
    rows, columns = np.ones(weights.shape[0]), np.ones(weights.shape[1])
    live_rows, live_columns = weights.any(axis=1), weights.any(axis=0)
    roots = weights[np.ix_(live_rows, live_columns)].astype(np.float64) ** POWER
    if min(roots.shape) < 2:  # nothing to tell chance by
        return rows, columns
    row_sums, column_sums = roots.sum(axis=1), roots.sum(axis=0)
    rest = roots * roots.sum() / np.outer(row_sums, column_sums)
    freedom = (roots.shape[0] - 1) * (roots.shape[1] - 1)
    chance = float(((rest - 1) ** 2).sum() / freedom)
    rows[live_rows] = _shrunk(np.log(row_sums), chance / roots.shape[1], freedom)
    columns[live_columns] = _shrunk(np.log(column_sums), chance / roots.shape[0], freedom)
    return rows, columns


def _shrunk(logarithms: np.ndarray, chance: float, freedom: int) -> np.ndarray:
    """Return factors from logarithms of sums of roots, less what chance explains of their variance."""
    variance = float(logarithms.var(ddof=1))
    if variance <= 0:
        return np.ones(len(logarithms))
    quantile = float(f_distribution.ppf(CERTAINTY, len(logarithms) - 1, freedom))
    shrinkage = np.sqrt(max(0.0, 1 - quantile * chance / variance))
    return np.exp(shrinkage * (logarithms - logarithms.mean()) / POWER)
