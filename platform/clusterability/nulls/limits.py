"""What a null says of the graph before it: why its p has no stated size there, or no power.

"undecided" means that p <= 0.05 comes up in clearly more than 5 % of graphs without modules, "weak" that a
large p says nothing. The bounds come from benchmarks/null_size.py, see docs/nulls.md.
"""

from collections.abc import Callable, Sequence

import numpy as np
from scipy.stats import skew

from clusterability.nulls.unevenness import unevenness_excess
from clusterability.nulls.unit_sizes import unit_factors
from clusterability.record import Statistic

DrawBlocks = Callable[[np.random.Generator], Sequence[np.ndarray]]
"""From a generator, |w| of each block of a null network that the null draws."""
Limits = Callable[[Sequence[np.ndarray], DrawBlocks, Statistic], str | None]
"""From the observed |w| of these blocks, what draws them, and the statistic: a message, None for no limit."""

MOST_EXCESS = 1.5
"""Standard deviations by which a network may be more uneven than null networks: above it, undecided."""
MOST_DEFICIT = 3.0
"""Standard deviations by which it may be less uneven: above it, weak."""
DECIDED_BY = "use the null 'dispersion' with layered_modularity"


def no_limits(observed: Sequence[np.ndarray], draw: DrawBlocks, statistic: Statistic) -> str | None:
    """See Limits; says nothing."""
    return None


def unevenness_limit(
    observed: Sequence[np.ndarray], draw: DrawBlocks, which: Sequence[int], advice: str = ""
) -> str | None:
    """Return a message where null networks are clearly less, or more, uneven than the observed one.

    Args:
        observed: |w| of each block.
        draw: what draws them.
        which: indices of the blocks that need not be as uneven in null networks.
        advice: what to use instead where they are less uneven.
    """
    excess = unevenness_excess(observed, draw, which)
    if excess > MOST_EXCESS:
        return (
            f"undecided: null networks are less uneven than this one, by {excess:.1f} standard deviations, "
            f"above {MOST_EXCESS:g}, and that alone can make p small" + (f"; {advice}" if advice else "")
        )
    if excess < -MOST_DEFICIT:
        return (
            f"weak: null networks are more uneven than this one, by {-excess:.1f} standard deviations, above "
            f"{MOST_DEFICIT:g}, and that hides modules: a small p stands, a large one says nothing"
        )
    return None


def tail_limit(observed: Sequence[np.ndarray], most: float) -> str | None:
    """Return a message where the weights' tail is heavier than a null can bear, by skewness."""
    skewness = tail_skewness(observed)
    if skewness <= most:
        return None
    return (
        f"undecided: weights have a heavy tail, skewness {skewness:.1f} with units' sizes divided out, above "
        f"{most:g}, where p <= 0.05 comes up in more than 7 % of graphs without modules"
    )


def tail_skewness(matrices: Sequence[np.ndarray]) -> float:
    """Return the skewness of nonzero |w| with the factors of units divided out, mean over the blocks.

    1.0 for half-normal weights, 1.7 and 4.7 for log-normal ones of sigma 0.5 and 1.
    """
    found = []
    for weights in matrices:
        rows, columns = unit_factors(weights)
        rest = (weights / rows[:, None] / columns)[weights > 0]
        found.append(float(skew(rest)) if rest.size and np.ptp(rest) > 0 else 0.0)
    return float(np.mean(found)) if found else 0.0


def matrices_of_unequal_units(matrices: Sequence[np.ndarray]) -> list[int]:
    """Return the indices of the matrices in which the sizes of units vary beyond chance (`unit_factors`)."""
    return [index for index, weights in enumerate(matrices) if _are_unequal(*unit_factors(weights))]


def _are_unequal(rows: np.ndarray, columns: np.ndarray) -> bool:
    return any(factors.size > 0 and np.ptp(factors) > 0 for factors in (rows, columns))


def ncut_is_weak(observed: Sequence[np.ndarray]) -> str | None:
    """Return a message for the plain n-cut under nulls that keep units' sizes only in the mean."""
    unequal = matrices_of_unequal_units(observed)
    if not unequal:
        return None
    return (
        f"weak: the sizes of units vary beyond chance in {len(unequal)} of {len(observed)} matrices, and "
        "there the plain n-cut hardly ever comes out significant, with modules or without; use "
        "layered_modularity"
    )
