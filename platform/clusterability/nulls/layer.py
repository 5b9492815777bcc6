"""The paper's headline null: each layer's weights in another order."""

from collections.abc import Sequence

import numpy as np

from clusterability.graph import Block
from clusterability.nulls.limits import DECIDED_BY, DrawBlocks, matrices_of_unequal_units
from clusterability.nulls.model import BlockNull
from clusterability.nulls.permutation import permute, permute_within
from clusterability.record import Statistic


def permute_block(block: Block, weights: np.ndarray, drawn: np.ndarray, rng: np.random.Generator) -> None:
    """Permute all weights of a block, zeros included, among the places that have weights."""
    if block.places is None:
        permute(weights.reshape(-1), drawn.reshape(-1), rng)
    else:
        permute_within(block.places, weights, drawn, rng)


def layer_limits(observed: Sequence[np.ndarray], draw: DrawBlocks, statistic: Statistic) -> str | None:
    """See `Limits`: no power where units differ in size."""
    unequal = matrices_of_unequal_units(observed)
    if not unequal:
        return None
    return (
        f"weak: the sizes of units vary beyond chance in {len(unequal)} of {len(observed)} matrices, and "
        "`layer` destroys that too: a large p says nothing, a small one may come from sizes alone; "
        f"{DECIDED_BY}"
    )


layer = BlockNull(draw_block=permute_block, limits=layer_limits)
"""Keeps each layer's weights, destroys their places."""
