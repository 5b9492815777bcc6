"""From trials to conditions: replicates over seeds are averaged, failed trials are left out and counted."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from clusterability.tracking import SweepTable
from clusterability_analysis.labels import axis_names, condition_label
from clusterability_analysis.shown import Shown, shown_of

TWIN_AXIS = "dataset.permuted_labels"
_NUMERIC = ("num_units", "num_components", "seconds_training", "seconds_measuring")
_TEXT = ("trial_id", "condition_id", "seed", "state", "error", "run_id")


@dataclass(frozen=True, kw_only=True, slots=True)
class Conditions:
    """The conditions of a sweep that have at least one usable trial."""

    table: pd.DataFrame
    """One row per condition, from the best mean of `shown.across` on.

    Columns: condition_id, label, the varying axes, num_replicates, num_failed, control, penalised, twin (of
    another condition, on permuted labels), reference (what a network is called that others are compared with,
    such as "cut network, m = 10"; NaN for all others), and for each shown metric and the null tests' mean, sd
    and z-score `<metric>_mean` and `<metric>_sd` (ddof 1; NaN for a single replicate).
    """
    shown: Shown
    """Which metrics the table holds, and what they are called."""
    trials: pd.DataFrame
    """The usable trials behind the table: complete, with every required metric finite, one per seed."""
    failed: pd.DataFrame
    """Failed and stopped trials, with their reasons."""
    axes: tuple[str, ...]
    """Swept fields that take more than one value."""
    num_trials: int
    """Trials of the sweep in any state; a repeated attempt at one trial counts once."""
    num_unfinished: int
    """Trials that neither ended nor failed."""
    num_unusable: int
    """Trials that are called complete and lack a metric that the report is about."""
    num_lost: int
    """Conditions without any usable trial."""


def summarise_conditions(sweep: SweepTable) -> Conditions:
    """Average the replicates of each condition.

    Dominance, tables and figures use the mean over seeds, (1/R) sum_r x_r; the spread shown beside it is the
    standard deviation between seeds with ddof 1. Equal trials (same condition and seed) are one replicate:
    they hold the same numbers, and counting them twice would feign evidence.
    """
    shown = shown_of(sweep)
    trials = _distinct(_typed(sweep.trials, sweep.axes, (*_averaged(shown), *_p_values(shown), *_NUMERIC)))
    trials["control"] = _controls(trials, sweep.control)
    axes = _varying(trials, sweep.axes)
    complete = trials["state"] == "complete"
    finite = trials[[quantity.name for quantity in shown.required]].notna().all(axis=1)
    ended_badly = trials["state"].isin(["failed", "stopped"])
    usable = trials[complete & finite].reset_index(drop=True)
    return Conditions(
        table=_ordered(_described(_averages(usable, trials[ended_badly], axes, shown), axes, sweep), shown),
        shown=shown,
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


def _averaged(shown: Shown) -> tuple[str, ...]:
    """Return the metrics of which a condition holds mean and standard deviation over its replicates."""
    second = shown.with_modularity
    quantities = [*shown.quantities, *(second.quantities if second else ())]
    columns = [quantity.name for quantity in quantities]
    for test in (*shown.tests, *shown.other_tests):
        columns += [test.statistic.name, test.null_mean, test.null_sd, test.z_score]
    return tuple(dict.fromkeys(columns))


def _p_values(shown: Shown) -> tuple[str, ...]:
    return tuple(test.p_value for test in (*shown.tests, *shown.other_tests))


def _typed(trials: pd.DataFrame, axes: tuple[str, ...], numeric: tuple[str, ...]) -> pd.DataFrame:
    """Give every expected column, metrics as floats with NaN for what is absent or infinite."""
    columns = list(dict.fromkeys([*_TEXT, *trials.columns, *numeric]))
    trials = trials.reindex(columns=columns).reset_index(drop=True)
    for metric in numeric:
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
    usable: pd.DataFrame, failed: pd.DataFrame, axes: tuple[str, ...], shown: Shown
) -> pd.DataFrame:
    groups = usable.groupby("condition_id", sort=True)
    # Not groups.first(): it would pass over None, which is a value.
    table = usable.drop_duplicates("condition_id").set_index("condition_id").sort_index()
    table = table[list(axes)].copy()
    table["num_replicates"] = groups.size().astype(int)
    table["num_failed"] = failed.groupby("condition_id").size().reindex(table.index, fill_value=0).astype(int)
    for metric in _averaged(shown):
        table[f"{metric}_mean"] = groups[metric].mean()
        table[f"{metric}_sd"] = groups[metric].std(ddof=1)
    table["control"] = groups["control"].first()
    return table.rename_axis("condition_id").reset_index()


def _described(table: pd.DataFrame, axes: tuple[str, ...], sweep: SweepTable) -> pd.DataFrame:
    """Add what each condition is called, and whether it trains with the clusterability penalty."""
    weight = field_values("penalties.clusterability.weight", table, sweep.settings)
    table["penalised"] = pd.to_numeric(weight, errors="coerce").gt(0)
    permuted = field_values(TWIN_AXIS, table, sweep.settings).eq(True)
    table["twin"] = permuted & (not permuted.all())
    parts = pd.to_numeric(field_values("model.cut", table, sweep.settings), errors="coerce")
    named = [np.nan if np.isnan(m) else f"cut network, m = {m:.0f}" for m in parts]
    table["reference"] = pd.Series(named, index=table.index, dtype=object)
    names = axis_names(axes)
    labels = [
        condition_label(dict(zip(axes, values, strict=True)), names, sweep.control, sweep.settings)
        for values in table[list(axes)].itertuples(index=False, name=None)
    ]
    table.insert(1, "label", pd.Series(labels, dtype=object))
    return table


def _ordered(table: pd.DataFrame, shown: Shown) -> pd.DataFrame:
    order = [shown.across.mean, shown.upwards.mean, "condition_id"]
    ascending = [not shown.across.maximise, not shown.upwards.maximise, True]
    return table.sort_values(order, ascending=ascending).reset_index(drop=True)
