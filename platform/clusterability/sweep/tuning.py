"""One run of Ray Tune: the search, the trials, and the events of each."""

import os
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any, Protocol

from ray import tune
from ray.tune.experiment import Trial

from clusterability.config import TrialConfig
from clusterability.record import TrialRecord
from clusterability.spaces import SearchSpace
from clusterability.sweep.preflight import TrialResources
from clusterability.sweep.searcher import ReplicatedSearch
from clusterability.sweep.session import TUNE_FOLDER
from clusterability.sweep.watchdog import TrialLimits
from clusterability.sweep.worker import RunTrial, train_and_measure


class Listener(Protocol):
    """Hears of every trial."""

    def started(self, config: TrialConfig) -> None:
        """A worker has begun the trial."""

    def ended(self, config: TrialConfig, reason: str | None) -> None:
        """The trial is over; `reason` says why where its worker was lost."""


class TrialEvents(tune.Callback):
    """Tune's callbacks turned into the two events of a listener."""

    def __init__(self, listener: Listener) -> None:
        self._listener = listener
        self.problem: Exception | None = None
        """What the listener raised: it ends the sweep, and Tune would tell it as the text of a traceback."""

    def __getstate__(self) -> dict[str, Any]:
        # Tune pickles its callbacks for a restore that we never ask for; a sweep resumes from the ledger.
        return {}

    def on_trial_start(self, iteration: int, trials: list[Trial], trial: Trial, **info: Any) -> None:
        """Pass it on."""
        self._pass_on(self._listener.started, _config(trial))

    def on_trial_complete(self, iteration: int, trials: list[Trial], trial: Trial, **info: Any) -> None:
        """Pass it on."""
        self._pass_on(self._listener.ended, _config(trial), None)

    def on_trial_error(self, iteration: int, trials: list[Trial], trial: Trial, **info: Any) -> None:
        """Pass it on with the reason."""
        self._pass_on(self._listener.ended, _config(trial), _reason(trial))

    def _pass_on(self, event: Callable[..., None], *details: Any) -> None:
        try:
            event(*details)
        except Exception as problem:
            self.problem = problem
            raise


def tune_trials(
    space: SearchSpace,
    sweep_folder: Path,
    finished: list[TrialRecord],
    resources: TrialResources,
    run: RunTrial,
    listener: Listener,
) -> None:
    """Run what is left of `space` on the Ray cluster that this process is connected to."""
    search = ReplicatedSearch(space, finished)
    limits = TrialLimits(
        threads=resources.cpus,
        minutes=space.resources.max_minutes_per_trial,
        memory_gb=space.resources.memory_gb_per_trial,
    )
    trainable = partial(
        train_and_measure, sweep_folder=str(sweep_folder), project=str(Path.cwd()), limits=limits, run=run
    )
    if resources.limit is None:
        # Two trials wait for a place instead of one: the first often takes over the worker of a trial that
        # ends, and a machine that has just joined would never be asked for long enough.
        os.environ.setdefault("TUNE_MAX_PENDING_TRIALS_PG", "2")
    events = TrialEvents(listener)
    tuner = tune.Tuner(
        tune.with_resources(trainable, {"cpu": resources.cpus, "gpu": resources.gpus}),
        tune_config=tune.TuneConfig(
            search_alg=search,
            num_samples=search.num_remaining,
            max_concurrent_trials=resources.limit,
            reuse_actors=True,  # a worker imports torch once, not once per trial
            trial_dirname_creator=lambda trial: trial.trial_id,
        ),
        run_config=tune.RunConfig(
            name=TUNE_FOLDER,
            storage_path=str(sweep_folder),
            callbacks=[events],
            verbose=0,
            failure_config=tune.FailureConfig(max_failures=1),  # a lost worker is not the trial's fault
        ),
    )
    try:
        tuner.fit()
    except tune.TuneError:
        if events.problem is None:
            raise
        raise events.problem from None


def _config(trial: Trial) -> TrialConfig:
    return TrialConfig.from_dict(trial.config["trial"])


def _reason(trial: Trial) -> str:
    """Return what Ray has written down about the end of the worker, in one line."""
    path = Path(trial.error_file) if trial.error_file else None
    lines = path.read_text().splitlines() if path and path.exists() else []
    told = [line.strip() for line in lines if line.strip()]
    return told[-1] if told else "the worker exited without a message"
