"""From the nested values of a file and of overrides to a checked `SearchSpace`."""

from dataclasses import fields
from typing import Any, get_args, get_type_hints

from clusterability.config import Objective, TrialConfig
from clusterability.errors import ConfigError, unknown_name
from clusterability.spaces.axis import Axis, ChoiceAxis, RangeAxis
from clusterability.spaces.merge import expect_mapping, merge, nested
from clusterability.spaces.schema import SpaceFile
from clusterability.spaces.space import SearchSpace

SECTIONS = tuple(field.name for field in fields(TrialConfig) if field.name != "seed")
_RANGE_KEYS = ("low", "high", "log", "step")


def resolve_space(name: str, content: dict[str, Any], overrides: dict[str, Any]) -> SearchSpace:
    """Return the space of nested `content` with dotted `overrides` applied.

    Raises:
        ConfigError: an unknown field, a value of the wrong type or out of range, an impossible axis.
    """
    axes = dict(expect_mapping("axes", content.get("axes") or {}))
    plain: dict[str, Any] = {}
    for key, value in overrides.items():
        if key == "axes":
            axes = dict(expect_mapping("axes", value))
        elif key.startswith("axes."):
            axes[key.removeprefix("axes.")] = value
        else:
            axes.pop(_full_name(key), None)  # a fixed value takes the field off the axes
            plain[_full_name(key)] = value
    layers = [_spread_dataset({key: value for key, value in content.items() if key != "axes"})]
    layers += [nested(key, value) for key, value in plain.items()]
    file: SpaceFile = merge(SpaceFile, layers)
    base = TrialConfig(**{section: getattr(file, section) for section in SECTIONS})
    space = SearchSpace(
        name=name,
        description=" ".join(file.description.split()),
        base=base,
        axes=tuple(_axis(field, specification, base) for field, specification in axes.items()),
        seeds=tuple(file.seeds),
        objectives=tuple(_objective(item) for item in file.objectives),
        search=file.search,
        resources=file.resources,
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


def _full_name(key: str) -> str:
    return "dataset.name" if key == "dataset" else key


def _spread_dataset(content: dict[str, Any]) -> dict[str, Any]:
    """Let `dataset: mnist` stand for `dataset: {name: mnist}`."""
    if isinstance(content.get("dataset"), str):
        return {**content, "dataset": {"name": content["dataset"]}}
    return content


def _axis(field: str, specification: Any, base: TrialConfig) -> Axis:
    field = _full_name(field)
    section, _, leaf = field.partition(".")
    known = {f"{name}.{item.name}" for name in SECTIONS for item in fields(type(getattr(base, name)))}
    if field not in known:
        raise ConfigError(unknown_name("axis", field, known))
    kind = type(getattr(base, section))
    if isinstance(specification, list):
        return _choice(field, specification, kind, leaf)
    if isinstance(specification, dict):
        return _range(field, specification, kind, leaf)
    raise ConfigError(
        f"axes.{field}: got {specification!r}, allowed: a list of values, or {{low, high, log, step}}"
    )


def _choice(field: str, values: list[Any], kind: type, leaf: str) -> ChoiceAxis:
    if not values:
        raise ConfigError(f"axes.{field}: got an empty list, allowed: one value or more")
    checked = tuple(_checked(field, value, kind, leaf) for value in values)
    if any(value in checked[:position] for position, value in enumerate(checked)):
        raise ConfigError(f"axes.{field}: got {values!r}, allowed: each value once")
    return ChoiceAxis(name=field, values=checked)


def _range(field: str, specification: dict[str, Any], kind: type, leaf: str) -> RangeAxis:
    for key in specification:
        if key not in _RANGE_KEYS:
            raise ConfigError(f"axes.{field}: {unknown_name('key', str(key), _RANGE_KEYS)}")
    if not {"low", "high"} <= specification.keys():
        raise ConfigError(f"axes.{field}: got {specification!r}, allowed: low and high, with log or step")
    low, high = (_checked(field, specification[key], kind, leaf) for key in ("low", "high"))
    log, step = specification.get("log", False), specification.get("step")
    numbers = all(isinstance(bound, int | float) and not isinstance(bound, bool) for bound in (low, high))
    if not numbers or not low < high:
        raise ConfigError(
            f"axes.{field}: got low {low!r} and high {high!r}, allowed: numbers, low below high"
        )
    if not isinstance(log, bool) or (log and low <= 0) or (log and step is not None):
        raise ConfigError(
            f"axes.{field}: got log {log!r}, allowed: true or false; true needs low above 0 and no step"
        )
    integer = int in (get_type_hints(kind)[leaf], *get_args(get_type_hints(kind)[leaf]))
    if step is None and integer and not log:
        step = 1
    if step is not None and (
        isinstance(step, bool) or not isinstance(step, int | float) or not 0 < step <= high - low
    ):
        raise ConfigError(f"axes.{field}: got step {step!r}, allowed: a number above 0, up to high - low")
    return RangeAxis(name=field, low=low, high=high, log=log, step=step, integer=integer)


def _checked(field: str, value: Any, kind: type, leaf: str) -> Any:
    """Return `value` as the field's own type, by way of the schema."""
    try:
        return getattr(merge(kind, [{leaf: value}]), leaf)
    except ConfigError as error:
        reason = str(error).removeprefix(f"{field}: ").removeprefix(f"{leaf}: ")
        raise ConfigError(f"axes.{field}: {reason}") from None


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
