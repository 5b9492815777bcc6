"""Random sets of units that match the clusters in number per layer."""

import numpy as np

from clusterability import seeds


def random_partitions(sets: np.ndarray, layer_of: np.ndarray, num_random: int, seed: int) -> np.ndarray:
    """Draw random sets of units: as many in every layer as each cluster has there, no unit in two of a draw.

    Each draw has its own random stream and permutes the units of every layer, those of no cluster among them,
    then deals them out. So each set is uniform among the sets of its numbers, and a draw's sets are as
    disjoint as the clusters are: pairs and whole partitions can be compared with them as well.

    Args:
        sets: units of each cluster, boolean, shape (clusters, units), disjoint.
        layer_of: layer of each unit, shape (units,).
        num_random: draws m.
        seed: of the draws.

    Returns:
        Units of each set, boolean, shape (m, clusters, units).
    """
    drawn = np.zeros((num_random, *sets.shape), dtype=bool)
    for draw in range(num_random):
        rng = seeds.generator(seed, "lesion", draw)
        for layer in np.unique(layer_of):
            units = rng.permutation(np.flatnonzero(layer_of == layer))
            owners = np.repeat(np.arange(len(sets)), sets[:, layer_of == layer].sum(axis=1))
            drawn[draw, owners, units[: len(owners)]] = True
    return drawn
