"""The reference pipeline: what the authors' code does for one network and for each of its shuffles.

Written for this benchmark after the paper's description: scikit-learn's SpectralClustering on the sparse
adjacency, arpack, 25 k-means restarts, n-cut of the result.
"""

import numpy as np
from scipy import sparse
from sklearn.cluster import SpectralClustering


def shuffled(matrices: list[np.ndarray], rng: np.random.Generator) -> list[np.ndarray]:
    """Permute all weights of each layer."""
    return [rng.permutation(matrix.reshape(-1)).reshape(matrix.shape) for matrix in matrices]


def adjacency_of(matrices: list[np.ndarray]) -> sparse.csr_matrix:
    """Return the symmetric adjacency of a chain without isolated nodes."""
    num_layers = len(matrices) + 1
    blocks: list[list] = [[None] * num_layers for _ in range(num_layers)]
    for layer, matrix in enumerate(matrices):
        blocks[layer][layer + 1] = sparse.coo_matrix(np.abs(matrix))
        blocks[layer + 1][layer] = blocks[layer][layer + 1].T
    adjacency = sparse.bmat(blocks, format="csr")
    connected = np.flatnonzero(np.asarray(adjacency.sum(axis=0)).ravel() > 0)
    return adjacency[connected][:, connected]


def cluster(adjacency: sparse.csr_matrix, num_clusters: int, seed: int) -> float:
    """Return the n-cut of scikit-learn's partition."""
    labels = SpectralClustering(
        n_clusters=num_clusters, affinity="precomputed", assign_labels="kmeans", n_init=25,
        eigen_solver="arpack", random_state=seed,
    ).fit_predict(adjacency)  # fmt: skip
    degrees = np.asarray(adjacency.sum(axis=0)).ravel()
    members = [np.flatnonzero(labels == label) for label in range(num_clusters)]
    return sum(1 - adjacency[own][:, own].sum() / degrees[own].sum() for own in members if len(own))
