"""The share of squared weights within the clusters of a partition."""

import numpy as np

from clusterability.graph import WeightGraph


def intra_cluster_share(graph: WeightGraph, labels: np.ndarray) -> float:
    """Return the share of squared weights within clusters, the mean over the graph's blocks of weights.

    `labels` gives each node's cluster, shape (nodes,), numbered as in the graph; it may be any partition,
    such as that of `measure_ncut`. Identity skips are no weights and do not count. Between 0 and 1; higher
    is more modular, a partition into k clusters that knows nothing has about 1/k. Golechha, Cope & Schoots
    2024.
    """
    ends = graph.layer_starts
    shares = []
    for block in graph.blocks:
        squares = np.square(block.matrix)
        if block.is_skip or not squares.any():
            continue
        source, target = (labels[ends[layer] : ends[layer + 1]] for layer in (block.source, block.target))
        shares.append(float(squares[source[:, None] == target].sum() / squares.sum()))
    return float(np.mean(shares))
