"""The description of a metric: of the table, or of the user's own."""

from typing import Any, Literal

from clusterability.components import find, is_own
from clusterability.errors import ConfigError
from clusterability.measurement.metric import Metric


def find_metric(name: str, better: Literal["max", "min"] | None = None) -> Metric:
    """Return the description of a known metric, or of the user's own "package.module:attribute".

    The user's own may be a `Metric`, or a function of the measured network that returns a float: then it is
    recorded under the function's name.

    Args:
        name: the metric's name, or where the user's own is found.
        better: which way is better, for an own function, which does not say.

    Raises:
        ConfigError: an unknown name; a module that cannot be imported; neither a function nor a `Metric`.
    """
    found = find("metric", name)
    if isinstance(found, Metric):
        return found
    if not callable(found):
        raise ConfigError(
            f"metric {name!r}: got {found!r}, allowed: a function of the measured network, or a Metric"
        )
    return undescribed_metric(name, better, compute=found)


def undescribed_metric(name: str, better: Literal["max", "min"] | None = None, compute: Any = None) -> Metric:
    """Return what can be said of a metric of which the name alone is known."""
    recorded = name.rpartition(":")[2] if is_own(name) else name
    lines = (getattr(compute, "__doc__", None) or "").strip().splitlines()
    return Metric(
        name=recorded,
        meaning=lines[0] if lines else f"The user's own {name}.",
        label=recorded.replace("_", " "),
        better=better,
        searchable=True,
        decimals=3,
        compute=compute,
    )
