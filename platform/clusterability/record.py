"""What flows out of a measurement and a trial: plain values, no live object of any library.

Numbers that do not exist are None with a status that says why; there is no bare NaN.
"""

from dataclasses import asdict, dataclass, field, replace
from typing import Any, Literal

import numpy as np

from clusterability.config import TrialConfig

TrialState = Literal["complete", "failed", "stopped"]
Statistic = Literal["ncut", "layered_ncut", "layered_modularity"]


@dataclass(frozen=True, kw_only=True, slots=True)
class NullTest:
    """A statistic of one network against those of m null networks."""

    null: str
    """Name of the null model."""
    statistic: Statistic = "ncut"
    """What was compared; of the layered modularity more is more clusterable, of the others less."""
    observed: float
    """The statistic of the network itself."""
    null_values: np.ndarray
    """The statistic of each null network, shape (m,)."""
    p_value: float
    """(1 + number of null values that are at least as clusterable) / (1 + m), Phipson & Smyth 2010."""
    z_score: float | None
    """(observed - mean) / standard deviation with ddof 1; None where that deviation is 0 or m is 1."""
    status: str = "ok"
    """"ok", or what limits the test and what would help."""

    @property
    def mean(self) -> float:
        """Mean of the null values."""
        return float(np.mean(self.null_values))

    @property
    def sd(self) -> float | None:
        """Standard deviation of the null values with ddof 1; None for a single one."""
        return float(np.std(self.null_values, ddof=1)) if len(self.null_values) > 1 else None


@dataclass(frozen=True, kw_only=True, slots=True)
class TrialRecord:
    """One trial as it is kept: on disk as JSON, then in the tracking store."""

    config: TrialConfig
    state: TrialState
    metrics: dict[str, float] = field(default_factory=dict)
    """Final values by name; see docs/metrics.md for meanings and units."""
    history: dict[str, list[float]] = field(default_factory=dict)
    """Values per epoch by name, first epoch first."""
    curves: dict[str, list[tuple[float, float]]] = field(default_factory=dict)
    """Points (epoch, value) measured while training, by name, where `measurement` asks for them; "step" has
    the number of steps at each epoch. See `measurement.followed`."""
    null_tests: dict[str, NullTest] = field(default_factory=dict)
    """Tests by name: "weights", "contribution" are of the n-cut under the first null, with "_verdict" behind
    them of the n-cut under the verdict's null, with "_layered_modularity" of the layered modularity under
    that; with "unpruned_" before them, before pruning."""
    lesions: dict[str, dict[str, Any]] = field(default_factory=dict)
    """Effects of clusters' lesions, by the metric of the partition, "layered_modularity_contribution" and
    "ncut_contribution"; with "unpruned_" before them, before pruning. See `lesions.plain`."""
    error: str | None = None
    """Why the trial failed or stopped, in one line."""
    weights: dict[str, np.ndarray] = field(default_factory=dict, repr=False)
    """Parameters of the trained network by name; kept beside the record, not in it."""
    unpruned_weights: dict[str, np.ndarray] = field(default_factory=dict, repr=False)
    """The same before pruning; empty where nothing was pruned."""
    notes: tuple[str, ...] = ()
    """What a reader of the metrics should know, such as a measurement that could not be made, and why."""
    provenance: dict[str, str] = field(default_factory=dict)
    """git commit, versions, device, data set hash, start time."""

    def to_dict(self) -> dict[str, Any]:
        """Return nested plain values, fit for JSON, without the weights."""
        content = asdict(replace(self, weights={}, unpruned_weights={}))
        del content["weights"], content["unpruned_weights"]
        content["config"] = self.config.to_dict()
        for test in content["null_tests"].values():
            test["null_values"] = test["null_values"].tolist()
        return content

    @classmethod
    def from_dict(cls, content: dict[str, Any]) -> "TrialRecord":
        """Rebuild what `to_dict` returned."""
        tests = {
            name: NullTest(**{**test, "null_values": np.asarray(test["null_values"], dtype=float)})
            for name, test in content["null_tests"].items()
        }
        config, notes = TrialConfig.from_dict(content["config"]), tuple(content["notes"])
        curves = {
            name: [tuple(point) for point in points] for name, points in content.get("curves", {}).items()
        }
        rebuilt = {"config": config, "null_tests": tests, "notes": notes, "curves": curves}
        return cls(**{**content, **rebuilt})
