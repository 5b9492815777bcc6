"""One graph of a network with all that is measured of it, each part computed on first use."""

from collections.abc import Iterator, Mapping
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
    prepare,
)
from clusterability.ncut.measure import check_request
from clusterability.nulls import null_tests
from clusterability.nulls.plan import NullTestPlan
from clusterability.nulls.significance import OnValue
from clusterability.record import NullTest


class MeasuredGraph:
    """A weight graph, its partitions and its null test."""

    def __init__(self, graph: WeightGraph, plan: NullTestPlan, null: str | None = None) -> None:
        """Take a graph; k, estimator and seed are the plan's, and `null` is what it is tested against."""
        self.graph = graph
        self.plan = plan
        self.null = null

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

    @property
    def lower_bound(self) -> float:
        """No partition into k clusters has a lower n-cut."""
        return self.prepared.lower_bound(self.plan.num_clusters)

    @cached_property
    def null_test(self) -> NullTest | None:
        """The n-cut against those of null networks; None: not asked for."""
        return None if self.null is None else self.null_tests((self.null,))[0]

    def null_value(self, name: str) -> float | None:
        """Return a number of the null test by its name there; None where it, or the test, does not exist."""
        return None if self.null_test is None else getattr(self.null_test, name)

    def null_tests(self, nulls: tuple[str, ...], on_value: OnValue | None = None) -> tuple[NullTest, ...]:
        """Test the n-cut against several nulls."""
        return null_tests(self.prepared, nulls, self.plan, on_value)

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
