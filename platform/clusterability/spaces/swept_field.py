"""A field of a trial that an axis can sweep, by its dotted name: which values it takes."""

import re
from dataclasses import dataclass, fields, is_dataclass
from typing import Any, get_args, get_origin, get_type_hints

from clusterability.components import find, names
from clusterability.config import TrialConfig, split_name
from clusterability.errors import ConfigError, unknown_name
from clusterability.own_code import is_own
from clusterability.spaces.merge import merge
from clusterability.spaces.settings import penalty_settings

_SECTIONS: dict[str, Any] = {
    name: kind for name, kind in get_type_hints(TrialConfig).items() if is_dataclass(kind)
}
_WITH_OPTIONS = ("dataset", "model")


@dataclass(frozen=True, kw_only=True, slots=True)
class SweptField:
    """One field; `swept_field` finds it."""

    name: str
    """Dotted name, such as "training.epochs", "penalties.l1.weight" or "model.options.width"."""
    hint: Any
    """Its type; None: whatever the user's own component takes."""

    @property
    def is_list(self) -> bool:
        """Whether one value is a list."""
        return get_origin(self.hint) is tuple

    def is_integer(self, *values: Any) -> bool:
        """Whether the field takes whole numbers only; one without a type does what its values do."""
        if self.hint is None:
            return all(isinstance(value, int) for value in values)
        return int in (self.hint, *get_args(self.hint))

    def checked(self, value: Any, label: str) -> Any:
        """Return `value` as the field's own type; `label` is what a message calls it.

        Raises:
            ConfigError: a value that the field does not take.
        """
        section, *path = split_name(self.name)
        leaf = path[-1]
        try:
            if section == "penalties":
                return penalty_settings(path[0], {leaf: value})[leaf]
            if path[0] == "options":
                return tuple(value) if isinstance(value, list) else value
            return getattr(merge(_SECTIONS[section], [{leaf: value}]), leaf)
        except ConfigError as error:
            reason = re.sub(rf"^([^ ]+[.])?{re.escape(leaf)}: ", "", str(error))
            raise ConfigError(f"{label}: {reason}") from None


def swept_field(name: str) -> SweptField:
    """Return the field of a dotted name.

    Raises:
        ConfigError: there is no such field.
    """
    section, *path = split_name(name)
    if section in _WITH_OPTIONS and len(path) == 2 and path[0] == "options":
        return SweptField(name=name, hint=None)
    if section == "penalties" and len(path) == 2 and (path[0] in names("penalty") or is_own(path[0])):
        hint = _setting_hint(*path)
        if hint is not None or is_own(path[0]):
            return SweptField(name=name, hint=hint)
    if section in _SECTIONS and len(path) == 1 and path[0] != "options":
        hints = get_type_hints(_SECTIONS[section])
        if path[0] in hints:
            return SweptField(name=name, hint=hints[path[0]])
    raise ConfigError(unknown_name("axis", name, _known()))


def _setting_hint(penalty: str, setting: str) -> Any:
    if is_own(penalty):
        penalty_settings(penalty, {})  # a class that cannot be used is refused for what it is
        return None
    return get_type_hints(find("penalty", penalty)).get(setting)


def _known() -> list[str]:
    settings = [
        f"penalties.{name}.{item.name}" for name in names("penalty") for item in fields(find("penalty", name))
    ]
    own = [
        f"{section}.{item.name}"
        for section, kind in _SECTIONS.items()
        for item in fields(kind)
        if item.name != "options"
    ]
    return settings + own
