"""The clusterability penalty of Filan et al. 2021: the smallest eigenvalues of the graph's Laplacian."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from clusterability.config import require, require_factor
from clusterability.training.penalties.term import Term

if TYPE_CHECKING:
    import torch
    from torch import nn

# Eigenvectors of raw weights change so little in a step that following them at every third one will do.
_FOLLOW_EVERY = 3


@dataclass(frozen=True, kw_only=True, slots=True)
class Clusterability:
    """weight * mean of the smallest non-trivial eigenvalues of the normalised Laplacian (true gradient).

    The authors' gradient is half the true one: their weight of 0.1 is 0.05 here.
    """

    weight: float = 0.0
    """Factor of the mean of the smallest non-trivial Laplacian eigenvalues (true gradient)."""
    eigenvalues: int = 3
    """How many eigenvalues the penalty takes."""
    edges: Literal["weights", "contribution"] = "weights"
    """What the penalty takes as edge weights: the raw weights, or the contributions they carry."""
    every: int = 1
    """Steps from one application of the penalty to the next; it then counts that many times."""

    def __post_init__(self) -> None:
        require_factor("penalties.clusterability.weight", self.weight)
        for name in ("eigenvalues", "every"):
            value = getattr(self, name)
            require(value >= 1, f"penalties.clusterability.{name}", value, "1 or more")

    def attach(self, module: "nn.Module") -> Term:
        """Return the term of `module`; raises GraphError where its layers cannot be read.

        A penalty that is applied at every n-th step only counts n times there, so that its mean is the same.
        """
        from clusterability.training.penalties._edges import ContributionEdges, RawEdges  # torch
        from clusterability.training.penalties._eigenvalues import ClusterabilityPenalty

        raw = self.edges == "weights"
        edges = RawEdges(module) if raw else ContributionEdges(module)
        penalty = ClusterabilityPenalty(
            module,
            self.eigenvalues,
            edge_weights=edges,
            follow_every=_FOLLOW_EVERY if raw and self.every == 1 else 1,
        )
        adds = penalty.adds_gradients
        applied = _EveryNth(self, penalty.add_gradient if adds else lambda factor: factor * penalty())
        watching = isinstance(edges, ContributionEdges)
        return Term(
            value=applied,
            stage="gradient" if adds else "batch",
            carrying=(penalty, applied, *((edges,) if watching else ())),
            **({"detach": edges.remove_hooks} if watching else {}),
        )


class _EveryNth:
    """A penalty applied at every n-th call, with n times its factor, and not in between."""

    def __init__(self, settings: Clusterability, penalty) -> None:
        import torch

        self._penalty = penalty
        self._every = settings.every
        self._factor = settings.weight * settings.every
        self._calls = 0
        self._zero = torch.zeros(())

    def __call__(self) -> "torch.Tensor":
        self._calls += 1
        if (self._calls - 1) % self._every:
            return self._zero
        value = self._penalty(self._factor)
        self._zero = value.detach().new_zeros(())
        return value

    def state(self) -> "list[torch.Tensor]":
        import torch

        return [torch.tensor(self._calls)]

    def restore(self, state: "list[torch.Tensor]") -> None:
        self._calls = int(state[0])
