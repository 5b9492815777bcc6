"""Ray Tune's events passed on: to the ledger, to tracking, to the display."""

from functools import partial
from pathlib import Path
from typing import Any

from ray import tune
from ray.tune.experiment import Trial

from clusterability.config import TrialConfig
from clusterability.ledger import Ledger
from clusterability.record import TrialRecord
from clusterability.sweep.progress import Display, Tally
from clusterability.tracking import BackgroundTracking, Tracker


class SweepMonitor(tune.Callback):
    """Follows the trials of one sweep."""

    def __init__(
        self, ledger: Ledger, tracker: Tracker, background: BackgroundTracking, display: Display, tally: Tally
    ) -> None:
        self._ledger = ledger
        self._tracker = tracker
        self._background = background
        self._display = display
        self._tally = tally
        self._running: set[str] = set()

    def __getstate__(self) -> dict[str, Any]:
        # Tune pickles its callbacks for a restore that we never ask for; a sweep resumes from the ledger.
        return {}

    def on_trial_start(self, iteration: int, trials: list[Trial], trial: Trial, **info: Any) -> None:
        """Open the trial's run."""
        self._running.add(trial.trial_id)
        self._background.submit(partial(self._tracker.start_trial, _config(trial)))
        self._show()

    def on_trial_complete(self, iteration: int, trials: list[Trial], trial: Trial, **info: Any) -> None:
        """Take the record that the worker has kept."""
        record = self._ledger.read(_config(trial).trial_id)
        if record is None:
            record = self._write_failed(trial, "the worker reported no result")
        self._take(trial, record)

    def on_trial_error(self, iteration: int, trials: list[Trial], trial: Trial, **info: Any) -> None:
        """Keep a record for a trial whose worker could not do it itself."""
        record = self._ledger.read(_config(trial).trial_id)
        self._take(trial, record or self._write_failed(trial, _reason(trial)))

    def _take(self, trial: Trial, record: TrialRecord) -> None:
        self._running.discard(trial.trial_id)
        folder = self._ledger.trial_folder(record.config.trial_id)
        self._background.submit(partial(self._tracker.finish_trial, record, folder))
        self._tally.take(record.metrics, record.state)
        self._show()
        self._display.finished(self._tally, record.config, record.metrics, record.error)

    def _write_failed(self, trial: Trial, reason: str) -> TrialRecord:
        record = TrialRecord(config=_config(trial), state="failed", error=reason)
        self._ledger.write(record)
        return record

    def _show(self) -> None:
        self._tally.running = len(self._running)
        self._display.update(self._tally)


def _config(trial: Trial) -> TrialConfig:
    return TrialConfig.from_dict(trial.config["trial"])


def _reason(trial: Trial) -> str:
    """Return the last line of the error that Ray has written down."""
    if not trial.error_file:
        return "the worker ended without a word"
    lines = [line for line in Path(trial.error_file).read_text().splitlines() if line.strip()]
    return lines[-1].strip() if lines else "the worker ended without a word"
