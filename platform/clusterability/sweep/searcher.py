"""Ray Tune's view of the search: conditions from a proposer, each run once per seed."""

from collections import defaultdict, deque
from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np
from ray.tune.search import Searcher

from clusterability.config import TrialConfig
from clusterability.record import TrialRecord
from clusterability.spaces import SearchSpace
from clusterability.sweep.proposer import make_proposer

Objectives = tuple[float, ...] | None


class ReplicatedSearch(Searcher):
    """Suggest every condition once per seed, and tell the search the mean over its seeds.

    Ray's own Repeater takes one metric; this one takes the space's list of objectives. Trials that the
    ledger holds already are told to the search at the start and never suggested again.
    """

    def __init__(self, space: SearchSpace, finished: Iterable[TrialRecord]) -> None:
        super().__init__()
        self._space = space
        self._queue: deque[TrialConfig] = deque()
        self._running: dict[str, TrialConfig] = {}
        self._values: dict[str, dict[int, Objectives]] = defaultdict(dict)
        known = {record.config.condition_id: record.config for record in finished}
        self._proposer = make_proposer(space, len(known))
        for record in finished:
            self._values[record.config.condition_id][record.config.seed] = self._objectives(record.metrics)
        self.num_remaining = space.num_trials - sum(len(seeds) for seeds in self._values.values())
        self._budget = self.num_remaining
        for config in known.values():
            self._queue.extend(self._missing(config))
            self._tell_if_whole(config)

    def suggest(self, trial_id: str) -> Any:
        """Return the configuration of the next trial, or FINISHED."""
        if self._budget <= 0:
            return Searcher.FINISHED
        if not self._queue:
            assignment = self._proposer.propose()
            if assignment is None:
                return Searcher.FINISHED
            self._queue.extend(self._missing(self._space.trial(assignment, self._space.seeds[0])))
        config = self._queue.popleft()
        self._budget -= 1
        self._running[trial_id] = config
        return {"trial": config.to_dict()}

    def on_trial_result(self, trial_id: str, result: dict[str, Any]) -> None:
        """Do nothing: a trial reports once, at its end."""

    def on_trial_complete(
        self, trial_id: str, result: dict[str, Any] | None = None, error: bool = False
    ) -> None:
        """Take a replicate's objectives; the last replicate of a condition tells the search."""
        config = self._running.pop(trial_id, None)
        if config is None:
            return
        self._values[config.condition_id][config.seed] = None if error else self._objectives(result or {})
        self._tell_if_whole(config)

    def _missing(self, config: TrialConfig) -> list[TrialConfig]:
        done = self._values[config.condition_id]
        assignment = self._space.assignment_of(config)
        return [self._space.trial(assignment, seed) for seed in self._space.seeds if seed not in done]

    def _tell_if_whole(self, config: TrialConfig) -> None:
        values = self._values[config.condition_id]
        if set(self._space.seeds) <= values.keys():
            complete = [value for value in values.values() if value is not None]
            mean = np.mean(complete, axis=0).tolist() if complete else None
            self._proposer.observe(self._space.assignment_of(config), mean)

    def _objectives(self, metrics: dict[str, Any]) -> Objectives:
        values: Sequence[Any] = [metrics.get(objective.metric) for objective in self._space.objectives]
        if any(value is None or not np.isfinite(value) for value in values):
            return None
        return tuple(float(value) for value in values)

    def save(self, checkpoint_path: str) -> None:
        """Do nothing: the ledger holds what a resumed search needs."""

    def restore(self, checkpoint_path: str) -> None:
        """Do nothing; see `save`."""
