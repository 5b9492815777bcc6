"""Partitions of many graphs of one layout at once, in torch: one graph would leave a GPU idle.

The compiled searches in another form, by one function for all objectives: the n-cut is the layered n-cut
with no expectation. Values are its own, close to the compiled ones.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

import numpy as np
import torch

from clusterability.ncut.adjacency import Layout, node_degrees
from clusterability.ncut.batched_embedding import rough_embedding
from clusterability.ncut.batched_graphs import batch_of
from clusterability.ncut.batched_random import Draws, seeds_of_starts
from clusterability.ncut.batched_search import anneal, kmeans, one_hot
from clusterability.ncut.eigen import top_eigenpairs
from clusterability.ncut.measure import require_connected
from clusterability.ncut.merging import merge_clusters
from clusterability.ncut.normalised import NormalisedAdjacency
from clusterability.ncut.one_torch_thread import one_torch_thread
from clusterability.ncut.refined import largest_worth_spectral
from clusterability.ncut.schedule import (
    FIRST_SWEEPS,
    HEAT,
    POWER_STEPS,
    ROUGH_ITERATIONS,
    num_starts,
    num_sweeps,
    surplus_clusters,
)
from clusterability.ncut.spectral import spectral_partition

Objective = Literal["ncut", "layered_ncut", "layered_modularity"]

MODULARITY_SWEEPS = 1.5
"""Sweeps at falling temperature for each one of the compiled search, whose moves see those before them."""
_EMBEDDING, _KMEANS, _SURPLUS, _SEARCH, _FROM_LABELS = range(5)  # stages of the random streams


@dataclass(frozen=True, kw_only=True, slots=True)
class BatchedPartitions:
    """The best partition found of each graph."""

    values: np.ndarray
    """The objective's value, summed in double precision, shape (graphs,)."""
    labels: np.ndarray
    """Cluster of each node, -1 for nodes of degree 0, shape (graphs, nodes), int32."""


def batched_partitions(
    layout: Layout, flats: np.ndarray, num_clusters: int, objective: Objective, seeds: np.ndarray, device: str
) -> BatchedPartitions:
    """Partition each graph.

    The steps of `refined_search` and `layered_partition`: a rough spectral embedding; in each start
    k-means with surplus clusters, annealed local search, clusters merged down to k, local search again; the
    best start is kept.

    Args:
        layout: where the weights lie.
        flats: |w| of each graph as the layout says, (graphs, layout.size) float32.
        num_clusters: k, at least 2.
        objective: what is lowered, or raised where it is the layered modularity.
        seeds: the random stream of each graph, (graphs,) int64. A graph's value does not depend on the
            graphs beside it.
        device: torch device.

    Raises:
        GraphError: a graph has fewer connected units than clusters.
    """
    num_connected = [_num_connected(layout, flat) for flat in flats]
    require_connected(min(num_connected), num_clusters)
    many_of = np.array([surplus_clusters(num_clusters, count) for count in num_connected])
    values, labels = np.empty(len(flats)), np.empty((len(flats), layout.num_nodes), dtype=np.int32)
    with torch.inference_mode(), one_torch_thread():
        for many in np.unique(many_of):  # one number, but for graphs of hardly more units than clusters
            which = np.flatnonzero(many_of == many)
            starts = num_starts(layout.num_nodes)  # side by side, as if they were graphs of their own
            repeated, streams = np.repeat(flats[which], starts, 0), seeds_of_starts(seeds[which], starts)
            search = _Search(layout, repeated, num_clusters, objective, streams, device)
            values[which], labels[which] = _best_starts(*search.partitions(int(many)), starts, objective)
        partitions = BatchedPartitions(values=values, labels=labels)
        if objective == "ncut":
            _start_from_spectral(layout, flats, num_clusters, seeds, device, partitions)
    return partitions


def bytes_on_device(layout: Layout, num_clusters: int) -> int:
    """Return about the memory that one graph's search needs on the device.

    For each start its weights, each once in double precision, and a dozen arrays of nodes by surplus
    clusters.
    """
    many = surplus_clusters(num_clusters, layout.num_nodes)
    return num_starts(layout.num_nodes) * (4 * layout.size + 12 * 8 * layout.num_nodes * many)


def _best_starts(
    values: np.ndarray, labels: np.ndarray, num_starts: int, objective: Objective
) -> tuple[np.ndarray, np.ndarray]:
    """Return values and labels of the best of each graph's starts, which lie one after another."""
    by_start = values.reshape(-1, num_starts)
    best = by_start.argmax(1) if objective == "layered_modularity" else by_start.argmin(1)
    best += num_starts * np.arange(len(best))
    return values[best], labels[best]


