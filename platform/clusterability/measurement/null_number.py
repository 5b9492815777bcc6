"""Numbers of a null test as metrics take them."""

from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from clusterability.record import NullTest  # numpy: metrics are described without it


def number_of(
    test: "NullTest | None", name: Literal["observed", "mean", "sd", "z_score", "p_value"]
) -> float | None:
    """Return a number of a null test; None where it, or the test, does not exist."""
    return None if test is None else getattr(test, name)
