"""The clusterability penalty: the smallest eigenvalues of the weight graph's Laplacian."""

from collections.abc import Sequence
from typing import Any

import torch
from torch import nn

from clusterability.errors import ConfigError
from clusterability.training.penalties._adjacency import ChangingAdjacency, NodeOrder
from clusterability.training.penalties._edges import EdgeWeights, RawEdges
from clusterability.training.penalties._loops import add_signed_products, multiply_by_sign
from clusterability.training.penalties._subspace import LeadingSubspace


class ClusterabilityPenalty:
    """Mean of the `num_eigenvalues` smallest non-trivial eigenvalues of a network's normalised Laplacian.

    L_sym = I - N, N = D^-1/2 A D^-1/2, with A the weight graph of `module`. With u_j the eigenvectors, the
    mean is 1 - (1/e) sum_j u_j' N u_j, and by the envelope theorem its gradient is the one with the u_j
    held fixed: for an edge between units i and k

        -(1/e) sum_j [2 y_ji y_jk - mu_j (y_ji^2 + y_jk^2)],   y_ji = u_ji / sqrt(degree_i),

    a matrix of rank e plus one term per unit, computed in closed form. Where eigenvalues coincide the sum
    depends on their common space alone; where the e-th equals the next one the penalty has a kink, and the
    gradient is one of its supergradients. Isolated units are left out. A graph of c components has c zero
    eigenvalues; one is trivial, the others count, without gradient.

    The gradient is the true one; the authors' is half of it, so that the paper's factor 0.1 is 0.05 here
    (Filan et al. 2021, section on the cluster gradient).
    """

    def __init__(
        self,
        module: nn.Module,
        num_eigenvalues: int = 3,
        *,
        edge_weights: EdgeWeights | None = None,
        refresh_every: int = 500,
        follow_every: int = 1,
    ) -> None:
        """Make the penalty of `module`, on any of its devices, with any of its dtypes.

        `edge_weights` gives the graph's edges (None: the raw weights |W|); `refresh_every` is the number of
        calls after which eigenvectors are recomputed rather than followed (1: at every call). They are
        followed at every `follow_every`-th call (1: at every call, the exact gradient); in between, value,
        eigenvectors and degrees are those of the last time, and only the weights' signs are today's.
        """
        self.edge_weights = edge_weights or RawEdges(module)
        layout = self.edge_weights.layout
        if not 1 <= num_eigenvalues < layout.num_right:
            raise ConfigError(f"num_eigenvalues: got {num_eigenvalues}, allowed: 1 to {layout.num_right - 1}")
        self.subspace = LeadingSubspace(layout, num_eigenvalues, refresh_every=refresh_every)
        self._adjacency = ChangingAdjacency(layout)
        self._follow_every = follow_every
        self._calls = 0
        self._followed: tuple[torch.Tensor, torch.Tensor, torch.Tensor] | None = None
        self._leaves = self.edge_weights.leaves() if isinstance(self.edge_weights, RawEdges) else None

    def __call__(self) -> torch.Tensor:
        """Return the penalty of the current weights, a scalar with gradient."""
        edges = self.edge_weights()
        return _ClosedForm.apply(*self._follow(edges), self.edge_weights.layout, *edges)  # pyright: ignore[reportReturnType]

    @property
    def adds_gradients(self) -> bool:
        """Whether `add_gradient` can be used: raw edges, linear layers only, on the CPU."""
        return self._leaves is not None and self._leaves[0].device.type == "cpu"

    @torch.no_grad()
    def add_gradient(self, factor: float) -> torch.Tensor:
        """Add `factor` times the gradient to that of the weights, and return `factor` times the penalty.

        The same as backward of `factor * penalty()` after that of the loss, in fewer passes over memory.
        """
        assert self._leaves is not None
        value, factors, unit_terms = self._follow([leaf.T for leaf in self._leaves])
        scale = factor / len(factors)
        padded = nn.functional.pad(factors, (0, 0, 0, -len(factors) % 4))
        scaled, terms = padded * (-2 * scale), unit_terms * scale
        slices = self.edge_weights.layout.slices
        for (source, target), leaf in zip(self.edge_weights.layout.blocks, self._leaves, strict=True):
            assert leaf.grad is not None
            rows, columns = slices[target], slices[source]
            first, second = scaled[:, rows].contiguous(), padded[:, columns].contiguous()
            add_signed_products(leaf.grad, leaf.detach(), first, second, terms[rows], terms[columns])
        return factor * value

    def state(self) -> list[torch.Tensor]:
        """Return what the next call resumes from, none of which is ever changed in place."""
        return [torch.tensor(self._calls), *self.subspace.state(), *(self._followed or ())]

    def restore(self, state: list[torch.Tensor]) -> None:
        """Take up what `state` returned."""
        calls, counts, vectors, *followed = state
        self._calls = int(calls)
        self.subspace.restore([counts, vectors])
        self._followed = (followed[0], followed[1], followed[2]) if followed else None

    @torch.no_grad()
    def _follow(self, edges: Sequence[torch.Tensor]) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
        """Return value, y and the units' terms of the current edges, or of the last ones followed."""
        if self._followed is None or self._calls % self._follow_every == 0:
            self._followed = self._at(edges)
        self._calls += 1
        return self._followed

    def _at(self, edges: Sequence[torch.Tensor]) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
        self._adjacency.update([block.detach() for block in edges])
        ritz = self.subspace.update(self._adjacency)
        scale = self._adjacency.scale
        return 1 - ritz.values.mean(), ritz.vectors * scale, ritz.shares * scale.square()


def _stacked(
    factors: torch.Tensor, unit_terms: torch.Tensor, upstream: torch.Tensor
) -> tuple[torch.Tensor, torch.Tensor]:
    """Return two matrices (e + 2, nodes); their product over nodes i, k is the gradient but for its sign."""
    ones, terms = torch.ones_like(unit_terms)[None], unit_terms[None]
    first = torch.cat([-2 * factors, terms, ones]) * (upstream / len(factors))
    return first, torch.cat([factors, ones, terms])


class _ClosedForm(torch.autograd.Function):
    """Hands on a value computed outside, with its gradient in each block of weights."""

    @staticmethod
    def forward(
        ctx: Any,
        value: torch.Tensor,
        factors: torch.Tensor,
        unit_terms: torch.Tensor,
        layout: NodeOrder,
        *weights: torch.Tensor,
    ) -> torch.Tensor:
        """Keep y, shape (e, nodes), and the units' terms, shape (nodes,), for the gradient."""
        ctx.layout = layout
        ctx.save_for_backward(factors, unit_terms, *weights)
        return value.clone()

    @staticmethod
    def backward(ctx: Any, *upstream: torch.Tensor) -> tuple[torch.Tensor | None, ...]:
        """Return, for each block, upstream / e * (g_i + g_k - 2 sum_j y_ji y_jk) * sign(weight)."""
        factors, unit_terms, *weights = ctx.saved_tensors
        slices = ctx.layout.slices
        first, second = _stacked(factors, unit_terms, upstream[0])
        gradients = []
        for (source, target), weight in zip(ctx.layout.blocks, weights, strict=True):
            rows, columns = first[:, slices[source]], second[:, slices[target]]
            # Laid out in memory as the weights are, or autograd would transpose it at every step.
            stored_by_target = weight.stride(0) < weight.stride(1)
            gradient = (columns.T @ rows).T if stored_by_target else rows.T @ columns
            if gradient.device.type == "cpu":
                multiply_by_sign(gradient, weight)
            else:
                gradient.mul_(weight.sign())
            gradients.append(gradient)
        return None, None, None, None, *gradients
