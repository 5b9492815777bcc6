"""Weights within fixed modules of units against weights between them."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

from clusterability.config import require, require_factor
from clusterability.training.penalties.term import Term

if TYPE_CHECKING:
    from torch import nn


@dataclass(frozen=True, kw_only=True, slots=True)
class IntraCluster:
    """weight * (1 - share of squared weights within fixed modules of hidden units, mean over blocks).

    Golechha, Cope & Schoots 2024, arXiv 2409.15747.
    """

    weight: float = 0.0
    """Factor of 1 - the share of squared weights within modules."""
    modules: int = 4
    """How many modules there are."""

    def __post_init__(self) -> None:
        require_factor("penalties.intra_cluster.weight", self.weight)
        require(self.modules >= 2, "penalties.intra_cluster.modules", self.modules, "2 or more")

    def attach(self, module: "nn.Module") -> Term:
        """Return the term of `module`; raises ConfigError where no block lies between two hidden layers."""
        from clusterability.training.penalties._module_share import InterModuleShare  # torch

        share = InterModuleShare(module, self.modules)
        return Term(value=lambda: self.weight * share(), stage="weights")
