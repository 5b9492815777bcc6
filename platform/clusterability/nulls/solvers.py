"""What finds the n-cuts of an observed graph and of its null networks."""

from collections import deque
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Protocol

from clusterability import seeds
from clusterability.graph import WeightGraph
from clusterability.ncut.adjacency import laid_out
from clusterability.ncut.measure import estimate_ncut
from clusterability.ncut.normalised import NormalisedAdjacency
from clusterability.nulls.models import NullModel


class Solver(Protocol):
    """Sends the observed graph and null networks through one and the same pipeline."""

    def observed(self, graph: WeightGraph) -> float:
        """Return the n-cut of a graph."""
        ...

    def null_values(self, model: NullModel, num_shuffles: int) -> Iterator[float]:
        """Yield the n-cuts of null networks in order, no more than a few begun ahead of the one yielded."""
        ...


class CompiledSolver:
    """One graph per worker thread, in compiled code."""

    def __init__(
        self, num_clusters: int, estimator: str, seed: int, pool: ThreadPoolExecutor, num_workers: int
    ) -> None:
        self.num_clusters, self.estimator, self.seed = num_clusters, estimator, seed
        self.pool, self.num_workers = pool, num_workers

    def observed(self, graph: WeightGraph) -> float:
        """See Solver."""
        layout, flat = laid_out(graph)
        adjacency = NormalisedAdjacency(layout=layout, flat=flat)
        rng = seeds.generator(self.seed, "partition")
        return estimate_ncut(adjacency, self.num_clusters, self.estimator, rng)

    def null_values(self, model: NullModel, num_shuffles: int) -> Iterator[float]:
        """See Solver."""

        def value(index: int) -> float:
            rng = seeds.generator(self.seed, "shuffle", index)
            adjacency = NormalisedAdjacency(layout=model.layout, flat=model.draw(rng))
            return estimate_ncut(adjacency, self.num_clusters, self.estimator, rng)

        begun: deque[Future[float]] = deque()
        for index in range(num_shuffles):
            begun.append(self.pool.submit(value, index))
            if len(begun) >= 2 * self.num_workers:
                yield begun.popleft().result()
        while begun:
            yield begun.popleft().result()
