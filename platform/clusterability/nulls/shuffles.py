"""Null networks: each keeps the layers' shapes and destroys something else."""

from collections.abc import Callable

import numpy as np
from numba import njit

from clusterability.ncut.adjacency import Layout, mirror


@njit(cache=True, nogil=True)
def permute(values, rng):
    """Shuffle a flat array in place, every order equally likely (Fisher-Yates)."""
    for i in range(values.size - 1, 0, -1):
        j = int(rng.random() * (i + 1))
        values[i], values[j] = values[j], values[i]


def shuffle_layer(layout: Layout, flat: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Permute all weights of each layer: the paper's headline null, which keeps each multiset of weights."""
    shuffled = flat.copy()
    for row in layout.forward:
        permute(layout.half(shuffled, row).reshape(-1), rng)
    mirror(layout, shuffled)
    return shuffled


Shuffle = Callable[[Layout, np.ndarray, np.random.Generator], np.ndarray]
SHUFFLES: dict[str, Shuffle] = {"layer": shuffle_layer}
