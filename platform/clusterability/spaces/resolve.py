"""From the nested values of a file and of overrides to a checked `SearchSpace`."""

import re
from dataclasses import fields
from typing import Any, get_args, get_origin, get_type_hints

from clusterability.config import Objective, TrialConfig
from clusterability.errors import ConfigError, unknown_name
from clusterability.spaces.axis import Axis, ChoiceAxis, RangeAxis
from clusterability.spaces.merge import expect_mapping, merge, merge_plain, nested
from clusterability.spaces.schema import SpaceFile
from clusterability.spaces.space import SearchSpace

SECTIONS = tuple(field.name for field in fields(TrialConfig) if field.name != "seed")
_RANGE_KEYS = ("low", "high", "log", "step", "when")
_CHOICE_KEYS = ("values", "when")


def resolve_space(name: str, content: dict[str, Any], overrides: dict[str, Any]) -> SearchSpace:
    """Return the space of nested `content` with dotted `overrides` applied.

    Raises:
        ConfigError: an unknown field, a value of the wrong type or out of range, an impossible axis.
    """
    axes = dict(expect_mapping("axes", content.get("axes") or {}))
    axes = {_full_name(field): specification for field, specification in axes.items()}
    plain: dict[str, Any] = {}
    for key, value in overrides.items():
        if key == "axes":
            axes = dict(expect_mapping("axes", value))
        elif key.startswith("axes."):
            axes[_full_name(key.removeprefix("axes."))] = value
        else:
            axes.pop(_full_name(key), None)  # a fixed value takes the field off the axes
            plain[_full_name(key)] = value
    layers = [_spread_dataset({key: value for key, value in content.items() if key != "axes"})]
    layers += [nested(key, value) for key, value in plain.items()]
    file: SpaceFile = merge(SpaceFile, layers)
    definition = {**merge_plain(layers), "axes": axes}
    base = TrialConfig(**{section: getattr(file, section) for section in SECTIONS})
    swept = tuple(_axis(field, specification, base) for field, specification in axes.items())
    space = SearchSpace(
        name=name,
        description=" ".join(file.description.split()),
        base=base,
        axes=swept,
        start_points=tuple(_start_point(point, swept, base) for point in file.start_points),
        seeds=tuple(file.seeds),
        objectives=tuple(_objective(item) for item in file.objectives),
        search=file.search,
        resources=file.resources,
        definition=definition,
    )
    _check_budget(space)
    return space


def _objective(item: Any) -> Objective:
    # OmegaConf leaves the elements of a tuple as the mappings that the file holds.
    if isinstance(item, Objective):
        return item
    try:
        return merge(Objective, [expect_mapping("objectives", item)])
    except ConfigError as error:
        raise ConfigError(f"objectives: {str(error).removeprefix('objectives: ')}") from None


def over(base: dict[str, Any], content: dict[str, Any]) -> dict[str, Any]:
    """Return `content` laid over `base`, field by field; an axis is replaced whole."""
    axes = {**(base.get("axes") or {}), **(content.get("axes") or {})}
    plain = [
        _spread_dataset({key: value for key, value in layer.items() if key != "axes"})
        for layer in (base, content)
    ]
    return {**merge_plain(plain), "axes": axes}


def _full_name(key: str) -> str:
    return "dataset.name" if key == "dataset" else key


def _spread_dataset(content: dict[str, Any]) -> dict[str, Any]:
    """Let `dataset: mnist` stand for `dataset: {name: mnist}`."""
    if isinstance(content.get("dataset"), str):
        return {**content, "dataset": {"name": content["dataset"]}}
    return content


def _axis(field: str, specification: Any, base: TrialConfig) -> Axis:
    section, leaf = _swept_field(field, base)
    kind = type(getattr(base, section))
    if isinstance(specification, list):
        return _choice(field, {"values": specification}, kind, leaf, base)
    if isinstance(specification, dict):
        make = _choice if "values" in specification else _range
        return make(field, specification, kind, leaf, base)
    raise ConfigError(
        f"axes.{field}: got {specification!r}, allowed: a list of values, or {{low, high, log, step}}"
    )


def _swept_field(field: str, base: TrialConfig) -> tuple[str, str]:
    known = {f"{name}.{item.name}" for name in SECTIONS for item in fields(type(getattr(base, name)))}
    if field not in known:
        raise ConfigError(unknown_name("axis", field, known))
    section, _, leaf = field.partition(".")
    return section, leaf


