"""The refined estimator over many graphs of one layout at once, in torch: one would leave a GPU idle.

The same search as in `annealing.py` in a form that runs in step. Units of one layer share no edge, so any
number of them may move at once: the weights within clusters and their volumes stay exact sums. What a layer's
units are drawn to is one batched product per visit; a third of the moves wanted, picked at random, are made:
all are judged by the volumes of before, and more at once would overshoot.
"""

from dataclasses import dataclass

import numpy as np
import torch

from clusterability.ncut.adjacency import Layout
from clusterability.ncut.measure import require_connected

NUM_STARTS, POWER_STEPS, SPARE_VECTORS, KMEANS_STEPS = 2, 8, 4, 6
HEAT, NUM_WARM_SWEEPS, MOST_COLD_SWEEPS, MOVED_SHARE = 0.06, 40, 80, 0.3
_LEAST_GAIN = 1e-6


@dataclass(frozen=True, kw_only=True, slots=True)
class Batch:
    """Graphs of one layout as tensors on one device."""

    layout: Layout
    neighbours: tuple[tuple[tuple[int, torch.Tensor], ...], ...]
    """For each layer, (other layer, |w| of shape (graphs, units, other layer's units)) of its blocks."""
    degrees: torch.Tensor
    """Sum of the weights at each node, shape (graphs, nodes), float32."""
    seeds: torch.Tensor
    """The random stream of each graph, shape (graphs, 1), int64."""

    @property
    def layers(self) -> range:
        """The layers, by their numbers."""
        return range(len(self.neighbours))

    def nodes(self, layer: int) -> slice:
        """Return the places of a layer's units among the nodes."""
        return slice(int(self.layout.starts[layer]), int(self.layout.starts[layer + 1]))

    def sums(self, layer: int, values: torch.Tensor) -> torch.Tensor:
        """Return A @ values of a layer's units; values: (graphs, nodes, m), result: (graphs, units, m)."""
        units = self.nodes(layer)
        total = torch.zeros_like(values[:, units])
        for other, weights in self.neighbours[layer]:
            total += weights @ values[:, self.nodes(other)]
        return total


def refined_ncuts(
    layout: Layout, flats: np.ndarray, num_clusters: int, seeds: np.ndarray, device: str
) -> np.ndarray:
    """Return the n-cut of a refined partition of each graph, shape (graphs,), float64.

    flats: (graphs, layout.size) float32, |w| as the layout says. seeds: (graphs,) int64, each graph's random
    stream: its value does not depend on the graphs beside it, up to the rounding of batched products.

    Raises:
        GraphError: a graph has fewer connected units than clusters.
    """
    with torch.inference_mode():
        batch = _batch(layout, flats, seeds, device)
        require_connected(int((batch.degrees > 0).sum(1).min()), num_clusters)
        embedding = _rough_embedding(batch, num_clusters)
        values = []
        for start in range(NUM_STARTS):
            member = _kmeans(batch, embedding, num_clusters, start)
            _anneal(batch, member, start)
            values.append(_ncuts(batch, member))
        return torch.stack(values).amin(0).cpu().numpy()


def _batch(layout: Layout, flats: np.ndarray, seeds: np.ndarray, device: str) -> Batch:
    weights = torch.as_tensor(flats, device=device)
    neighbours: list[list[tuple[int, torch.Tensor]]] = [[] for _ in range(len(layout.starts) - 1)]
    for (source, target), row in zip(layout.pairs, layout.forward, strict=True):
        _, own, _, width, offset = (int(number) for number in layout.halves[row])
        block = weights[:, offset : offset + own * width].unflatten(1, (own, width))
        neighbours[source].append((target, block))
        neighbours[target].append((source, block.mT))
    degrees = torch.zeros(len(flats), layout.num_nodes, device=device)
    for layer, blocks in enumerate(neighbours):
        for _, block in blocks:
            degrees[:, int(layout.starts[layer]) : int(layout.starts[layer + 1])] += block.sum(2)
    return Batch(
        layout=layout,
        neighbours=tuple(map(tuple, neighbours)),
        degrees=degrees,
        seeds=torch.as_tensor(seeds, device=device)[:, None],
    )


def _rough_embedding(batch: Batch, num_clusters: int) -> torch.Tensor:
    """Return about the top eigenvectors of N, rows divided by sqrt(degree), shape (graphs, nodes, k).

    Subspace iteration with the lazy random walk (I + D^-1 A) / 2, whose largest eigenvalues are those of N,
    orthonormal in the inner product weighted by degrees.
    """
    num_graphs, num_nodes = batch.degrees.shape
    uniform = _uniform(batch.seeds, 0, num_nodes * (num_clusters + SPARE_VECTORS))
    vectors = (uniform - 0.5).view(num_graphs, num_nodes, -1)
    inverse = torch.where(batch.degrees > 0, 1 / batch.degrees, 0)[:, :, None]
    for _ in range(POWER_STEPS):
        for _ in range(2):
            step = torch.cat([batch.sums(layer, vectors) for layer in batch.layers], 1)
            vectors = (vectors + inverse * step) / 2
        gram = vectors.mT @ (batch.degrees[:, :, None] * vectors)
        values, rotation = torch.linalg.eigh(gram)
        least = 1e-6 * values[:, -1:]
        vectors = vectors @ (rotation / values.maximum(least).sqrt()[:, None, :])
    return vectors[:, :, -num_clusters:]


