"""Null networks in batches on a torch device; drawn on the CPU, so they are the same on any device."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import torch

from clusterability import seeds
from clusterability.errors import GraphError, first_line
from clusterability.ncut import Prepared
from clusterability.ncut.adjacency import Layout
from clusterability.ncut.batched import batched_partitions, bytes_on_device
from clusterability.nulls.model import NullModel
from clusterability.nulls.plan import NullTestPlan

LARGEST_BATCH, BATCH_BYTES = 64, 1 << 30
"""Graphs at once: as many as there are up to 64, and no more than fit in a gibibyte; at least one."""


class BatchedSolver:
    """Many graphs at once on one torch device; see `Solver`."""

    def __init__(self, plan: NullTestPlan, device: str) -> None:
        if plan.statistic == "ncut" and plan.estimator != "refined":
            raise GraphError(f"estimator: got {plan.estimator!r} on a device, allowed: refined")
        try:
            torch.empty(0, device=device)
        except (RuntimeError, AssertionError) as error:  # a build of torch without CUDA asserts
            raise GraphError(f"device: got {device!r}, which torch can't use: {first_line(error)}") from error
        self.plan, self.device = plan, device

    def observed(self, prepared: Prepared) -> float:
        """Return the statistic of a graph."""
        streams = [seeds.integer_seed(self.plan.seed, "partition")]
        return float(self._values(prepared.layout, prepared.flat[None], streams)[0])

    def null_values(self, model: NullModel) -> Iterator[float]:
        """Yield the statistic of null networks in order, batch by batch."""
        seed, num_shuffles = self.plan.seed, self.plan.num_shuffles
        most = max(
            1, min(LARGEST_BATCH, BATCH_BYTES // bytes_on_device(model.layout, self.plan.num_clusters))
        )
        with ThreadPoolExecutor(self.plan.num_workers) as pool:
            for first in range(0, num_shuffles, most):
                indices = range(first, min(first + most, num_shuffles))
                streams = [seeds.generator(seed, "shuffle", index) for index in indices]
                flats = np.stack(list(pool.map(model.draw, streams)))
                starts = [seeds.integer_seed(seed, "shuffle", index) for index in indices]
                yield from map(float, self._values(model.layout, flats, starts))

    def _values(self, layout: Layout, flats: np.ndarray, starts: list[int]) -> np.ndarray:
        streams, plan = np.array(starts, dtype=np.int64), self.plan
        return batched_partitions(
            layout, flats, plan.num_clusters, plan.statistic, streams, self.device
        ).values
