"""A search space, resolved: the base configuration, the axes over it, and how to search them."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from itertools import product
from typing import Any

from clusterability.config import Objective, TrialConfig, split_name
from clusterability.errors import ConfigError
from clusterability.identity import digest, identity
from clusterability.old_names import old_name
from clusterability.own_code import is_own
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
    start_points: tuple[Assignment, ...]
    """Conditions that run right after the control."""
    seeds: tuple[int, ...]
    objectives: tuple[Objective, ...]
    search: SearchConfig
    resources: ResourcesConfig
    definition: dict[str, Any]
    """Nested plain values from which `resolve_space` makes this space again."""
    hints: tuple[str, ...] = field(default=(), compare=False)
    """What the file says in words of an earlier version, and the words of today."""

    @property
    def control(self) -> Assignment | None:
        """The space's own values with no axis applied; None where the axes do not take these values."""
        own = {axis.name: self.base.value(axis.name) for axis in self.axes}
        first = self.first_condition
        return first if first == own else None

    @property
    def first_condition(self) -> Assignment:
        """What runs first: the base's values, where a choice lists them, else the choice's first value."""
        assignment = {}
        for axis in self.axes:
            value = self.base.value(axis.name)
            if isinstance(axis, ChoiceAxis) and not axis.contains(value):
                value = axis.values[0]
            assignment[axis.name] = value
        return self.settle(assignment)

    def settle(self, assignment: Assignment) -> Assignment:
        """Return the assignment with every axis whose `when` does not hold at the base's own value.

        Axes are settled in the order of the file, so a `when` may name an axis above it.
        """
        settled: Assignment = {}
        for axis in self.axes:
            active = all(
                settled.get(name, self.base.value(name)) in allowed for name, allowed in axis.when.items()
            )
            settled[axis.name] = assignment[axis.name] if active else self.base.value(axis.name)
        return settled

    @property
    def first_conditions(self) -> list[Assignment]:
        """The first condition, then the start points, each once."""
        conditions = [self.first_condition]
        for point in self.start_points:
            condition = self.settle({**self.first_condition, **point})
            if condition not in conditions:
                conditions.append(condition)
        return conditions

    @property
    def own_components(self) -> list[str]:
        """The user's own components that trials of the space use, as package.module:attribute each."""
        values = [item for axis in self.axes if isinstance(axis, ChoiceAxis) for item in axis.values]
        return sorted({*self.base.own_components, *(item for item in values if is_own(str(item)))})

    @property
    def num_conditions(self) -> int | None:
        """How many conditions the axes span; None where one of them is a range."""
        return len(self.grid()) if all(isinstance(axis, ChoiceAxis) for axis in self.axes) else None

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
        form = {
            "name": self.name,
            "base": {**identity(self.base.to_dict()), "seed": self.base.seed},
            "axes": [_axis_identity(axis) for axis in self.axes],
            "start_points": [_with_old_names(point) for point in self.start_points],
            "seeds": self.seeds,
            "objectives": [asdict(objective) for objective in self.objectives],
            "search": {**asdict(self.search), "num_trials": None},
        }
        return digest(form)[:8]

    def trial(self, assignment: Assignment, seed: int) -> TrialConfig:
        """Return the base with the swept fields set to `assignment`.

        Raises:
            ConfigError: the values do not go together.
        """
        return replace(self.base.with_values(assignment), seed=seed)

    def assignment_of(self, config: TrialConfig) -> Assignment:
        """Return the values of the swept fields in `config`: the inverse of `trial`."""
        return {axis.name: config.value(axis.name) for axis in self.axes}

    def label(self, config: TrialConfig) -> str:
        """Return what sets the condition apart from the control, such as "dropout=0.5 l1_weight=5e-05".

        All swept values where there is no control.
        """
        own, control = self.assignment_of(config), self.control
        changed = {name: value for name, value in own.items() if control is None or value != control[name]}
        return " ".join(f"{_short(name)}={_text(value)}" for name, value in changed.items()) or "control"

    def grid(self) -> list[Assignment]:
        """Return every combination of the axes' values: control, start points, then the last axis fastest.

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
        combinations = (self.settle(dict(zip(names, item, strict=True))) for item in product(*values))
        # Settled combinations repeat themselves; a dictionary keeps the first of each, in order.
        distinct = {tuple(item.values()): item for item in (*self.first_conditions, *combinations)}
        return list(distinct.values())


def _axis_identity(axis: Axis) -> dict[str, Any]:
    return {**asdict(axis), "name": old_name(axis.name), "when": _with_old_names(axis.when)}


def _with_old_names(values: Mapping[str, Any]) -> dict[str, Any]:
    return {old_name(name): value for name, value in values.items()}


def _short(name: str) -> str:
    """Return "dropout" for "model.dropout", "l1.weight" for "penalties.l1.weight"."""
    section, *path = split_name(name)
    return ".".join([path[0].rpartition(":")[2], path[1]]) if section == "penalties" else path[-1]


def _text(value: Any) -> str:
    return "-".join(map(str, value)) if isinstance(value, tuple) else str(value)
