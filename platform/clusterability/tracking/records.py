"""Records as they lie beside the runs of trials, for what is too long for a metric or a tag."""

import json
import logging
from collections.abc import Iterator, Mapping
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from mlflow import MlflowClient

from clusterability.errors import first_line
from clusterability.tracking.store import TRACKING_FAILURES

_log = logging.getLogger(__name__)
_RECORD = "record.json"


class TrackedRecords(Mapping[str, Mapping[str, Any]]):
    """Plain records by trial, each read from the store on first use and kept.

    A record that cannot be read is empty, with a warning that names it.
    """

    def __init__(self, client: MlflowClient, run_ids: Mapping[str, str]) -> None:
        """Take the MLflow run of each trial that has a record; nothing is read yet."""
        self._client = client
        self._run_ids = run_ids
        self._read: dict[str, Mapping[str, Any]] = {}

    def __getitem__(self, trial_id: str) -> Mapping[str, Any]:
        run_id = self._run_ids[trial_id]
        if trial_id not in self._read:
            self._read[trial_id] = self._content(trial_id, run_id)
        return self._read[trial_id]

    def __iter__(self) -> Iterator[str]:
        return iter(self._run_ids)

    def __len__(self) -> int:
        return len(self._run_ids)

    def _content(self, trial_id: str, run_id: str) -> Mapping[str, Any]:
        try:
            with TemporaryDirectory() as folder:
                return json.loads(Path(self._client.download_artifacts(run_id, _RECORD, folder)).read_text())
        except (*TRACKING_FAILURES, json.JSONDecodeError) as error:
            reason = first_line(error)
            _log.warning("trial %s: %s cannot be read from the tracking store: %s", trial_id, _RECORD, reason)
            return {}


class TrackedLesions(Mapping[str, Mapping[str, Any]]):
    """What records say of lesions, by trial; `TrialRecord.lesions` has the form."""

    def __init__(self, records: TrackedRecords, trial_ids: tuple[str, ...]) -> None:
        """Take the trials that have lesions."""
        self._records = records
        self._trial_ids = dict.fromkeys(trial_ids)

    def __getitem__(self, trial_id: str) -> Mapping[str, Any]:
        if trial_id not in self._trial_ids:
            raise KeyError(trial_id)
        return self._records[trial_id].get("lesions", {})

    def __iter__(self) -> Iterator[str]:
        return iter(self._trial_ids)

    def __len__(self) -> int:
        return len(self._trial_ids)
