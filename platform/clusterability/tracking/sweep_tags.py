"""What the run of a sweep says of it, as tags: plain data, so that a report needs no code of the user's."""

import json
from dataclasses import asdict, replace
from typing import Any

from clusterability.components import is_own
from clusterability.measurement.find_metric import find_metric
from clusterability.measurement.metric import Metric
from clusterability.spaces import SearchSpace
from clusterability.tracking.values import encode


def sweep_tags(space: SearchSpace) -> dict[str, str]:
    """Return all tags that describe the space."""
    return {
        "axes": json.dumps([axis.name for axis in space.axes]),
        "objectives": json.dumps([asdict(objective) for objective in space.objectives]),
        "settings": encode(_settings(space)),
        **recent_tags(space),
    }


def recent_tags(space: SearchSpace) -> dict[str, str]:
    """Return the tags that earlier versions did not write: own metrics, and the control."""
    own = [objective for objective in space.objectives if is_own(objective.metric)]
    metrics = {item.metric: _description(find_metric(item.metric, item.direction)) for item in own}
    return {"metrics": json.dumps(metrics), "control": encode(space.control)}


def _description(metric: Metric) -> dict[str, Any]:
    """Return the fields of a metric as plain values, without its function."""
    content = asdict(replace(metric, compute=None))
    del content["compute"]
    return content


def _settings(space: SearchSpace) -> dict[str, Any]:
    swept = {axis.name for axis in space.axes}
    fields = _flattened(space.base.to_dict())
    return {name: value for name, value in fields.items() if "." in name and name not in swept}


def _flattened(fields: dict[str, Any], prefix: str = "") -> dict[str, Any]:
    """Return nested fields by dotted name."""
    flat: dict[str, Any] = {}
    for name, value in fields.items():
        flat |= _flattened(value, f"{prefix}{name}.") if isinstance(value, dict) else {prefix + name: value}
    return flat
