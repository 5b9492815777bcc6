"""Every combination of the axes' values."""

from clusterability.spaces import SearchSpace
from clusterability.sweep.proposer import EnumeratedProposer, Proposer


def propose_grid(space: SearchSpace, num_known: int) -> Proposer:
    """Return the proposer of all combinations, the last axis fastest."""
    return EnumeratedProposer(space.grid())
