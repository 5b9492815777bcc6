"""From the nested values of a file and of overrides to a checked `SearchSpace`."""

from collections.abc import Mapping
from dataclasses import fields, replace
from pathlib import Path
from typing import Any

from clusterability.components import find, names
from clusterability.config import Objective, Settings, TrialConfig, split_name
from clusterability.errors import ConfigError, unknown_name
from clusterability.old_names import new_name, with_new_names
from clusterability.own_code import hashes, is_own, source_files
from clusterability.spaces.axis import Axis, ChoiceAxis, RangeAxis
from clusterability.spaces.merge import expect_mapping, merge, merge_plain, nested
from clusterability.spaces.schema import SpaceFile
from clusterability.spaces.settings import default_options, penalty_settings
from clusterability.spaces.space import SearchSpace
from clusterability.spaces.swept_field import SweptField, swept_field

SECTIONS = tuple(field.name for field in fields(TrialConfig) if field.name not in ("seed", "sources"))
_RANGE_KEYS = ("low", "high", "log", "step", "when")
_CHOICE_KEYS = ("values", "when")


def resolve_space(
    name: str,
    content: dict[str, Any],
    overrides: dict[str, Any],
    sources: Mapping[str, str] | None = None,
) -> SearchSpace:
    """Return the space of nested `content` with dotted `overrides` applied.

    `sources` are the hashes of the user's own files; None: of these files as they are now.

    Raises:
        ConfigError: an unknown field, a value of the wrong type or out of range, an impossible axis.
    """
    hints = _old_names_in(content, overrides)
    axes = dict(expect_mapping("axes", content.get("axes") or {}))
    axes = {_full_name(field): specification for field, specification in axes.items()}
    plain: dict[str, Any] = {}
    for key, value in overrides.items():
        if key == "axes":
            axes = {_full_name(field): item for field, item in expect_mapping("axes", value).items()}
        elif key.startswith("axes."):
            axes[_full_name(key.removeprefix("axes."))] = value
        else:
            field = key if isinstance(value, dict) else _full_name(key)
            axes.pop(field, None)  # a fixed value takes the field off the axes
            plain[field] = value
    layers = [_renamed({key: value for key, value in content.items() if key != "axes"})]
    _drop_options_of_replaced(layers[0], plain)
    layers += [nested(split_name(key), value) for key, value in plain.items()]
    file: SpaceFile = merge(SpaceFile, layers)
    definition = {**merge_plain(layers), "axes": axes}
    swept = tuple(_axis(field, specification) for field, specification in axes.items())
    base = _base(file, swept)
    space = SearchSpace(
        name=name,
        description=" ".join(file.description.split()),
        base=base,
        axes=swept,
        start_points=tuple(_start_point(point, swept) for point in file.start_points),
        seeds=tuple(file.seeds),
        objectives=tuple(_objective(item, base.metrics) for item in file.objectives),
        search=file.search,
        resources=file.resources,
        definition=definition,
        hints=hints,
    )
    _check_budget(space)
    return replace(space, base=replace(base, sources=_sources(space) if sources is None else dict(sources)))


def _drop_options_of_replaced(content: dict[str, Any], overrides: dict[str, Any]) -> None:
    """Take from a file the options of a data set or an architecture that an override replaces by another."""
    for section, leaf in (("dataset", "name"), ("model", "architecture")):
        whole = overrides.get(section)
        named = whole.get(leaf) if isinstance(whole, dict) else overrides.get(f"{section}.{leaf}")
        settings = content.get(section)
        if named is not None and isinstance(settings, dict) and named != settings.get(leaf):
            content[section] = {k: v for k, v in settings.items() if k not in ("options", "path")}


