"""The leading eigenvectors of a normalised adjacency, followed from one training step to the next."""

from dataclasses import dataclass

import torch

from clusterability.training.penalties._adjacency import ChangingAdjacency, NodeOrder

_FEWEST_GUARDS = 4  # vectors followed beyond the wanted ones, which then converge faster
_FAST_ROWS = 8  # matrix products are fastest with a multiple of so many rows
_TOLERANCE = 1e-3  # error allowed to the mean eigenvalue of the Laplacian, relative
_LARGEST_DENSE = 1500  # nodes up to which a dense eigensolver is quicker than iterating
_MOST_STEPS = 4  # of one update, before the vectors are recomputed, which takes as long as 20
_MOST_ITERATIONS = 500


@dataclass(frozen=True, kw_only=True, slots=True)
class RitzVectors:
    """Approximate eigenvectors u_j of N."""

    vectors: torch.Tensor
    """Orthonormal rows, shape (count, nodes)."""
    values: torch.Tensor
    """Rayleigh quotients u_j' N u_j, shape (count,): their sum is never above that of the eigenvalues."""
    shares: torch.Tensor
    """What each node adds to the sum of the values: sum_j u_ji (N u_j)_i, shape (nodes,)."""
    error: torch.Tensor
    """Estimate of how far the mean of `values` is from that of the eigenvalues, a scalar."""


class LeadingSubspace:
    """Follows the `count` largest eigenvalues of N but for the trivial one, 1 with the vector sqrt(degrees).

    Each `update` takes a step of subspace iteration from where the last one ended, with Rayleigh-Ritz, on
    B B' (two sides) or S^2 (one side), which costs two products with N. It takes up to three more while the
    residuals r_j say that it lags: while the mean of |r_j|^2 / gap, the gap being that to the last vector
    followed (Parlett 1998, theorem 11.7.1), is more than a thousandth of the Laplacian's mean eigenvalue.
    The vectors are recomputed where those do not suffice, at first, and after `refresh_every` updates.
    """

    def __init__(self, layout: NodeOrder, count: int, *, refresh_every: int) -> None:
        wanted = -(-(count + _FEWEST_GUARDS) // _FAST_ROWS) * _FAST_ROWS
        self._count = count
        self._followed = min(wanted, layout.num_right - 1)
        self._refresh_every = refresh_every
        self._age = 0
        self._next: torch.Tensor | None = None
        self.num_refreshes = 0
        """How often the vectors were recomputed."""

    def state(self) -> list[torch.Tensor]:
        """Return the counts and the vectors that the next update resumes from."""
        vectors = torch.empty(0) if self._next is None else self._next
        return [torch.tensor([self._age, self.num_refreshes]), vectors]

    def restore(self, state: list[torch.Tensor]) -> None:
        """Take up what `state` returned."""
        counts, vectors = state
        self._age, self.num_refreshes = map(int, counts)
        self._next = vectors if vectors.numel() else None

    def update(self, adjacency: ChangingAdjacency) -> RitzVectors:
        """Return the leading eigenvectors of the changed graph."""
        self._age += 1
        if (
            self._next is None
            or self._next.device != adjacency.scale.device
            or self._age >= self._refresh_every
        ):
            return self._refresh(adjacency)
        for _ in range(_MOST_STEPS):
            ritz = self._iterate(adjacency, self._next)
            if _converged(ritz, _TOLERANCE):
                return ritz
        return self._refresh(adjacency)

    def _refresh(self, adjacency: ChangingAdjacency) -> RitzVectors:
        self._age = 0
        self.num_refreshes += 1
        if adjacency.layout.num_right <= _LARGEST_DENSE:
            _, vectors = torch.linalg.eigh(adjacency.squared())
            return self._iterate(adjacency, vectors[:, -1 - self._followed : -1].flip(1).T)
        # The guards start at random, so that no eigenvector can stay out of sight for ever.
        random = torch.Generator().manual_seed(self.num_refreshes)
        start = torch.randn(self._followed, adjacency.layout.num_right, generator=random).to(adjacency.scale)
        if self._next is not None:
            start[: self._count] = self._next[: self._count]
        ritz = self._iterate(adjacency, start)
        for _ in range(_MOST_ITERATIONS):
            if _converged(ritz, 0.1 * _TOLERANCE) or self._next is None:
                break
            ritz = self._iterate(adjacency, self._next)
        return ritz

    def _iterate(self, adjacency: ChangingAdjacency, start: torch.Tensor) -> RitzVectors:
        trivial = adjacency.right_degrees.sqrt()
        trivial = trivial / trivial.norm()
        right = torch.linalg.qr(torch.addr(start, start @ trivial, trivial, alpha=-1).T).Q.T
        left = adjacency.to_left(right)
        squares, rotation = torch.linalg.eigh(left @ left.T)
        # On two sides the roots are the singular values of B, on one side the eigenvalues of S.
        roots = squares.flip(0).clamp_(min=torch.finfo(squares.dtype).tiny).sqrt_()
        rotation = rotation.flip(1).T
        left = (rotation / roots[:, None]) @ left
        self._next = adjacency.to_right(left)
        count = self._count
        if adjacency.two_sided:
            right = rotation[:count] @ right
            vectors = torch.cat([right, left[:count]], dim=1).div_(2**0.5)
            images = torch.cat([self._next[:count], roots[:count, None] * left[:count]], dim=1).div_(2**0.5)
        else:
            vectors, images = left[:count], 2 * self._next[:count] - left[:count]
        shares = vectors * images
        values = shares.sum(dim=1)
        residuals = torch.addcmul(images, values[:, None], vectors, value=-1).square().sum(dim=1)
        gaps = (roots[:count] - roots[-1]).clamp(min=torch.finfo(roots.dtype).tiny)
        error = torch.minimum(residuals / gaps, residuals.sqrt()).mean()
        return RitzVectors(vectors=vectors, values=values, shares=shares.sum(dim=0), error=error)


def _converged(ritz: RitzVectors, tolerance: float) -> bool:
    return bool(ritz.error <= tolerance * (1 - ritz.values.mean()))
