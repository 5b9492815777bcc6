"""The null that keeps every unit's strength."""

import numpy as np

from clusterability.graph import Block
from clusterability.ncut import Prepared
from clusterability.nulls.layer import permute_block
from clusterability.nulls.model import BlockNull
from clusterability.nulls.strengths import matched_strengths
from clusterability.record import Statistic


def _permute_and_match_strengths(
    block: Block, weights: np.ndarray, drawn: np.ndarray, rng: np.random.Generator
) -> None:
    permute_block(block, weights, drawn, rng)
    drawn[:] = matched_strengths(drawn, weights.sum(axis=1), weights.sum(axis=0))


def _without_a_size(prepared: Prepared, statistic: Statistic) -> str:
    return "undecided: layer_degree has no stated size (0 to 0.98 at level 0.05); use unit_factors"


layer_degree = BlockNull(draw_block=_permute_and_match_strengths, size_limit=_without_a_size)
"""Permutes all weights of each layer, then scales rows and columns to every unit's strengths.

Its size is wrong: at level 0.05, of 400 graphs without modules, 0 to 0.003 of those with half-normal weights
come out significant and 0.94 to 0.99 of those with heavy-tailed ones (docs/nulls.md).
"""
