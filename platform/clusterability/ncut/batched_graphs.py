"""Many graphs of one layout as tensors on one device, and their M = A - gamma E as a product with vectors.

E, the weights expected from strengths, is never formed: of rank one in every block, it is s (t . x) / T.
"""

from dataclasses import dataclass

import numpy as np
import torch

from clusterability.ncut.adjacency import Layout


@dataclass(frozen=True, kw_only=True, slots=True)
class _Half:
    """A block seen from one of its ends."""

    own: slice
    """Places of its units among its group's."""
    others: slice
    """Places of its neighbours among all nodes."""
    weights: torch.Tensor
    """|w|, shape (graphs, own units, neighbours)."""
    strengths: torch.Tensor
    """Row sums of `weights` times -gamma / T, shape (graphs, own units, 1)."""
    other_strengths: torch.Tensor
    """Column sums of `weights`, shape (graphs, 1, neighbours)."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Group:
    """Layers that share no block, so that any number of their units may move at once."""

    nodes: slice
    """Places of their units among the nodes."""
    halves: tuple[_Half, ...]

    @property
    def num_nodes(self) -> int:
        """Units of the group."""
        return self.nodes.stop - self.nodes.start


@dataclass(frozen=True, kw_only=True, slots=True)
class Batch:
    """Graphs of one layout, float64: what rounding does then tips no move, whatever graphs are beside."""

    groups: tuple[Group, ...]
    """All layers; a bipartite graph's groups are its two sides."""
    order: np.ndarray
    """The node of the layout at each place here, shape (nodes,): group after group."""
    degrees: torch.Tensor
    """Sum of the weights at each node, shape (graphs, nodes, 1)."""
    gamma: float
    """Resolution; 0: M = A."""

    @property
    def connected(self) -> torch.Tensor:
        """Which nodes have weights, shape (graphs, nodes)."""
        return self.degrees[:, :, 0] > 0

    def product(self, group: Group, values: torch.Tensor) -> torch.Tensor:
        """Return M @ values at a group's units; values: (graphs, nodes, m), result: (graphs, units, m)."""
        total = torch.zeros_like(values[:, group.nodes])
        for half in group.halves:
            rows, others = total[:, half.own], values[:, half.others]
            rows += half.weights @ others
            if self.gamma:
                rows += half.strengths @ (half.other_strengths @ others)
        return total

    def products(self, values: torch.Tensor) -> torch.Tensor:
        """Return M @ values at all nodes, shape (graphs, nodes, m)."""
        return torch.cat([self.product(group, values) for group in self.groups], 1)


def batch_of(layout: Layout, flats: np.ndarray, gamma: float, device: str) -> Batch:
    """Return graphs as a batch.

    Args:
        layout: where the weights lie.
        flats: |w| of each graph as the layout says, (graphs, layout.size) float32.
        gamma: resolution of the expected weights, 0 or more; 0 leaves plain n-cut.
        device: torch device.
    """
    groups = _groups_of_layers(layout)
    widths = np.diff(layout.starts)
    places, first = {}, 0
    for layer in (layer for group in groups for layer in group):
        places[layer] = slice(first, first + int(widths[layer]))
        first += int(widths[layer])
    halves: dict[int, list[_Half]] = {layer: [] for layer in places}
    degrees = torch.zeros(len(flats), layout.num_nodes, 1, dtype=torch.float64, device=device)
    firsts = {layer: places[group[0]].start for group in groups for layer in group}
    for (source, target), row in zip(layout.pairs, layout.forward, strict=True):
        _, own, _, width, offset = (int(number) for number in layout.halves[row])
        block = torch.as_tensor(flats[:, offset : offset + own * width], device=device).double()
        block = block.unflatten(1, (own, width))
        for one, other, weights in ((source, target, block), (target, source, block.mT)):
            half = _half(places[one], places[other], firsts[one], weights, gamma)
            halves[one].append(half)
            degrees[:, places[one]] += weights.sum(2, keepdim=True)
    return Batch(
        groups=tuple(
            Group(
                nodes=slice(places[group[0]].start, places[group[-1]].stop),
                halves=tuple(half for layer in group for half in halves[layer]),
            )
            for group in groups
        ),
        order=np.concatenate([np.arange(*layout.starts[layer : layer + 2]) for layer in places]),
        degrees=degrees,
        gamma=gamma,
    )


def _half(own: slice, others: slice, first: int, weights: torch.Tensor, gamma: float) -> _Half:
    strengths = weights.sum(2, keepdim=True)
    total = strengths.sum(1, keepdim=True)
    rate = torch.where(total > 0, -gamma / total, 0)
    return _Half(
        own=slice(own.start - first, own.stop - first),
        others=others,
        weights=weights,
        strengths=rate * strengths,
        other_strengths=weights.sum(1, keepdim=True),
    )


def _groups_of_layers(layout: Layout) -> list[list[int]]:
    """Return the sides of a bipartite graph, else as few groups as come of taking layers in turn."""
    if layout.sides is not None:
        return [sorted(side) for side in layout.sides if side]
    groups: list[list[int]] = []
    for layer in range(len(layout.starts) - 1):
        joined = {other for pair in layout.pairs if layer in pair for other in pair}
        free = [group for group in groups if joined.isdisjoint(group)]
        if free:
            free[0].append(layer)
        else:
            groups.append([layer])
    return groups
