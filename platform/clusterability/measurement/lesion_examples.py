"""Which examples a network's clusters are lesioned on."""

import numpy as np

from clusterability import seeds


def lesion_examples(total: int, num_examples: int, seed: int) -> np.ndarray:
    """Return the places of at most `num_examples` of `total` examples, drawn by the seed, ascending."""
    chosen = np.arange(total)
    if total <= num_examples:
        return chosen
    rng = seeds.generator(seed, "lesion examples")
    return np.sort(rng.choice(chosen, num_examples, replace=False))
