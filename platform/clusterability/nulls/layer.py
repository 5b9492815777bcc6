"""The paper's headline null: each layer's weights in another order."""

import numpy as np

from clusterability.graph import Block
from clusterability.nulls.model import BlockNull
from clusterability.nulls.permutation import permute, permute_within


def permute_block(block: Block, weights: np.ndarray, drawn: np.ndarray, rng: np.random.Generator) -> None:
    """Permute all weights of a block, zeros included, among the places that have weights."""
    if block.places is None:
        permute(weights.reshape(-1), drawn.reshape(-1), rng)
    else:
        permute_within(block.places, weights, drawn, rng)


layer = BlockNull(draw_block=permute_block)
"""Keeps each layer's weights, destroys their places."""
