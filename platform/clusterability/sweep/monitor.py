"""A trial's events passed on: to the ledger, to tracking, to the display."""

import shutil
from functools import partial

from clusterability.config import TrialConfig
from clusterability.errors import StorageError
from clusterability.ledger import Ledger
from clusterability.record import TrialRecord
from clusterability.sweep.progress import Display, Tally
from clusterability.tracking import BackgroundTracking, Tracker

_RESERVE = 20e6
"""Bytes left free when a sweep stops for lack of space: the tracking store needs some to say so."""


class SweepMonitor:
    """Follows the trials of one sweep, in the driver."""

    def __init__(
        self, ledger: Ledger, tracker: Tracker, background: BackgroundTracking, display: Display, tally: Tally
    ) -> None:
        self._ledger = ledger
        self._tracker = tracker
        self._background = background
        self._display = display
        self._tally = tally
        self._running: set[str] = set()

    def started(self, config: TrialConfig) -> None:
        """Open the trial's run; a trial whose worker was lost starts again."""
        self._running.add(config.trial_id)
        self._background.submit(partial(self._tracker.start_trial, config))
        self._show()

    def ended(self, config: TrialConfig, reason: str | None) -> None:
        """Take the record that the worker has kept; where there is none, keep one that says `reason`.

        Raises:
            StorageError: the disk is full. The trial then counts as not run.
        """
        self._require_space()
        record = self._ledger.read(config.trial_id)
        if record is None:
            record = TrialRecord(config=config, state="failed", error=reason or "the worker kept no record")
            self._ledger.write(record)
        self._running.discard(config.trial_id)
        folder = self._ledger.trial_folder(config.trial_id)
        self._background.submit(partial(self._tracker.finish_trial, record, folder))
        self._tally.take(record.metrics, record.state)
        self._show()
        self._display.finished(self._tally, config, record.metrics, record.error)

    def _require_space(self) -> None:
        free = shutil.disk_usage(self._ledger.folder).free
        if free < _RESERVE:
            raise StorageError(
                f"{self._ledger.folder}: the disk is full: {free / 1e6:.0f} MB free, "
                f"allowed: {_RESERVE / 1e6:.0f} MB or more"
            )

    def _show(self) -> None:
        self._tally.running = len(self._running)
        self._display.update(self._tally)
