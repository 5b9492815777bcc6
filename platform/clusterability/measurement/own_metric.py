"""Metrics of the user's own: plain functions of a measured network, or instances of Metric."""

import math
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

from clusterability.components import find, names
from clusterability.config import Objective
from clusterability.errors import ConfigError
from clusterability.measurement.metric import Metric, undescribed_metric
from clusterability.own_code import blamed, described, is_own


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


def objective_metrics(
    objectives: Sequence[Objective], references: Sequence[str]
) -> list[tuple[Objective, Metric]]:
    """Return each objective with its metric, of the table or of the user's own `references`.

    Where an own metric does not say which way is better, the objective does.
    """
    own = {metric.name: metric for metric in own_metrics(references).values()}
    described = []
    for objective in objectives:
        metric = own.get(objective.metric) or find("metric", objective.metric)
        described.append((objective, replace(metric, better=metric.better or objective.direction)))
    return described


def own_value(reference: str, metric: Metric, network: Any) -> float:
    """Return the value of a metric of the user's own.

    Raises:
        ConfigError: the function fails, or returns no finite number; one line that names it.
    """
    assert metric.compute is not None, "checked by metric_of"
    with blamed("metric", reference):
        value: Any = metric.compute(network)
    if hasattr(value, "detach"):  # a tensor of torch, which warns where gradients are lost in silence
        value = value.detach()
    try:
        number = float(value)
    except (TypeError, ValueError):
        number = math.nan
    if not math.isfinite(number):
        got = " ".join(repr(value).split())[:80]
        raise ConfigError(f"{described('metric', reference)}: got {got}, allowed: a finite number")
    return number


def _described(reference: str, function: Callable[[Any], float]) -> Metric:
    name = getattr(function, "__name__", "")
    if not callable(function) or not name.isidentifier():
        raise ConfigError(
            f"metric {reference!r}: got a {type(function).__name__}, "
            "allowed: a function of the measured network, or a Metric"
        )
    meaning = (function.__doc__ or "").strip().partition("\n")[0]
    return undescribed_metric(name, meaning, function)