def _kmeans(batch: Batch, points: torch.Tensor, num_clusters: int, start: int) -> torch.Tensor:
    """Return one-hot labels, (graphs, nodes, k), after a few of Lloyd's iterations from k of the points."""
    connected = batch.degrees > 0
    chances = _uniform(batch.seeds, 1 + start, points.shape[1]).masked_fill(~connected, -1)
    chosen = chances.topk(num_clusters).indices
    centres = points.gather(1, chosen[:, :, None].expand(-1, -1, points.shape[2]))
    member = torch.empty(0)
    for _ in range(KMEANS_STEPS):
        labels = torch.cdist(points, centres).argmin(2)
        # A cluster's first point stays in it, so that none is ever empty.
        labels.scatter_(1, chosen, torch.arange(num_clusters, device=points.device).expand_as(chosen))
        member = _one_hot(labels, num_clusters, connected)
        centres = member.mT @ points / member.sum(1)[:, :, None]
    return member


def _anneal(batch: Batch, member: torch.Tensor, start: int) -> None:
    """Move units at falling temperature, then while the n-cut falls; changes `member`."""
    connected = batch.degrees > 0
    volume = (batch.degrees[:, :, None] * member).sum(1)
    within = torch.stack(
        [(batch.sums(layer, member) * member[:, batch.nodes(layer)]).sum(1) for layer in batch.layers]
    ).sum(0)
    warmth = HEAT * member.shape[2] / connected.sum(1)[:, None]
    for sweep in range(NUM_WARM_SWEEPS + MOST_COLD_SWEEPS):
        temperature = warmth * max(0.0, 1 - sweep / NUM_WARM_SWEEPS)
        num_moves = 0
        for layer in batch.layers:
            stream = 10_000 * (1 + start) + 2 * (sweep * len(batch.neighbours) + layer)
            attraction = batch.sums(layer, member)
            move = _wanted(batch, layer, attraction, member, within, volume, temperature, stream)
            own = batch.degrees[:, batch.nodes(layer), None]
            within += 2 * (attraction * move).sum(1)
            volume += (own * move).sum(1)
            member[:, batch.nodes(layer)] += move
            if sweep >= NUM_WARM_SWEEPS:
                num_moves += int(torch.count_nonzero(move))
        if sweep >= NUM_WARM_SWEEPS and num_moves == 0:
            break


def _wanted(
    batch: Batch,
    layer: int,
    attraction: torch.Tensor,
    member: torch.Tensor,
    within: torch.Tensor,
    volume: torch.Tensor,
    temperature: torch.Tensor,
    stream: int,
) -> torch.Tensor:
    """Return the change of a layer's one-hot labels: -1 at the cluster left, 1 at the one joined."""
    own = member[:, batch.nodes(layer)]
    degrees = batch.degrees[:, batch.nodes(layer), None]
    ratio = (within / volume)[:, None]
    joined = (within[:, None] + 2 * attraction) / (volume[:, None] + degrees) - ratio
    left = (within[:, None] - 2 * attraction) / (volume[:, None] - degrees) - ratio
    loss = (left * own).sum(2)
    best, target = joined.masked_fill(own > 0, -torch.inf).max(2)
    draw = _uniform(batch.seeds, stream, own.shape[1]).clamp_min(1e-12)
    least = torch.where(temperature > 0, temperature * draw.log(), _LEAST_GAIN)
    chosen = _uniform(batch.seeds, stream + 1, own.shape[1]) < MOVED_SHARE
    moving = (best + loss > least) & chosen & (own.sum(2) > 0)
    leaving = own * moving[:, :, None]
    emptied = leaving.sum(1) >= member.sum(1)  # nobody leaves a cluster that all its units would leave
    leaving = leaving * ~emptied[:, None]
    joining = torch.zeros_like(own).scatter_(2, target[:, :, None], leaving.sum(2, keepdim=True))
    return joining - leaving


def _ncuts(batch: Batch, member: torch.Tensor) -> torch.Tensor:
    """Return sum_c cut(c) / vol(c) = k - sum_c a_c / vol(c), shape (graphs,), float64."""
    within = torch.zeros(member.shape[0], member.shape[2], dtype=torch.float64, device=member.device)
    for layer in batch.layers:
        within += (batch.sums(layer, member) * member[:, batch.nodes(layer)]).double().sum(1)
    volume = (batch.degrees[:, :, None] * member).double().sum(1)
    return (1 - within / volume).sum(1)


def _one_hot(labels: torch.Tensor, num_clusters: int, connected: torch.Tensor) -> torch.Tensor:
    return torch.nn.functional.one_hot(labels, num_clusters).float() * connected[:, :, None]


def _uniform(seeds: torch.Tensor, stream: int, count: int) -> torch.Tensor:
    """Return uniform numbers in [0, 1), shape (graphs, count): SplitMix64 of seed, stream and place.

    Steele, Lea & Flood 2014. The same on every device, whatever graphs are beside.
    """
    place = torch.arange(count, device=seeds.device)
    bits = _mixed(seeds + _as_signed(0x9E3779B97F4A7C15 * (stream + 1)))
    bits = _mixed(bits + place * _as_signed(0x9E3779B97F4A7C15))
    return ((bits >> 11) & ((1 << 24) - 1)).float() / (1 << 24)


def _mixed(bits: torch.Tensor) -> torch.Tensor:
    bits = (bits ^ (bits >> 30)) * _as_signed(0xBF58476D1CE4E5B9)
    bits = (bits ^ (bits >> 27)) * _as_signed(0x94D049BB133111EB)
    return bits ^ (bits >> 31)


def _as_signed(number: int) -> int:
    number %= 1 << 64
    return number - (1 << 64) if number >= 1 << 63 else number
