"""Run a sweep, or what is left of it, from beginning to end."""

import logging
from dataclasses import dataclass
from functools import partial

from ray import tune
from rich.console import Console

from clusterability.ledger import Ledger
from clusterability.record import TrialRecord
from clusterability.spaces import SearchSpace
from clusterability.sweep.monitor import SweepMonitor
from clusterability.sweep.preflight import TrialResources, check_networks, plan_resources, this_machine
from clusterability.sweep.progress import Tally, make_display
from clusterability.sweep.quiet_ray import ray
from clusterability.sweep.searcher import ReplicatedSearch
from clusterability.sweep.session import open_session, sweep_id_of
from clusterability.sweep.worker import train_and_measure
from clusterability.tracking import RUNS_FOLDER, BackgroundTracking, Tracker, connect, tracking_uri


@dataclass(frozen=True, kw_only=True, slots=True)
class SweepOutcome:
    """What a sweep left behind."""

    sweep_id: str
    state: str
    """complete | stopped."""
    num_complete: int
    num_failed: int


def run_sweep(space: SearchSpace, console: Console, *, fresh: bool = False) -> SweepOutcome:
    """Run the trials of `space` that have no record yet, and track them.

    The same space continues its newest sweep; `fresh` starts another. Ctrl-C ends the sweep with state
    "stopped"; every finished trial is kept.

    Raises:
        ResourceError, DataError, ConfigError, TrackingError: found before anything is started or written.
    """
    resources = plan_resources(space, this_machine())
    check_networks(space)
    uri = tracking_uri()
    client = connect(uri)
    runs = RUNS_FOLDER.resolve()
    sweep_id = sweep_id_of(space, runs, fresh)
    with open_session(space, runs, sweep_id) as ledger:
        finished = list(ledger.records())
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
        records = list(ledger.records())
        _bring_up_to_date(tracker, ledger, records)
        tracker.finish_sweep(state)
    return SweepOutcome(
        sweep_id=sweep_id,
        state=state,
        num_complete=sum(record.state == "complete" for record in records),
        num_failed=sum(record.state == "failed" for record in records),
    )


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
    with display:
        display.update(tally)
        try:
            _tune(
                space, ledger, finished, resources, SweepMonitor(ledger, tracker, background, display, tally)
            )
        except KeyboardInterrupt:
            return "stopped"
        finally:
            ray.shutdown()
            background.close()
    return "complete"


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
    trainable = partial(train_and_measure, sweep_folder=str(ledger.folder), num_threads=resources.cpus)
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


def _bring_up_to_date(tracker: Tracker, ledger: Ledger, records: list[TrialRecord]) -> None:
    for record in records:
        if not tracker.is_finished(record.config.trial_id):
            tracker.finish_trial(record, ledger.trial_folder(record.config.trial_id))


def _headline(space: SearchSpace, sweep_id: str, resources: TrialResources, num_finished: int) -> str:
    conditions = -(-space.num_trials // len(space.seeds))
    kept = f", {num_finished} of them finished before" if num_finished else ""
    each = f"{resources.cpus} CPU" + (f" and {resources.gpus:g} GPU" if resources.gpus else "")
    return (
        f"sweep {sweep_id}: {space.num_trials} trials ({conditions} conditions, {len(space.seeds)} seeds, "
        f"{space.search.method}){kept}; {resources.concurrent} at once, {each} each"
    )
