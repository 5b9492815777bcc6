"""Is a network's n-cut lower than that of null networks?"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace

import numpy as np

from clusterability.components import require_known
from clusterability.graph import WeightGraph
from clusterability.ncut import Prepared
from clusterability.ncut.measure import check_request
from clusterability.ncut.one_thread import one_blas_thread
from clusterability.ncut.prepared import prepared_of
from clusterability.nulls.model import null_model, size_limit
from clusterability.nulls.plan import NullTestPlan
from clusterability.nulls.solvers import CompiledSolver, Solver
from clusterability.nulls.ties import count_hits, z_score
from clusterability.record import NullTest, Statistic

OnValue = Callable[[str, int], None]
"""Called with the null's name and the number of its values found so far, for progress."""


def null_test(
    graph: WeightGraph | Prepared,
    null: str = "layer",
    num_shuffles: int = 50,
    num_clusters: int = 12,
    estimator: str = "refined",
    seed: int = 0,
    num_workers: int = 1,
    stop_after: int | None = None,
    on_value: OnValue | None = None,
    device: str | None = None,
    statistic: Statistic = "ncut",
) -> NullTest:
    """Compare a graph's n-cut with that of `num_shuffles` null networks through the identical pipeline.

    p = (1 + #{null <= observed}) / (1 + m) (Phipson & Smyth 2010), so the smallest is 1 / (1 + m) and ties,
    to 1e-9 of the statistic's range, count against the claim; z = (observed - mean) / sd, None where the sd
    is rounding. `statistic` is the n-cut, the layered n-cut, or the layered modularity of k clusters, of
    which more is more clusterable: then #{null >= observed} counts. Each null network has its own random
    stream: the values do not depend on `num_workers` threads.

    With `stop_after` = h the test ends as soon as h null values are at or below the observed one, after l of
    them, with p = h / l: valid as it is, no correction needed (Besag & Clifford 1991).

    With a torch `device` the same null networks, and the observed one, are partitioned there in batches: the
    refined estimator in another form, with values of its own, meant for a GPU (on a CPU it is slower).

    `null` is a name of docs/nulls.md, or your own function `(weights, rng) -> weights` of one block's
    |w| as "package.module:function".

    Raises:
        ConfigError: unknown names.
        GraphError: impossible numbers; a null of your own that returns no |w|.
    """
    plan = NullTestPlan(
        num_shuffles=num_shuffles,
        num_clusters=num_clusters,
        estimator=estimator,
        seed=seed,
        num_workers=num_workers,
        stop_after=stop_after,
        device=device,
        statistic=statistic,
    )
    (test,) = null_tests(graph, (null,), plan, on_value)
    return test


def null_tests(
    graph: WeightGraph | Prepared,
    nulls: Sequence[str],
    plan: NullTestPlan,
    on_value: OnValue | None = None,
) -> tuple[NullTest, ...]:
    """Run `null_test` against several nulls, one after the other; the observed n-cut is measured once."""
    check_request(graph, plan.num_clusters, plan.estimator)
    for null in nulls:
        require_known("null", null)
    prepared = prepared_of(graph)
    # One BLAS thread in each worker: the same sums in the same order however many workers there are.
    with one_blas_thread():
        solver = _solver(plan)
        observed = solver.observed(prepared)
        tests = []
        for null in nulls:
            values = solver.null_values(null_model(null, prepared))
            kept = _until_stopped(values, observed, plan, null, on_value)
            test = summarise(null, observed, np.array(kept), plan)
            limit = size_limit(null, prepared, plan.statistic)
            tests.append(test if limit is None else replace(test, status=_joined(limit, test.status)))
    return tuple(tests)


def _solver(plan: NullTestPlan) -> Solver:
    if plan.device is None:
        return CompiledSolver(plan)
    from clusterability.nulls.batched import BatchedSolver  # torch takes seconds to import

    return BatchedSolver(plan, plan.device)


def summarise(null: str, observed: float, null_values: np.ndarray, plan: NullTestPlan) -> NullTest:
    """Return p and z of an observed value among null values, shape (m,), stopped at the h-th hit or not."""
    hits = count_hits(null_values, observed, plan.value_range, plan.better)
    stopped = plan.stop_after is not None and hits >= plan.stop_after
    z = z_score(null_values, observed, plan.value_range)
    return NullTest(
        null=null,
        statistic=plan.statistic,
        observed=observed,
        null_values=null_values,
        p_value=hits / len(null_values) if stopped else (1 + hits) / (1 + len(null_values)),
        z_score=z,
        status="ok" if z is not None else "z undefined: the null values do not vary; take more shuffles",
    )


def _joined(limit: str, status: str) -> str:
    return limit if status == "ok" else f"{limit}; {status}"


def _until_stopped(
    values: Iterator[float], observed: float, plan: NullTestPlan, null: str, on_value: OnValue | None
) -> list[float]:
    kept, hits = [], 0
    for value in values:
        kept.append(value)
        hits += count_hits(np.array([value]), observed, plan.value_range, plan.better)
        if on_value is not None:
            on_value(null, len(kept))
        if hits == plan.stop_after:
            break
    return kept
