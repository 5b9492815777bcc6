"""The paper's estimator: spectral clustering."""

import numpy as np

from clusterability.ncut.embedding import connected_points
from clusterability.ncut.kmeans import MAX_ITERATIONS, kmeans
from clusterability.ncut.normalised import Eigenvectors, NormalisedAdjacency


def spectral_partition(
    adjacency: NormalisedAdjacency, num_clusters: int, rng: np.random.Generator, eigenvectors: Eigenvectors
) -> np.ndarray:
    """Return labels by the paper's spectral clustering, shape (nodes,), -1 for nodes of degree 0.

    The k largest eigenvectors of D^-1/2 A D^-1/2, rows divided by sqrt(degree), k-means with 25 restarts (100
    above 2,000 nodes). Equivalent to scikit-learn's `SpectralClustering(affinity="precomputed",
    assign_labels="kmeans", n_init=25, eigen_solver="arpack")` within the noise of k-means.
    """
    num_nodes = adjacency.layout.num_nodes
    embedding = eigenvectors(num_clusters) * adjacency.scale[:, None]
    connected, points = connected_points(adjacency, embedding)
    labels = np.full(num_nodes, -1, dtype=np.int32)
    labels[connected] = kmeans(points, num_clusters, 25 if num_nodes <= 2000 else 100, MAX_ITERATIONS, rng)
    return labels
