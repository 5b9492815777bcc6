"""A sweep written to MLflow: one parent run, one child run per trial. Every call can be repeated."""

from collections.abc import Sequence
from pathlib import Path

from mlflow import MlflowClient
from mlflow.entities import Metric, Param, Run, RunTag
from mlflow.exceptions import MlflowException

from clusterability.config import TrialConfig
from clusterability.errors import TrackingError, first_line
from clusterability.ledger import Ledger
from clusterability.old_names import new_name
from clusterability.record import TrialRecord
from clusterability.spaces import SearchSpace
from clusterability.tracking.null_status import null_status_tags
from clusterability.tracking.store import (
    TRACKING_FAILURES,
    artifact_location,
    connect,
    tracking_uri,
)
from clusterability.tracking.sweep_tags import recent_tags, sweep_tags
from clusterability.tracking.values import encode
from clusterability.tracking.view import save_view

_RUN_STATUS = {"complete": "FINISHED", "failed": "FAILED", "stopped": "KILLED"}
CURVES = "curves/"
"""What the names of metrics begin with that were measured while training; their steps are batches."""
_BATCH = 1000  # MLflow's limit of metrics in one request


class Tracker:
    """Writes one sweep. A run that exists already is continued, so a repeated call leaves no duplicate."""

    def __init__(self, client: MlflowClient, uri: str, space: SearchSpace, sweep_id: str) -> None:
        """Find or make the sweep's run; see `open_tracker` for one that a user asked for."""
        self._client = client
        self._space = space
        self._sweep_id = sweep_id
        self._axes = tuple(axis.name for axis in space.axes)
        self._experiment_id = _experiment(client, uri, space.name)
        save_view(client, self._experiment_id, space)
        self.run_id = self._sweep_run()
        self._run_ids: dict[str, str] = {}
        self._ended: dict[str, str] = {}
        self._read_trials()

    def start_sweep(self, sources: Path) -> None:
        """Make the sweep's run RUNNING, also where it had ended; put the user's own `sources` beside it."""
        self._reopen(self.run_id)
        if sources.is_dir():
            self._client.log_artifacts(self.run_id, str(sources), "sources")

    def start_trial(self, config: TrialConfig) -> None:
        """Make the trial's run, RUNNING, with its swept values as parameters."""
        self._start(config)

    def finish_trial(self, record: TrialRecord, folder: Path) -> None:
        """Log the record's metrics and state and the files of its ledger folder, and end its run."""
        run_id = self._run_ids.get(record.config.trial_id) or self._start(record.config)
        tags = {
            "state": record.state,
            **({"error": record.error, "mlflow.note.content": record.error} if record.error else {}),
            **record.provenance,
            **null_status_tags({name: test.status for name, test in record.null_tests.items()}),
        }
        # The time of the record, not of this call: MLflow takes a metric twice when its times differ.
        metrics = _metrics(record, folder.stat().st_mtime_ns // 1_000_000)
        for start in range(0, len(metrics), _BATCH):
            self._client.log_batch(run_id, metrics=metrics[start : start + _BATCH])
        self._client.log_batch(run_id, tags=[RunTag(key, value) for key, value in tags.items()])
        self._client.log_artifacts(run_id, str(folder))
        self._client.set_terminated(run_id, _RUN_STATUS[record.state])
        self._ended[record.config.trial_id] = record.state

    def finish_sweep(self, ledger: Ledger, state: str) -> None:
        """Bring the store to what the ledger says, and leave no run of the sweep RUNNING."""
        self.run_id = self._sweep_run()
        self._read_trials()
        for record in ledger.records():
            if self._ended.get(record.config.trial_id) != record.state:
                self.finish_trial(record, ledger.trial_folder(record.config.trial_id))
        for trial_id, run_id in self._run_ids.items():
            if trial_id not in self._ended:
                self._client.set_tag(run_id, "state", "stopped")
                self._client.set_terminated(run_id, "KILLED")
        self._client.set_tag(self.run_id, "state", state)
        self._client.set_terminated(self.run_id, _RUN_STATUS[state])

    def _start(self, config: TrialConfig) -> str:
        trial_id = config.trial_id
        if trial_id in self._run_ids:
            self._reopen(self._run_ids[trial_id])
            self._ended.pop(trial_id, None)
            return self._run_ids[trial_id]
        assignment = self._space.assignment_of(config)
        run = self._create_run(
            run_name=f"{self._space.label(config)}, seed {config.seed}",
            tags={
                "kind": "trial",
                "mlflow.parentRunId": self.run_id,
                "condition_id": config.condition_id,
                "trial_id": trial_id,
                "seed": str(config.seed),
                "state": "running",
            },
            params={name: encode(value) for name, value in assignment.items()},
        )
        self._run_ids[trial_id] = run.info.run_id
        return run.info.run_id

    def _create_run(self, run_name: str, tags: dict[str, str], params: dict[str, str]) -> Run:
        tags = {"sweep_id": self._sweep_id, "space": self._space.name, **tags}
        run = self._client.create_run(self._experiment_id, tags=tags, run_name=run_name)
        if params:
            self._client.log_batch(run.info.run_id, params=[Param(*item) for item in params.items()])
        return run

    def _sweep_run(self) -> str:
        made = self._find_sweep_run() or self._create_sweep_run()
        run_id = self._find_sweep_run() or made  # a request sent twice makes two: one is removed here
        if "control" not in self._client.get_run(run_id).data.tags:  # a sweep that an earlier version began
            for name, text in recent_tags(self._space).items():
                self._client.set_tag(run_id, name, text)
        return run_id

    def _find_sweep_run(self) -> str | None:
        condition = f"tags.kind = 'sweep' and tags.sweep_id = '{self._sweep_id}'"
        runs = self._client.search_runs(
            [self._experiment_id], condition, order_by=["start_time ASC"], max_results=100
        )
        if not runs:
            return None
        for duplicate in runs[1:]:  # a retried request can have made the run twice
            self._client.delete_run(duplicate.info.run_id)
        return runs[0].info.run_id

    def _reopen(self, run_id: str) -> None:
        self._client.update_run(run_id, status="RUNNING")
        self._client.set_tag(run_id, "state", "running")
        if "error" in self._client.get_run(run_id).data.tags:
            self._client.delete_tag(run_id, "error")

    def _create_sweep_run(self) -> str:
        space = self._space
        run = self._create_run(
            run_name=self._sweep_id,
            tags={
                "kind": "sweep",
                "state": "running",
                "mlflow.note.content": space.description,
                **sweep_tags(space),
            },
            params={"search.method": space.search.method, "seeds": encode(space.seeds)},
        )
        return run.info.run_id

    def _read_trials(self) -> None:
        """Learn what the store has.

        Of two runs of one trial, which a retried request can leave, one is kept. A run without its swept
        values, which a driver leaves when it is killed while making it, is made again.
        """
        self._run_ids, self._ended = {}, {}
        for run in trial_runs(self._client, self._experiment_id, self._sweep_id):
            trial_id = run.data.tags["trial_id"]
            if trial_id in self._ended or not has_values(run, self._axes):
                self._client.delete_run(run.info.run_id)
                continue
            if trial_id in self._run_ids:
                self._client.delete_run(self._run_ids[trial_id])
            self._run_ids[trial_id] = run.info.run_id
            if run.info.status in ("FINISHED", "FAILED"):
                self._ended[trial_id] = run.data.tags["state"]


def open_tracker(space: SearchSpace, sweep_id: str, *, sources: Path | None) -> Tracker:
    """Return the tracker of a sweep in the store of `tracking_uri`.

    `sources` is the folder of the user's own files where trials are to follow; None: none are.

    Raises:
        TrackingError: the store does not answer.
    """
    uri = tracking_uri()
    client = connect(uri)
    try:
        tracker = Tracker(client, uri, space, sweep_id)
        if sources is not None:
            tracker.start_sweep(sources)
    except TRACKING_FAILURES as error:
        raise TrackingError(f"tracking store {uri}: {first_line(error)}") from None
    return tracker


def trial_runs(client: MlflowClient, experiment_id: str, sweep_id: str) -> list[Run]:
    """Return all runs of a sweep's trials, oldest first."""
    condition = f"tags.kind = 'trial' and tags.sweep_id = '{sweep_id}'"
    runs, token = [], None
    while True:
        page = client.search_runs(
            [experiment_id], condition, max_results=1000, order_by=["start_time ASC"], page_token=token
        )
        runs.extend(page)
        token = page.token
        if not token:
            return runs


def has_values(run: Run, axes: Sequence[str]) -> bool:
    """Whether a trial's run has its swept values yet, under today's names or those of earlier versions.

    They are written just after the run is made.
    """
    return set(map(new_name, run.data.params)) >= set(map(new_name, axes))


def _experiment(client: MlflowClient, uri: str, name: str) -> str:
    experiment = client.get_experiment_by_name(name)
    if experiment is not None:
        return experiment.experiment_id
    try:
        return client.create_experiment(name, artifact_location=artifact_location(uri))
    except MlflowException:
        # A request that was carried out, answered with an error, and sent again.
        experiment = client.get_experiment_by_name(name)
        if experiment is None:
            raise
        return experiment.experiment_id


def _metrics(record: TrialRecord, milliseconds: int) -> list[Metric]:
    """Return values per epoch, and the final ones at the last epoch, in place of that epoch's own."""
    last = max((len(values) for values in record.history.values()), default=0)
    per_epoch = [
        Metric(name, value, milliseconds, epoch)
        for name, values in record.history.items()
        for epoch, value in enumerate(values, start=1)
        if epoch < last or name not in record.metrics
    ]
    final = [Metric(name, value, milliseconds, last) for name, value in record.metrics.items()]
    return per_epoch + _points(record, milliseconds) + final


def _points(record: TrialRecord, milliseconds: int) -> list[Metric]:
    """Return the curves by step, and the epoch at each: MLflow takes whole numbers for steps."""
    curves = dict(record.curves)
    steps = {epoch: int(step) for epoch, step in curves.pop("step", [])}
    curves["epoch"] = [(epoch, epoch) for epoch in steps]
    return [
        Metric(f"{CURVES}{name}", value, milliseconds, steps[epoch])
        for name, points in curves.items()
        for epoch, value in points
    ]
