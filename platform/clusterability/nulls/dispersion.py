"""Null `dispersion`: as `unit_factors`, and each drawn matrix is as uneven as the observed one.

Noise makes modularity, and the more the more uneven it is (`unevenness`). Factors found from weights take
some of the chance variation of the same weights with them, and multiplying by them again brings another part
of it in: matrices drawn by `unit_factors` are 10 % less uneven than log-normal ones, and 3 % more than
half-normal ones. So here W_ij = a_i b_j E_ij with the factors of `unit_factors`, E is permuted, and each
drawn matrix is a_i b_j E^h with the exponent h at which its unevenness is the observed matrix's; then scaled
to the observed sum of weights. Where no size differs beyond chance the factors are 1 and h stays 1: that is
the null `layer` (with the pattern of nonzero weights drawn first), exact for iid weights.

Keeps: of each matrix its sum and its unevenness; each unit's number of nonzero weights, on both sides, and
its typical size beyond chance.
Destroys: which weights are nonzero, and large, for their row and column.
Asks: is the unevenness of each matrix arranged in modules?
Size at level 0.05, layered modularity: 0.020 to 0.060 in the four regimes in which `unit_factors` has its
size (400 graphs each; 0.068 in 1,600 graphs of half-normal weights whose strengths vary), 0.03 to 0.10 for
log-normal weights of sigma 0.5 to 1.5 whose strengths vary (100 each). Power 0.37, where `unit_factors` has
0.27. The plain n-cut is conservative under it. Matrices with many zeros are drawn as by `unit_factors`:
there the exponent cannot match what the pattern of zeros makes uneven. See docs/nulls.md.
"""

from collections.abc import Callable, Sequence

import numpy as np

from clusterability.nulls.limits import (
    DrawBlocks,
    matrices_of_unequal_units,
    ncut_is_weak,
    tail_limit,
    unevenness_limit,
)
from clusterability.nulls.model import FactorNull
from clusterability.nulls.pattern import shuffle_pattern
from clusterability.nulls.permutation import permuted
from clusterability.nulls.unevenness import unevenness
from clusterability.nulls.unit_sizes import unit_factors
from clusterability.record import Statistic

EXPONENTS = (0.5, 2.0)
"""Least and largest exponent h."""
TOLERANCE = 1e-3
"""Of the logarithm of the unevenness."""
MOST_STEPS = 6
MOST_SKEWNESS = 4.0
"""Skewness of weights, units' sizes divided out, above which size is not held where sizes vary."""
LEAST_NONZERO = 0.9
"""Share of nonzero weights, of units that have any, below which h stays 1: the pattern is what is uneven."""
LEAST_UNEVENNESS = 1e-6
"""Below it, unevenness is rounding of single precision, and h stays 1."""


def dispersion_draw(weights: np.ndarray) -> Callable[[np.random.Generator], np.ndarray]:
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
    logarithms = np.log(rest / rest.mean()) if rest.size else rest
    live = np.ix_(observed.any(axis=1), observed.any(axis=0))
    is_sparse = not observed[live].all()
    wanted, total = unevenness(weights), float(weights.sum(dtype=np.float64))
    has_factors = np.ptp(rows) + np.ptp(columns) > 0
    is_matched = has_factors and _can_be_matched(weights) and wanted >= LEAST_UNEVENNESS

    def draw(rng: np.random.Generator) -> np.ndarray:
        places = observed.copy()
        if is_sparse:
            shuffle_pattern(places, rng)
        shuffled = np.empty_like(rest)
        permuted(logarithms if is_matched else rest, rng.integers(2**64, dtype=np.uint64), shuffled)
        drawn, at_places = np.zeros_like(weights), factors[places]
        if not is_matched:
            drawn[places] = shuffled * at_places
            return drawn

        def at(exponent: float) -> np.ndarray:
            drawn[places] = np.exp(np.float32(exponent) * shuffled) * at_places
            return drawn

        at(_exponent(lambda exponent: np.log(unevenness(at(exponent)) / wanted)))
        return drawn * np.float32(total / drawn.sum(dtype=np.float64))

    return draw


def _exponent(excess: Callable[[float], float]) -> float:
    """Return where a rising function is 0, by secants; unevenness rises about as the exponent's square."""
    before, exponent = 1.0, 1.0
    value_before = value = excess(exponent)
    for step in range(MOST_STEPS):
        if abs(value) < TOLERANCE:
            break
        slope = (value - value_before) / (exponent - before) if step else 2.0
        if slope <= 0:
            break
        before, value_before = exponent, value
        exponent = float(np.clip(exponent - value / slope, *EXPONENTS))
        if exponent == before:
            break
        value = excess(exponent)
    return exponent


def dispersion_limits(observed: Sequence[np.ndarray], draw: DrawBlocks, statistic: Statistic) -> str | None:
    """See `Limits`: none without factors; heavy tails; matrices with many zeros, which are not matched."""
    if not matrices_of_unequal_units(observed):
        return None
    left = [index for index, weights in enumerate(observed) if not _can_be_matched(weights)]
    return (
        tail_limit(observed, MOST_SKEWNESS)
        or unevenness_limit(observed, draw, left)
        or (ncut_is_weak(observed) if statistic == "ncut" else None)
    )


def _can_be_matched(weights: np.ndarray) -> bool:
    live = weights[np.ix_(weights.any(axis=1), weights.any(axis=0))]
    return live.size > 0 and bool(np.count_nonzero(live) >= LEAST_NONZERO * live.size)


dispersion = FactorNull(prepare_block=dispersion_draw, limits=dispersion_limits)
"""See the text of this module."""
