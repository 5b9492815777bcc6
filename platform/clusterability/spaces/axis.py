"""One swept field and its values."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

When = Mapping[str, tuple[Any, ...]]
"""Fields, and for each the values with which an axis is varied; with others it stays at the base's value."""


@dataclass(frozen=True, kw_only=True, slots=True)
class ChoiceAxis:
    """A field that takes one of a list of values."""

    name: str
    """Dotted field, such as "training.l1_weight"."""
    values: tuple[Any, ...]
    when: When = field(default_factory=dict)

    def sample(self, rng: np.random.Generator) -> Any:
        """Draw a value uniformly."""
        return self.values[int(rng.integers(len(self.values)))]

    def contains(self, value: Any) -> bool:
        """Whether the axis can take `value`."""
        return value in self.values


@dataclass(frozen=True, kw_only=True, slots=True)
class RangeAxis:
    """A number between `low` and `high`, both included; uniform, or uniform in its logarithm."""

    name: str
    low: float
    high: float
    log: bool = False
    step: float | None = None
    """Spacing of the values from `low` on; none: continuous."""
    integer: bool = False
    when: When = field(default_factory=dict)

    def sample(self, rng: np.random.Generator) -> float | int:
        """Draw a value."""
        if self.log:
            value = float(np.exp(rng.uniform(np.log(self.low), np.log(self.high))))
            return round(value) if self.integer else value
        if self.step is None:
            return float(rng.uniform(self.low, self.high))
        steps = int(rng.integers(int((self.high - self.low) / self.step + 1e-9) + 1))
        value = self.low + steps * self.step
        return round(value) if self.integer else value

    def contains(self, value: Any) -> bool:
        """Whether the axis can take `value`."""
        if (
            isinstance(value, bool)
            or not isinstance(value, int | float)
            or not self.low <= value <= self.high
        ):
            return False
        return self.step is None or abs((value - self.low) / self.step % 1) in (0.0, 1.0)


Axis = ChoiceAxis | RangeAxis
