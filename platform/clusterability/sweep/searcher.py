"""Ray Tune's view of the search: conditions from a proposer, each run once per seed."""

from collections import defaultdict, deque
from collections.abc import Iterable
from typing import Any

import numpy as np
from ray.tune.search import Searcher

from clusterability.config import TrialConfig
from clusterability.record import TrialRecord
from clusterability.spaces import SearchSpace
from clusterability.sweep.proposer import EnumeratedProposer, Outcome, make_proposer


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
        self._outcomes: dict[str, dict[int, Outcome | None]] = defaultdict(dict)
        known = {record.config.condition_id: record.config for record in finished}
        self._begun = set(known)
        self._proposer = make_proposer(space, len(known))
        for record in finished:
            self._outcomes[record.config.condition_id][record.config.seed] = self._outcome(record.metrics)
        self.num_remaining = space.num_trials - sum(len(seeds) for seeds in self._outcomes.values())
        self._budget = self.num_remaining
        for config in known.values():
            self._queue.extend(self._missing(config))
            self._tell_if_whole(config)

    @property
    def is_enumerated(self) -> bool:
        """Whether the conditions do not depend on results."""
        return isinstance(self._proposer, EnumeratedProposer)

    def __getstate__(self) -> dict[str, Any]:
        # Tune pickles the search for a restore that we never ask for; a sweep resumes from the ledger.
        return {}

    def suggest(self, trial_id: str) -> Any:
        """Return the configuration of the next trial, or FINISHED."""
        if self._budget <= 0:
            return Searcher.FINISHED
        if not self._queue:
            config = self._next_condition()
            if config is None:
                return Searcher.FINISHED
            self._queue.extend(self._missing(config))
        config = self._queue.popleft()
        self._budget -= 1
        self._running[trial_id] = config
        return {"trial": config.to_dict()}

    def on_trial_result(self, trial_id: str, result: dict[str, Any]) -> None:
        """Do nothing: a trial reports once, at its end."""

    def on_trial_complete(
        self, trial_id: str, result: dict[str, Any] | None = None, error: bool = False
    ) -> None:
        """Take a replicate's objectives; the last replicate of a condition informs the search."""
        config = self._running.pop(trial_id, None)
        if config is None:
            return
        self._outcomes[config.condition_id][config.seed] = None if error else self._outcome(result or {})
        self._tell_if_whole(config)

    def _next_condition(self) -> TrialConfig | None:
        while (assignment := self._proposer.propose()) is not None:
            config = self._space.trial(assignment, self._space.seeds[0])
            # The proposer does not know a condition that an earlier session began and this one completes.
            if config.condition_id not in self._begun:
                self._begun.add(config.condition_id)
                return config
        return None

    def _missing(self, config: TrialConfig) -> list[TrialConfig]:
        done = self._outcomes[config.condition_id]
        assignment = self._space.assignment_of(config)
        return [self._space.trial(assignment, seed) for seed in self._space.seeds if seed not in done]

    def _tell_if_whole(self, config: TrialConfig) -> None:
        outcomes = self._outcomes[config.condition_id]
        if not set(self._space.seeds) <= outcomes.keys():
            return
        complete = [outcome for outcome in outcomes.values() if outcome is not None]
        mean = None
        if complete:
            values = np.mean([outcome.values for outcome in complete], axis=0)
            accuracy = float(np.mean([outcome.accuracy for outcome in complete]))
            mean = Outcome(values=tuple(values.tolist()), accuracy=accuracy)
        self._proposer.observe(self._space.assignment_of(config), mean)

    def _outcome(self, metrics: dict[str, Any]) -> Outcome | None:
        names = (*(objective.metric for objective in self._space.objectives), "validation_accuracy")
        values = [float(metrics.get(name, np.nan)) for name in names]
        if not np.isfinite(values).all():
            return None  # a NaN told to Optuna would stay RUNNING, and count, for ever
        return Outcome(values=tuple(values[:-1]), accuracy=values[-1])

    def save(self, checkpoint_path: str) -> None:
        """Do nothing: the ledger holds what a resumed search needs."""

    def restore(self, checkpoint_path: str) -> None:
        """Do nothing; see `save`."""
