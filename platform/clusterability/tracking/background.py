"""Tracking beside the sweep, not in its way."""

import logging
from collections.abc import Callable
from queue import SimpleQueue
from threading import Thread

from clusterability.errors import first_line
from clusterability.tracking.store import TRACKING_FAILURES

_log = logging.getLogger(__name__)
_PATIENCE = (
    60.0  # seconds that a slow store may take after the last trial; `clusterability sync` does the rest
)


class BackgroundTracking:
    """Runs tracking calls one after the other on a thread of its own.

    A call that fails is reported once and dropped: the ledger on disk still has the trial, and the end of
    the sweep brings the store up to date.
    """

    def __init__(self) -> None:
        self._calls: SimpleQueue[Callable[[], None] | None] = SimpleQueue()
        self._warned = False
        self._abandoned = False
        self._thread = Thread(target=self._work, name="tracking", daemon=True)
        self._thread.start()

    def submit(self, call: Callable[[], None]) -> None:
        """Queue a call and return at once."""
        self._calls.put(call)

    def close(self) -> bool:
        """Wait until the queued calls are done, but not forever; return whether they are."""
        self._calls.put(None)
        self._thread.join(_PATIENCE)
        self._abandoned = self._thread.is_alive()
        self._thread.join()  # the call under way: two writers at once would make a run twice
        return not self._abandoned

    def _work(self) -> None:
        while (call := self._calls.get()) is not None and not self._abandoned:
            try:
                call()
            except TRACKING_FAILURES as error:
                if not self._warned:
                    reason = first_line(error)
                    _log.warning(
                        "tracking failed (%s); the sweep continues, records are kept on disk", reason
                    )
                self._warned = True
