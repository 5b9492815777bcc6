"""Settings of penalties, and options of own components, checked against what they belong to."""

import inspect
import math
from collections.abc import Callable, Mapping
from dataclasses import asdict
from typing import Any

from clusterability.components import find
from clusterability.config import Settings, require_component
from clusterability.errors import ConfigError, unknown_name
from clusterability.own_code import blamed, described, is_own
from clusterability.spaces.merge import expect_mapping, merge

_PLAIN = (str, int, float, bool, list, tuple, type(None))


def penalty_settings(name: str, given: Any) -> Settings:
    """Return all settings of a penalty, those given over its defaults; a weight that nothing gives is 0.

    Raises:
        ConfigError: an unknown penalty or setting, or a value that the penalty refuses.
    """
    field = f"penalties.{name}"
    settings = expect_mapping(field, {} if given is None else given)
    require_component("penalty", "penalties", name)
    kind = find("penalty", name)
    if is_own(name):
        return _own_settings(field, name, kind, settings)
    try:
        return asdict(merge(kind, [settings]))
    except ConfigError as error:
        reason = str(error)
        raise ConfigError(reason if reason.startswith(field) else f"{field}: {reason}") from None


def _own_settings(field: str, name: str, kind: Any, settings: Settings) -> Settings:
    if not inspect.isclass(kind):
        raise ConfigError(f"{field}: got a {type(kind).__name__}, allowed: a class")
    defaults = default_options("penalty", name)
    known = inspect.signature(kind).parameters
    for setting in settings:
        if setting not in known:
            raise ConfigError(f"{field}: {unknown_name('setting', setting, known)}")
    complete = {"weight": 0.0, **defaults, **settings}
    weight = complete["weight"]
    if isinstance(weight, bool) or not isinstance(weight, int | float) or not math.isfinite(weight):
        raise ConfigError(f"{field}.weight: got {weight!r}, allowed: a finite number")
    with blamed("penalty", name):
        penalty = kind(**complete)
    if not hasattr(penalty, "weight") or not (callable(penalty) or hasattr(penalty, "attach")):
        raise ConfigError(
            f"{described('penalty', name)}: got a class without a weight, or without __call__(module) or "
            "attach(module); allowed: a class with both"
        )
    return complete


def default_options(kind: str, name: str) -> Mapping[str, Any]:
    """Return the parameters of an own component that have a default of a plain type, with it."""
    component: Callable[..., Any] = find(kind, name)
    try:
        parameters = inspect.signature(component).parameters
    except (TypeError, ValueError) as error:
        raise ConfigError(f"{kind} {name!r}: its parameters cannot be read: {error}") from None
    return {
        key: item.default
        for key, item in parameters.items()
        if item.default is not inspect.Parameter.empty and isinstance(item.default, _PLAIN)
    }
