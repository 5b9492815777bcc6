"""Optuna's NSGA-II, an evolutionary search of several objectives."""

from optuna.samplers import NSGAIISampler

from clusterability.spaces import SearchSpace
from clusterability.sweep.proposer import OptunaProposer, Proposer, sampled_conditions, sampler_seed


def propose_nsga2(space: SearchSpace, num_known: int) -> Proposer:
    """Return the proposer; its start-up fits into small budgets."""
    sampler = NSGAIISampler(
        seed=sampler_seed(space, num_known),
        population_size=min(50, max(4, sampled_conditions(space) // 4)),
    )
    return OptunaProposer(space, sampler)
