"""The null that keeps every unit's strength."""

import numpy as np

from clusterability.graph import Block
from clusterability.nulls.layer import permute_block
from clusterability.nulls.model import BlockNull
from clusterability.nulls.strengths import matched_strengths


def _permute_and_match_strengths(
    block: Block, weights: np.ndarray, drawn: np.ndarray, rng: np.random.Generator
) -> None:
    permute_block(block, weights, drawn, rng)
    drawn[:] = matched_strengths(drawn, weights.sum(axis=1), weights.sum(axis=0))


layer_degree = BlockNull(draw_block=_permute_and_match_strengths)
"""Permutes all weights of each layer, then scales rows and columns to every unit's strengths."""
