"""Layered n-cut and layered modularity of a partition: weight beyond what the units' strengths explain.

For a block of weights w_ij = |W[i, j]| between two layers, with row sums s_i, column sums t_j and total T,
the expected weight is e_ij = gamma s_i t_j / T. M = A - E is never formed: E is of rank one in every block.
With a_c and e_c the weight and the expected weight within cluster c (both directions), v_c its volume:

    layered n-cut = sum_c [1 - (a_c - e_c) / v_c],     layered modularity Q = sum_c (a_c - e_c) / sum_c v_c.

A cluster that is a band of layers earns nothing by either. For one block Q is the bipartite modularity of
Barber 2007, weighted as in Beckett 2016; the sum over blocks follows Ellefsen, Mouret & Clune 2015.
"""

from typing import NamedTuple

import numpy as np
from numba import njit

from clusterability.ncut.adjacency import Layout


class LayeredWeights(NamedTuple):
    """Weights of one graph with what is needed of their expectation; plain arrays, for compiled code.

    A *half* is a block as it is or transposed, as in `Layout`: rows of its own layer, contiguous.
    """

    flat: np.ndarray
    """All halves, |w|, float32, laid out as `halves` says."""
    halves: np.ndarray
    """One row per half: first own node, own nodes, first neighbour, neighbours, offset; shape (H, 5)."""
    half_pointers: np.ndarray
    """The halves of layer l are rows half_pointers[l] to half_pointers[l + 1], shape (layers + 1,)."""
    layer_of: np.ndarray
    """Layer of each node, shape (nodes,)."""
    forward: np.ndarray
    """Row of each block as it is, shape (H / 2,)."""
    opposite: np.ndarray
    """Row of each half's transpose, shape (H,)."""
    strengths: np.ndarray
    """Row sums of the halves one after another, float32."""
    strength_pointers: np.ndarray
    """Where the row sums of each half begin in `strengths`, and their number, shape (H + 1,)."""
    rates: np.ndarray
    """gamma / T of each half's block, 0 for a block without weight, shape (H,), float64."""
    degrees: np.ndarray
    """Sum of the weights at each node, shape (nodes,), float32."""


def layered_weights(layout: Layout, flat: np.ndarray, gamma: float = 1.0) -> LayeredWeights:
    """Return a graph's weights, strengths and degrees.

    Args:
        layout: where the weights lie.
        flat: |w| as the layout says, float32.
        gamma: resolution, 0 or more: 1 is the definition, more of it favours smaller clusters; 0 leaves plain
            n-cut.
    """
    pointers = np.concatenate([[0], np.cumsum(layout.halves[:, 1])])
    strengths, totals, degrees = _sums(flat, layout.halves, pointers, layout.num_nodes)
    opposite = np.empty(len(layout.halves), dtype=np.int64)
    opposite[layout.forward], opposite[layout.backward] = layout.backward, layout.forward
    return LayeredWeights(
        flat=flat,
        halves=layout.halves,
        half_pointers=layout.half_pointers,
        layer_of=layout.layer_of,
        forward=layout.forward,
        opposite=opposite,
        strengths=strengths,
        strength_pointers=pointers,
        rates=np.where(totals > 0, gamma / np.where(totals > 0, totals, 1), 0),
        degrees=degrees,
    )


def layered_values(weights: LayeredWeights, labels: np.ndarray, num_clusters: int) -> tuple[float, float]:
    """Return layered n-cut and layered modularity of a partition.

    Args:
        weights: the graph.
        labels: cluster of each node, 0 to k - 1, every cluster with weight; -1 for nodes of degree 0; int32.
        num_clusters: k.
    """
    within, expected, volumes = cluster_sums(weights, labels, num_clusters)
    beyond = within - expected
    return float(np.sum(1 - beyond / volumes)), float(beyond.sum() / volumes.sum())


@njit(cache=True, nogil=True)
def cluster_sums(weights, labels, num_clusters):
    """Return a_c, e_c and v_c, each (k,) float64 and summed in double precision; arguments as above."""
    within, expected = np.zeros(num_clusters), np.zeros(num_clusters)
    volumes = np.zeros(num_clusters)
    for h in weights.forward:
        start, own, first, width, offset = weights.halves[h]
        back = weights.opposite[h]
        sources, targets = np.zeros(num_clusters), np.zeros(num_clusters)
        for i in range(own):
            label = labels[start + i]
            if label >= 0:
                row = weights.flat[offset + i * width : offset + (i + 1) * width]
                within[label] += 2 * _sum_where(row, labels[first : first + width], label)
                sources[label] += weights.strengths[weights.strength_pointers[h] + i]
        for j in range(width):
            if labels[first + j] >= 0:
                targets[labels[first + j]] += weights.strengths[weights.strength_pointers[back] + j]
        for c in range(num_clusters):
            expected[c] += 2 * weights.rates[h] * sources[c] * targets[c]
            volumes[c] += sources[c] + targets[c]
    return within, expected, volumes


@njit(cache=True, nogil=True, fastmath=True)
def _sum_where(values, labels, label):
    total = 0.0
    for j in range(values.size):
        total += np.float64(values[j]) if labels[j] == label else 0.0
    return total


@njit(cache=True, nogil=True, fastmath=True)
def _sums(flat, halves, pointers, num_nodes):
    """Return each half's row sums, float32, its total, float64, and the nodes' degrees, float32."""
    strengths = np.empty(pointers[-1], dtype=np.float32)
    totals = np.zeros(halves.shape[0])
    degrees = np.zeros(num_nodes)
    for h in range(halves.shape[0]):
        start, own, _, width, offset = halves[h]
        for i in range(own):
            total = 0.0
            for weight in flat[offset + i * width : offset + (i + 1) * width]:
                total += weight
            strengths[pointers[h] + i] = total
            totals[h] += total
            degrees[start + i] += total
    return strengths, totals, degrees.astype(np.float32)


def layer_share(layer_of: np.ndarray, labels: np.ndarray) -> float:
    """Return the share of the layers' entropy that is in the labels: 1 where each cluster keeps to a layer.

    I(layer; label) / H(layer), every node of a cluster counted once; 0 where there is one layer.
    """
    member = labels >= 0
    joint = np.zeros((int(layer_of.max()) + 1, int(labels.max()) + 1))
    np.add.at(joint, (layer_of[member], labels[member]), 1 / member.sum())
    layers = _entropy(joint.sum(1))
    return (layers + _entropy(joint.sum(0)) - _entropy(joint.ravel())) / layers if layers > 0 else 0.0


def _entropy(shares: np.ndarray) -> float:
    positive = shares[shares > 0]
    return float(-np.sum(positive * np.log(positive)))
