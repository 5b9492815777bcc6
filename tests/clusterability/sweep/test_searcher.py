import pickle
from pathlib import Path

import pytest
from ray.tune.search import Searcher

from clusterability.config import TrialConfig
from clusterability.record import TrialRecord
from clusterability.spaces import load_space
from clusterability.sweep.searcher import ReplicatedSearch

SHIPPED = Path(__file__).parents[3] / "search_spaces"


def record(config: TrialConfig, state="complete") -> TrialRecord:
    metrics = {"validation_accuracy": 0.9, "ncut": 2.0} if state == "complete" else {}
    return TrialRecord(config=config, state=state, metrics=metrics)


def run_all(search: ReplicatedSearch) -> list[TrialConfig]:
    configs = []
    while (suggestion := search.suggest(f"trial {len(configs)}")) != Searcher.FINISHED:
        configs.append(TrialConfig.from_dict(suggestion["trial"]))
        search.on_trial_complete(f"trial {len(configs) - 1}", record(configs[-1]).metrics)
    return configs


@pytest.fixture(params=["grid", "random", "tpe"])
def space(request):
    overrides = [f"search.method={request.param}", "search.num_trials=8", "axes.model.dropout=[0, 0.1, 0.2]"]
    return load_space("smoke", overrides, folder=SHIPPED)


def test_each_condition_runs_once_per_seed_up_to_the_budget(space):
    configs = run_all(ReplicatedSearch(space, []))
    assert len({config.trial_id for config in configs}) == len(configs) == 8
    seeds_by_condition = {}
    for config in configs:
        seeds_by_condition.setdefault(config.condition_id, []).append(config.seed)
    assert all(seeds == [0, 1] for seeds in seeds_by_condition.values())


@pytest.mark.parametrize("num_finished", [1, 3, 7, 8])
def test_a_resumed_search_completes_conditions_and_repeats_nothing(space, num_finished):
    first = run_all(ReplicatedSearch(space, []))[:num_finished]
    rest = run_all(ReplicatedSearch(space, [record(config) for config in first]))
    assert len({config.trial_id for config in first + rest}) == 8
    if num_finished % 2:
        assert (rest[0].condition_id, rest[0].seed) == (first[-1].condition_id, 1)


def test_failed_replicates_count_as_tried(space):
    first = run_all(ReplicatedSearch(space, []))[:2]
    rest = run_all(ReplicatedSearch(space, [record(config, state="failed") for config in first]))
    assert not {config.trial_id for config in first} & {config.trial_id for config in rest}
    assert len(rest) == 6


@pytest.mark.parametrize("num_finished", range(8))
def test_a_resumed_search_repeats_nothing_while_results_are_awaited(space, num_finished):
    first = run_all(ReplicatedSearch(space, []))[:num_finished]
    search = ReplicatedSearch(space, [record(config) for config in first])
    rest = []
    while (suggestion := search.suggest(f"trial {len(rest)}")) != Searcher.FINISHED:  # none completes
        rest.append(TrialConfig.from_dict(suggestion["trial"]))
    assert len(rest) == 8 - num_finished
    assert len({config.trial_id for config in first + rest}) == 8


def test_tune_can_pickle_every_search_as_it_does_at_the_start(space):
    search = ReplicatedSearch(space, [])
    search.suggest("trial 0")
    pickle.dumps(search)
