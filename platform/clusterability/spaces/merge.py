"""Nested values against a typed schema; messages name the field, the value got and those allowed."""

from collections.abc import Iterator, Sequence
from dataclasses import is_dataclass
from types import UnionType
from typing import Any, Literal, Union, cast, get_args, get_origin, get_type_hints

from omegaconf import OmegaConf
from omegaconf.errors import OmegaConfBaseException

from clusterability.errors import ConfigError, unknown_name

_WORDS = {int: "an integer", float: "a number", str: "a text", bool: "true or false", type(None): "null"}

_CANNOT_MERGE = (OmegaConfBaseException, TypeError)  # a mapping over a list is a bare TypeError


def merge(kind: type, layers: list[dict[str, Any]]) -> Any:
    """Return an instance of the dataclass `kind` with the nested values of `layers`, later ones first.

    Raises:
        ConfigError: an unknown field, a value of the wrong type, or one that the class refuses.
    """
    for layer in layers:
        _check_names(kind, layer, "")
    try:
        return _merge(kind, layers)
    except _CANNOT_MERGE as error:
        raise ConfigError(_explain(kind, layers, error)) from None


def merge_plain(layers: list[dict[str, Any]]) -> dict[str, Any]:
    """Return nested plain values, those of later layers first."""
    merged = OmegaConf.merge(*(OmegaConf.create(layer) for layer in layers))
    return cast(dict[str, Any], OmegaConf.to_container(merged))


def nested(path: Sequence[str], value: Any) -> dict[str, Any]:
    """Return {"a": {"b": value}} for the path a, b."""
    for part in reversed(path):
        value = {part: value}
    return value


def expect_mapping(field: str, value: Any) -> dict[str, Any]:
    """Return `value` where it is a mapping, else raise a ConfigError."""
    if not isinstance(value, dict):
        raise ConfigError(f"{field}: got {value!r}, allowed: a mapping of fields to values")
    return value


def _merge(kind: type, layers: list[dict[str, Any]]) -> Any:
    merged = OmegaConf.merge(OmegaConf.structured(kind), *(OmegaConf.create(layer) for layer in layers))
    return OmegaConf.to_object(merged)


def _check_names(kind: type, content: dict[str, Any], prefix: str) -> None:
    hints = get_type_hints(kind)
    for key, value in content.items():
        if key not in hints:
            raise ConfigError(unknown_name("field", f"{prefix}{key}", [prefix + name for name in hints]))
        if is_dataclass(hints[key]):
            _check_names(hints[key], expect_mapping(prefix + key, value), f"{prefix}{key}.")


def _explain(kind: type, layers: list[dict[str, Any]], error: Exception) -> str:
    """Find the one value that cannot be merged: OmegaConf does not name elements of tuples."""
    for layer in layers:
        for key, hint, value in _leaves(kind, layer, ""):
            try:
                _merge(kind, [nested(key.split("."), value)])
            except _CANNOT_MERGE:
                return f"{key}: got {value!r}, allowed: {_describe(hint)}"
            except ConfigError:  # the class refuses it without its neighbours: it is of the right type
                continue
    return " ".join(str(error).splitlines()[0].split())


def _leaves(kind: type, content: dict[str, Any], prefix: str) -> Iterator[tuple[str, Any, Any]]:
    hints = get_type_hints(kind)
    for key, value in content.items():
        if is_dataclass(hints[key]):
            yield from _leaves(hints[key], value, f"{prefix}{key}.")  # pyright: ignore[reportArgumentType]
        else:
            yield f"{prefix}{key}", hints[key], value


def _describe(hint: Any) -> str:
    arguments = get_args(hint)
    if get_origin(hint) is Literal:
        return ", ".join(str(argument) for argument in arguments)
    if get_origin(hint) is tuple:
        element = _WORDS.get(arguments[0], "mapping").removeprefix("an ").removeprefix("a ")
        return f"a list of {element}s"
    if get_origin(hint) in (Union, UnionType):
        return " or ".join(_describe(argument) for argument in arguments)
    return _WORDS.get(hint, "a mapping of fields to values")
