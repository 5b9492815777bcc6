"""What a sweep would do: its trials, their resources, and how long they may take. Nothing is written."""

from dataclasses import dataclass, replace
from typing import Any

import torch
from ray.tune.search import Searcher

from clusterability.config import MeasurementConfig, TrialConfig
from clusterability.errors import TrainingError
from clusterability.ledger import Ledger
from clusterability.record import TrialRecord
from clusterability.spaces import SearchSpace
from clusterability.sweep.cluster import ray_cluster
from clusterability.sweep.launch import SweepOptions
from clusterability.sweep.preflight import TrialResources, check_space_left, plan_resources
from clusterability.sweep.rehearsal import check_networks
from clusterability.sweep.searcher import ReplicatedSearch
from clusterability.sweep.session import sweep_id_of
from clusterability.tracking import RUNS_FOLDER
from clusterability.trial import run_trial


@dataclass(frozen=True, kw_only=True, slots=True)
class SweepPlan:
    """A sweep that has not been started."""

    sweep_id: str
    num_trials: int
    num_finished: int
    resources: TrialResources
    trials: tuple[TrialConfig, ...]
    """Trials in the order in which they would start; of a search that learns, those known in advance."""
    seconds: float
    """Estimate of the time that is left, start of the workers aside."""
    basis: str
    """What the estimate rests on."""


def plan_sweep(space: SearchSpace, options: SweepOptions | None = None) -> SweepPlan:
    """Check `space` as `run_sweep` does and return what it would do.

    Raises:
        ResourceError, DataError, ConfigError, StorageError: what would stop the sweep before it starts.
    """
    options = options or SweepOptions()
    runs = RUNS_FOLDER.resolve()
    with ray_cluster(options.address) as machines:
        resources = plan_resources(space, *machines)
    network_bytes = check_networks(space)
    sweep_id = sweep_id_of(space, runs, options.fresh)
    records = list(Ledger(folder=runs / sweep_id).records())
    finished = [item for item in records if item.state != "failed" or not options.retry_failed]
    num_left = max(0, space.num_trials - len(finished))
    check_space_left(space, num_left, network_bytes, runs)
    each, basis = _seconds_per_trial(space, finished, resources) if num_left else (0.0, "nothing is left")
    return SweepPlan(
        sweep_id=sweep_id,
        num_trials=space.num_trials,
        num_finished=len(finished),
        resources=resources,
        trials=tuple(_known_trials(space, finished)),
        seconds=each * -(-num_left // resources.concurrent),
        basis=basis,
    )


def _known_trials(space: SearchSpace, finished: list[TrialRecord]) -> list[TrialConfig]:
    search, known = ReplicatedSearch(space, finished), []
    first = [space.trial(item, 0).to_dict() for item in space.first_conditions]
    known_in_advance = search.is_enumerated
    while (suggestion := search.suggest(f"trial {len(known)}")) != Searcher.FINISHED:
        content: dict[str, Any] = suggestion["trial"]
        if not known_in_advance and {**content, "seed": 0} not in first:
            break
        known.append(TrialConfig.from_dict(content))
    return known


def _seconds_per_trial(
    space: SearchSpace, finished: list[TrialRecord], resources: TrialResources
) -> tuple[float, str]:
    done = [item for item in finished if item.state == "complete"]
    if done:
        total = sum(map(_seconds, done))
        return total / len(done), f"the {len(done)} trials of this sweep that are complete"
    control = space.trial(space.first_condition, space.seeds[0])
    pilot = replace(
        control,
        training=replace(control.training, epochs=1, pruning_epochs=min(1, control.training.pruning_epochs)),
        nulls=replace(control.nulls, num_shuffles=1),
        measurement=MeasurementConfig(),
        lesions=replace(control.lesions, num_random=min(1, control.lesions.num_random)),
    )
    torch.set_num_threads(resources.cpus)
    run_trial(pilot)  # compiles, and reads the data
    record = run_trial(pilot)
    if record.state != "complete":
        raise TrainingError(f"the control with one epoch and one shuffle failed: {record.error}")
    epochs = (control.training.epochs + control.training.pruning_epochs) / (
        pilot.training.epochs + pilot.training.pruning_epochs
    )
    shuffles = (1 + control.nulls.num_shuffles) / 2
    seconds = epochs * record.metrics["seconds_training"] + shuffles * record.metrics["seconds_measuring"]
    return seconds, "the control with one epoch and one shuffle, just now; other conditions may differ"


def _seconds(record: TrialRecord) -> float:
    return record.metrics["seconds_training"] + record.metrics["seconds_measuring"]