def _start_point(point: Any, axes: tuple[Axis, ...], base: TrialConfig) -> dict[str, Any]:
    checked = {}
    for field, value in expect_mapping("start_points", point).items():
        if field not in [axis.name for axis in axes]:
            raise ConfigError(unknown_name("axis in start_points", field, [axis.name for axis in axes]))
        section, leaf = _swept_field(field, base)
        checked[field] = _checked(f"start_points: {field}", value, type(getattr(base, section)), leaf)
    return checked


def _when(field: str, specification: dict[str, Any], base: TrialConfig) -> dict[str, tuple[Any, ...]]:
    conditions = {}
    for other, allowed in expect_mapping(f"axes.{field}.when", specification.get("when") or {}).items():
        section, leaf = _swept_field(other, base)
        kind = type(getattr(base, section))
        # A list field such as model.widths takes a list as one value.
        values = (
            allowed
            if isinstance(allowed, list) and get_origin(get_type_hints(kind)[leaf]) is not tuple
            else [allowed]
        )
        conditions[other] = tuple(
            _checked(f"axes.{field}.when.{other}", value, kind, leaf) for value in values
        )
    return conditions


def _check_keys(field: str, specification: dict[str, Any], known: tuple[str, ...]) -> None:
    for key in specification:
        if key not in known:
            raise ConfigError(f"axes.{field}: {unknown_name('key', str(key), known)}")


def _choice(
    field: str, specification: dict[str, Any], kind: type, leaf: str, base: TrialConfig
) -> ChoiceAxis:
    _check_keys(field, specification, _CHOICE_KEYS)
    values = specification["values"]
    if not isinstance(values, list) or not values:
        raise ConfigError(f"axes.{field}: got {values!r}, allowed: a list of one value or more")
    checked = tuple(_checked(f"axes.{field}", value, kind, leaf) for value in values)
    if any(value in checked[:position] for position, value in enumerate(checked)):
        raise ConfigError(f"axes.{field}: got {values!r}, allowed: each value once")
    return ChoiceAxis(name=field, values=checked, when=_when(field, specification, base))


def _range(field: str, specification: dict[str, Any], kind: type, leaf: str, base: TrialConfig) -> RangeAxis:
    _check_keys(field, specification, _RANGE_KEYS)
    if not {"low", "high"} <= specification.keys():
        raise ConfigError(f"axes.{field}: got {specification!r}, allowed: low and high, with log or step")
    low, high = (_checked(f"axes.{field}", specification[key], kind, leaf) for key in ("low", "high"))
    log, step = specification.get("log", False), specification.get("step")
    if not (_is_number(low) and _is_number(high) and low < high):
        raise ConfigError(
            f"axes.{field}: got low {low!r} and high {high!r}, allowed: numbers, low below high"
        )
    if not isinstance(log, bool) or (log and (low <= 0 or step is not None)):
        raise ConfigError(
            f"axes.{field}: got log {log!r}, allowed: true or false; true needs low above 0 and no step"
        )
    hint = get_type_hints(kind)[leaf]
    integer = int in (hint, *get_args(hint))
    if step is None and integer and not log:
        step = 1
    if step is not None and not (_is_number(step) and 0 < step <= high - low):
        raise ConfigError(f"axes.{field}: got step {step!r}, allowed: a number above 0, up to high - low")
    if integer and step is not None and not float(step).is_integer():
        raise ConfigError(f"axes.{field}: got step {step!r}, allowed: a whole number")
    when = _when(field, specification, base)
    return RangeAxis(name=field, low=low, high=high, log=log, step=step, integer=integer, when=when)


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _checked(field: str, value: Any, kind: type, leaf: str) -> Any:
    """Return `value` as the field's own type, by way of the schema; `field` is what the message calls it."""
    try:
        return getattr(merge(kind, [{leaf: value}]), leaf)
    except ConfigError as error:
        reason = re.sub(rf"^(\w+\.)?{leaf}: ", "", str(error))
        raise ConfigError(f"{field}: {reason}") from None


def _check_budget(space: SearchSpace) -> None:
    if space.search.method == "grid":
        space.grid()
    elif space.search.num_trials is None:
        raise ConfigError(
            f"search.num_trials: got null, allowed: 1 or more where search.method is {space.search.method}"
        )
    elif not space.axes:
        raise ConfigError(
            f"axes: got none, allowed: one or more where search.method is {space.search.method}"
        )
