"""The schema of a search-space file, beyond the fields of a trial. Under each field stands its meaning."""

from dataclasses import dataclass, field
from typing import Any

from clusterability.config import (
    DatasetConfig,
    LesionsConfig,
    MeasurementConfig,
    ModelConfig,
    NcutConfig,
    NullsConfig,
    Objective,
    TrainingConfig,
    require,
    require_component,
)


@dataclass(frozen=True, kw_only=True, slots=True)
class SearchConfig:
    """How conditions are chosen."""

    method: str = "grid"
    """grid: every combination; random: independent draws; Optuna's samplers of several objectives: tpe
    (tree-structured Parzen estimator), nsga2 (evolutionary), gp (Gaussian process)."""
    num_trials: int | None = None
    """Trials in all (conditions x seeds); needed unless the method is grid, where it caps the grid."""
    seed: int = 0
    """Seed of the search itself."""
    accuracy_floor: float | None = None
    """Validation accuracy below which a condition counts as infeasible for tpe, nsga2 and gp."""

    def __post_init__(self) -> None:
        require_component("search method", "search.method", self.method)
        require(
            self.num_trials is None or self.num_trials >= 1,
            "search.num_trials",
            self.num_trials,
            "1 or more, or null for a whole grid",
        )
        require(self.seed >= 0, "search.seed", self.seed, "0 or more")
        floor = self.accuracy_floor
        require(
            floor is None or 0 < floor < 1,
            "search.accuracy_floor",
            floor,
            "between 0 and 1, or null for none",
        )


@dataclass(frozen=True, kw_only=True, slots=True)
class ResourcesConfig:
    """What each trial is given."""

    cpus_per_trial: int = 1
    """CPU cores, and threads."""
    gpus_per_trial: int | float | str = "auto"
    """Share of a GPU; auto takes a quarter of one where there is one, else none."""
    max_concurrent: int | None = None
    """Most trials at once; null: as many as fit."""
    max_minutes_per_trial: float | None = None
    """Wall-clock minutes after which a trial is ended as failed; null: no limit."""
    memory_gb_per_trial: float | None = None
    """Resident memory (10^9 bytes) at which a trial is ended as failed; null: its cores' share of all."""

    def __post_init__(self) -> None:
        require(self.cpus_per_trial >= 1, "resources.cpus_per_trial", self.cpus_per_trial, "1 or more")
        gpus = self.gpus_per_trial
        whole_or_share = not isinstance(gpus, str) and (
            0 <= gpus <= 1 or (float(gpus).is_integer() and gpus > 0)
        )
        require(
            gpus == "auto" or whole_or_share,
            "resources.gpus_per_trial",
            gpus,
            "auto, a share between 0 and 1, or a whole number",
        )
        require(
            self.max_concurrent is None or self.max_concurrent >= 1,
            "resources.max_concurrent",
            self.max_concurrent,
            "1 or more, or null",
        )
        for name in ("max_minutes_per_trial", "memory_gb_per_trial"):
            limit = getattr(self, name)
            require(limit is None or 0 < limit < float("inf"), f"resources.{name}", limit, "above 0, or null")


@dataclass(frozen=True, kw_only=True, slots=True)
class SpaceFile:
    """A whole file of search_spaces/."""

    description: str = ""
    """What the space answers, in a sentence."""
    dataset: DatasetConfig = field(default_factory=DatasetConfig)
    model: ModelConfig = field(default_factory=ModelConfig)
    training: TrainingConfig = field(default_factory=TrainingConfig)
    penalties: dict[str, Any] = field(default_factory=dict)
    """What is added to the loss: settings by the penalty's name."""
    ncut: NcutConfig = field(default_factory=NcutConfig)
    nulls: NullsConfig = field(default_factory=NullsConfig)
    lesions: LesionsConfig = field(default_factory=LesionsConfig)
    measurement: MeasurementConfig = field(default_factory=MeasurementConfig)
    metrics: tuple[str, ...] = ()
    """Your own metrics, as package.module:function each."""
    axes: dict[str, Any] = field(default_factory=dict)
    """Swept fields: a list of values, {values, when}, or {low, high, log, step, when}."""
    start_points: tuple[Any, ...] = ()
    """Values of swept fields to try first, right after the control; fields not named keep the control's."""
    seeds: tuple[int, ...] = (0,)
    """Replicates of every condition."""
    objectives: tuple[Objective, ...] = (
        Objective(metric="validation_accuracy", direction="max"),
        Objective(metric="ncut", direction="min"),
    )
    """What the search improves."""
    search: SearchConfig = field(default_factory=SearchConfig)
    resources: ResourcesConfig = field(default_factory=ResourcesConfig)

    def __post_init__(self) -> None:
        seeds = tuple(self.seeds)
        require(
            bool(seeds) and len(set(seeds)) == len(seeds) and min(seeds) >= 0,
            "seeds",
            list(seeds),
            "a list of distinct integers, 0 or more each",
        )
        require(bool(self.objectives), "objectives", [], "at least one {metric, direction}")
