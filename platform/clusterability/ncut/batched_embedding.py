"""Rough spectral embeddings of many graphs at once: `layered_embedding` in torch, for A as for M = A - E."""

import torch

from clusterability.ncut.batched_graphs import Batch, Group
from clusterability.ncut.batched_random import Draws

SPARE_VECTORS = 4
_LEAST_EIGENVALUE = 1e-12  # of the largest one of a Gram matrix


def rough_embedding(batch: Batch, count: int, num_steps: int, draws: Draws) -> torch.Tensor:
    """Return about the top eigenvectors of D^-1/2 M D^-1/2, rows over sqrt(degree) made unit vectors.

    Subspace iteration with the walk D^-1 M from one side of a bipartite graph to the other and back, else
    with the lazy walk (I + D^-1 M) / 2; orthonormal in the inner product weighted by degrees; then
    Rayleigh-Ritz. Rows of zeros stay.

    Args:
        batch: the graphs.
        count: vectors wanted, at least 1.
        num_steps: power steps, at least 1.
        draws: of the first vectors.

    Returns:
        Shape (graphs, nodes, m) with m = count, or fewer where a side has fewer nodes.
    """
    num_nodes = batch.degrees.shape[1]
    bipartite = len(batch.groups) == 2
    by_size = sorted(batch.groups, key=lambda group: group.num_nodes)
    small, large = by_size if bipartite else (None, None)
    walk = _Walk(batch)
    num_vectors = min(count + SPARE_VECTORS, small.num_nodes if small else num_nodes)
    vectors = (draws.uniform(num_nodes, num_vectors) - 0.5) * (batch.degrees > 0)
    for _ in range(num_steps):
        vectors = walk.orthonormal(vectors, small)
        if large is None or small is None:
            vectors = walk.lazy_step(walk.lazy_step(vectors))
        else:
            walk.step(vectors, large)
            walk.step(vectors, small)
    vectors = walk.orthonormal(vectors, small)
    if large is not None:
        walk.step(vectors, large)
        vectors = _bipartite_ritz(walk, vectors, large, count)
    else:
        _, rotation = torch.linalg.eigh(walk.gram(vectors, walk.inverse * batch.products(vectors), None))
        vectors = vectors @ rotation[:, :, -count:]
    lengths = vectors.norm(dim=2, keepdim=True)
    return vectors / torch.where(lengths > 0, lengths, 1)


class _Walk:
    """The walk D^-1 M and inner products weighted by degrees."""

    def __init__(self, batch: Batch) -> None:
        self.batch = batch
        self.inverse = torch.where(batch.degrees > 0, 1 / batch.degrees, 0)

    def step(self, vectors: torch.Tensor, group: Group) -> None:
        """Overwrite the vectors at a group's units by the walk from their neighbours."""
        vectors[:, group.nodes] = self.inverse[:, group.nodes] * self.batch.product(group, vectors)

    def lazy_step(self, vectors: torch.Tensor) -> torch.Tensor:
        return (vectors + self.inverse * self.batch.products(vectors)) / 2

    def gram(self, one: torch.Tensor, other: torch.Tensor, group: Group | None) -> torch.Tensor:
        """Return the inner products over a group's units, or over all."""
        nodes = slice(None) if group is None else group.nodes
        return one[:, nodes].mT @ (self.batch.degrees[:, nodes] * other[:, nodes])

    def orthonormal(self, vectors: torch.Tensor, group: Group | None) -> torch.Tensor:
        values, rotation = torch.linalg.eigh(self.gram(vectors, vectors, group))
        least = _LEAST_EIGENVALUE * values[:, -1:].clamp_min(1e-300)
        return vectors @ (rotation / values.maximum(least).sqrt()[:, None])


def _bipartite_ritz(walk: _Walk, vectors: torch.Tensor, large: Group, count: int) -> torch.Tensor:
    """Rotate the vectors of both sides to the best approximate singular vectors."""
    squares, rotation = torch.linalg.eigh(walk.gram(vectors, vectors, large))
    singular = squares[:, -count:].clamp_min(1e-8).sqrt()
    vectors = vectors @ rotation[:, :, -count:]
    vectors[:, large.nodes] /= singular[:, None]
    return vectors
