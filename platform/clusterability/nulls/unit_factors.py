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
whose strengths vary as well (by sigma 0.7): 0.31 at sigma 0.5, 0.36 at sigma 1.5 (100 graphs): there drawn
matrices are less uneven than the observed one, and the status says "undecided". The null `dispersion` mends
that. The plain n-cut is conservative under both, since drawn strengths vary. See docs/nulls.md.
"""

from collections.abc import Callable, Sequence

import numpy as np

from clusterability.nulls.limits import (
    DECIDED_BY,
    DrawBlocks,
    matrices_of_unequal_units,
    ncut_is_weak,
    unevenness_limit,
)
from clusterability.nulls.model import FactorNull
from clusterability.nulls.pattern import shuffle_pattern
from clusterability.nulls.permutation import permuted
from clusterability.nulls.unit_sizes import unit_factors
from clusterability.record import Statistic


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


def unit_factors_limits(observed: Sequence[np.ndarray], draw: DrawBlocks, statistic: Statistic) -> str | None:
    """See `Limits`: none without factors, where drawn networks are permutations."""
    unequal = matrices_of_unequal_units(observed)
    uneven = unevenness_limit(observed, draw, unequal, DECIDED_BY)
    return uneven or (ncut_is_weak(observed) if statistic == "ncut" else None)


unit_factors_null = FactorNull(prepare_block=unit_factors_draw, limits=unit_factors_limits)
"""See the text of this module."""
