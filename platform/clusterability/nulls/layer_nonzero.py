"""The null that leaves zeros where they are."""

import numpy as np

from clusterability.graph import Block
from clusterability.nulls.model import BlockNull
from clusterability.nulls.permutation import permute_within


def _permute_nonzero(block: Block, weights: np.ndarray, drawn: np.ndarray, rng: np.random.Generator) -> None:
    permute_within(weights != 0, weights, drawn, rng)


layer_nonzero = BlockNull(draw_block=_permute_nonzero)
"""Permutes the nonzero weights of each layer among their places."""
