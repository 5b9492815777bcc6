"""Which condition next: enumerated in advance (grid, random) or suggested by Optuna from what is known."""

import json
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Protocol

import optuna
from optuna.distributions import BaseDistribution, CategoricalDistribution, FloatDistribution, IntDistribution
from optuna.samplers import BaseSampler, GPSampler, NSGAIISampler, TPESampler
from optuna.trial import TrialState, create_trial

from clusterability.seeds import generator, integer_seed
from clusterability.spaces import ChoiceAxis, RangeAxis, SearchSpace
from clusterability.spaces.space import Assignment

_ATTEMPTS = 30
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
    if space.search.method in _SAMPLERS:
        return OptunaProposer(space, num_known)
    return EnumeratedProposer(space.grid() if space.search.method == "grid" else _random_conditions(space))


def _tpe(seed: int, num_conditions: int) -> BaseSampler:
    startup = min(10, max(4, num_conditions // 3))
    return TPESampler(seed=seed, n_startup_trials=startup, constant_liar=True)


def _nsga2(seed: int, num_conditions: int) -> BaseSampler:
    return NSGAIISampler(seed=seed, population_size=min(50, max(4, num_conditions // 4)))


def _gp(seed: int, num_conditions: int) -> BaseSampler:
    return GPSampler(seed=seed, n_startup_trials=min(10, max(4, num_conditions // 3)))


_SAMPLERS = {"tpe": _tpe, "nsga2": _nsga2, "gp": _gp}
"""Samplers of several objectives; their start-up fits into small budgets."""


class EnumeratedProposer:
    """Conditions in an order that does not depend on results."""

    def __init__(self, conditions: list[Assignment] | Iterator[Assignment]) -> None:
        self._conditions = iter(conditions)
        self._observed: set[str] = set()

    def propose(self) -> Assignment | None:
        """Return the next condition that was not observed in an earlier session."""
        return next((item for item in self._conditions if _key(item) not in self._observed), None)

    def observe(self, assignment: Assignment, outcome: Outcome | None) -> None:
        """Remember that the condition is done."""
        self._observed.add(_key(assignment))


class OptunaProposer:
    """One of Optuna's samplers over the axes.

    The study lives in memory and is rebuilt from the ledger by `observe`: no second store that could
    disagree with it, no Optuna trial left RUNNING by a crash.
    """

    def __init__(self, space: SearchSpace, num_known: int) -> None:
        optuna.logging.set_verbosity(optuna.logging.ERROR)
        num_conditions = -(-space.num_trials // len(space.seeds))
        self._space = space
        self._distributions = {axis.name: _distribution(axis) for axis in space.axes}
        self._study = optuna.create_study(
            directions=["maximize" if item.direction == "max" else "minimize" for item in space.objectives],
            # A resumed search must not repeat the draws of its first session.
            sampler=_SAMPLERS[space.search.method](
                integer_seed(space.search.seed, "search", num_known) % 2**32, num_conditions
            ),
        )
        self._first = deque(space.first_conditions)
        self._asked: dict[str, optuna.Trial] = {}
        self._known: set[str] = set()

    def propose(self) -> Assignment | None:
        """Return control and start points first, then what Optuna suggests, never a condition twice."""
        while self._first:
            assignment = self._first.popleft()
            if _key(assignment) not in self._known:
                return self._remember(assignment)
        for _ in range(_ATTEMPTS):
            trial = self._study.ask(self._distributions)
            drawn = {axis.name: _decode(axis, trial.params[axis.name]) for axis in self._space.axes}
            assignment = self._space.settle(drawn)
            if _key(assignment) not in self._known:
                self._asked[_key(assignment)] = trial
                return self._remember(assignment)
            self._study.tell(trial, state=TrialState.FAIL)  # known: samplers do not learn from failed trials
        return self._random_unknown()

    def observe(self, assignment: Assignment, outcome: Outcome | None) -> None:
        """Tell the study, whether the condition was asked for in this session or in an earlier one."""
        self._known.add(_key(assignment))
        trial = self._asked.pop(_key(assignment), None)
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
        self._known.add(_key(assignment))
        return assignment

    def _random_unknown(self) -> Assignment | None:
        """Where the sampler suggests nothing but known conditions, explore the rest of a finite space."""
        if self._space.num_conditions is None:
            return None
        unknown = [item for item in self._space.grid() if _key(item) not in self._known]
        if not unknown:
            return None
        rng = generator(self._space.search.seed, "explore", len(self._known))
        return self._remember(unknown[int(rng.integers(len(unknown)))])


def _random_conditions(space: SearchSpace) -> Iterator[Assignment]:
    """Yield control, start points and independent draws, no condition twice; each draw has its own stream."""
    known = {_key(condition) for condition in space.first_conditions}
    yield from space.first_conditions
    draw = repeats = 0
    while repeats < _ATTEMPTS:
        rng = generator(space.search.seed, "condition", draw)
        assignment = space.settle({axis.name: axis.sample(rng) for axis in space.axes})
        draw += 1
        repeats = repeats + 1 if _key(assignment) in known else 0
        if not repeats:
            known.add(_key(assignment))
            yield assignment
    if space.num_conditions is not None:
        yield from (item for item in space.grid() if _key(item) not in known)


def _key(assignment: Assignment) -> str:
    return json.dumps(assignment, sort_keys=True)


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
