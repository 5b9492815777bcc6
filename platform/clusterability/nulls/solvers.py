"""What finds the n-cuts of an observed graph and of its null networks."""

from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Protocol

from clusterability import seeds
from clusterability.components import names
from clusterability.ncut import Prepared
from clusterability.ncut.layered import layered_weights
from clusterability.ncut.measure import estimate_ncut
from clusterability.ncut.modularity import estimate_layered
from clusterability.ncut.normalised import NormalisedAdjacency
from clusterability.nulls.model import NullModel
from clusterability.nulls.plan import NullTestPlan


class Solver(Protocol):
    """Sends the observed graph and null networks through one and the same pipeline."""

    def observed(self, prepared: Prepared) -> float:
        """Return the n-cut of a graph."""
        ...

    def null_values(self, model: NullModel) -> Iterator[float]:
        """Yield the n-cuts of null networks in order, no more than a few begun ahead of the one yielded."""
        ...


class CompiledSolver:
    """One graph per worker thread, in compiled code."""

    def __init__(self, plan: NullTestPlan) -> None:
        self.plan = plan

    def observed(self, prepared: Prepared) -> float:
        """See Solver."""
        plan = self.plan
        if plan.statistic == "ncut" and plan.estimator not in names("quick_estimator"):
            return prepared.partition(plan.num_clusters, plan.estimator, plan.seed).value
        rng = seeds.generator(plan.seed, "partition")
        if plan.statistic == "ncut":
            adjacency, eigenvectors = prepared.adjacency, prepared.eigenvectors
            return estimate_ncut(adjacency, plan.num_clusters, plan.estimator, rng, eigenvectors)
        return estimate_layered(prepared.layout, prepared.layered, plan.num_clusters, plan.statistic, rng)

    def null_values(self, model: NullModel) -> Iterator[float]:
        """See Solver."""
        plan = self.plan

        def value(index: int) -> float:
            rng = seeds.generator(plan.seed, "shuffle", index)
            flat = model.draw(rng)
            if plan.statistic != "ncut":
                weights = layered_weights(model.layout, flat)
                return estimate_layered(model.layout, weights, plan.num_clusters, plan.statistic, rng)
            adjacency = NormalisedAdjacency(layout=model.layout, flat=flat)
            return estimate_ncut(adjacency, plan.num_clusters, plan.estimator, rng)

        if plan.num_workers == 1:  # handing each network to another thread costs more than it brings
            return map(value, range(plan.num_shuffles))
        return _in_threads(value, plan.num_shuffles, plan.num_workers)


def _in_threads(value: Callable[[int], float], count: int, num_workers: int) -> Iterator[float]:
    """Yield value(0), value(1), ...; nearly all their time goes to code that lets go of Python's lock."""
    begun: deque[Future[float]] = deque()
    with ThreadPoolExecutor(num_workers) as pool:
        for index in range(count):
            begun.append(pool.submit(value, index))
            if len(begun) >= 2 * num_workers:
                yield begun.popleft().result()
        while begun:
            yield begun.popleft().result()
