"""L2: the sum of squared weights."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

from clusterability.config import require_factor
from clusterability.training.penalties.term import Term

if TYPE_CHECKING:
    from torch import nn


@dataclass(frozen=True, kw_only=True, slots=True)
class L2:
    """weight * sum w^2 over the kernels of all linear and convolutional layers; no biases.

    Equivalent to Keras's `kernel_regularizer` L2 on every layer: no half before the squares. The paper's
    code, with L2 on, gives the first layer L1 instead.
    """

    weight: float = 0.0
    """Factor of the sum of squared kernel weights, without a half (the paper: 5e-5)."""

    def __post_init__(self) -> None:
        require_factor("penalties.l2.weight", self.weight)

    def attach(self, module: "nn.Module") -> Term:
        """Return the term of `module`."""
        from clusterability.training.kernels import kernels, total  # torch: only where a network is trained

        weights = kernels(module)
        return Term(value=lambda: self.weight * total(weight.square() for weight in weights), stage="weights")
