"""The null that keeps of each layer the number of zeros and roughly the distribution of the weights."""

import numpy as np

from clusterability.graph import Block
from clusterability.nulls.layer import permute_block
from clusterability.nulls.layer_nonzero_distribution import redraw_nonzero
from clusterability.nulls.model import BlockNull


def _permute_and_redraw(
    block: Block, weights: np.ndarray, drawn: np.ndarray, rng: np.random.Generator
) -> None:
    shuffled = np.empty_like(weights)
    permute_block(block, weights, shuffled, rng)
    redraw_nonzero(block, shuffled, drawn, rng)


layer_all_distribution = BlockNull(draw_block=_permute_and_redraw)
"""Permutes all weights of each layer, then redraws the nonzero ones from their kernel density."""
