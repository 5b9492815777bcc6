"""The cost of long connections, and units that change places to lower it."""

from collections.abc import Sequence

import torch
from torch import nn

from clusterability.training.penalties._edges import RawEdges

_UNITS_TO_MOVE = 5  # per layer and rearrangement, those with the largest weights


class ConnectionCost:
    """Distance-weighted L1: sum over all edges of (|x_i - x_j| + spacing) |w_ij|.

    Every layer's units lie side by side on a line of length 1, at (slot + 1/2) / width, and `spacing` is
    the distance between two layers. From time to time units change places: in each layer, the few with the
    largest total weight each swap slots with whichever unit of the layer lowers the sum most. Swapping two
    units leaves the network's function as it is, so here slots are swapped rather than weights: the same
    costs, and it works for any wiring, and the optimiser's moments stay where they belong. Inputs and outputs
    move too. Convolutions have one unit per channel; biases cost nothing, unlike in the authors' code.
    Liu, Gan & Tegmark 2023, "Seeing is Believing", arXiv 2305.08746 (BIMT; there spacing 0.1, five units).
    """

    def __init__(self, module: nn.Module, *, spacing: float, swap_every: int) -> None:
        """Make the penalty of `module`; units swap at every `swap_every`-th call, 0: never."""
        self._edges = RawEdges(module)
        self._blocks = self._edges.layout.blocks
        self._spacing = spacing
        self._swap_every = swap_every
        self._calls = 0
        device = next(module.parameters()).device
        self.slots = [torch.arange(width, device=device) for width in self._edges.layout.widths]
        """Each layer's slots, by unit."""
        self._distances: list[torch.Tensor] = []

    def __call__(self) -> torch.Tensor:
        """Return the penalty of the current weights, a scalar with gradient."""
        edges = self._edges()
        self._calls += 1
        swap = self._swap_every > 0 and self._calls > 1 and self._calls % self._swap_every == 0
        if swap:
            self.rearrange([block.detach().abs() for block in edges])
        if swap or not self._distances:
            self._distances = self._current_distances(edges)
        terms = [(block.abs() * cost).sum() for block, cost in zip(edges, self._distances, strict=True)]
        return torch.stack(terms).sum()

    def state(self) -> list[torch.Tensor]:
        """Return copies of the slots, layer by layer, and the number of calls."""
        return [*(slots.clone() for slots in self.slots), torch.tensor(self._calls)]

    def restore(self, state: list[torch.Tensor]) -> None:
        """Take up what `state` returned."""
        *slots, calls = state
        for own, kept in zip(self.slots, slots, strict=True):
            own.copy_(kept)
        self._calls, self._distances = int(calls), []

    @torch.no_grad()
    def rearrange(self, magnitudes: Sequence[torch.Tensor]) -> None:
        """Swap slots layer by layer; `magnitudes` are the |w| of each block."""
        for layer, slots in enumerate(self.slots):
            costs, strength = self._slot_costs(layer, magnitudes)
            for unit in strength.topk(min(_UNITS_TO_MOVE, len(slots))).indices:
                own = slots[unit]
                # Cost after unit and other have swapped, less the cost before, for every other.
                moved = costs[unit, slots] + costs[:, own] - costs[unit, own]
                change = moved - costs.gather(1, slots[:, None])[:, 0]
                change[unit] = 0
                other = change.argmin()
                if change[other] < 0:
                    slots[unit], slots[other] = slots[other].clone(), own.clone()

    def _slot_costs(
        self, layer: int, magnitudes: Sequence[torch.Tensor]
    ) -> tuple[torch.Tensor, torch.Tensor]:
        """Return sum_j |w_ij| |x(slot) - x_j|, shape (units, slots), and each unit's sum of |w|."""
        width = len(self.slots[layer])
        places = _places(torch.arange(width, device=magnitudes[0].device), magnitudes[0].dtype)
        costs = magnitudes[0].new_zeros(width, width)
        strength = magnitudes[0].new_zeros(width)
        for (source, target), block in zip(self._blocks, magnitudes, strict=True):
            if layer in (source, target):
                other, matrix = (target, block) if layer == source else (source, block.T)
                neighbours = _places(self.slots[other], block.dtype)
                costs += matrix @ (neighbours[:, None] - places).abs()
                strength += matrix.sum(dim=1)
        return costs, strength

    def _current_distances(self, edges: Sequence[torch.Tensor]) -> list[torch.Tensor]:
        places = [_places(slots, edges[0].dtype) for slots in self.slots]
        return [
            (places[source][:, None] - places[target]).abs() + self._spacing
            for source, target in self._blocks
        ]


def _places(slots: torch.Tensor, dtype: torch.dtype) -> torch.Tensor:
    return (slots.to(dtype) + 0.5) / len(slots)
