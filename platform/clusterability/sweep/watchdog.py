"""The end of a trial that takes too long or too much memory.

Ray ends neither: a hung trial holds its worker for ever, and a kill by Ray's own memory monitor ends the
whole sweep. A thread in the worker watches instead; it keeps a failed record with the reason, then ends the
process. Ray starts another worker, which finds the record and reports it.
"""

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from threading import Event, Lock, Thread
from time import monotonic

import psutil

_INTERVAL = 0.1  # seconds; memory grows by some hundred megabytes in it at the most


@dataclass(frozen=True, kw_only=True, slots=True)
class TrialLimits:
    """What a trial may take."""

    threads: int
    minutes: float | None = None
    memory_gb: float | None = None
    """Resident memory of the worker in 10^9 bytes; None: the share of the machine that its threads are."""

    def memory_bytes(self) -> float:
        """Return the cap on this machine; a tenth of the machine is left to the system and the driver."""
        if self.memory_gb is not None:
            return self.memory_gb * 1e9
        share = min(1.0, self.threads / (psutil.cpu_count() or 1))
        return 0.9 * share * psutil.virtual_memory().total


@contextmanager
def watched(limits: TrialLimits, on_excess: Callable[[str], None]) -> Iterator[None]:
    """End this process, after `on_excess(reason)`, when the block takes more than `limits`."""
    finished, deciding = Event(), Lock()
    deadline = monotonic() + 60 * limits.minutes if limits.minutes is not None else float("inf")
    cap, process = limits.memory_bytes(), psutil.Process()

    def watch() -> None:
        while not finished.wait(_INTERVAL):
            memory = process.memory_info().rss
            reason = None
            if monotonic() > deadline:
                reason = f"longer than its limit of {limits.minutes:g} minutes"
            elif memory > cap:
                reason = f"out of memory: {memory / 1e9:.1f} GB, its limit is {cap / 1e9:.1f} GB"
            with deciding:
                if reason and not finished.is_set():
                    on_excess(reason)
                    os._exit(1)  # the trial's thread cannot be interrupted any other way

    Thread(target=watch, name="watchdog", daemon=True).start()
    try:
        yield
    finally:
        with deciding:
            finished.set()
