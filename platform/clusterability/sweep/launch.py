"""Run a sweep, or what is left of it, from beginning to end."""

import gc
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace

from ray.exceptions import RayError
from ray.tune import TuneError
from rich.console import Console

from clusterability.errors import ClusterabilityError, ResourceError, StorageError, TrackingError, first_line
from clusterability.ledger import Ledger
from clusterability.measurement.own_metric import objective_metrics
from clusterability.record import TrialRecord
from clusterability.spaces import SearchSpace
from clusterability.sweep.cluster import check_nodes, ray_cluster, start_here
from clusterability.sweep.monitor import SweepMonitor
from clusterability.sweep.preflight import TrialResources, check_space_left, plan_resources
from clusterability.sweep.progress import Tally, make_display
from clusterability.sweep.quiet_ray import ray
from clusterability.sweep.rehearsal import check_networks
from clusterability.sweep.session import SOURCES, open_session, space_of, sweep_id_of
from clusterability.sweep.survivor import synced_if_killed
from clusterability.sweep.tuning import tune_trials
from clusterability.sweep.worker import RunTrial
from clusterability.tracking import (
    RUNS_FOLDER,
    TRACKING_FAILURES,
    BackgroundTracking,
    Tracker,
    connect,
    open_tracker,
)
from clusterability.trial import run_trial


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


@dataclass(frozen=True, kw_only=True, slots=True)
class SweepOptions:
    """How a sweep is run, as against what it is."""

    fresh: bool = False
    """Start another sweep instead of continuing the newest one of the space."""
    retry_failed: bool = False
    """Repeat the trials that failed before."""
    address: str | None = None
    """Ray cluster to run on: auto or host:port; None: this machine."""


def run_sweep(
    space: SearchSpace, console: Console, options: SweepOptions | None = None, run: RunTrial = run_trial
) -> SweepOutcome:
    """Let `run` do the trials of `space` that have no record yet, and track them.

    The same space continues its newest sweep. Ctrl-C and SIGTERM end it with state "stopped"; every finished
    trial is kept.

    Raises:
        ResourceError, DataError, ConfigError, TrackingError: found before anything is started.
        StorageError: a folder that cannot be written, or that ran full; what is on it is whole.
    """
    options = options or SweepOptions()
    with ray_cluster(options.address) as machines:
        resources = plan_resources(space, *machines)
        if options.address is None:
            resources = replace(resources, limit=resources.concurrent)
        network_bytes = check_networks(space)
        runs = RUNS_FOLDER.resolve()
        if options.address is not None:
            check_nodes(space, runs)
        connect()
        sweep_id = sweep_id_of(space, runs, options.fresh)
        with open_session(space, runs, sweep_id) as ledger, synced_if_killed(sweep_id):
            finished = _finished(ledger, options.retry_failed)
            num_left = space.num_trials - len(finished)
            check_space_left(space, num_left, network_bytes, runs)
            tracker = open_tracker(space, sweep_id, sources=ledger.folder / SOURCES if num_left > 0 else None)
            if num_left > 0:
                console.print(
                    _headline(space, sweep_id, resources, len(finished)), highlight=False, soft_wrap=True
                )
                sweep = _Sweep(
                    space=space, ledger=ledger, finished=finished, resources=resources, run=run,
                    on_cluster=options.address is not None,
                )  # fmt: skip
                state, untracked = _run_to_the_end(sweep, tracker, console)
            else:
                _say_complete(console, sweep_id, len(finished))
                state = "complete"
                untracked = _finish_tracking(tracker, ledger, state)
            return _outcome(sweep_id, state, ledger, untracked)


def sync_sweep(sweep_id: str) -> None:
    """Bring the tracking store to what the ledger of a sweep says, without duplicates.

    Raises:
        ConfigError: there is no such sweep, or it is running.
        TrackingError: the store does not answer.
    """
    runs = RUNS_FOLDER.resolve()
    space = space_of(sweep_id, runs)
    with open_session(space, runs, sweep_id) as ledger:
        num_finished = sum(1 for _ in ledger.records())
        state = "complete" if num_finished >= space.num_trials else "stopped"
        reason = _finish_tracking(open_tracker(space, sweep_id, sources=None), ledger, state)
    if reason:
        raise TrackingError(reason)


