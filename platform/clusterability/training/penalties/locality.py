"""Long connections cost more: the penalty of brain-inspired modular training (BIMT)."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

from clusterability.config import require, require_factor
from clusterability.training.penalties.term import Term

if TYPE_CHECKING:
    from torch import nn


@dataclass(frozen=True, kw_only=True, slots=True)
class Locality:
    """weight * sum over all edges of (|x_i - x_j| + spacing) |w_ij|, units on lines of length 1.

    From time to time units change places so that the sum falls. Liu, Gan & Tegmark 2023, arXiv 2305.08746.
    """

    weight: float = 0.0
    """Factor of the sum of absolute weights times the distance that they bridge."""
    spacing: float = 0.1
    """Distance between two layers, whose units lie on a line of length 1 (BIMT: 0.1)."""
    swap_every: int = 200
    """Steps from one swapping of units within their layers to the next (BIMT: 200); 0: none."""

    def __post_init__(self) -> None:
        require_factor("penalties.locality.weight", self.weight)
        require_factor("penalties.locality.spacing", self.spacing)
        require(self.swap_every >= 0, "penalties.locality.swap_every", self.swap_every, "0 or more")

    def attach(self, module: "nn.Module") -> Term:
        """Return the term of `module`; raises GraphError where its layers cannot be read."""
        from clusterability.training.penalties._connection_cost import ConnectionCost  # torch

        cost = ConnectionCost(module, spacing=self.spacing, swap_every=self.swap_every)
        return Term(value=lambda: self.weight * cost(), stage="weights", carrying=(cost,))
