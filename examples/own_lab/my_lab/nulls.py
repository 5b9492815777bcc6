"""A null that keeps what every unit receives."""

import numpy as np


def swap(weights: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Return |w| of one block with each target's incoming weights in another order, (source, target)."""
    return rng.permuted(weights, axis=0)