@dataclass(frozen=True, kw_only=True, slots=True)
class _Sweep:
    space: SearchSpace
    ledger: Ledger
    finished: list[TrialRecord]
    resources: TrialResources
    run: RunTrial
    on_cluster: bool


def _finished(ledger: Ledger, retry_failed: bool) -> list[TrialRecord]:
    records = list(ledger.records())
    if not retry_failed:
        return records
    for record in records:
        if record.state == "failed":
            ledger.forget(record.config.trial_id)
    return [record for record in records if record.state != "failed"]


def _run_to_the_end(sweep: _Sweep, tracker: Tracker, console: Console) -> tuple[str, str | None]:
    """Run what is left; whatever ends it, leave no run RUNNING. Return the state, and what is untracked."""
    try:
        state = _run_trials(sweep, tracker, console)
    except ClusterabilityError as error:
        kept = f"{sum(1 for _ in sweep.ledger.records())} trials are kept; the same command continues"
        untracked = _finish_tracking(tracker, sweep.ledger, "stopped")
        late = f" (tracking lacks some, because {untracked})" if untracked else ""
        raise type(error)(f"{error}; {kept}{late}") from None
    return state, _finish_tracking(tracker, sweep.ledger, state)


def _run_trials(sweep: _Sweep, tracker: Tracker, console: Console) -> str:
    space, ledger = sweep.space, sweep.ledger
    objectives = objective_metrics(space.objectives, space.base.metrics)
    tally = Tally(total=space.num_trials, objectives=objectives, done_before=len(sweep.finished))
    background = BackgroundTracking()
    display = make_display(console, space, tally.total)
    with display:
        display.update(tally)
        monitor = SweepMonitor(ledger, tracker, background, display, tally)
        try:
            if not sweep.on_cluster:
                start_here()
            with _terminated_like_interrupted():
                tune_trials(space, ledger.folder, sweep.finished, sweep.resources, sweep.run, monitor)
            background.close()
        except KeyboardInterrupt:
            return "stopped"
        except OSError as error:
            raise StorageError(f"{ledger.folder}: cannot be written: {error.strerror or error}") from None
        except (RayError, TuneError) as error:
            raise ResourceError(f"Ray ended the sweep: {first_line(error)}") from None
        finally:
            # Ray ends the process when a handle of Tune's is collected on the tracking thread after this.
            gc.collect()
            ray.shutdown()
            background.close()
    return "complete"


@contextmanager
def _terminated_like_interrupted() -> Iterator[None]:
    """Let SIGTERM end the block with KeyboardInterrupt: a scheduler that takes the machine back sends it.

    Ray must be running already: when it starts it sets a handler of its own, which aborts.
    """

    def interrupt(*_: object) -> None:
        raise KeyboardInterrupt

    before = signal.signal(signal.SIGTERM, interrupt)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


def _finish_tracking(tracker: Tracker, ledger: Ledger, state: str) -> str | None:
    """Return why the store could not be brought up to date, or None."""
    try:
        tracker.finish_sweep(ledger, state)
    except TRACKING_FAILURES as error:
        return first_line(error)
    return None


def _outcome(sweep_id: str, state: str, ledger: Ledger, untracked: str | None) -> SweepOutcome:
    states = [record.state for record in ledger.records()]
    return SweepOutcome(
        sweep_id=sweep_id,
        state=state,
        num_complete=states.count("complete"),
        num_failed=states.count("failed"),
        untracked=untracked,
    )


def _say_complete(console: Console, sweep_id: str, num_finished: int) -> None:
    line = f"sweep {sweep_id} is complete: {num_finished} trials; --fresh runs it again"
    console.print(line, highlight=False, soft_wrap=True)


def _headline(space: SearchSpace, sweep_id: str, resources: TrialResources, num_finished: int) -> str:
    conditions = -(-space.num_trials // len(space.seeds))
    kept = f", {num_finished} of them finished before" if num_finished else ""
    each = f"{resources.cpus} CPU" + (f" and {resources.gpus:g} GPU" if resources.gpus else "")
    return (
        f"sweep {sweep_id}: {space.num_trials} trials ({conditions} conditions, {len(space.seeds)} seeds, "
        f"{space.search.method}){kept}; {resources.concurrent} at once, {each} each"
    )
