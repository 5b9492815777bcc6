"""What a null test is asked to do."""

from dataclasses import dataclass

from clusterability.errors import GraphError


@dataclass(frozen=True, kw_only=True, slots=True)
class NullTestPlan:
    """How null networks are drawn, partitioned and counted; see `null_test`."""

    num_shuffles: int = 50
    """Null networks m."""
    num_clusters: int = 12
    """Clusters k of each partition."""
    estimator: str = "refined"
    """Name of the estimator, of the observed network and of the null networks."""
    seed: int = 0
    """Seed of partitions and shuffles."""
    num_workers: int = 1
    """Threads."""
    stop_after: int | None = None
    """Null values at or below the observed one that end the test; None: none does."""
    device: str | None = None
    """torch device of batched searches; None: compiled code."""

    def __post_init__(self) -> None:
        for name in ("num_shuffles", "num_workers"):
            if getattr(self, name) < 1:
                raise GraphError(f"{name}: got {getattr(self, name)}, allowed: 1 or more")
        if self.stop_after is not None and self.stop_after < 1:
            raise GraphError(f"stop_after: got {self.stop_after}, allowed: 1 or more, or none")
