"""Is a network's n-cut lower than that of null networks?"""

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor

import numpy as np
from threadpoolctl import threadpool_limits

from clusterability.errors import GraphError, unknown_name
from clusterability.graph import WeightGraph
from clusterability.ncut.measure import check_request
from clusterability.nulls.models import NULLS
from clusterability.nulls.solvers import CompiledSolver, Solver
from clusterability.record import NullTest

OnValue = Callable[[str, int], None]
"""Called with the null's name and the number of its values found so far, for progress."""


def null_test(
    graph: WeightGraph,
    null: str = "layer",
    num_shuffles: int = 50,
    num_clusters: int = 12,
    estimator: str = "refined",
    seed: int = 0,
    num_workers: int = 1,
    stop_after: int | None = None,
    on_value: OnValue | None = None,
    device: str | None = None,
) -> NullTest:
    """Compare a graph's n-cut with that of `num_shuffles` null networks through the identical pipeline.

    p = (1 + #{null <= observed}) / (1 + m) (Phipson & Smyth 2010), so the smallest is 1 / (1 + m) and ties
    count against the claim; z = (observed - mean) / sd. Each null network has its own random stream: the
    values do not depend on `num_workers` threads.

    With `stop_after` = h the test ends as soon as h null values are at or below the observed one, after l of
    them, with p = h / l: valid as it is, no correction needed (Besag & Clifford 1991).

    With a torch `device` the same null networks, and the observed one, are partitioned there in batches: the
    refined estimator in another form, with values of its own, meant for a GPU (on a CPU it is slower).

    Raises GraphError for unknown names and impossible numbers.
    """
    (test,) = null_tests(
        graph, (null,), num_shuffles, num_clusters, estimator, seed, num_workers, stop_after, on_value, device
    )
    return test


def null_tests(
    graph: WeightGraph,
    nulls: Sequence[str] = ("layer", "layer_degree"),
    num_shuffles: int = 50,
    num_clusters: int = 12,
    estimator: str = "refined",
    seed: int = 0,
    num_workers: int = 1,
    stop_after: int | None = None,
    on_value: OnValue | None = None,
    device: str | None = None,
) -> tuple[NullTest, ...]:
    """Run `null_test` against several nulls side by side; the observed n-cut is measured once."""
    _check_test(graph, nulls, num_shuffles, num_clusters, estimator, num_workers, stop_after)
    # Workers are threads: nearly all the time goes to code that lets go of the interpreter's lock. Each has
    # one BLAS thread: no more threads than cores, and the same sums in the same order however many workers.
    with threadpool_limits(1, "blas"), ThreadPoolExecutor(num_workers) as pool:
        if device is None:
            solver: Solver = CompiledSolver(num_clusters, estimator, seed, pool, num_workers)
        else:
            from clusterability.nulls.batched import BatchedSolver  # torch takes seconds to import

            solver = BatchedSolver(num_clusters, estimator, seed, pool, device)
        observed = solver.observed(graph)
        tests = []
        for null in nulls:
            values = solver.null_values(NULLS[null](graph), num_shuffles)
            kept = _until_stopped(values, observed, stop_after, null, on_value)
            tests.append(summarise(null, observed, np.array(kept), stop_after))
    return tuple(tests)


def summarise(null: str, observed: float, null_values: np.ndarray, stop_after: int | None = None) -> NullTest:
    """Return p and z of an observed n-cut among null values, shape (m,), stopped at the h-th hit or not."""
    hits = int(np.count_nonzero(null_values <= observed))
    stopped = stop_after is not None and hits >= stop_after
    deviation = float(np.std(null_values, ddof=1)) if len(null_values) > 1 else 0.0
    return NullTest(
        null=null,
        observed=observed,
        null_values=null_values,
        p_value=hits / len(null_values) if stopped else (1 + hits) / (1 + len(null_values)),
        z_score=(observed - float(null_values.mean())) / deviation if deviation > 0 else None,
        status="ok" if deviation > 0 else "z undefined: the null values do not vary; take more shuffles",
    )


def _until_stopped(
    values: Iterator[float], observed: float, stop_after: int | None, null: str, on_value: OnValue | None
) -> list[float]:
    kept, hits = [], 0
    for value in values:
        kept.append(value)
        hits += value <= observed
        if on_value is not None:
            on_value(null, len(kept))
        if hits == stop_after:
            break
    return kept


def _check_test(
    graph: WeightGraph,
    nulls: Sequence[str],
    num_shuffles: int,
    num_clusters: int,
    estimator: str,
    num_workers: int,
    stop_after: int | None,
) -> None:
    check_request(graph, num_clusters, estimator)
    for null in nulls:
        if null not in NULLS:
            raise GraphError(unknown_name("null", null, NULLS))
    if num_shuffles < 1:
        raise GraphError(f"num_shuffles: got {num_shuffles}, allowed: 1 or more")
    if num_workers < 1:
        raise GraphError(f"num_workers: got {num_workers}, allowed: 1 or more")
    if stop_after is not None and stop_after < 1:
        raise GraphError(f"stop_after: got {stop_after}, allowed: 1 or more, or none")
