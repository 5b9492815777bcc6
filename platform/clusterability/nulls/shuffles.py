"""Null networks: each keeps the layers' shapes and destroys something else."""

from collections.abc import Callable

import numpy as np

from clusterability.ncut.adjacency import Layout, mirror
from clusterability.nulls.permutation import permuted


def shuffle_layer(layout: Layout, flat: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Permute all weights of each layer: the paper's headline null, which keeps each multiset of weights."""
    shuffled = np.empty_like(flat)
    for row in layout.forward:
        seed = rng.integers(2**64, dtype=np.uint64)
        permuted(layout.half(flat, row).reshape(-1), seed, layout.half(shuffled, row).reshape(-1))
    mirror(layout, shuffled)
    return shuffled


Shuffle = Callable[[Layout, np.ndarray, np.random.Generator], np.ndarray]
SHUFFLES: dict[str, Shuffle] = {"layer": shuffle_layer}