def _start_from_spectral(
    layout: Layout,
    flats: np.ndarray,
    num_clusters: int,
    seeds: np.ndarray,
    device: str,
    partitions: BatchedPartitions,
) -> None:
    """Keep, in `partitions`, the spectral partition or what it leads to where its n-cut is lower.

    In the graphs where `refined_search` takes it as a start; found by the compiled code.
    """
    which = np.flatnonzero(partitions.values <= largest_worth_spectral(layout.num_nodes, num_clusters))
    if not len(which):
        return
    spectral = [_spectral_labels(layout, flats[index], num_clusters, int(seeds[index])) for index in which]
    search = _Search(layout, flats[which], num_clusters, "ncut", seeds[which], device)
    for values, labels in search.from_labels(np.stack(spectral)):
        lower = values < partitions.values[which]
        partitions.values[which[lower]] = values[lower]
        partitions.labels[which[lower]] = labels[lower]


def _num_connected(layout: Layout, flat: np.ndarray) -> int:
    return int(np.count_nonzero(node_degrees(flat, layout.halves, layout.num_nodes)))


def _spectral_labels(layout: Layout, flat: np.ndarray, num_clusters: int, seed: int) -> np.ndarray:
    adjacency = NormalisedAdjacency(layout=layout, flat=flat)

    def eigenvectors(count: int) -> np.ndarray:
        return top_eigenpairs(adjacency, count)[1]

    return spectral_partition(adjacency, num_clusters, np.random.default_rng(seed), eigenvectors)


class _Search:
    """One batch's search."""

    def __init__(
        self,
        layout: Layout,
        flats: np.ndarray,
        num_clusters: int,
        objective: Objective,
        seeds: np.ndarray,
        device: str,
    ) -> None:
        self.batch = batch_of(layout, flats, 0.0 if objective == "ncut" else 1.0, device)
        self.num_clusters, self.seeds = num_clusters, torch.as_tensor(seeds, device=device)
        self.by_volume = objective == "layered_modularity"
        # The expectation takes the trivial vector of A away, and with it one dimension.
        self.num_vectors = num_clusters if objective == "ncut" else num_clusters - 1
        sweeps = num_sweeps(layout.num_nodes)
        self.num_sweeps = int(MODULARITY_SWEEPS * sweeps) if self.by_volume else sweeps

    def partitions(self, many: int) -> tuple[np.ndarray, np.ndarray]:
        """Return values and labels, (graphs, nodes), of one start of each graph with `many` clusters."""
        points = rough_embedding(self.batch, self.num_vectors, POWER_STEPS, self._draws(_EMBEDDING))
        member = kmeans(self.batch, points, many, ROUGH_ITERATIONS, self._draws(_KMEANS))
        if many > self.num_clusters:
            anneal(self.batch, member, self.by_volume, HEAT, FIRST_SWEEPS, self._draws(_SURPLUS))
            member = self._merged(member)
        anneal(self.batch, member, self.by_volume, HEAT, self.num_sweeps, self._draws(_SEARCH))
        return self._values(member).cpu().numpy(), self._labels(member)

    def from_labels(self, labels: np.ndarray) -> Iterator[tuple[np.ndarray, np.ndarray]]:
        """Yield values and labels of given partitions, then of those that they lead to."""
        member = self._member(labels)
        yield self._values(member).cpu().numpy(), labels
        anneal(self.batch, member, self.by_volume, HEAT, FIRST_SWEEPS, self._draws(_FROM_LABELS))
        yield self._values(member).cpu().numpy(), self._labels(member)

    def _draws(self, stage: int) -> Draws:
        return Draws(self.seeds, stage)

    def _merged(self, member: torch.Tensor) -> torch.Tensor:
        """Return one-hot labels of k clusters, merged from surplus ones by the compiled code."""
        within = (member.mT @ self.batch.products(member)).cpu().numpy()
        volumes = (self.batch.degrees * member).sum(1).cpu().numpy()
        labels = self._labels(member)
        for graph in range(len(labels)):
            merge_clusters(within[graph], volumes[graph], labels[graph], self.num_clusters, self.by_volume)
        return self._member(labels)

    def _member(self, labels: np.ndarray) -> torch.Tensor:
        """Return labels, (graphs, nodes) in the layout's order, as one-hot labels in the batch's."""
        places = torch.as_tensor(labels[:, self.batch.order], device=self.seeds.device)
        return one_hot(self.batch, places.long(), self.num_clusters)

    def _labels(self, member: torch.Tensor) -> np.ndarray:
        """Return one-hot labels as labels, (graphs, nodes) in the layout's order, int32."""
        places = torch.where(self.batch.connected, member.argmax(2), -1).to(torch.int32)
        labels = np.empty(places.shape, dtype=np.int32)
        labels[:, self.batch.order] = places.cpu().numpy()
        return labels

    def _values(self, member: torch.Tensor) -> torch.Tensor:
        """Return the objective of each graph, shape (graphs,)."""
        within = (self.batch.products(member) * member).sum(1)
        volumes = (self.batch.degrees * member).sum(1)
        if self.by_volume:
            return within.sum(1) / volumes.sum(1)
        values = (1 - within / volumes).sum(1)
        return values if self.batch.gamma else values.clamp(0, self.num_clusters)