def _old_names_in(content: dict[str, Any], overrides: dict[str, Any]) -> tuple[str, ...]:
    """Say which names of earlier versions a space uses, and what they are called now."""
    training, axes = content.get("training"), content.get("axes")
    used = [f"training.{leaf}" for leaf in training] if isinstance(training, dict) else []
    used += list(axes) if isinstance(axes, dict) else []
    used += [key.removeprefix("axes.") for key in overrides]
    return tuple(f"{old} is now {new_name(old)}" for old in dict.fromkeys(used) if new_name(old) != old)


def _base(file: SpaceFile, axes: tuple[Axis, ...]) -> TrialConfig:
    """Return the configuration under the axes: all settings of swept penalties, defaults of swept options."""
    swept = [split_name(axis.name) for axis in axes]
    penalties: dict[str, Settings] = {
        name: penalty_settings(name, given)
        for name, given in expect_mapping("penalties", file.penalties).items()
    }
    for section, *path in swept:
        if section == "penalties" and path[0] not in penalties:
            penalties[path[0]] = penalty_settings(path[0], {})
    model, dataset = file.model, file.dataset
    if model.initialisation is None and ["model", "initialisation"] in swept:
        model = replace(model, initialisation="own" if is_own(model.architecture) else "glorot")
    model_options = _with_defaults("architecture", model.architecture, model.options, swept, "model")
    data_options = _with_defaults("data set", dataset.name, dataset.options, swept, "dataset")
    sections = {name: getattr(file, name) for name in SECTIONS} | {
        "model": replace(model, options=model_options),
        "dataset": replace(dataset, options=data_options),
        "penalties": penalties,
    }
    return TrialConfig(**sections)


def _with_defaults(kind: str, name: str, given: Settings, swept: list[list[str]], section: str) -> Settings:
    """Return the options of an own component, with the defaults of those that are swept."""
    missing = [path[2] for path in swept if path[:2] == [section, "options"] and path[2] not in given]
    if not is_own(name) or not missing:
        return given
    defaults = default_options(kind, name)
    return {**{option: defaults[option] for option in missing if option in defaults}, **given}


def _sources(space: SearchSpace) -> dict[str, str]:
    """Return the hashes of the user's own files that trials of the space depend on."""
    swept = [value for axis in space.axes if axis.name == "dataset.path" for value in _values(axis)]
    paths = [path for path in (space.base.dataset.path, *swept) if path is not None and Path(path).is_file()]
    return hashes(source_files(space.own_components)) | hashes({path: Path(path) for path in paths})


def _values(axis: Axis) -> tuple[Any, ...]:
    return axis.values if isinstance(axis, ChoiceAxis) else ()


def _objective(item: Any, own: tuple[str, ...]) -> Objective:
    # OmegaConf leaves the elements of a tuple as the mappings that the file holds.
    try:
        objective = (
            item if isinstance(item, Objective) else merge(Objective, [expect_mapping("objectives", item)])
        )
    except ConfigError as error:
        raise ConfigError(f"objectives: {str(error).removeprefix('objectives: ')}") from None
    recorded = {reference: _recorded_name(reference) for reference in own}
    metric = recorded.get(objective.metric, objective.metric)
    searchable = [name for name in names("metric") if find("metric", name).searchable]
    allowed = [*searchable, *recorded.values()]
    if metric not in allowed:
        raise ConfigError(f"objectives: metric: got {metric!r}, allowed: {', '.join(allowed)}")
    return replace(objective, metric=metric)


def _recorded_name(reference: str) -> str:
    """Return the name under which an own metric is recorded: its own, or its function's."""
    component = find("metric", reference)
    return getattr(component, "name", None) or getattr(component, "__name__", reference)


def over(base: dict[str, Any], content: dict[str, Any]) -> dict[str, Any]:
    """Return `content` laid over `base`, field by field; an axis is replaced whole."""
    axes = {**(base.get("axes") or {}), **(content.get("axes") or {})}
    plain = [
        _renamed({key: value for key, value in layer.items() if key != "axes"}) for layer in (base, content)
    ]
    return {**merge_plain(plain), "axes": axes}


def _full_name(key: str) -> str:
    return "dataset.name" if key == "dataset" else new_name(key)


