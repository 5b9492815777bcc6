"""Metrics of the user's own: plain functions of a measured network, or instances of Metric."""

import math
from collections.abc import Callable, Sequence
from typing import Any

from clusterability.components import find, is_own, names
from clusterability.errors import ClusterabilityError, ConfigError, first_line
from clusterability.measurement.metric import Metric


def metric_of(reference: str) -> Metric:
    """Return the metric that a known name or "package.module:attribute" stands for.

    The user's own is a function of a `MeasuredNetwork` that returns a number, recorded under the function's
    name, or an instance of `Metric` with a `compute`.

    Raises:
        ConfigError: there is no such metric, it is neither of the two, or a metric of ours has its name.
    """
    component = find("metric", reference)
    if not is_own(reference):
        return component
    metric = component if isinstance(component, Metric) else _described(reference, component)
    if metric.compute is None:
        raise ConfigError(f"metric {reference!r}: got a Metric without compute, allowed: one with a function")
    if metric.name in names("metric"):
        raise ConfigError(
            f"metric {reference!r}: got the name {metric.name!r} of a built-in metric, allowed: another name"
        )
    return metric


def own_metrics(references: Sequence[str]) -> dict[str, Metric]:
    """Return the metrics of the user's own by reference.

    Raises:
        ConfigError: as `metric_of`; two of them have one name.
    """
    metrics = {reference: metric_of(reference) for reference in references if is_own(reference)}
    recorded: dict[str, str] = {}
    for reference, metric in metrics.items():
        other = recorded.setdefault(metric.name, reference)
        if other != reference:
            raise ConfigError(
                f"metric {reference!r}: got the name {metric.name!r} of {other!r}, allowed: another name"
            )
    return metrics


def own_value(reference: str, metric: Metric, network: Any) -> float:
    """Return the value of a metric of the user's own.

    Raises:
        ClusterabilityError: the function fails, or returns no finite number; one line that names it.
    """
    assert metric.compute is not None, "checked by metric_of"
    try:
        value: Any = metric.compute(network)
    except Exception as error:  # the user's own code may raise anything
        raise ClusterabilityError(
            f"metric {reference!r}: {type(error).__name__}: {first_line(error)}"
        ) from error
    if hasattr(value, "detach"):  # a tensor of torch, which warns where gradients are lost in silence
        value = value.detach()
    try:
        number = float(value)
    except (TypeError, ValueError):
        number = math.nan
    if not math.isfinite(number):
        got = " ".join(repr(value).split())[:80]
        raise ClusterabilityError(f"metric {reference!r}: got {got}, allowed: a finite number")
    return number


def _described(reference: str, function: Callable[[Any], float]) -> Metric:
    name = getattr(function, "__name__", "")
    if not callable(function) or not name.isidentifier():
        raise ConfigError(
            f"metric {reference!r}: got a {type(function).__name__}, "
            "allowed: a function of the measured network, or a Metric"
        )
    meaning = (function.__doc__ or "").strip().partition("\n")[0]
    return Metric(
        name=name,
        meaning=meaning or f"own metric {reference}",
        label=name.replace("_", " "),
        searchable=True,
        decimals=3,
        compute=function,
    )
