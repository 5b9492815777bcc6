"""The null that keeps every unit's strength; its p has no stated size.

In graphs without modules p <= 0.05 comes up in none (unit strengths that vary) to 98 % (heavy tails); see
docs/nulls.md.
"""

from collections.abc import Sequence

import numpy as np

from clusterability.graph import Block
from clusterability.nulls.layer import permute_block
from clusterability.nulls.limits import DECIDED_BY, DrawBlocks
from clusterability.nulls.model import BlockNull
from clusterability.nulls.strengths import matched_strengths
from clusterability.record import Statistic


def _permute_and_match_strengths(
    block: Block, weights: np.ndarray, drawn: np.ndarray, rng: np.random.Generator
) -> None:
    permute_block(block, weights, drawn, rng)
    drawn[:] = matched_strengths(drawn, weights.sum(axis=1), weights.sum(axis=0))


def layer_degree_limits(observed: Sequence[np.ndarray], draw: DrawBlocks, statistic: Statistic) -> str | None:
    """See `Limits`: always."""
    return (
        "undecided: p of `layer_degree` has no stated size: p <= 0.05 comes up in 0 to 98 % of graphs "
        f"without modules; {DECIDED_BY}"
    )


layer_degree = BlockNull(draw_block=_permute_and_match_strengths, limits=layer_degree_limits)
"""Permutes all weights of each layer, then scales rows and columns to every unit's strengths."""
