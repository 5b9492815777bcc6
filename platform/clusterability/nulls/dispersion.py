"""Null `dispersion`: as `unit_factors`, and each drawn matrix is as uneven as the observed one.

Factors found from weights take some of the chance variation of the same weights with them, and multiplying
shuffled weights by them brings another part of it in: matrices drawn by `unit_factors` are 10 % less uneven
for their strengths than log-normal ones were, and 3 % more than half-normal ones (`unevenness`), and noise
makes modularity as it is uneven. So here W_ij = a_i b_j E_ij with the factors of `unit_factors`, E is permuted,
and each drawn matrix is a_i b_j E^h with the exponent h at which its unevenness is the observed matrix's; then
scaled to the observed sum of weights. Where no size differs beyond chance the factors are 1 and h stays 1:
that is the null `layer` (with the pattern of nonzero weights drawn first), exact for iid weights.

Keeps: of each matrix its sum and its unevenness; each unit's number of nonzero weights, on both sides, and
its typical size beyond chance.
Destroys: which weights are nonzero, and large, for their row and column.
Asks: is the unevenness of each matrix arranged in modules?
"""

from collections.abc import Callable

import numpy as np

from clusterability.nulls.model import FactorNull
from clusterability.nulls.pattern import shuffle_pattern
from clusterability.nulls.permutation import permuted
from clusterability.nulls.unevenness import unevenness
from clusterability.nulls.unit_factors import unit_factors

EXPONENTS = (0.5, 2.0)
"""Least and largest exponent h."""
TOLERANCE = 1e-3
"""Of the logarithm of the unevenness."""
MOST_STEPS = 6
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
    is_matched = has_factors and observed[live].mean() >= LEAST_NONZERO and wanted >= LEAST_UNEVENNESS

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


dispersion = FactorNull(prepare_block=dispersion_draw)
"""See the text of this module."""
