"""One graph of a network with all that is measured of it, each part computed on first use."""

from collections.abc import Iterator, Mapping
from dataclasses import replace
from functools import cached_property

from clusterability.components import names
from clusterability.graph import WeightGraph
from clusterability.ncut import (
    ModularityResult,
    NcutResult,
    Partition,
    Prepared,
    measure_modularity,
    measure_ncut,
    measure_ncuts,
    measure_stability,
    prepare,
)
from clusterability.ncut.measure import check_request
from clusterability.nulls import null_tests
from clusterability.nulls.plan import NullTestPlan
from clusterability.nulls.significance import OnValue
from clusterability.record import NullTest, Statistic


class MeasuredGraph:
    """A weight graph, its partitions and its null tests."""

    def __init__(
        self, graph: WeightGraph, plan: NullTestPlan, null: str | None = None, verdict: str | None = None
    ) -> None:
        """Take a graph and the nulls that it is tested against; k, estimator and seed are the plan's."""
        self.graph = graph
        self.plan = plan
        self.null = null
        self.verdict = verdict

    @cached_property
    def prepared(self) -> Prepared:
        """Layout, eigenpairs and components of the graph."""
        return prepare(self.graph)

    @property
    def partition(self) -> Partition:
        """The partition of the plan's estimator."""
        return self.partitions[self.plan.estimator]

    @property
    def partitions(self) -> Mapping[str, Partition]:
        """The partition of each estimator, by name; computed where it is looked up."""
        return _Partitions(self.prepared, self.plan)

    @cached_property
    def modularity(self) -> ModularityResult:
        """The partition of highest layered modularity, of 2 to 20 clusters."""
        return measure_modularity(self.prepared, seed=self.plan.seed)

    @cached_property
    def modularity_at_k(self) -> ModularityResult:
        """The partition of highest layered modularity, of the plan's number of clusters."""
        return measure_modularity(self.prepared, self.plan.num_clusters, self.plan.seed)

    @property
    def lower_bound(self) -> float:
        """No partition into k clusters has a lower n-cut."""
        return self.prepared.lower_bound(self.plan.num_clusters)

    @cached_property
    def null_test(self) -> NullTest | None:
        """The n-cut against those of networks of the first null; None: not asked for."""
        return self._test(self.null, "ncut")

    @cached_property
    def verdict_test(self) -> NullTest | None:
        """The n-cut against those of networks of the verdict's null; None: not asked for."""
        return self._test(self.verdict, "ncut")

    @cached_property
    def modularity_test(self) -> NullTest | None:
        """The layered modularity of k clusters against that of the verdict's null; None: not asked for."""
        return self._test(self.verdict, "layered_modularity")

    def _test(self, null: str | None, statistic: Statistic) -> NullTest | None:
        return None if null is None else self.null_tests((null,), statistic)[0]

    def null_tests(
        self, nulls: tuple[str, ...], statistic: Statistic = "ncut", on_value: OnValue | None = None
    ) -> tuple[NullTest, ...]:
        """Test a statistic against several nulls."""
        return null_tests(self.prepared, nulls, replace(self.plan, statistic=statistic), on_value)

    def stability_of(self, result: Partition | ModularityResult) -> float:
        """Return the mean adjusted Rand index of a partition with those of two other seeds."""
        return measure_stability(self.prepared, result, seed=self.plan.seed)

    def ncut(self, estimator: str) -> NcutResult:
        """Return the partition of an estimator with what is known of the graph."""
        return measure_ncut(self.prepared, self.plan.num_clusters, estimator, self.plan.seed)

    def ncuts(self, numbers: range, estimator: str) -> tuple[NcutResult, ...]:
        """Return the same for several numbers of clusters."""
        return measure_ncuts(self.prepared, numbers, estimator, self.plan.seed)


class _Partitions(Mapping[str, Partition]):
    """Partitions of a graph by estimator."""

    def __init__(self, prepared: Prepared, plan: NullTestPlan) -> None:
        self._prepared = prepared
        self._plan = plan

    def __getitem__(self, estimator: str) -> Partition:
        check_request(self._prepared, self._plan.num_clusters, estimator)
        return self._prepared.partition(self._plan.num_clusters, estimator, self._plan.seed)

    def __iter__(self) -> Iterator[str]:
        return iter(names("estimator"))

    def __len__(self) -> int:
        return len(names("estimator"))
