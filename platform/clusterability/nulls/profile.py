"""Null `profile`: units of similar strength swap the directions of their outgoing weights.

For blocks whose sources are hidden units; the weights that leave the inputs stay as they are.
Keeps: every unit's incoming weights and its outgoing strength; the set of each matrix's row directions.
Destroys: which incoming weights a unit's outgoing direction belongs to.
Asks: does structure continue THROUGH units, given their strengths? Blind to structure within one matrix.
Size at level 0.05: 0.03 to 0.045 by every statistic for half-normal weights, with equal or unequal strengths
(400 graphs); 0.18 to 0.24 for iid log-normal ones of sigma 1.5: a direction with one large entry comes with a
large strength, and within a stratum strengths still differ. See docs/nulls.md.
"""

from collections.abc import Callable, Sequence

import numpy as np

from clusterability.nulls.limits import DrawBlocks, tail_limit
from clusterability.nulls.model import FactorNull
from clusterability.record import Statistic

LEAST_UNITS = 8
"""Units of a stratum at least; a layer of fewer than 16 connected units is one stratum."""
MOST_SKEWNESS = 2.0
"""Skewness of weights, units' sizes divided out, above which the test does not hold its size."""


def profile_draw(weights: np.ndarray) -> Callable[[np.random.Generator], np.ndarray]:
    """Return what draws null matrices of one block, W'[i, :] = s_i W[pi(i), :] / s_pi(i).

    s_i is the sum of row i; pi permutes within strata of at least LEAST_UNITS units of neighbouring s. Rows
    of zeros stay.

    Args:
        weights: |w| of the block, (sources, targets) float32; the sources are hidden units.

    Returns:
        A function of a generator: the drawn |w|, same shape, float32.
    """
    strengths = weights.sum(axis=1, dtype=np.float64)
    live = np.flatnonzero(strengths)
    ordered = live[np.argsort(strengths[live], kind="stable")]
    strata = np.array_split(ordered, max(1, len(ordered) // LEAST_UNITS))

    def draw(rng: np.random.Generator) -> np.ndarray:
        drawn = weights.copy()
        for stratum in strata:
            partners = rng.permutation(stratum)
            ratios = strengths[stratum] / strengths[partners]
            drawn[stratum] = ratios[:, None] * weights[partners]
        return drawn

    return draw


def profile_limits(observed: Sequence[np.ndarray], draw: DrawBlocks, statistic: Statistic) -> str | None:
    """See `Limits`: heavy tails."""
    return tail_limit(observed, MOST_SKEWNESS)


profile = FactorNull(prepare_block=profile_draw, hidden_sources_only=True, limits=profile_limits)
"""See the text of this module."""
