"""Which condition next: enumerated in advance (grid, random) or suggested by Optuna from what is known."""

import json
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Protocol

import optuna
from optuna.distributions import BaseDistribution, CategoricalDistribution, FloatDistribution, IntDistribution
from optuna.samplers import BaseSampler
from optuna.trial import TrialState, create_trial

from clusterability.components import find
from clusterability.seeds import generator, integer_seed
from clusterability.spaces import ChoiceAxis, RangeAxis, SearchSpace
from clusterability.spaces.space import Assignment

ATTEMPTS = 30
"""Suggestions in which an unknown condition should turn up, before a finite space is enumerated."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Outcome:
    """What a condition came to: means over its replicates."""

    values: tuple[float, ...]
    """Objectives, in the order of the space."""
    accuracy: float
    """Validation accuracy."""


class Proposer(Protocol):
    """The source of a sweep's conditions; the control comes first, then the start points."""

    def propose(self) -> Assignment | None:
        """Return a condition that was never proposed or observed before, or None where there is none left."""

    def observe(self, assignment: Assignment, outcome: Outcome | None) -> None:
        """Take the outcome of a condition; None: all replicates failed."""


def make_proposer(space: SearchSpace, num_known: int) -> Proposer:
    """Return the proposer of the space's search method; `num_known` conditions have been observed before."""
    return find("search method", space.search.method)(space, num_known)


class EnumeratedProposer:
    """Conditions in an order that does not depend on results."""

    def __init__(self, conditions: list[Assignment] | Iterator[Assignment]) -> None:
        self._conditions = iter(conditions)
        self._observed: set[str] = set()

    def propose(self) -> Assignment | None:
        """Return the next condition that was not observed in an earlier session."""
        return next((item for item in self._conditions if key_of(item) not in self._observed), None)

    def observe(self, assignment: Assignment, outcome: Outcome | None) -> None:
        """Remember that the condition is done."""
        self._observed.add(key_of(assignment))


class OptunaProposer:
    """One of Optuna's samplers over the axes.

    The study lives in memory and is rebuilt from the ledger by `observe`: no second store that could
    disagree with it, no Optuna trial left RUNNING by a crash.
    """

    def __init__(self, space: SearchSpace, sampler: BaseSampler) -> None:
        optuna.logging.set_verbosity(optuna.logging.ERROR)
        self._space = space
        self._distributions = {axis.name: _distribution(axis) for axis in space.axes}
        self._study = optuna.create_study(
            directions=["maximize" if item.direction == "max" else "minimize" for item in space.objectives],
            sampler=sampler,
        )
        self._first = deque(space.first_conditions)
        self._asked: dict[str, optuna.Trial] = {}
        self._known: set[str] = set()

    def propose(self) -> Assignment | None:
        """Return control and start points first, then what Optuna suggests, never a condition twice."""
        while self._first:
            assignment = self._first.popleft()
            if key_of(assignment) not in self._known:
                return self._remember(assignment)
        for _ in range(ATTEMPTS):
            trial = self._study.ask(self._distributions)
            drawn = {axis.name: _decode(axis, trial.params[axis.name]) for axis in self._space.axes}
            assignment = self._space.settle(drawn)
            if key_of(assignment) not in self._known:
                self._asked[key_of(assignment)] = trial
                return self._remember(assignment)
            self._study.tell(trial, state=TrialState.FAIL)  # known: samplers do not learn from failed trials
        return self._random_unknown()

    def observe(self, assignment: Assignment, outcome: Outcome | None) -> None:
        """Tell the study, whether the condition was asked for in this session or in an earlier one."""
        self._known.add(key_of(assignment))
        trial = self._asked.pop(key_of(assignment), None)
        if trial is not None and outcome is None:
            self._study.tell(trial, state=TrialState.FAIL)
        elif trial is not None and outcome is not None:
            for name, value in self._constraints(outcome).items():
                trial.set_constraint(name, value)
            self._study.tell(trial, outcome.values)
        elif outcome is not None and all(axis.contains(assignment[axis.name]) for axis in self._space.axes):
            self._study.add_trial(
                create_trial(
                    params={axis.name: _encode(axis, assignment[axis.name]) for axis in self._space.axes},
                    distributions=self._distributions,
                    values=outcome.values,
                    constraints=self._constraints(outcome),
                )
            )

    def _constraints(self, outcome: Outcome) -> dict[str, float]:
        floor = self._space.search.accuracy_floor
        return {} if floor is None else {"accuracy_floor": floor - outcome.accuracy}  # feasible up to 0

    def _remember(self, assignment: Assignment) -> Assignment:
        self._known.add(key_of(assignment))
        return assignment

    def _random_unknown(self) -> Assignment | None:
        """Where the sampler suggests nothing but known conditions, explore the rest of a finite space."""
        if self._space.num_conditions is None:
            return None
        unknown = [item for item in self._space.grid() if key_of(item) not in self._known]
        if not unknown:
            return None
        rng = generator(self._space.search.seed, "explore", len(self._known))
        return self._remember(unknown[int(rng.integers(len(unknown)))])


def key_of(assignment: Assignment) -> str:
    """Return a text of its own for each condition."""
    return json.dumps(assignment, sort_keys=True)


def sampler_seed(space: SearchSpace, num_known: int) -> int:
    """Return the seed of a sampler that knows this many conditions already."""
    return integer_seed(space.search.seed, "search", num_known) % 2**32


def sampled_conditions(space: SearchSpace) -> int:
    """Return the conditions that a sampler's budget allows, by which its start-up is cut."""
    return -(-space.num_trials // len(space.seeds))


def _distribution(axis: ChoiceAxis | RangeAxis) -> BaseDistribution:
    if isinstance(axis, ChoiceAxis):
        return CategoricalDistribution([_encode(axis, value) for value in axis.values])
    if axis.integer:
        return IntDistribution(int(axis.low), int(axis.high), log=axis.log, step=int(axis.step or 1))
    return FloatDistribution(axis.low, axis.high, log=axis.log, step=axis.step)


def _encode(axis: ChoiceAxis | RangeAxis, value: Any) -> Any:
    # Optuna's categories are scalars; a list such as [64, 64] goes in and out as its JSON text.
    return json.dumps(value) if isinstance(axis, ChoiceAxis) else value


def _decode(axis: ChoiceAxis | RangeAxis, value: Any) -> Any:
    if isinstance(axis, RangeAxis):
        return value
    return next(item for item in axis.values if json.dumps(item) == value)
