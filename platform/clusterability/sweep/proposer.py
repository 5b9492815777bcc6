"""Which condition next: enumerated in advance (grid, random) or suggested by Optuna from what is known."""

import json
from collections.abc import Iterator, Sequence
from typing import Any, Protocol

import optuna
from optuna.distributions import BaseDistribution, CategoricalDistribution, FloatDistribution, IntDistribution
from optuna.trial import TrialState, create_trial

from clusterability.seeds import generator, integer_seed
from clusterability.spaces import ChoiceAxis, RangeAxis, SearchSpace
from clusterability.spaces.space import Assignment

_ATTEMPTS = 30
"""Draws in which a condition that is not yet known should turn up, before the rest of a finite space is drawn from."""


class Proposer(Protocol):
    """The source of a sweep's conditions; the control comes first."""

    def propose(self) -> Assignment | None:
        """Return a condition that was never proposed or observed before, or None where there is none left."""

    def observe(self, assignment: Assignment, values: Sequence[float] | None) -> None:
        """Take the objectives of a condition (mean over its replicates); None: all replicates failed."""


def make_proposer(space: SearchSpace, num_known: int) -> Proposer:
    """Return the proposer of the space's search method; `num_known` conditions have been observed before."""
    if space.search.method == "tpe":
        return OptunaProposer(space, num_known)
    return EnumeratedProposer(space.grid() if space.search.method == "grid" else _random_conditions(space))


class EnumeratedProposer:
    """Conditions in an order that does not depend on results."""

    def __init__(self, conditions: list[Assignment] | Iterator[Assignment]) -> None:
        self._conditions = iter(conditions)
        self._observed: set[str] = set()

    def propose(self) -> Assignment | None:
        """Return the next condition that was not observed in an earlier session."""
        return next((item for item in self._conditions if _key(item) not in self._observed), None)

    def observe(self, assignment: Assignment, values: Sequence[float] | None) -> None:
        """Remember that the condition is done."""
        self._observed.add(_key(assignment))


class OptunaProposer:
    """Multi-objective TPE over the axes.

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
            sampler=optuna.samplers.TPESampler(
                # A resumed search must not repeat the draws of its first session.
                seed=integer_seed(space.search.seed, "search", num_known) % 2**32,
                n_startup_trials=min(10, max(4, num_conditions // 3)),
                constant_liar=True,
            ),
        )
        self._asked: dict[str, optuna.Trial] = {}
        self._known: set[str] = set()

    def propose(self) -> Assignment | None:
        """Return the control first, then what TPE suggests, never a condition twice."""
        if _key(self._space.control) not in self._known:
            return self._remember(self._space.control)
        for _ in range(_ATTEMPTS):
            trial = self._study.ask(self._distributions)
            assignment = {axis.name: _decode(axis, trial.params[axis.name]) for axis in self._space.axes}
            if _key(assignment) not in self._known:
                self._asked[_key(assignment)] = trial
                return self._remember(assignment)
            self._study.tell(trial, state=TrialState.FAIL)  # known: TPE does not learn from failed trials
        return self._random_unknown()

    def observe(self, assignment: Assignment, values: Sequence[float] | None) -> None:
        """Tell the study, whether the condition was asked for in this session or in an earlier one."""
        self._known.add(_key(assignment))
        trial = self._asked.pop(_key(assignment), None)
        if trial is not None:
            state = TrialState.COMPLETE if values is not None else TrialState.FAIL
            self._study.tell(trial, values, state=state)
        elif values is not None and all(axis.contains(assignment[axis.name]) for axis in self._space.axes):
            params = {axis.name: _encode(axis, assignment[axis.name]) for axis in self._space.axes}
            self._study.add_trial(
                create_trial(params=params, distributions=self._distributions, values=list(values))
            )

    def _remember(self, assignment: Assignment) -> Assignment:
        self._known.add(_key(assignment))
        return assignment

    def _random_unknown(self) -> Assignment | None:
        """Where TPE has settled on conditions that are all known, explore the rest of a finite space."""
        if self._space.num_conditions is None:
            return None
        unknown = [item for item in self._space.grid() if _key(item) not in self._known]
        if not unknown:
            return None
        rng = generator(self._space.search.seed, "explore", len(self._known))
        return self._remember(unknown[int(rng.integers(len(unknown)))])


def _random_conditions(space: SearchSpace) -> Iterator[Assignment]:
    """Yield the control, then independent draws without repetition; the n-th draw has its own stream."""
    known = {_key(space.control)}
    yield space.control
    draw = repeats = 0
    while repeats < _ATTEMPTS:
        rng = generator(space.search.seed, "condition", draw)
        assignment = {axis.name: axis.sample(rng) for axis in space.axes}
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
