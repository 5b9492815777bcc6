"""Null networks in batches on a torch device; drawn on the CPU, so they are the same on any device."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import torch

from clusterability import seeds
from clusterability.errors import GraphError, first_line
from clusterability.ncut import Prepared
from clusterability.ncut.adjacency import Layout
from clusterability.ncut.batched import refined_ncuts
from clusterability.nulls.model import NullModel
from clusterability.nulls.plan import NullTestPlan

LARGEST_BATCH, BATCH_BYTES = 64, 1 << 30
"""Graphs at once: as many as there are up to 64, and no more than a gibibyte of weights."""


class BatchedSolver:
    """Many graphs at once on one torch device; see `Solver`."""

    def __init__(self, plan: NullTestPlan, device: str) -> None:
        if plan.estimator != "refined":
            raise GraphError(f"estimator: got {plan.estimator!r} on a device, allowed: refined")
        try:
            torch.empty(0, device=device)
        except (RuntimeError, AssertionError) as error:  # a build of torch without CUDA asserts
            raise GraphError(f"device: got {device!r}, which torch can't use: {first_line(error)}") from error
        self.plan, self.device = plan, device

    def observed(self, prepared: Prepared) -> float:
        """Return the n-cut of a graph."""
        streams = [seeds.integer_seed(self.plan.seed, "partition")]
        return float(self._ncuts(prepared.layout, prepared.flat[None], streams)[0])

    def null_values(self, model: NullModel) -> Iterator[float]:
        """Yield the n-cuts of null networks in order, batch by batch."""
        seed, num_shuffles = self.plan.seed, self.plan.num_shuffles
        most = max(1, min(LARGEST_BATCH, BATCH_BYTES // (4 * model.layout.size)))
        with ThreadPoolExecutor(self.plan.num_workers) as pool:
            for first in range(0, num_shuffles, most):
                indices = range(first, min(first + most, num_shuffles))
                streams = [seeds.generator(seed, "shuffle", index) for index in indices]
                flats = np.stack(list(pool.map(model.draw, streams)))
                starts = [seeds.integer_seed(seed, "shuffle", index) for index in indices]
                yield from map(float, self._ncuts(model.layout, flats, starts))

    def _ncuts(self, layout: Layout, flats: np.ndarray, starts: list[int]) -> np.ndarray:
        streams = np.array(starts, dtype=np.int64)
        return refined_ncuts(layout, flats, self.plan.num_clusters, streams, self.device)
