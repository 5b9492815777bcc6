"""Two clusters lesioned together: which replace, and which feed each other."""

from itertools import combinations

import numpy as np

from clusterability.lesions.effects import measure_effects
from clusterability.lesions.examples import Examples
from clusterability.lesions.network import LesionedNetwork
from clusterability.lesions.result import DoubleLesions


def double_lesions(
    network: LesionedNetwork,
    sets: np.ndarray,
    singles: np.ndarray,
    examples: Examples,
    rounding: float,
) -> DoubleLesions:
    """Lesion all pairs of clusters, and of each draw's random sets.

    Args:
        network: what is lesioned.
        sets: units of the clusters, then of each of m random draws, shape (1 + m, k, units).
        singles: rise of the loss with each of them lesioned alone, shape (1 + m, k).
        examples: what the network is run on.
        rounding: values that differ by less are the same.
    """
    num_clusters = sets.shape[1]
    pairs = np.array(list(combinations(range(num_clusters), 2)), dtype=int).reshape(-1, 2)
    both = sets[:, pairs[:, 0]] | sets[:, pairs[:, 1]]
    found = measure_effects(network, both.reshape(-1, sets.shape[2]), examples)[1]
    rises = found.loss.reshape(len(sets), len(pairs))
    interaction = np.zeros((len(sets), num_clusters, num_clusters))
    upper = rises - singles[:, pairs[:, 0]] - singles[:, pairs[:, 1]]
    interaction[:, pairs[:, 0], pairs[:, 1]] = upper
    interaction[:, pairs[:, 1], pairs[:, 0]] = upper
    distance = np.abs(interaction - interaction.mean(axis=0))
    hits = (distance[1:] >= distance[0] - rounding).sum(axis=0)
    return DoubleLesions(
        interaction=interaction[0],
        reference=interaction[1:],
        band=np.quantile(interaction[1:], (0.025, 0.975), axis=0),
        p_value=(1 + hits) / len(sets),
    )
