"""L1: the sum of absolute weights."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

from clusterability.config import require_factor
from clusterability.training.penalties.term import Term

if TYPE_CHECKING:
    from torch import nn


@dataclass(frozen=True, kw_only=True, slots=True)
class L1:
    """weight * sum |w| over the kernels of all linear and convolutional layers; no biases.

    Equivalent to Keras's `kernel_regularizer` L1 on every layer.
    """

    weight: float = 0.0
    """Factor of the sum of absolute kernel weights (the paper: 5e-5)."""

    def __post_init__(self) -> None:
        require_factor("penalties.l1.weight", self.weight)

    def attach(self, module: "nn.Module") -> Term:
        """Return the term of `module`."""
        from clusterability.training.kernels import kernels, total  # torch: only where a network is trained

        weights = kernels(module)
        return Term(value=lambda: self.weight * total(weight.abs() for weight in weights), stage="weights")
