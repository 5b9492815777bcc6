"""How large the weights of each unit are, beyond what chance explains."""

import numpy as np
from scipy.stats import f as f_distribution

POWER = 0.25
"""Factors are found from |w|^POWER: near 0 single large weights count for little, at 1 they make a factor."""
CERTAINTY = 0.99
"""The chance variation of factors is taken to be this quantile's: strengths have to differ clearly."""


def unit_factors(weights: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return the factors a and b of a block's units, geometric mean 1, 1 for units without weights.

    A unit's size is (mean of |w|^p over its nonzero weights)^(1/p), log a_i = lambda (log of row i's size,
    less the mean). The variance of these logarithms by chance is about v = w / (p^2 f columns), w the squared
    coefficient of variation of the nonzero |w|^p with row and column means divided out, f their share of all
    weights. lambda^2 = 1 - F v / variance, or 0 where that is negative, F the quantile CERTAINTY of the F
    distribution that the ratio of the two has for iid weights, nearly. Columns likewise.
    """
    rows, columns = np.ones(weights.shape[0]), np.ones(weights.shape[1])
    live_rows, live_columns = weights.any(axis=1), weights.any(axis=0)
    roots = weights[np.ix_(live_rows, live_columns)].astype(np.float64) ** POWER
    nonzero = roots > 0
    freedom = int(nonzero.sum()) - sum(roots.shape) + 1
    if min(roots.shape) < 2 or freedom < 1:  # nothing to tell chance by
        return rows, columns
    row_means = roots.sum(axis=1) / nonzero.sum(axis=1)
    column_means = roots.sum(axis=0) / nonzero.sum(axis=0)
    expected = np.outer(row_means, column_means) * nonzero.sum() / roots.sum()
    variation = ((roots / expected - 1) ** 2)[nonzero].sum() / freedom
    for factors, live, means in ((rows, live_rows, row_means), (columns, live_columns, column_means)):
        chance = variation * len(means) / nonzero.sum()  # over the mean number of weights behind each mean
        factors[live] = _shrunk(np.log(means), chance, freedom)
    return rows, columns


def _shrunk(logarithms: np.ndarray, chance: float, freedom: int) -> np.ndarray:
    """Return factors from logarithms of means of roots, less what chance explains of their variance."""
    variance = float(logarithms.var(ddof=1))
    if variance <= 0:
        return np.ones(len(logarithms))
    quantile = float(f_distribution.ppf(CERTAINTY, len(logarithms) - 1, freedom))
    shrinkage = np.sqrt(max(0.0, 1 - quantile * chance / variance))
    return np.exp(shrinkage * (logarithms - logarithms.mean()) / POWER)
