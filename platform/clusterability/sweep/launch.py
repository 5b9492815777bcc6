"""Run a sweep, or what is left of it, from beginning to end."""

import logging
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial

from ray import tune
from rich.console import Console

from clusterability.errors import StorageError, TrackingError
from clusterability.ledger import Ledger
from clusterability.record import TrialRecord
from clusterability.spaces import SearchSpace
from clusterability.sweep.monitor import SweepMonitor
from clusterability.sweep.preflight import TrialResources, check_networks, plan_resources, this_machine
from clusterability.sweep.progress import Tally, make_display
from clusterability.sweep.quiet_ray import ray
from clusterability.sweep.searcher import ReplicatedSearch
from clusterability.sweep.session import open_session, space_of, sweep_id_of
from clusterability.sweep.watchdog import TrialLimits
from clusterability.sweep.worker import train_and_measure
from clusterability.tracking import (
    RUNS_FOLDER,
    TRACKING_FAILURES,
    BackgroundTracking,
    Tracker,
    connect,
    tracking_uri,
)


@dataclass(frozen=True, kw_only=True, slots=True)
class SweepOutcome:
    """What a sweep left behind."""

    sweep_id: str
    state: str
    """complete | stopped."""
    num_complete: int
    num_failed: int
    untracked: str | None = None
    """Why the tracking store lacks some of it; None: it has everything."""


def run_sweep(
    space: SearchSpace, console: Console, *, fresh: bool = False, retry_failed: bool = False
) -> SweepOutcome:
    """Run the trials of `space` that have no record yet, and track them.

    The same space continues its newest sweep; `fresh` starts another; `retry_failed` repeats failed trials.
    Ctrl-C ends the sweep with state "stopped"; every finished trial is kept.

    Raises:
        ResourceError, DataError, ConfigError, TrackingError: found before anything is started or written.
        StorageError: the disk is full, or cannot be written for another reason; what is on it is whole.
    """
    resources = plan_resources(space, this_machine())
    check_networks(space)
    uri = tracking_uri()
    client = connect(uri)
    runs = RUNS_FOLDER.resolve()
    sweep_id = sweep_id_of(space, runs, fresh)
    with open_session(space, runs, sweep_id) as ledger:
        finished = _finished(ledger, retry_failed)
        tracker = Tracker(client, uri, space, sweep_id)
        state = "complete"
        if len(finished) < space.num_trials:
            console.print(
                _headline(space, sweep_id, resources, len(finished)), highlight=False, soft_wrap=True
            )
            state = _run_trials(space, ledger, finished, tracker, resources, console)
        else:
            console.print(
                f"sweep {sweep_id} is complete: {len(finished)} trials; --fresh runs it anew",
                highlight=False,
                soft_wrap=True,
            )
        untracked = _finish_tracking(tracker, ledger, state)
        records = list(ledger.records())
    return SweepOutcome(
        sweep_id=sweep_id,
        state=state,
        num_complete=sum(record.state == "complete" for record in records),
        num_failed=sum(record.state == "failed" for record in records),
        untracked=untracked,
    )


def sync_sweep(sweep_id: str) -> None:
    """Bring the tracking store to what the ledger of a sweep says, without duplicates.

    Raises:
        ConfigError: there is no such sweep, or it is running.
        TrackingError: the store does not answer.
    """
    runs = RUNS_FOLDER.resolve()
    space = space_of(sweep_id, runs)
    uri = tracking_uri()
    client = connect(uri)
    with open_session(space, runs, sweep_id) as ledger:
        num_finished = sum(1 for _ in ledger.records())
        state = "complete" if num_finished >= space.num_trials else "stopped"
        reason = _finish_tracking(Tracker(client, uri, space, sweep_id), ledger, state)
    if reason:
        raise TrackingError(reason)


def _finished(ledger: Ledger, retry_failed: bool) -> list[TrialRecord]:
    records = list(ledger.records())
    if not retry_failed:
        return records
    for record in records:
        if record.state == "failed":
            ledger.forget(record.config.trial_id)
    return [record for record in records if record.state != "failed"]


def _run_trials(
    space: SearchSpace,
    ledger: Ledger,
    finished: list[TrialRecord],
    tracker: Tracker,
    resources: TrialResources,
    console: Console,
) -> str:
    tally = Tally(total=space.num_trials, concurrent=resources.concurrent, done_before=len(finished))
    background = BackgroundTracking()
    display = make_display(console, space, tally.total)
    with display, _terminated_like_interrupted():
        display.update(tally)
        try:
            _tune(
                space, ledger, finished, resources, SweepMonitor(ledger, tracker, background, display, tally)
            )
        except KeyboardInterrupt:
            return "stopped"
        except OSError as error:
            kept = f"{tally.finished} trials are kept; the same command continues"
            raise StorageError(f"{ledger.folder}: {error.strerror}; {kept}") from None
        finally:
            ray.shutdown()
            background.close()
    return "complete"


@contextmanager
def _terminated_like_interrupted() -> Iterator[None]:
    """Let SIGTERM end the sweep as Ctrl-C does: a scheduler that takes the machine back sends it."""

    def interrupt(*_: object) -> None:
        raise KeyboardInterrupt

    before = signal.signal(signal.SIGTERM, interrupt)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


def _tune(
    space: SearchSpace,
    ledger: Ledger,
    finished: list[TrialRecord],
    resources: TrialResources,
    monitor: SweepMonitor,
) -> None:
    machine = this_machine()
    ray.init(
        num_cpus=machine.cpus,
        num_gpus=machine.gpus,
        include_dashboard=False,
        log_to_driver=False,
        logging_level=logging.ERROR,
    )
    search = ReplicatedSearch(space, finished)
    limits = TrialLimits(
        threads=resources.cpus,
        minutes=space.resources.max_minutes_per_trial,
        memory_gb=space.resources.memory_gb_per_trial,
    )
    trainable = partial(train_and_measure, sweep_folder=str(ledger.folder), limits=limits)
    tune.Tuner(
        tune.with_resources(trainable, {"cpu": resources.cpus, "gpu": resources.gpus}),
        tune_config=tune.TuneConfig(
            search_alg=search,
            num_samples=search.num_remaining,
            max_concurrent_trials=resources.concurrent,
            reuse_actors=True,  # a worker imports torch once, not once per trial
            trial_dirname_creator=lambda trial: trial.trial_id,
        ),
        run_config=tune.RunConfig(
            name=".tune",
            storage_path=str(ledger.folder),
            callbacks=[monitor],
            verbose=0,
            failure_config=tune.FailureConfig(max_failures=1),  # a lost worker is not the trial's fault
        ),
    ).fit()


def _finish_tracking(tracker: Tracker, ledger: Ledger, state: str) -> str | None:
    """Return why the store could not be brought up to date, or None."""
    try:
        tracker.finish_sweep(ledger, state)
    except TRACKING_FAILURES as error:
        return str(error).splitlines()[0]
    return None


def _headline(space: SearchSpace, sweep_id: str, resources: TrialResources, num_finished: int) -> str:
    conditions = -(-space.num_trials // len(space.seeds))
    kept = f", {num_finished} of them finished before" if num_finished else ""
    each = f"{resources.cpus} CPU" + (f" and {resources.gpus:g} GPU" if resources.gpus else "")
    return (
        f"sweep {sweep_id}: {space.num_trials} trials ({conditions} conditions, {len(space.seeds)} seeds, "
        f"{space.search.method}){kept}; {resources.concurrent} at once, {each} each"
    )
