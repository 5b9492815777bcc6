"""Optuna's tree-structured Parzen estimator of several objectives."""

from optuna.samplers import TPESampler

from clusterability.spaces import SearchSpace
from clusterability.sweep.proposer import OptunaProposer, Proposer, sampled_conditions, sampler_seed


def propose_tpe(space: SearchSpace, num_known: int) -> Proposer:
    """Return the proposer; its start-up fits into small budgets."""
    sampler = TPESampler(
        seed=sampler_seed(space, num_known),
        n_startup_trials=min(10, max(4, sampled_conditions(space) // 3)),
        constant_liar=True,
    )
    return OptunaProposer(space, sampler)
