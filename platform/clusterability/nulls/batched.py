"""Null networks in batches on a torch device; drawn on the CPU, so they are the same on any device."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import torch

from clusterability import seeds
from clusterability.errors import GraphError, first_line
from clusterability.graph import WeightGraph
from clusterability.ncut.adjacency import Layout, laid_out
from clusterability.ncut.batched import refined_ncuts
from clusterability.nulls.models import NullModel

LARGEST_BATCH, BATCH_BYTES = 64, 1 << 30
"""Graphs at once: as many as there are up to 64, and no more than a gibibyte of weights."""


class BatchedSolver:
    """Many graphs at once on one torch device; see `Solver`."""

    def __init__(
        self, num_clusters: int, estimator: str, seed: int, pool: ThreadPoolExecutor, device: str
    ) -> None:
        if estimator != "refined":
            raise GraphError(f"estimator: got {estimator!r} on a device, allowed: refined")
        try:
            torch.empty(0, device=device)
        except (RuntimeError, AssertionError) as error:  # a build of torch without CUDA asserts
            raise GraphError(f"device: got {device!r}, which torch can't use: {first_line(error)}") from error
        self.num_clusters, self.seed, self.pool, self.device = num_clusters, seed, pool, device

    def observed(self, graph: WeightGraph) -> float:
        """Return the n-cut of a graph."""
        layout, flat = laid_out(graph)
        return float(self._ncuts(layout, flat[None], [seeds.integer_seed(self.seed, "partition")])[0])

    def null_values(self, model: NullModel, num_shuffles: int) -> Iterator[float]:
        """Yield the n-cuts of null networks in order, batch by batch."""
        most = max(1, min(LARGEST_BATCH, BATCH_BYTES // (4 * model.layout.size)))
        for first in range(0, num_shuffles, most):
            indices = range(first, min(first + most, num_shuffles))
            streams = [seeds.generator(self.seed, "shuffle", index) for index in indices]
            flats = np.stack(list(self.pool.map(model.draw, streams)))
            starts = [seeds.integer_seed(self.seed, "shuffle", index) for index in indices]
            yield from map(float, self._ncuts(model.layout, flats, starts))

    def _ncuts(self, layout: Layout, flats: np.ndarray, starts: list[int]) -> np.ndarray:
        return refined_ncuts(layout, flats, self.num_clusters, np.array(starts, dtype=np.int64), self.device)
