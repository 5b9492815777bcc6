"""Null values beside an observed one where they may differ by rounding alone."""

from typing import Literal

import numpy as np

TIE = 1e-9
"""Values that differ by less than this, as a share of the statistic's range, are the same."""


def count_hits(
    null_values: np.ndarray, observed: float, value_range: float, better: Literal["min", "max"] = "min"
) -> int:
    """Return how many null values are at least as good as the observed one; ties count against the claim.

    Networks that fall apart have n-cuts of exactly 0 but for the rounding of sums: without the tolerance half
    of their shuffles would seem to be worse.

    Args:
        null_values: the statistic of each null network, shape (m,).
        observed: that of the network itself.
        value_range: largest value less smallest: k for n-cuts, 1 for modularities.
        better: which way is more clusterable, "min" for n-cuts, "max" for modularities.
    """
    excess = null_values - observed if better == "min" else observed - null_values
    return int(np.count_nonzero(excess <= TIE * value_range))


def z_score(null_values: np.ndarray, observed: float, value_range: float) -> float | None:
    """Return (observed - mean) / standard deviation with ddof 1; None where that deviation is rounding.

    Args:
        null_values: the statistic of each null network, shape (m,).
        observed: that of the network itself.
        value_range: as for `count_hits`.
    """
    if len(null_values) < 2:
        return None
    deviation = float(np.std(null_values, ddof=1))
    if deviation <= TIE * value_range:
        return None
    return (observed - float(np.mean(null_values))) / deviation
