"""Optuna's Gaussian process of several objectives."""

from optuna.samplers import GPSampler

from clusterability.spaces import SearchSpace
from clusterability.sweep.proposer import OptunaProposer, Proposer, sampled_conditions, sampler_seed


def propose_gp(space: SearchSpace, num_known: int) -> Proposer:
    """Return the proposer; its start-up fits into small budgets."""
    sampler = GPSampler(
        seed=sampler_seed(space, num_known),
        n_startup_trials=min(10, max(4, sampled_conditions(space) // 3)),
    )
    return OptunaProposer(space, sampler)
