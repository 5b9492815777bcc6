"""Null `unit_factors`: permute weights after dividing out the sizes of units that chance does not explain.

W_ij = a_i b_j E_ij with a factor for each unit; E is permuted over the whole matrix and multiplied by the
factors again. Two things set it apart from `residual`: factors come from fourth roots of the weights, so that
a single large weight does not make a factor; and they are shrunk by what iid weights would show of them by
chance, to nothing where sizes are as equal as chance allows. So for iid weights of any tail this is nearly
the null `layer`, which is exact there; where sizes clearly differ it permutes what they leave. Where weights
are zero, the pattern of nonzero ones is drawn first, every unit keeping its number of them (`pattern.py`).

Keeps: each unit's number of nonzero weights, on both sides, and their typical size; its strength in the mean,
not exactly; the multiset of E.
Destroys: which weights are nonzero, and large, for their row and column.
Asks: is there structure within each matrix beyond what single units are?
Size at level 0.05, layered modularity, 400 graphs a regime: 0.022 to 0.055 for iid weights of light or heavy
tail, and for half-normal weights whose units' strengths vary, dead units included. Not for log-normal weights
whose strengths vary as well (by sigma 0.7): 0.31 at sigma 0.5, 0.36 at sigma 1.5 (100 graphs); there the
status says "undecided". The plain n-cut is conservative under it, since drawn strengths vary; its power is
with the layered measures. See docs/nulls.md.
"""

from collections.abc import Callable

import numpy as np
from scipy.stats import f as f_distribution

from clusterability.ncut import Prepared
from clusterability.nulls.model import FactorNull
from clusterability.nulls.pattern import shuffle_pattern
from clusterability.nulls.permutation import permuted
from clusterability.nulls.tails import MOST_SKEWNESS, balanced_skewness
from clusterability.record import Statistic

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
    observed = weights > 0
    factors = np.outer(rows, columns).astype(np.float32)
    rest = weights[observed] / factors[observed]
    live = np.ix_(observed.any(axis=1), observed.any(axis=0))
    is_sparse = not observed[live].all()

    def draw(rng: np.random.Generator) -> np.ndarray:
        places = observed.copy()
        if is_sparse:
            shuffle_pattern(places, rng)
        shuffled = np.empty_like(rest)
        permuted(rest, rng.integers(2**64, dtype=np.uint64), shuffled)
        drawn = np.zeros_like(weights)
        drawn[places] = shuffled * factors[places]
        return drawn

    return draw


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


def _size_limit(prepared: Prepared, statistic: Statistic) -> str | None:
    skewness = balanced_skewness(prepared)
    if skewness <= MOST_SKEWNESS or not _strengths_vary(prepared):
        return None
    return (
        f"undecided: units' strengths vary, and with them divided out the weights have skewness "
        f"{skewness:.2g}, above {MOST_SKEWNESS:g}; unit_factors rejects up to 0.4 of such graphs without "
        "modules"
    )


def _strengths_vary(prepared: Prepared) -> bool:
    """Say whether any block's factors differ beyond chance."""
    layout = prepared.layout
    blocks = zip(prepared.graph.blocks, layout.forward, strict=True)
    found = (unit_factors(layout.half(prepared.flat, row)) for block, row in blocks if not block.is_skip)
    return any(np.ptp(factors) > 0 for pair in found for factors in pair)


unit_factors_null = FactorNull(prepare_block=unit_factors_draw, size_limit=_size_limit)
"""See the text of this module."""
