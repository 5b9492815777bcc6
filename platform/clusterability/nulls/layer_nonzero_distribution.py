"""The null that keeps the places of zeros and redraws the other weights."""

import numpy as np

from clusterability.graph import Block
from clusterability.nulls.model import BlockNull

KDE_BANDWIDTH = 0.01  # the paper's


def redraw_nonzero(block: Block, weights: np.ndarray, drawn: np.ndarray, rng: np.random.Generator) -> None:
    """Replace nonzero weights by draws from the Gaussian kernel density of them all.

    A draw from the density is one of the weights plus a Gaussian of the bandwidth's size; signs do not
    matter, for the Gaussian is symmetric.
    """
    nonzero = weights != 0
    values = weights[nonzero]
    chosen = rng.choice(values, size=values.size) if values.size else values
    noise = KDE_BANDWIDTH * rng.standard_normal(values.size, dtype=np.float32)
    drawn[:] = 0
    drawn[nonzero] = np.abs(chosen + noise)


layer_nonzero_distribution = BlockNull(draw_block=redraw_nonzero)
"""Redraws the nonzero weights of each layer from their kernel density."""
