"""Spectral embeddings as points for k-means."""

import numpy as np

from clusterability.errors import GraphError
from clusterability.ncut.normalised import NormalisedAdjacency


def connected_points(adjacency: NormalisedAdjacency, embedding: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return the nodes with weights, ascending, and their points, shape (dimensions, these nodes), float32.

    embedding: (nodes, dimensions), one row per node.

    Raises:
        GraphError: a coordinate is not finite: compiled code would take it for memory of its own.
    """
    connected = np.flatnonzero(adjacency.degrees > 0)
    points = np.ascontiguousarray(embedding[connected].T, dtype=np.float32)
    if not np.isfinite(points).all():
        raise GraphError("the spectral embedding is not finite: the weights' sizes are too far apart")
    return connected, points
