"""A search space, resolved: the base configuration, the axes over it, and how to search them."""

import hashlib
import json
from dataclasses import asdict, dataclass, replace
from itertools import product
from typing import Any

from clusterability.config import Objective, TrialConfig
from clusterability.errors import ConfigError
from clusterability.spaces.axis import Axis, ChoiceAxis
from clusterability.spaces.schema import ResourcesConfig, SearchConfig

Assignment = dict[str, Any]
"""Values of the swept fields by dotted name."""


@dataclass(frozen=True, kw_only=True, slots=True)
class SearchSpace:
    """Everything a sweep needs to know."""

    name: str
    description: str
    base: TrialConfig
    """The configuration that the axes vary; itself the control, which runs first."""
    axes: tuple[Axis, ...]
    seeds: tuple[int, ...]
    objectives: tuple[Objective, ...]
    search: SearchConfig
    resources: ResourcesConfig

    @property
    def control(self) -> Assignment:
        """The base's own values on the axes; the first value of a choice that does not list the base's."""
        assignment = {}
        for axis in self.axes:
            value = self.value_of(self.base, axis.name)
            if isinstance(axis, ChoiceAxis) and not axis.contains(value):
                value = axis.values[0]
            assignment[axis.name] = value
        return assignment

    @property
    def num_conditions(self) -> int | None:
        """How many conditions the axes span; None where one of them is continuous."""
        total = 1
        for axis in self.axes:
            if not isinstance(axis, ChoiceAxis):
                return None
            total *= len(axis.values)
        return total

    @property
    def num_trials(self) -> int:
        """Trials of the whole sweep: conditions times seeds, within `search.num_trials`."""
        limits = [self.search.num_trials] if self.search.num_trials is not None else []
        if self.num_conditions is not None:
            limits.append(self.num_conditions * len(self.seeds))
        return min(limits)

    @property
    def fingerprint(self) -> str:
        """Eight hex digits of the hash of what determines the trials.

        The number of trials and the resources are left out: a sweep can be extended, and moved.
        """
        content = asdict(self)
        content["base"] = self.base.to_dict()
        for name in ("description", "resources"):
            del content[name]
        del content["search"]["num_trials"]
        text = json.dumps(content, sort_keys=True, default=str)
        return hashlib.sha256(text.encode()).hexdigest()[:8]

    @staticmethod
    def value_of(config: TrialConfig, name: str) -> Any:
        """Return the value of the dotted field `name`, lists as tuples."""
        value = config
        for part in name.split("."):
            value = getattr(value, part)
        return value

    def trial(self, assignment: Assignment, seed: int) -> TrialConfig:
        """Return the base with the swept fields set to `assignment`.

        Raises:
            ConfigError: the values do not go together.
        """
        sections: dict[str, dict[str, Any]] = {}
        for name, value in assignment.items():
            section, field = name.split(".")
            sections.setdefault(section, {})[field] = value
        changed = {
            section: replace(getattr(self.base, section), **values) for section, values in sections.items()
        }
        return replace(self.base, seed=seed, **changed)

    def assignment_of(self, config: TrialConfig) -> Assignment:
        """Return the values of the swept fields in `config`: the inverse of `trial`."""
        return {axis.name: self.value_of(config, axis.name) for axis in self.axes}

    def label(self, config: TrialConfig) -> str:
        """Return what sets the condition apart from the control, such as "dropout=0.5 l1_weight=5e-05"."""
        control = self.control
        changed = {
            name: value for name, value in self.assignment_of(config).items() if value != control[name]
        }
        return (
            " ".join(f"{name.split('.')[-1]}={_text(value)}" for name, value in changed.items()) or "control"
        )

    def grid(self) -> list[Assignment]:
        """Return every combination of the axes' values, the control first, the last axis fastest.

        Raises:
            ConfigError: an axis is a range.
        """
        for axis in self.axes:
            if not isinstance(axis, ChoiceAxis):
                raise ConfigError(
                    f"axes.{axis.name}: a grid needs a list of values, got a range; "
                    "list the values, or use search.method random or tpe"
                )
        names = [axis.name for axis in self.axes]
        values = [axis.values for axis in self.axes if isinstance(axis, ChoiceAxis)]
        control = self.control
        others = [dict(zip(names, combination, strict=True)) for combination in product(*values)]
        return [control, *(assignment for assignment in others if assignment != control)]


def _text(value: Any) -> str:
    return "-".join(map(str, value)) if isinstance(value, tuple) else str(value)
