"""Numbers of a null test as metrics take them."""

from typing import Literal

from clusterability.record import NullTest


def number_of(
    test: NullTest | None, name: Literal["observed", "mean", "sd", "z_score", "p_value"]
) -> float | None:
    """Return a number of a null test; None where it, or the test, does not exist."""
    return None if test is None else getattr(test, name)
