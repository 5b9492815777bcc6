"""From trials to conditions: replicates over seeds are averaged, failed trials are left out and counted."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from clusterability.tracking import SweepTable
from clusterability_analysis.labels import axis_names, condition_label

AVERAGED = ("test_accuracy", "ncut", "null_mean", "null_sd", "z_score")
"""Metrics of which a condition holds mean and standard deviation over its replicates."""

_NUMERIC = (*AVERAGED, "p_value", "num_isolated", "num_components", "seconds_training", "seconds_measuring")
_TEXT = ("trial_id", "condition_id", "seed", "state", "error", "run_id")


@dataclass(frozen=True, kw_only=True, slots=True)
class Conditions:
    """The conditions of a sweep that have at least one usable trial."""

    table: pd.DataFrame
    """One row per condition, lowest mean n-cut first.

    Columns: condition_id, label, the varying axes, num_replicates, num_failed, control, penalised, and for
    each metric in AVERAGED `<metric>_mean` and `<metric>_sd` (ddof 1; NaN for a single replicate).
    """
    trials: pd.DataFrame
    """The usable trials behind the table: complete, with finite test accuracy and n-cut, one per seed."""
    failed: pd.DataFrame
    """Failed and stopped trials, with their reasons."""
    axes: tuple[str, ...]
    """Swept fields that take more than one value."""
    num_trials: int
    """Trials of the sweep in any state; a repeated attempt at one trial counts once."""
    num_unfinished: int
    """Trials that neither ended nor failed."""
    num_unusable: int
    """Trials that are called complete and lack a finite test accuracy or n-cut."""
    num_lost: int
    """Conditions without any usable trial."""


def summarise_conditions(sweep: SweepTable) -> Conditions:
    """Average the replicates of each condition.

    Dominance, tables and figures use the mean over seeds, (1/R) sum_r x_r; the spread shown beside it is the
    standard deviation between seeds with ddof 1. Equal trials (same condition and seed) are one replicate:
    they hold the same numbers, and counting them twice would feign evidence.
    """
    trials = _distinct(_typed(sweep.trials, sweep.axes))
    trials["control"] = _controls(trials, sweep.control)
    axes = _varying(trials, sweep.axes)
    complete = trials["state"] == "complete"
    finite = np.isfinite(trials["test_accuracy"]) & np.isfinite(trials["ncut"])
    ended_badly = trials["state"].isin(["failed", "stopped"])
    usable = trials[complete & finite].reset_index(drop=True)
    return Conditions(
        table=_averages(usable, trials[ended_badly], axes, sweep),
        trials=usable,
        failed=trials[ended_badly].reset_index(drop=True),
        axes=axes,
        num_trials=len(trials),
        num_unfinished=int((~complete & ~ended_badly).sum()),
        num_unusable=int((complete & ~finite).sum()),
        num_lost=trials["condition_id"].nunique() - usable["condition_id"].nunique(),
    )


def field_values(field: str, table: pd.DataFrame, settings: dict[str, object]) -> pd.Series:
    """Return a field's value in each row: swept as a column, else held fixed, else NaN."""
    if field in table.columns:
        return table[field]
    return pd.Series([settings.get(field, np.nan)] * len(table), index=table.index, dtype=object)


def _typed(trials: pd.DataFrame, axes: tuple[str, ...]) -> pd.DataFrame:
    """Give every expected column, metrics as floats with NaN for what is absent or infinite."""
    columns = list(dict.fromkeys([*_TEXT, *trials.columns, *_NUMERIC]))
    trials = trials.reindex(columns=columns).reset_index(drop=True)
    for metric in _NUMERIC:
        values = pd.to_numeric(trials[metric], errors="coerce").astype(float)
        trials[metric] = values.where(np.isfinite(values))
    for axis in trials.columns.intersection(list(axes)):
        trials[axis] = trials[axis].astype(object)
    return trials


def _controls(trials: pd.DataFrame, control: dict[str, Any] | None) -> pd.Series:
    """Mark the trials that have the control's value on every axis."""
    marks = pd.Series(control is not None, index=trials.index)
    for axis, value in (control or {}).items():
        marks &= trials[axis].map(lambda found, value=value: found == value) if axis in trials else False
    return marks


def _distinct(trials: pd.DataFrame) -> pd.DataFrame:
    """Keep one row per trial, a complete attempt rather than a failed one."""
    order = trials["state"].ne("complete").sort_values(kind="stable").index
    return trials.loc[order].drop_duplicates("trial_id").sort_index().reset_index(drop=True)


def _varying(trials: pd.DataFrame, axes: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(
        axis for axis in axes if axis != "seed" and axis in trials and trials[axis].nunique(dropna=False) > 1
    )


def _averages(
    usable: pd.DataFrame, failed: pd.DataFrame, axes: tuple[str, ...], sweep: SweepTable
) -> pd.DataFrame:
    groups = usable.groupby("condition_id", sort=True)
    # Not groups.first(): it would pass over None, which is a value.
    table = usable.drop_duplicates("condition_id").set_index("condition_id").sort_index()
    table = table[list(axes)].copy()
    table["num_replicates"] = groups.size().astype(int)
    table["num_failed"] = failed.groupby("condition_id").size().reindex(table.index, fill_value=0).astype(int)
    for metric in AVERAGED:
        table[f"{metric}_mean"] = groups[metric].mean()
        table[f"{metric}_sd"] = groups[metric].std(ddof=1)
    table["control"] = groups["control"].first()
    table = table.rename_axis("condition_id").reset_index()
    weight = field_values("penalties.clusterability.weight", table, sweep.settings)
    table["penalised"] = pd.to_numeric(weight, errors="coerce").gt(0)
    names = axis_names(axes)
    labels = [
        condition_label(dict(zip(axes, values, strict=True)), names, sweep.control, sweep.settings)
        for values in table[list(axes)].itertuples(index=False, name=None)
    ]
    table.insert(1, "label", pd.Series(labels, dtype=object))
    order = ["ncut_mean", "test_accuracy_mean", "condition_id"]
    return table.sort_values(order, ascending=[True, False, True]).reset_index(drop=True)
