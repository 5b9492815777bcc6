"""A sweep as the analysis sees it: one row per trial."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import pandas as pd

from clusterability.config import Objective
from clusterability.measurement.metric import Metric


@dataclass(frozen=True, kw_only=True, slots=True)
class SweepTable:
    """What the tracking store knows of one sweep."""

    sweep_id: str
    space: str
    """Name of the search space."""
    description: str
    """What the search space answers, from its YAML file."""
    run_id: str
    """MLflow run of the sweep, parent of its trials' runs."""
    state: str
    """running | complete | stopped | failed."""
    axes: tuple[str, ...]
    """Swept fields, such as "penalties.l1.weight"; each is a column of `trials`."""
    objectives: tuple[Objective, ...]
    """What the search looked at; where that is the validation set's, the report shows the test set's."""
    metrics: Mapping[str, Metric]
    """The user's own metrics by name, without `compute`."""
    settings: dict[str, object]
    """Fields held fixed over the sweep, by dotted name, such as {"ncut.num_clusters": 12}."""
    control: dict[str, Any] | None
    """Swept values of the control: the space's own values with no axis applied. None: it is not swept over.

    A sweep that an earlier version tracked does not say; it is then what ran first.
    """
    trials: pd.DataFrame
    """One row per trial: trial_id, condition_id, seed, state, error, run_id, then axes, then metrics.

    Metrics: test_accuracy, validation_accuracy, train_accuracy, ncut, null_mean, null_sd, z_score, p_value,
    num_isolated, num_components, seconds_training, seconds_measuring, ...; absent values are NaN. Axes hold
    the values of the search space with their types, lists as tuples. Beside the numbers of a null test is its
    status, such as "null_status" or "layered_modularity_null_status_contribution": "ok", or what limits it.
    """
    curves: Mapping[str, Mapping[str, Sequence[tuple[float, float]]]] = field(default_factory=dict)
    """Points (epoch, value) measured while training, by trial_id and name; without trials that have none."""
    lesions: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    """What `TrialRecord.lesions` holds, by trial_id; trials without any are absent. Read on first use."""