def _renamed(content: dict[str, Any]) -> dict[str, Any]:
    """Let `dataset: mnist` stand for `dataset: {name: mnist}`, and old names for new ones."""
    if isinstance(content.get("dataset"), str):
        content = {**content, "dataset": {"name": content["dataset"]}}
    return with_new_names(content)


def _axis(name: str, specification: Any) -> Axis:
    field = swept_field(name)
    if isinstance(specification, list):
        return _choice(field, {"values": specification})
    if isinstance(specification, dict):
        return (_choice if "values" in specification else _range)(field, specification)
    raise ConfigError(
        f"axes.{name}: got {specification!r}, allowed: a list of values, or {{low, high, log, step}}"
    )


def _start_point(point: Any, axes: tuple[Axis, ...]) -> dict[str, Any]:
    checked = {}
    for name, value in expect_mapping("start_points", point).items():
        name = new_name(name)
        if name not in [axis.name for axis in axes]:
            raise ConfigError(unknown_name("axis in start_points", name, [axis.name for axis in axes]))
        checked[name] = swept_field(name).checked(value, f"start_points: {name}")
    return checked


def _when(axis: str, specification: dict[str, Any]) -> dict[str, tuple[Any, ...]]:
    conditions = {}
    for name, allowed in expect_mapping(f"axes.{axis}.when", specification.get("when") or {}).items():
        field = swept_field(new_name(name))
        # A list field such as model.widths takes a list as one value.
        values = allowed if isinstance(allowed, list) and not field.is_list else [allowed]
        conditions[field.name] = tuple(field.checked(value, f"axes.{axis}.when.{name}") for value in values)
    return conditions


def _check_keys(field: str, specification: dict[str, Any], known: tuple[str, ...]) -> None:
    for key in specification:
        if key not in known:
            raise ConfigError(f"axes.{field}: {unknown_name('key', str(key), known)}")


def _choice(field: SweptField, specification: dict[str, Any]) -> ChoiceAxis:
    name = field.name
    _check_keys(name, specification, _CHOICE_KEYS)
    values = specification["values"]
    if not isinstance(values, list) or not values:
        raise ConfigError(f"axes.{name}: got {values!r}, allowed: a list of one value or more")
    checked = tuple(field.checked(value, f"axes.{name}") for value in values)
    if any(value in checked[:position] for position, value in enumerate(checked)):
        raise ConfigError(f"axes.{name}: got {values!r}, allowed: each value once")
    return ChoiceAxis(name=name, values=checked, when=_when(name, specification))


def _range(field: SweptField, specification: dict[str, Any]) -> RangeAxis:
    name = field.name
    _check_keys(name, specification, _RANGE_KEYS)
    if not {"low", "high"} <= specification.keys():
        raise ConfigError(f"axes.{name}: got {specification!r}, allowed: low and high, with log or step")
    low, high = (field.checked(specification[key], f"axes.{name}") for key in ("low", "high"))
    log, step = specification.get("log", False), specification.get("step")
    if not (_is_number(low) and _is_number(high) and low < high):
        raise ConfigError(f"axes.{name}: got low {low!r} and high {high!r}, allowed: numbers, low below high")
    if not isinstance(log, bool) or (log and (low <= 0 or step is not None)):
        raise ConfigError(
            f"axes.{name}: got log {log!r}, allowed: true or false; true needs low above 0 and no step"
        )
    integer = field.is_integer(low, high)
    if step is None and integer and not log:
        step = 1
    if step is not None and not (_is_number(step) and 0 < step <= high - low):
        raise ConfigError(f"axes.{name}: got step {step!r}, allowed: a number above 0, up to high - low")
    if integer and step is not None and not float(step).is_integer():
        raise ConfigError(f"axes.{name}: got step {step!r}, allowed: a whole number")
    when = _when(name, specification)
    return RangeAxis(name=name, low=low, high=high, log=log, step=step, integer=integer, when=when)


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


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
