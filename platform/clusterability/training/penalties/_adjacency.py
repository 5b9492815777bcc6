"""The normalised adjacency of a weight graph as a torch operator."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property

import torch

from clusterability.graph.two_colouring import two_colouring
from clusterability.training.penalties._loops import take_magnitudes


@dataclass(frozen=True, kw_only=True)
class NodeOrder:
    """Which layers a weight graph has and between which of them its blocks of edges lie.

    Where the layers can be coloured left and right so that every block joins the two (a chain: even and
    odd), the graph is two-sided: the right nodes, the fewer, are numbered first. Else it has one side.
    """

    widths: tuple[int, ...]
    """Units of each layer."""
    blocks: tuple[tuple[int, int], ...]
    """Source and target layer of each block of edges."""

    @cached_property
    def right_layers(self) -> frozenset[int] | None:
        """The layers on the right side, or none where the graph has one side."""
        colours = two_colouring(len(self.widths), self.blocks)
        if colours is None:
            return None
        size = [sum(w for w, c in zip(self.widths, colours, strict=True) if c == colour) for colour in (0, 1)]
        right = int(size[1] <= size[0])
        return frozenset(layer for layer, colour in enumerate(colours) if colour == right)

    @cached_property
    def slices(self) -> tuple[slice, ...]:
        """The nodes of each layer."""
        order = sorted(range(len(self.widths)), key=lambda layer: (layer not in self._first_layers, layer))
        slices, start = {}, 0
        for layer in order:
            slices[layer] = slice(start, start + self.widths[layer])
            start += self.widths[layer]
        return tuple(slices[layer] for layer in range(len(self.widths)))

    @property
    def num_nodes(self) -> int:
        """Nodes of the graph."""
        return sum(self.widths)

    @cached_property
    def num_right(self) -> int:
        """Nodes on the right side; all nodes where there is one side."""
        return sum(self.widths[layer] for layer in self._first_layers)

    @property
    def _first_layers(self) -> frozenset[int]:
        return frozenset(range(len(self.widths))) if self.right_layers is None else self.right_layers


class ChangingAdjacency:
    """N = D^-1/2 A D^-1/2 of a weight graph whose weights change from step to step.

    Vectors are rows: p vectors over the nodes have shape (p, nodes), since matrix products with few rows are
    several times faster than with few columns. On two sides N = [[0, B], [B', 0]], and `to_left` and
    `to_right` multiply by B and B'. On one side all nodes are right and left at once, and both multiply by
    S = (N + I) / 2, which has no negative eigenvalue. Units without edges get zero rows in N.
    """

    def __init__(self, layout: NodeOrder) -> None:
        self.layout = layout
        self.two_sided = layout.right_layers is not None
        self.right_degrees = torch.empty(0)
        """Sum of the edge weights |w| of each right node, shape (right nodes,)."""
        self.scale = torch.empty(0)
        """degrees^-1/2 of all nodes, and 0 for units without edges, shape (nodes,)."""
        self._left_scale = torch.empty(0)
        self._magnitudes: list[torch.Tensor] = []
        self._parts: list[tuple[slice, slice, torch.Tensor]] = []

    def update(self, weights: Sequence[torch.Tensor]) -> None:
        """Take over these weights, one matrix (source units, target units) per block of the layout."""
        if not self._magnitudes or self._magnitudes[0].device != weights[0].device:
            # Kept between updates: touching new memory of this size costs more than filling it.
            self._magnitudes = [torch.empty_like(block) for block in weights]
            self._parts = list(self._oriented())
        degrees = weights[0].new_zeros(self.layout.num_nodes)
        for block, magnitudes, (source, target) in zip(
            weights, self._magnitudes, self.layout.blocks, strict=True
        ):
            sums = degrees[self.layout.slices[source]], degrees[self.layout.slices[target]]
            if block.device.type == "cpu":
                take_magnitudes(block, magnitudes, *sums)
            else:
                torch.abs(block, out=magnitudes)
                sums[0].add_(magnitudes.sum(dim=1))
                sums[1].add_(magnitudes.sum(dim=0))
        self.right_degrees = degrees[: self.layout.num_right]
        self.scale = torch.where(degrees > 0, degrees.rsqrt(), 0)
        self._left_scale = self.scale[self._left]

    def to_left(self, vectors: torch.Tensor) -> torch.Tensor:
        """Return vectors B, from (p, right nodes) to (p, left nodes); on one side, vectors S."""
        scaled = vectors * self.scale[: self.layout.num_right]
        result = vectors.new_zeros(len(vectors), len(self._left_scale))
        for rows, columns, block in self._parts:
            result[:, columns].addmm_(scaled[:, rows], block)
        result.mul_(self._left_scale)
        return result if self.two_sided else result.add_(vectors).div_(2)

    def to_right(self, vectors: torch.Tensor) -> torch.Tensor:
        """Return vectors B', from (p, left nodes) to (p, right nodes); on one side, vectors S."""
        if not self.two_sided:
            return self.to_left(vectors)
        scaled = vectors * self._left_scale
        result = vectors.new_zeros(len(vectors), self.layout.num_right)
        for rows, columns, block in self._parts:
            result[:, rows].addmm_(scaled[:, columns], block.T)
        return result.mul_(self.scale[: self.layout.num_right])

    def squared(self) -> torch.Tensor:
        """Return B B' on two sides, S on one: a matrix over the right nodes with the same eigenvectors."""
        num_right = self.layout.num_right
        matrix = self.to_left(torch.eye(num_right, dtype=self.scale.dtype, device=self.scale.device))
        return matrix @ matrix.T if self.two_sided else matrix

    @property
    def _left(self) -> slice:
        return slice(self.layout.num_right if self.two_sided else 0, None)

    def _oriented(self) -> Iterator[tuple[slice, slice, torch.Tensor]]:
        """Yield each block of |w| as (right units, left units), with its places on the two sides."""
        shift = self.layout.num_right if self.two_sided else 0
        for (source, target), block in zip(self.layout.blocks, self._magnitudes, strict=True):
            for side, other, matrix in ((source, target, block), (target, source, block.T)):
                if not self.two_sided or side in (self.layout.right_layers or ()):
                    rows, columns = self.layout.slices[side], self.layout.slices[other]
                    yield rows, slice(columns.start - shift, columns.stop - shift), matrix
