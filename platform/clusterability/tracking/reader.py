"""A sweep read back from MLflow."""

import json
from pathlib import Path
from typing import Any

import pandas as pd
from mlflow import MlflowClient
from mlflow.entities import Run

from clusterability.config import Objective
from clusterability.errors import TrackingError, unknown_name
from clusterability.measurement.metric import Metric
from clusterability.old_names import new_name
from clusterability.tracking.null_status import is_null_status, null_status_tags
from clusterability.tracking.records import TrackedLesions, TrackedRecords
from clusterability.tracking.store import TRACKING_FAILURES, connect, tracking_uri
from clusterability.tracking.table import SweepTable
from clusterability.tracking.tracker import CURVES, has_values, trial_runs
from clusterability.tracking.values import decode


def find_sweep(name: str, uri: str | None = None) -> SweepTable:
    """Return the sweep whose identifier is `name`, or the newest sweep of the space `name`.

    Raises:
        TrackingError: the store does not answer or knows no such sweep.
    """
    client = connect(uri)
    experiments = {item.experiment_id: item.name for item in client.search_experiments()}
    for condition in (f"tags.sweep_id = '{name}'", f"tags.space = '{name}'"):
        runs = client.search_runs(
            list(experiments),
            f"tags.kind = 'sweep' and {condition}",
            max_results=1,
            order_by=["start_time DESC"],
        )
        if runs:
            return _table(client, runs[0])
    known = [experiment for experiment in experiments.values() if experiment != "Default"]
    raise TrackingError(
        f"{unknown_name('sweep or space with runs', name, known)} (in {uri or tracking_uri()})"
    )


def log_report(run_id: str, folder: Path, uri: str | None = None) -> None:
    """Put the files of a report beside the sweep's run, under "report".

    Raises:
        TrackingError: the store does not answer.
    """
    client = connect(uri)
    try:
        client.log_artifacts(run_id, str(folder), "report")
    except TRACKING_FAILURES as error:
        raise TrackingError(f"the report could not be put into the tracking store: {error}") from None


def _table(client: MlflowClient, parent: Run) -> SweepTable:
    tags = parent.data.tags
    axes = tuple(map(new_name, json.loads(tags["axes"])))
    runs = trial_runs(client, parent.info.experiment_id, tags["sweep_id"])
    runs = [run for run in runs if has_values(run, axes)]
    records = TrackedRecords(client, {run.data.tags["trial_id"]: run.info.run_id for run in runs})
    trials = _trials(runs, axes, records)
    return SweepTable(
        sweep_id=tags["sweep_id"],
        space=tags["space"],
        description=tags.get("mlflow.note.content", ""),
        run_id=parent.info.run_id,
        state=tags["state"],
        axes=axes,
        objectives=tuple(Objective(**item) for item in json.loads(tags["objectives"])),
        metrics={name: Metric(**item) for name, item in json.loads(tags.get("metrics", "{}")).items()},
        settings=_with_new_names(decode(tags["settings"])),
        control=_control(tags, trials, axes),
        trials=trials,
        curves=_curves(client, runs),
        lesions=TrackedLesions(records, _with_metric(runs, "functional_clusters")),
    )


def _with_metric(runs: list[Run], metric: str) -> tuple[str, ...]:
    return tuple(run.data.tags["trial_id"] for run in runs if metric in run.data.metrics)


def _curves(client: MlflowClient, runs: list[Run]) -> dict[str, dict[str, list[tuple[float, float]]]]:
    """Return the points of each trial's curves, as its record has them."""
    curves = {}
    for run in runs:
        found = {
            name.removeprefix(CURVES): {
                item.step: item.value for item in client.get_metric_history(run.info.run_id, name)
            }
            for name in run.data.metrics
            if name.startswith(CURVES)
        }
        epochs = found.pop("epoch", {})
        if found:
            curves[run.data.tags["trial_id"]] = {
                name: [(epochs[step], points[step]) for step in sorted(points)]
                for name, points in found.items()
            }
    return curves


def _control(tags: dict[str, str], trials: pd.DataFrame, axes: tuple[str, ...]) -> dict[str, Any] | None:
    """Return the control's swept values; without the tag, which earlier versions lack, the oldest trial's."""
    if "control" in tags:
        control = decode(tags["control"])
        return None if control is None else _with_new_names(control)
    return None if trials.empty else {axis: trials[axis].iloc[0] for axis in axes}


def _trials(runs: list[Run], axes: tuple[str, ...], records: TrackedRecords) -> pd.DataFrame:
    swept = [_swept_values(run, axes) for run in runs]
    rows = [_row(run, values) | _null_statuses(run, records) for run, values in zip(runs, swept, strict=True)]
    trials = pd.DataFrame(rows)
    for axis in axes:  # as objects: pandas would make floats of integers beside a None or a float
        trials[axis] = pd.Series([values[axis] for values in swept], dtype=object)
    return trials


def _swept_values(run: Run, axes: tuple[str, ...]) -> dict[str, Any]:
    params = _with_new_names(run.data.params)
    return {axis: decode(params[axis]) for axis in axes}


def _with_new_names(values: dict[str, Any]) -> dict[str, Any]:
    return {new_name(name): value for name, value in values.items()}


def _row(run: Run, swept: dict[str, Any]) -> dict[str, Any]:
    tags = run.data.tags
    return {
        "trial_id": tags["trial_id"],
        "condition_id": tags["condition_id"],
        "seed": int(tags["seed"]),
        "state": tags["state"],
        "error": tags.get("error"),
        "run_id": run.info.run_id,
        **swept,
        **{name: value for name, value in run.data.metrics.items() if not name.startswith(CURVES)},
        **{
            name: value for name, value in tags.items() if name.startswith("version_") or name == "git_commit"
        },
    }


def _null_statuses(run: Run, records: TrackedRecords) -> dict[str, str]:
    """Return the status of each null test; a run that an earlier version made has it in its record alone."""
    tags = {name: value for name, value in run.data.tags.items() if is_null_status(name)}
    if tags or "p_value" not in run.data.metrics:
        return tags
    tests = records[run.data.tags["trial_id"]].get("null_tests", {})
    return null_status_tags({name: test["status"] for name, test in tests.items() if "status" in test})
